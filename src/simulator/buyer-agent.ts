import type { Clock } from '../domain/clock.ts';
import { onThisMachine } from '../platform/loopback.ts';
import { A2M_CASHIER } from './alipay/a2m-cashier.ts';
import { isLoopback } from './courier.ts';
import { parseOrNull } from './http.ts';
import { AGENT_PAY } from './wechatpay/preorder.ts';

/** What a buyer's agent pays with; without a wallet it opens the page and its user pays there. */
export type BuyersWallet = 'alipay' | 'wechatpay' | 'none';

/** What a seller asks for, wherever it stands: headers of a 402, or members of an answer. */
export interface Challenge {
  /** `Payment-Needed` */
  readonly bill?: string | undefined;
  /** `WeixinPay-Required` */
  readonly paymentCode?: string | undefined;
  readonly cashierUrl?: string | undefined;
  readonly outTradeNo?: string | undefined;
}

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
  /** What the request was repeated with after paying; absent where nothing had to be paid. */
  readonly shown?: Readonly<Record<string, string>>;
}

/** Nothing was bought; the message says at which step. */
export class NotBought extends Error {
  override readonly name = 'NotBought';
}

interface Options {
  /** The simulator's, at whose wallets it pays. */
  readonly origin: string;
  readonly wallet: BuyersWallet;
  readonly clock: Clock;
  /** Who pays. */
  readonly buyer?: string;
}

const WITHIN_MS = 15_000;
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
    return { ...got, shown };
  }

  /** One request, and nothing else. */
  async ask({ url, method = 'GET', headers = {}, body }: Wanted): Promise<Got> {
    const answer = await send(url, { method, headers, ...(body === undefined ? {} : { body }) });
    return {
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      body: await answer.text(),
    };
  }

  /** Pays, and tells by which headers that can be shown. Throws NotBought. */
  async pay(challenge: Challenge): Promise<Readonly<Record<string, string>>> {
    const { outTradeNo = '', bill, paymentCode, cashierUrl } = challenge;
    switch (this.#options.wallet) {
      case 'alipay':
        if (bill === undefined) throw new NotBought('there is no bill for Alipay');
        return { 'Payment-Proof': await this.#payBill(bill) };
      case 'wechatpay':
        if (paymentCode === undefined) throw new NotBought('there is no code for WeChat Pay');
        await this.#redeem(paymentCode);
        return { 'WeixinPay-Required': paymentCode, 'X-Out-Trade-No': outTradeNo };
      case 'none':
        if (cashierUrl === undefined) throw new NotBought('there is no page to pay on');
        await this.#payOnPage(cashierUrl);
        return { 'X-Out-Trade-No': outTradeNo };
    }
  }

  /** As Alipay's own program for agents does: the bill goes to the cashier with who pays, and a proof comes back. */
  async #payBill(bill: string): Promise<string> {
    const { protocol, method } = parseOrNull(Buffer.from(bill, 'base64url').toString()) as Bill;
    const { buyer = '2088000000000099', clock } = this.#options;
    const request = {
      protocol: { ...camel(protocol), buyerUniqueId: buyer },
      method: { ...camel(method), buyerUniqueIdKey: 'buyerExternalId' },
      signature: { buyerExternalId: buyer, buyerSignature: '-', timestamp: clock.now() },
    };
    const first = await this.#post(A2M_CASHIER, request);
    if (typeof first.cashierUrl === 'string') await press(first.cashierUrl);
    const paid = first.cashierUrl === undefined ? first : await this.#post(A2M_CASHIER, request);
    const { tradeNo, paymentProof } = (paid.protocol ?? {}) as Record<string, unknown>;
    const { clientSession } = (paid.method ?? {}) as Record<string, unknown>;
    if (paymentProof === undefined) throw new NotBought(`Alipay's cashier: ${String(paid.errorCode)}`);
    const proof = {
      protocol: { payment_proof: paymentProof, trade_no: tradeNo },
      method: { client_session: clientSession },
    };
    return Buffer.from(JSON.stringify(proof)).toString('base64');
  }

  async #redeem(paymentCode: string): Promise<void> {
    const { success, message } = await this.#post(AGENT_PAY, { paymentCode });
    if (success !== true) throw new NotBought(String(message));
  }

  /** As a person: chooses the wallet where there is a choice, opens what the page shows, and presses the button. */
  async #payOnPage(cashierUrl: string): Promise<void> {
    let page = await read(cashierUrl);
    const choice = /<form[^>]*action="([^"]*\/choice)"/.exec(page.html)?.[1];
    const wallet = /<button[^>]*name="wallet" value="([^"]*)"/.exec(page.html)?.[1];
    if (choice !== undefined && wallet !== undefined) {
      page = await read(new URL(choice, page.url).href, {
        method: 'POST',
        body: new URLSearchParams({ wallet }),
      });
    }
    const link = /href="([^"]*\/scan\?code=[^"]*)"/.exec(page.html)?.[1];
    if (link === undefined) throw new NotBought('the page has nothing that can be paid here');
    await press(unescaped(link));
  }

  async #post(path: string, body: object): Promise<Record<string, unknown>> {
    const answer = await send(`${this.#options.origin}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const value = parseOrNull(await answer.text());
    if (typeof value !== 'object' || value === null) throw new NotBought(`${path}: HTTP ${answer.status}`);
    return value as Record<string, unknown>;
  }
}

interface Bill {
  readonly protocol: Readonly<Record<string, string>>;
  readonly method: Readonly<Record<string, string>>;
}

/** What the headers of a 402 ask for, and the JSON under them. */
function challengeOf({ headers, body }: Got): Challenge {
  const told = (parseOrNull(body) ?? {}) as Record<string, unknown>;
  const { cashierUrl } = told;
  return {
    bill: headers['payment-needed'],
    paymentCode: headers['weixinpay-required'],
    cashierUrl: typeof cashierUrl === 'string' ? cashierUrl : undefined,
    outTradeNo: headers['x-out-trade-no'],
  };
}

/** Names as the cashier wants them: `out_trade_no` → `outTradeNo`. */
function camel(members: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => [
      name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );
}

/** A person opens a page of the simulator's cashier and presses *pay*. */
async function press(link: string): Promise<void> {
  const page = await read(link);
  const action = /<form[^>]*action="([^"]*\/pay)"/.exec(page.html)?.[1];
  if (action === undefined) throw new NotBought('the cashier page has no button to pay');
  await read(new URL(unescaped(action), page.url).href, { method: 'POST' });
}

async function read(url: string, request: RequestInit = {}): Promise<{ url: string; html: string }> {
  const origin = request.method === 'POST' ? { origin: new URL(url).origin } : {};
  const answer = await send(url, { ...request, headers: { ...origin, accept: 'text/html' } });
  const html = await answer.text();
  if (!answer.ok) throw new NotBought(`${new URL(url).pathname}: HTTP ${answer.status}`);
  return { url: answer.url, html };
}

function send(url: string, request: RequestInit): Promise<Response> {
  if (!isLoopback(url)) throw new NotBought('it buys on this machine only');
  return onThisMachine(url, request, WITHIN_MS);
}

function unescaped(attribute: string): string {
  return attribute.replaceAll('&amp;', '&');
}
