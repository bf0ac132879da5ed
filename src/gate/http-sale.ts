import { CashierError } from '../domain/errors.ts';
import type { Realm } from '../domain/order.ts';
import type { PaidCallRecord, PaidResult } from '../ledger/records.ts';
import { isGatewayError } from '../payments/errors.ts';
import { quoteCall } from '../payments/paid-calls/quote.ts';
import { askCall, claimCall, delivered } from '../payments/paid-calls/redeem.ts';
import type { Till } from '../payments/till.ts';
import type { Answering, Asked } from '../platform/relay.ts';
import { BodyReader } from './bounded-request.ts';
import type { Executions } from './executions.ts';
import { CROWDED, type Language, NOT_TOLD, notNow, say, TOO_LARGE } from './http-answers.ts';
import { billOf, costOf } from './http-bill.ts';
import { OTHER_REQUEST, type ProblemName, stillExecuting } from './problems.ts';
import type { PageOf } from './receipt-link.ts';
import { hashOf, isFor, pricedAs, resourceOf, type Wanted } from './wanted.ts';
import type { Ways } from './ways.ts';

/** How long (ms) somebody waits for what another request with the same number is being executed for. */
const WAIT_MS = 25_000;
/** How often (ms) it is looked for meanwhile, where another process executes it. */
const LOOK_EVERY_MS = 400;

export interface SaleOptions {
  readonly till: Till;
  readonly language: Language;
  /** Whose money it is, if it is any. */
  readonly realm: Realm;
  /** The ways in which a bill can be paid, and shown to be. */
  readonly ways: Ways;
  readonly executions: Executions;
  /** Where a buyer chooses a wallet. */
  readonly pageOf: PageOf;
  readonly failed: (error: unknown) => void;
}

/** Sells single requests. */
export class HttpSale {
  readonly #options: SaleOptions;
  readonly #bodies = new BodyReader();

  constructor(options: SaleOptions) {
    this.#options = options;
  }

  /** What HEAD is answered: that it costs something. A bill would be nobody's. */
  tell(response: Answering, { price }: Pick<Wanted, 'price'>): void {
    say(response, this.#options.language, costOf(price));
  }

  /** Answers one that has a price: with a bill, with what was paid for, or with why not. */
  async answer(request: Asked, response: Answering, wanted: Wanted, expects: boolean): Promise<void> {
    const { language } = this.#options;
    if (expects) response.writeContinue();
    const body = await this.#bodies.read(request);
    if (body === undefined) return void response.destroy();
    if (body === 'too-large' || body === 'crowded') {
      response.shouldKeepAlive = false;
      return say(response, language, body === 'too-large' ? TOO_LARGE : CROWDED);
    }
    try {
      await this.#sell(request, response, wanted, body);
    } catch (error) {
      if (error instanceof CashierError) say(response, language, notNow(error));
      else if (isGatewayError(error)) say(response, language, NOT_TOLD);
      else throw error;
    }
  }

  async #sell(request: Asked, response: Answering, wanted: Wanted, body: Buffer): Promise<void> {
    const { till, language } = this.#options;
    const requestHash = hashOf(request.method ?? 'GET', wanted.target, body);
    const shown = await this.#shown(request, wanted, requestHash);
    if (typeof shown !== 'object') {
      const open = shown && (await this.#openBill(request, wanted, requestHash));
      return open ? this.#bill(response, open, shown) : this.#charge(response, wanted, requestHash, shown);
    }
    if (!isFor(shown, wanted, requestHash)) return say(response, language, OTHER_REQUEST);
    const outcome = await this.#redeem(request, response, wanted, body, shown);
    if (outcome === undefined) return; // answered, or nobody is there any more
    const { call, problem } = outcome;
    if (problem !== 'not-paid') return this.#charge(response, wanted, requestHash, problem);
    if (till.clock.now() < call.expiresAt) return this.#bill(response, call, problem);
    return this.#charge(response, wanted, requestHash, 'expired');
  }

  /** The bill that somebody names beside a proof that is none: it need not be made anew. */
  async #openBill(
    { headers }: Asked,
    wanted: Wanted,
    requestHash: string,
  ): Promise<PaidCallRecord | undefined> {
    const { ledger, clock } = this.#options.till;
    const number = headers['x-out-trade-no'];
    if (headers['payment-proof'] === undefined || typeof number !== 'string' || !NUMBER.test(number))
      return undefined;
    const call = await ledger.read((book) => book.paidCalls.get(number));
    const isOpen = call?.state === 'QUOTED' && clock.now() < call.expiresAt;
    return isOpen && isFor(call, wanted, requestHash) ? call : undefined;
  }

  /** The call that a request shows to be paid for; undefined where it shows nothing. */
  async #shown(
    { headers }: Asked,
    { source }: Wanted,
    requestHash: string,
  ): Promise<PaidCallRecord | ProblemName | undefined> {
    const { till, ways } = this.#options;
    const proof = headers['payment-proof'];
    const number = headers['x-out-trade-no'];
    if (proof !== undefined) return ways.payByProof(String(proof), requestHash, source);
    if (number === undefined) return undefined;
    if (typeof number !== 'string' || !NUMBER.test(number)) return 'unknown-number';
    const known = await till.ledger.read((book) => book.paidCalls.get(number));
    if (known?.state !== 'QUOTED') return known ?? 'unknown-number';
    ways.mayAsk(source);
    const asked = await askCall(till, number);
    if (asked?.state === 'QUOTED') ways.askedInVain(source);
    return asked ?? 'unknown-number';
  }

  /** Executes it, or hands over what there is. Returns why nothing was delivered; undefined once it is answered. */
  async #redeem(
    request: Asked,
    response: Answering,
    wanted: Wanted,
    body: Buffer,
    shown: PaidCallRecord,
  ): Promise<{ readonly call: PaidCallRecord; readonly problem: ProblemName } | undefined> {
    const { till, language, executions } = this.#options;
    const until = till.clock.now() + WAIT_MS;
    for (;;) {
      if (response.destroyed) return undefined;
      await executions.of(shown.number);
      const claim = await claimCall(till, shown);
      const { call } = claim;
      if (claim.todo === 'deliver') {
        this.#deliver(response, call, claim.result);
        return undefined;
      }
      if (claim.todo === 'execute') {
        const out = await executions.execute(call, wanted, request, body);
        if (out === 'again') continue;
        if (out.is === 'stored') this.#deliver(response, call, out.result);
        else if (out.is === 'passed') send(response, out.result);
        else say(response, language, out.said);
        return undefined;
      }
      if (claim.todo !== 'busy') return { call, problem: PROBLEMS[claim.todo] };
      if (till.clock.now() >= until) {
        say(response, language, stillExecuting());
        return undefined;
      }
      await till.clock.sleep(LOOK_EVERY_MS);
    }
  }

  #deliver(response: Answering, call: PaidCallRecord, result: PaidResult): void {
    const { till, failed } = this.#options;
    response.once('finish', () => void delivered(till, call).catch(failed));
    send(response, result);
  }

  /** A new bill, with what was wrong with whatever was shown. */
  async #charge(
    response: Answering,
    wanted: Wanted,
    requestHash: string,
    problem: ProblemName | undefined,
  ): Promise<void> {
    const { till, ways } = this.#options;
    ways.admit(wanted.source);
    const terms = ways.proofTerms(wanted.price, resourceOf(wanted));
    const call = await quoteCall(till, pricedAs(wanted), requestHash, terms);
    await this.#bill(response, await ways.withCode(call, wanted.price, wanted.source), problem);
  }

  async #bill(response: Answering, call: PaidCallRecord, problem: ProblemName | undefined): Promise<void> {
    const { language, realm, pageOf, ways } = this.#options;
    const cashierUrl = await pageOf(call);
    say(response, language, billOf(call, { cashierUrl, language, realm, problem, ways: ways.shownIn(call) }));
  }
}

/** As the ledger makes them; whatever else is no number of ours. */
const NUMBER = /^[A-Za-z0-9]{32}$/;

const PROBLEMS = { unpaid: 'not-paid', late: 'late', refunded: 'refunded', gone: 'gone' } as const;

/** As it was stored, byte for byte. */
function send(
  response: Answering,
  { status, headers, body }: Pick<PaidResult, 'status' | 'headers' | 'body'>,
): void {
  if (response.destroyed) return;
  response.sendDate = false;
  response.writeHead(status, headers.flat());
  response.end(body);
}
