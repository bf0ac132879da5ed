import { defined } from '../domain/defined.ts';
import { CashierError } from '../domain/errors.ts';
import type { ApprovalRecord } from '../ledger/records.ts';
import { contractOf } from '../ledger/subscription-records.ts';
import type { Identity } from '../policy/identity.ts';
import { isHome } from '../providers/contract.ts';
import { openApproved } from './agreements/create-subscription.ts';
import { sendApproved } from './create-payment.ts';
import { refundPayment } from './refund-payment.ts';
import type { Call, Till } from './till.ts';

/** How often (ms) the ledger is looked at for what other processes have approved. */
const LOOK_EVERY_MS = 1_000;
/** How long (ms) news is let gather before a look. */
const GATHER_MS = 50;
/** How many are taken up in one look, and how many are at a gateway at once. */
const MAX_LOOK = 200;
const AT_ONCE = 8;
/** How long (ms) one rests that could not be sent just now; doubled each time, to the longest. */
const FIRST_REST_MS = 2_000;
const LONGEST_REST_MS = 60_000;

/** What a till does under the id of a call is told of under it. */
export type Under = (till: Till, call: string) => Till;

/** Whose a token is now. `revoked`: nobody's any more; `unknown`: this process cannot tell. */
export type Holders = (credential: string) => Identity | 'revoked' | 'unknown';

/**
 * Sends what a person has approved, until `signal` aborts: the yes itself sets it going, whether or not the agent
 * calls again. What this process commits wakes it at once, what another one commits is found within a second. The
 * intent is committed in the transaction that uses up the yes, so that nobody sends twice; whoever is killed before
 * that leaves the yes to the next.
 */
export async function runApproved(
  till: Till,
  holders: Holders,
  signal: AbortSignal,
  under: Under = (same) => same,
): Promise<void> {
  const round = new Round(till, holders, under);
  let news = new AbortController();
  const wake = () => news.abort('news');
  const stop = till.ledger.onChange(wake);
  signal.addEventListener('abort', wake);
  while (!signal.aborted) {
    news = new AbortController();
    await round.look().catch((error: unknown) => till.log.error('approved', { error: String(error) }));
    await till.clock.sleep(LOOK_EVERY_MS, news.signal);
    // A busy shop has news all the time, and hardly any of it is a yes.
    if (!signal.aborted) await till.clock.sleep(GATHER_MS, signal);
  }
  signal.removeEventListener('abort', wake);
  stop();
  // What a gateway answers to the last of them is still recorded.
  await round.end();
}

class Round {
  readonly #till: Till;
  readonly #holders: Holders;
  readonly #under: Under;
  readonly #running = new Map<string, Promise<void>>();
  readonly #resting = new Map<string, { readonly until: number; readonly times: number }>();

  constructor(till: Till, holders: Holders, under: Under) {
    this.#till = till;
    this.#holders = holders;
    this.#under = under;
  }

  /** Takes up what is there and does not rest. */
  async look(): Promise<void> {
    const { ledger, clock, providers } = this.#till;
    const isHere = (account: string) => [...providers.values()].some((provider) => isHome(provider, account));
    const found = await ledger.read(async (book) =>
      (await book.operator.freeze()) ? [] : book.approvals.toCarryOut(isHere, MAX_LOOK),
    );
    const now = clock.now();
    for (const [id, { until }] of this.#resting) {
      if (until + LONGEST_REST_MS < now) this.#resting.delete(id);
    }
    for (const approval of found) {
      if (this.#running.size >= AT_ONCE) return;
      const rested = (this.#resting.get(approval.id)?.until ?? 0) <= now;
      if (!rested || this.#running.has(approval.id)) continue;
      const run = this.#take(approval).finally(() => this.#running.delete(approval.id));
      this.#running.set(approval.id, run);
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  /** Never rejects. */
  async #take(approval: ApprovalRecord): Promise<void> {
    const { outTradeNo, outRefundNo, id, asked } = approval;
    const till = asked?.call === undefined ? this.#till : this.#under(this.#till, asked.call);
    const facts = { approval: id, outTradeNo, ...(outRefundNo === undefined ? {} : { outRefundNo }) };
    try {
      await carryOut(till, this.#holders, approval);
      this.#resting.delete(id);
    } catch (error) {
      const code = error instanceof CashierError ? error.code : String(error);
      till.log.info('what a person approved was not sent', { ...facts, code });
      this.#rest(id, error);
      await this.#hold(approval, error).catch(() => undefined);
    }
  }

  /** Says why to whoever waits for it; a freeze speaks for itself. */
  async #hold(approval: ApprovalRecord, error: unknown): Promise<void> {
    const code = error instanceof CashierError ? error.code : 'INTERNAL';
    if (code === 'FROZEN') return;
    await this.#till.ledger.write((book) => book.approvals.hold(approval, code));
  }

  #rest(id: string, error: unknown): void {
    const { times } = this.#resting.get(id) ?? { times: 0 };
    const asked = error instanceof CashierError ? Number(error.details.retryAfterSeconds ?? 0) * 1_000 : 0;
    const wait = Math.max(asked, FIRST_REST_MS * 2 ** times);
    const until = this.#till.clock.now() + Math.min(wait, LONGEST_REST_MS);
    this.#resting.set(id, { until, times: times + 1 });
  }
}

/** After these the very same send may succeed later; any other refusal ends what was approved. */
const PASSING: ReadonlySet<string> = new Set([
  'FROZEN',
  'TRY_LATER',
  'OUTCOME_UNKNOWN',
  'GATEWAY_UNAVAILABLE',
  'CONFIGURATION',
  'INTERNAL',
]);

/**
 * Makes the approved call again in the name of whoever asked, through the same verb with all of its checks. Where a
 * check refuses it, the approval has failed, with the code of that. Throws what may pass.
 */
async function carryOut(opened: Till, holders: Holders, approval: ApprovalRecord): Promise<void> {
  const { id, caller, outTradeNo, asked } = approval;
  const actor = defined({ caller, tool: 'approval', call: asked?.call });
  const till = { ...opened, ledger: opened.ledger.as(actor) };
  const who = standing(approval, holders);
  if (who === 'unknown') return;
  if (who === 'revoked') return fail(till, approval, 'CALLER_REVOKED');
  const call: Call = { ...asked, ...who, ...defined({ id: asked?.call }), caller, approval: id };
  try {
    const contractNo = contractOf(outTradeNo);
    if (contractNo !== undefined) await openApproved(till, call, contractNo);
    else if (approval.kind === 'payment') await sendApproved(till, call, outTradeNo);
    else await refundApproved(till, call, approval);
  } catch (error) {
    if (!(error instanceof CashierError) || PASSING.has(error.code)) throw error;
    await fail(till, approval, String(error.details.gatewayCode ?? error.code));
  }
}

/** As what the caller stands there today; a token that may not use the tool any more is as good as none. */
export function standing(
  { asked }: Pick<ApprovalRecord, 'asked'>,
  holders: Holders,
): Pick<Call, 'ownOrdersOnly' | 'token'> | 'revoked' | 'unknown' {
  const { credential, tool, ownOrdersOnly = false } = asked ?? {};
  if (credential === undefined) return { ownOrdersOnly, token: undefined };
  const now = holders(credential);
  if (typeof now === 'string') return now;
  if (tool !== undefined && now.tools?.has(tool) === false) return 'revoked';
  return { ownOrdersOnly: now.ownOrdersOnly, token: now.token };
}

async function refundApproved(
  till: Till,
  call: Call,
  { outTradeNo, outRefundNo = '' }: ApprovalRecord,
): Promise<void> {
  const refund = await till.ledger.read((book) => book.refunds.get(outTradeNo, outRefundNo));
  if (!refund) return;
  const { amountFen: refundFen, reason } = refund;
  await refundPayment(till, call, { outTradeNo, outRefundNo, refundFen, reason });
}

/** Unless somebody has carried it out, or said so, meanwhile. */
async function fail({ ledger }: Till, approval: ApprovalRecord, code: string): Promise<void> {
  await ledger.write((book) => book.approvals.move(approval, 'approved', 'failed', { code }));
}
