import type { ActorName } from '../domain/actors.ts';
import type { Subject } from '../domain/subject.ts';
import type { Head } from './audit-chain.ts';
import type { Alarm, AuditDetails, AuditKind } from './audit-kinds.ts';
import { LINK, linkFromRow } from './audit-reader.ts';
import type { AuditRecord } from './records.ts';
import { endOfChain, type Recording, readLedgerId, sealingOf, type Unchained } from './sealing.ts';
import type { Row, Tx } from './store.ts';

/** As in the indexes of the schema, which has these kinds under these numbers. */
export const DEEDS = 'kind > 2';
const CALLS = 'kind <= 2';
/** What its order alone does not lead to, or may not. */
const OF_CALLS = `(out_trade_no IS NULL OR ${CALLS})`;
const WARNINGS = 'kind BETWEEN 3 AND 10';
const MOST_DEEDS = 200;
const MOST_CALLS = 60;

/** Who does something, one of our own or a caller; stands in every record of it. */
export type Actor = ({ readonly actor: ActorName } | { readonly caller: string }) & {
  readonly tool?: string;
  /** Links what one call did. */
  readonly call?: string;
};

/** Something that has happened; `outTradeNo` and `outRefundNo` say to what. */
export interface Happening<Kind extends AuditKind> {
  readonly kind: Kind;
  readonly outTradeNo?: string | undefined;
  readonly outRefundNo?: string | undefined;
  readonly detail: AuditDetails[Kind];
}

/** The hash-chained record of everything that concerns money, inside one transaction. Only appended to. */
export class AuditTrail implements Recording {
  readonly #tx: Tx;
  readonly #now: number;
  readonly #actor: Actor;
  /** What is to be recorded when the transaction ends. */
  readonly recorded: Unchained[] = [];
  /** The numbers that {@link recorded} was given: those behind `after` up to `last`. */
  span: Recording['span'];

  constructor(tx: Tx, now: number, actor: Actor) {
    this.#tx = tx;
    this.#now = now;
    this.#actor = actor;
  }

  async append<Kind extends AuditKind>(happening: Happening<Kind>): Promise<void> {
    const { kind, outTradeNo, outRefundNo, detail } = happening;
    const { tool, call } = this.#actor;
    const caller = 'actor' in this.#actor ? this.#actor.actor : this.#actor.caller;
    const detailJson = JSON.stringify(detail);
    this.recorded.push({ at: this.#now, kind, caller, tool, call, outTradeNo, outRefundNo, detailJson });
  }

  /** The newest link as it was written; seq 0 and the ledger's id when there is none. */
  async head(): Promise<Head> {
    return endOfChain(this.#tx);
  }

  /** What the first link follows. */
  async ledgerId(): Promise<string> {
    return readLedgerId(this.#tx);
  }

  /** Links after `seq`, oldest first. */
  async after(seq: number, limit: number): Promise<AuditRecord[]> {
    return (await this.#tx.all(`${LINK} WHERE audit.seq > ? ORDER BY audit.seq LIMIT ?`, seq, limit)).map(
      recordFromRow,
    );
  }

  /** One order's story, oldest first. */
  async ofOrder(outTradeNo: string): Promise<AuditRecord[]> {
    const rows = [
      ...(await this.#tx.all(`${LINK} WHERE out_trade_no = ? AND ${DEEDS}`, outTradeNo)),
      ...(await this.#tx.all(`${LINK} WHERE out_trade_no = ? AND ${CALLS}`, outTradeNo)),
    ];
    return rows.map(recordFromRow).sort((a, b) => a.seq - b.seq);
  }

  /** Whether a call was answered that this refund has succeeded. */
  async toldOfRefund(outTradeNo: string, outRefundNo: string): Promise<boolean> {
    const rows = await this.#tx.all(
      `${LINK} WHERE out_trade_no = ? AND out_refund_no = ? AND ${CALLS} AND audit.kind = 2`,
      outTradeNo,
      outRefundNo,
    );
    return rows.map(recordFromRow).some(({ detail }) => detail.state === 'SUCCESS');
  }

  /**
   * When (ms) the gateway was first heard to prove that an order was paid, and that its refunds went out: by the refund's
   * number, `''` for the payment itself.
   */
  async proofsOf(outTradeNo: string): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#tx.all(
      `SELECT seq, at, out_refund_no FROM audit WHERE out_trade_no = ? AND ${DEEDS}
       AND kind IN (SELECT id FROM words WHERE word IN ('order-paid', 'refund-success'))`,
      outTradeNo,
    );
    rows.sort((a, b) => Number(b.seq) - Number(a.seq));
    return new Map(rows.map((row) => [String(row.out_refund_no ?? ''), Number(row.at)]));
  }

  /** What has happened to an order besides calls about it: the newest of it, oldest first. */
  async deeds(outTradeNo: string): Promise<AuditRecord[]> {
    return this.#newest(`out_trade_no = ? AND ${DEEDS}`, MOST_DEEDS, outTradeNo);
  }

  /** Whether an alarm of this kind has been raised for an order or refund. */
  async isAlarmed({ outTradeNo, outRefundNo }: Subject, kind: Alarm): Promise<boolean> {
    const recorded = [...this.recorded, ...sealingOf(this.#tx).recorded];
    const isThis = (record: Unchained) =>
      record.kind === `alarm-${kind}` &&
      record.outTradeNo === outTradeNo &&
      record.outRefundNo === outRefundNo;
    if (recorded.some(isThis)) return true;
    const rows = await this.#tx.all(
      `SELECT out_refund_no FROM audit WHERE out_trade_no = ? AND ${WARNINGS} AND kind = (SELECT id FROM words WHERE word = ?)`,
      outTradeNo,
      `alarm-${kind}`,
    );
    return rows.some((row) => (row.out_refund_no ?? undefined) === outRefundNo);
  }

  /**
   * What a person should see of an order's story, oldest first: the newest deeds, of alarms and decisions also those
   * that lie behind them, the newest calls, and the calls that all of these belong to. An order has a few dozen
   * records; an agent can give it as many as it likes.
   */
  async newestStory(outTradeNo: string): Promise<AuditRecord[]> {
    const found = [
      ...(await this.deeds(outTradeNo)),
      ...(await this.#newest(`out_trade_no = ? AND ${WARNINGS}`, MOST_CALLS, outTradeNo)),
      ...(await this.#newest(`out_trade_no = ? AND ${CALLS}`, MOST_CALLS, outTradeNo)),
    ];
    const calls = [...new Set(found.flatMap(({ call }) => call ?? []))];
    for (const call of calls) {
      const named = await this.#newest(`call_id = ? AND ${OF_CALLS} AND ${CALLS}`, MOST_CALLS, call);
      found.push(...named.filter((record) => [undefined, outTradeNo].includes(record.outTradeNo)));
    }
    const bySeq = new Map(found.map((record) => [record.seq, record]));
    return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
  }

  /** Oldest first. */
  async #newest(where: string, limit: number, value: string): Promise<AuditRecord[]> {
    const rows = await this.#tx.all(`${LINK} WHERE ${where} ORDER BY audit.seq DESC LIMIT ${limit}`, value);
    return rows.map(recordFromRow).reverse();
  }

  /** One order's whole story with the calls that had not named it yet when they came, oldest first. */
  async story(outTradeNo: string): Promise<AuditRecord[]> {
    const records = await this.ofOrder(outTradeNo);
    const unnamed: Row[] = [];
    for (const call of new Set(records.flatMap(({ call }) => call ?? []))) {
      const where = `call_id = ? AND ${OF_CALLS} AND out_trade_no IS NULL`;
      unnamed.push(...(await this.#tx.all(`${LINK} WHERE ${where}`, call)));
    }
    return [...unnamed.map(recordFromRow), ...records].sort((a, b) => a.seq - b.seq);
  }
}

/** What {@link LINK} selects. */
export function recordFromRow(row: Row): AuditRecord {
  const { detailJson, ...link } = linkFromRow(row);
  return { ...link, detail: JSON.parse(detailJson) as Record<string, unknown> };
}
