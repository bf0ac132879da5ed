import { beijingIso } from '../domain/clock.ts';
import type { PaidCallRecord, PaidResult } from '../ledger/records.ts';
import { cannotDeliver, EXECUTING_MS, releaseCall, storeResult } from '../payments/paid-calls/redeem.ts';
import type { Till } from '../payments/till.ts';
import type { Asked, Upstream } from '../platform/relay.ts';
import { pairsOf, passedHeaders, type RawHeaders } from '../platform/relay-headers.ts';
import { type Attempt, attempt, type Order } from './execute.ts';
import { type forwardedHeaders, isOfSales, OVERRIDES } from './forwarded.ts';
import type { Said } from './http-answers.ts';
import type { Target } from './path.ts';
import type { HttpPrice } from './prices.ts';

/** An upstream may take so long (ms) in all: its claim ends later. */
const ALL_MS = EXECUTING_MS - 30_000;
/** How long (ms) to wait before it is asked again, attempt by attempt. */
const UNREACHED_PAUSES_MS = [100, 400, 1_500, 3_000];
const REPEATED_PAUSES_MS = [200, 1_000];
/** What caches would keep of an answer that was paid for. */
const OF_CACHES: ReadonlySet<string> = new Set([
  ...[
    'cache-control',
    'expires',
    'pragma',
    'age',
    'surrogate-control',
    'cdn-cache-control',
    'content-length',
  ],
]);

/** What came of an execution; `again`: somebody else has seen to it meanwhile. */
export type Executed =
  | 'again'
  | { readonly is: 'stored'; readonly result: PaidResult }
  /** Handed over, and not paid for. */
  | { readonly is: 'passed'; readonly result: Pick<PaidResult, 'status' | 'headers' | 'body'> }
  | { readonly is: 'refused'; readonly said: Said };

export interface Bought {
  readonly server: Upstream;
  readonly price: HttpPrice;
  readonly target: Target;
}

export interface ExecutionsOptions {
  readonly till: Till;
  readonly forwarded: ReturnType<typeof forwardedHeaders>;
  /** What we add to an answer that was paid for. */
  readonly addedTo: (call: PaidCallRecord) => Promise<RawHeaders>;
}

/** Asks upstreams for what is paid for: once for each claim, whoever is still there to hear of it. */
export class Executions {
  readonly #options: ExecutionsOptions;
  readonly #under = new Map<string, Promise<unknown>>();

  constructor(options: ExecutionsOptions) {
    this.#options = options;
  }

  /** The end of what this process is executing under a number; at once where it is nothing. */
  async of(number: string): Promise<void> {
    await this.#under.get(number);
  }

  /** Until all of them have ended. */
  async ended(): Promise<void> {
    while (this.#under.size > 0) await Promise.all(this.#under.values());
  }

  /** @param claimed with the claim, which ends here */
  execute(claimed: PaidCallRecord, bought: Bought, request: Asked, body: Buffer): Promise<Executed> {
    const { number } = claimed;
    const running = this.#execute(claimed, bought, request, body);
    const noted = running.catch(() => undefined).then(() => void this.#under.delete(number));
    this.#under.set(number, noted);
    return running;
  }

  async #execute(claimed: PaidCallRecord, bought: Bought, request: Asked, body: Buffer): Promise<Executed> {
    const { till } = this.#options;
    const order = this.#orderOf(claimed, bought, request, body);
    const came = await this.#attempts(claimed, bought.server, order);
    if (came.is === 'unreached') {
      await releaseCall(till, claimed);
      return { is: 'refused', said: notReached(claimed) };
    }
    if (came.is !== 'answered') return this.#payBack(claimed, came.is);
    const answer = { status: came.status, headers: await this.#headersOf(claimed, came), body: came.body };
    if (came.status >= 500) return this.#payBack(claimed, `upstream-${came.status}`);
    if (came.status >= 400) {
      const owed = await cannotDeliver(till, claimed, `upstream-${came.status}`);
      return owed ? { is: 'passed', result: answer } : 'again';
    }
    const stored = await storeResult(till, claimed, answer);
    return stored ? { is: 'stored', result: stored } : 'again';
  }

  async #payBack(claimed: PaidCallRecord, why: string): Promise<Executed> {
    const owed = await cannotDeliver(this.#options.till, claimed, why);
    return owed ? { is: 'refused', said: paidBack(why) } : 'again';
  }

  /** Again only where nothing has reached it, or where asking twice does no harm. */
  async #attempts(claimed: PaidCallRecord, server: Upstream, order: Order): Promise<Attempt> {
    const { clock } = this.#options.till;
    const until = clock.now() + ALL_MS;
    let [unreached, repeated] = [0, 0];
    for (;;) {
      const came = await attempt(server, order, clock, Math.max(0, until - clock.now()));
      const isFailure = came.is === 'failed' || (came.is === 'answered' && came.status >= 500);
      const pause =
        came.is === 'unreached'
          ? UNREACHED_PAUSES_MS[unreached++]
          : isFailure && claimed.repeatable
            ? REPEATED_PAUSES_MS[repeated++]
            : undefined;
      if (pause === undefined || clock.now() + pause >= until) {
        // What an attempt before may have begun was not nothing.
        return came.is === 'unreached' && repeated > 0 ? { is: 'failed' } : came;
      }
      await clock.sleep(pause);
    }
  }

  #orderOf(
    { number }: PaidCallRecord,
    { server, price, target }: Bought,
    request: Asked,
    body: Buffer,
  ): Order {
    const key = price.retry ? 'idempotency-key' : undefined;
    const headers = this.#options.forwarded(
      request,
      server.host,
      (name) => name === key || name === 'trailer' || OVERRIDES.includes(name),
    );
    if (price.retry) headers.push('Idempotency-Key', number);
    return { method: request.method ?? 'GET', path: target.path + target.query, headers, body };
  }

  /** What whoever has paid gets of them, now and again. */
  async #headersOf(
    call: PaidCallRecord,
    { rawHeaders, body }: Extract<Attempt, { readonly is: 'answered' }>,
  ): Promise<[string, string][]> {
    const theirs = passedHeaders(
      rawHeaders,
      (key) => isOfSales(key) || key === 'trailer' || OF_CACHES.has(key),
    );
    const ours = ['Cache-Control', 'no-store', 'Content-Length', String(body.length)];
    return pairsOf([...theirs, ...ours, ...(await this.#options.addedTo(call))]);
  }
}

function paidBack(why: string): Said {
  const [zh, en] =
    why === 'too-large'
      ? ['上游的结果超过 1 MiB', 'The result is larger than 1 MiB']
      : ['上游没有给出结果', 'The upstream gave no result'];
  return {
    status: 502,
    code: 'UPSTREAM_FAILED',
    text: { zh: `${zh}，款项会原路退回。`, en: `${en}; the money goes back by itself.` },
    more: { refund: true },
  };
}

function notReached({ paidAt = 0, refundAfterMs }: PaidCallRecord): Said {
  const until = beijingIso(paidAt + refundAfterMs);
  return {
    status: 502,
    code: 'UPSTREAM_FAILED',
    text: {
      zh: `上游连接不上，还没有执行：稍后用同一请求再试，不要再付款；${until} 前没有结果会自动退款。`,
      en: `The upstream cannot be reached, and nothing was executed: repeat the same request later, and do not pay again. Without a result by ${until} the money goes back by itself.`,
    },
    headers: { 'Retry-After': '10' },
  };
}
