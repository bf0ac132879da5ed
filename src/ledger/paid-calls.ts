import { rowDigest } from './audit-digest.ts';
import type { AuditDetails } from './audit-kinds.ts';
import { paidCallKey } from './beside.ts';
import type { History } from './history.ts';
import { nextPaidCallState, type PaidCallEvent, type PaidCallState } from './paid-call-machine.ts';
import type { Usage } from './quotas.ts';
import { PAID_CALLS, PAID_RESULTS, type PaidCallRecord, type PaidResult } from './records.ts';
import type { SqlValue, Tx } from './store.ts';

type Fixed = 'number' | 'amountFen' | 'requestHash' | 'pageNo' | 'createdAt';
type Patch = Partial<Omit<PaidCallRecord, Fixed | 'state' | 'updatedAt'>>;

/** Those that could be paid until an instant (ms) and by no order are, not even too late, nor may be yet. */
const UNPAID = `FROM paid_calls INDEXED BY paid_calls_unpaid WHERE paid_by IS NULL AND expires_at < ?
  AND NOT EXISTS (SELECT 1 FROM orders WHERE out_trade_no IN (page_no, weixin_no, proof_no)
    AND orders.state IN ('PAID', 'NOTPAY', 'UNKNOWN'))`;

/** Anybody can ask for prices, and each that is told counts those that are out: more than one who asks can have. */
const MOST_COUNTED = 20_000;

/**
 * Calls that are paid for, inside one transaction. A price that was told is a row and nothing more, for anybody can ask
 * for as many as they like; the trail tells of a call from its payment on, under the number of the order that paid it,
 * since its own number redeems.
 */
export class PaidCalls {
  readonly #tx: Tx;
  readonly #now: number;
  readonly #history: History;

  constructor(tx: Tx, now: number, history: History) {
    this.#tx = tx;
    this.#now = now;
    this.#history = history;
  }

  async insert(call: PaidCallRecord): Promise<void> {
    await this.#tx.lock(paidCallKey(call.number));
    await PAID_CALLS.insert(this.#tx, call);
  }

  /** Nobody else changes anything of it until a transaction that writes ends. */
  async get(number: string): Promise<PaidCallRecord | undefined> {
    await this.#tx.lock(paidCallKey(number));
    return this.#one('number = ?', number);
  }

  /** As it stands now. */
  async again(call: PaidCallRecord): Promise<PaidCallRecord> {
    return (await this.get(call.number)) ?? call;
  }

  /** The one that an order of this number pays. */
  async ofOrder(outTradeNo: string): Promise<PaidCallRecord | undefined> {
    for (const column of ['page_no', 'weixin_no', 'proof_no']) {
      const found = await this.#one(`${column} = ?`, outTradeNo);
      if (found) return this.get(found.number);
    }
    return undefined;
  }

  /** The one whose bill has this number, by which a wallet's proof pays it. */
  async ofProof(proofNo: string): Promise<PaidCallRecord | undefined> {
    return this.#one('proof_no = ?', proofNo);
  }

  /**
   * How many prices that nobody has paid can be paid by proof after `since` (ms), and what they come to (fen). Undefined
   * where so many are out, by proof or not, that a count would keep everybody waiting.
   */
  async provable(since: number, most = MOST_COUNTED): Promise<Usage | undefined> {
    const [row] = await this.#tx.all(
      `SELECT COUNT(*) AS found, COUNT(proof_no) AS count,
         COALESCE(SUM(CASE WHEN proof_no IS NULL THEN 0 ELSE amount_fen END), 0) AS fen
       FROM (SELECT proof_no, amount_fen FROM paid_calls INDEXED BY paid_calls_unpaid
         WHERE paid_by IS NULL AND expires_at > ? LIMIT ?) AS unpaid`,
      since,
      most,
    );
    return Number(row?.found) < most ? { count: Number(row?.count), fen: Number(row?.fen) } : undefined;
  }

  async byPageToken(token: string): Promise<PaidCallRecord | undefined> {
    return this.#one('page_token = ?', token);
  }

  /** The newest price that a caller was told for this very request, in whatever state. */
  async byRequest(requestHash: string, caller: string): Promise<PaidCallRecord | undefined> {
    const hash = PAID_CALLS.fields.requestHash.write(requestHash);
    return this.#one('request_hash = ? AND caller = ?', hash, caller);
  }

  /** Those of which something is due, the longest due first. */
  async due(limit: number): Promise<PaidCallRecord[]> {
    const rows = await this.#tx.all(
      'SELECT * FROM paid_calls WHERE due_at <= ? ORDER BY due_at LIMIT ?',
      this.#now,
      limit,
    );
    return rows.map(PAID_CALLS.fromRow);
  }

  async patch(call: PaidCallRecord, patch: Patch): Promise<PaidCallRecord> {
    return this.#update(call, { ...call, ...patch, updatedAt: this.#now });
  }

  /** Follows the table. When the event changes nothing, neither does this, and the same record comes back. @param told what the trail says of it */
  async move<Event extends PaidCallEvent>(
    call: PaidCallRecord,
    event: Event,
    patch: Patch,
    told: (to: PaidCallState) => AuditDetails[`call-${Event}`],
  ): Promise<PaidCallRecord> {
    const to = nextPaidCallState(call.state, event);
    if (to === undefined) return call;
    const moved = { ...call, ...patch, state: to, updatedAt: this.#now };
    await this.#history.event({ outTradeNo: moved.paidBy ?? call.pageNo }, `call-${event}`, told(to));
    return this.#update(call, moved);
  }

  /** Inside the transaction that proves an order of it to be paid. Changes nothing where another has paid it before. */
  async pay(call: PaidCallRecord, outTradeNo: string, dueAt: number): Promise<PaidCallRecord> {
    const { amountFen, caller } = call;
    const terms = await this.termsOf(call);
    const paid = { paidBy: outTradeNo, paidAt: this.#now, dueAt };
    return this.move(call, 'paid', paid, (to) => ({ to, amountFen, caller, terms }));
  }

  /** @param result what the upstream has answered; it never changes */
  async keep(result: PaidResult): Promise<void> {
    await PAID_RESULTS.insert(this.#tx, result);
  }

  async result(number: string): Promise<PaidResult | undefined> {
    const [row] = await this.#tx.all('SELECT * FROM paid_results WHERE number = ?', number);
    return row && PAID_RESULTS.fromRow(row);
  }

  /** What never changes of one, as its row has it. */
  async termsOf({
    number,
    face,
    upstream,
    priced,
    requestHash,
    title,
    pageNo,
  }: PaidCallRecord): Promise<string> {
    return rowDigest(await this.#history.salt(), number, face, upstream, priced, requestHash, title, pageNo);
  }

  /**
   * Prices that nobody has paid until `before` (ms), but for those of which an order is paid or may be yet. Returns how
   * many, at most `limit`.
   */
  async forgetUnpaid(before: number, limit: number): Promise<number> {
    // Whoever proves just now that one was paid must still find it.
    await this.#tx.alone();
    return this.#tx.run(
      `DELETE FROM paid_calls WHERE number IN (SELECT number ${UNPAID} ORDER BY expires_at LIMIT ?)`,
      before,
      limit,
    );
  }

  /** What was handed over before `before` (ms) is not handed over again. Returns of how many, at most `limit`. */
  async forgetResults(before: number, limit: number): Promise<number> {
    return this.#tx.run(
      `DELETE FROM paid_results WHERE number IN (
         SELECT number FROM paid_results WHERE created_at < ? ORDER BY created_at LIMIT ?)`,
      before,
      limit,
    );
  }

  /** Whether {@link forgetUnpaid} or {@link forgetResults} has something to do. */
  async anyToForget(unpaidBefore: number, resultsBefore: number): Promise<boolean> {
    const found = [
      ...(await this.#tx.all(`SELECT 1 AS one ${UNPAID} LIMIT 1`, unpaidBefore)),
      ...(await this.#tx.all(
        'SELECT 1 AS one FROM paid_results WHERE created_at < ? LIMIT 1',
        resultsBefore,
      )),
    ];
    return found.length > 0;
  }

  async #update(call: PaidCallRecord, updated: PaidCallRecord): Promise<PaidCallRecord> {
    if (!this.#tx.holds(paidCallKey(call.number))) await this.#tx.alone();
    await PAID_CALLS.update(this.#tx, call, updated);
    return updated;
  }

  async #one(where: string, ...values: SqlValue[]): Promise<PaidCallRecord | undefined> {
    const [row] = await this.#tx.all(
      `SELECT * FROM paid_calls WHERE ${where} ORDER BY created_at DESC LIMIT 1`,
      ...values,
    );
    return row && PAID_CALLS.fromRow(row);
  }
}
