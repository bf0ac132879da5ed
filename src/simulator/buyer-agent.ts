import type { Clock } from '../domain/clock.ts';
import { NotBought, press, read, send, unescaped } from './agent-hands.ts';
import { FAKES } from './fakes.ts';
import { parseOrNull } from './http.ts';
import type { Challenge } from './world.ts';

export { NotBought } from './agent-hands.ts';

export interface Wanted {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Got {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The answer that asked for a payment, and what the request was repeated with after paying; absent where it is free. */
  readonly asked?: Got;
  readonly shown?: Readonly<Record<string, string>>;
}

interface Options {
  /** The simulator's, at whose wallets it pays. */
  readonly origin: string;
  /** What it pays with by itself; without one its user pays on the page. */
  readonly wallet?: string | undefined;
  /** What its user chooses there; by default the first that is offered. */
  readonly chooses?: string | undefined;
  readonly clock: Clock;
  /** Who pays. */
  readonly buyer?: string;
}

/** How often, and after what pauses (ms), it repeats a request that it has paid for. */
const REPEATS = 40;
const PAUSE_MS = 500;

/**
 * Plays the agent of somebody who buys: asks, pays what it is asked for, and asks again with what it got for that. It
 * never leaves this machine.
 */
export class BuyerAgent {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Throws NotBought where it cannot pay. */
  async buy(wanted: Wanted): Promise<Got> {
    const asked = await this.ask(wanted);
    if (asked.status !== 402) return asked;
    const shown = await this.pay(challengeOf(asked));
    const again = { ...wanted, headers: { ...wanted.headers, ...shown } };
    let got = await this.ask(again);
    for (let times = 0; times < REPEATS && (got.status === 402 || got.status === 503); times += 1) {
      await this.#options.clock.sleep(PAUSE_MS);
      got = await this.ask(again);
    }
    return { ...got, asked, shown };
  }

  /** One request, and nothing else. */
  async ask({ url, method = 'GET', headers = {}, body }: Wanted): Promise<Got> {
    const answer = await send(url, { method, headers, ...(body === undefined ? {} : { body }) });
    return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() };
  }

  /** Pays, and tells by which headers that can be shown. Throws NotBought. */
  async pay(challenge: Challenge): Promise<Readonly<Record<string, string>>> {
    const { wallet, origin, clock, buyer = '2088000000000099' } = this.#options;
    if (wallet === undefined) return this.#payOnPage(challenge);
    const agent = FAKES.find(({ id }) => id === wallet)?.agent;
    if (!agent) throw new NotBought(`no agent pays with ${wallet}`);
    return agent.pay(challenge, { origin, clock, buyer });
  }

  /** As a person: chooses the wallet where there is a choice, opens what the page shows, and presses the button. */
  async #payOnPage({ cashierUrl, outTradeNo = '' }: Challenge): Promise<Readonly<Record<string, string>>> {
    if (cashierUrl === undefined) throw new NotBought('there is no page to pay on');
    let page = await read(cashierUrl);
    const choice = /<form[^>]*action="([^"]*\/choice)"/.exec(page.html)?.[1];
    const offered = [...page.html.matchAll(/<button[^>]*name="wallet" value="([^"]*)"/g)].map(([, id]) => id);
    const wallet = offered.find((id) => id === this.#options.chooses) ?? offered[0];
    if (choice !== undefined && wallet !== undefined) {
      const body = new URLSearchParams({ wallet });
      page = await read(new URL(unescaped(choice), page.url).href, { method: 'POST', body });
    }
    const link = /href="([^"]*\/scan\?code=[^"]*)"/.exec(page.html)?.[1];
    if (link === undefined) throw new NotBought('the page has nothing that can be paid here');
    await press(unescaped(link));
    return { 'X-Out-Trade-No': outTradeNo };
  }
}

/** What the headers of a 402 ask for, and the JSON under them. */
function challengeOf({ headers, body }: Got): Challenge {
  const { cashierUrl } = (parseOrNull(body) ?? {}) as Record<string, unknown>;
  return {
    headers,
    cashierUrl: typeof cashierUrl === 'string' ? cashierUrl : undefined,
    outTradeNo: headers['x-out-trade-no'],
  };
}
