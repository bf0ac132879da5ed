import type { ActorName } from '../domain/actors.ts';
import { linkHash } from './audit-chain.ts';
import { AuditTrail } from './audit-trail.ts';
import { readMeta, writeMeta } from './meta.ts';
import { textOf } from './records.ts';
import type { Tx } from './store.ts';

/** What had happened before there was a chain becomes its first links. */
export async function eventsIntoAudit(tx: Tx): Promise<void> {
  let hash = (await readMeta(tx, 'ledger_id')) ?? '';
  for (const row of await tx.all('SELECT * FROM events ORDER BY seq')) {
    const link = {
      seq: Number(row.seq),
      at: Number(row.at),
      kind: String(row.kind),
      caller: 'unrecorded' satisfies ActorName,
      tool: undefined,
      call: undefined,
      outTradeNo: textOf(row.out_trade_no),
      outRefundNo: textOf(row.out_refund_no),
      detailJson: String(row.detail_json),
    };
    hash = linkHash(hash, link);
    await tx.run(
      `INSERT INTO audit (seq, at, kind, caller, out_trade_no, out_refund_no, detail_json, hash)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      link.seq,
      link.at,
      link.kind,
      link.caller,
      link.outTradeNo ?? null,
      link.outRefundNo ?? null,
      link.detailJson,
      hash,
    );
    await writeMeta(tx, 'audit_head', `${link.seq} ${hash}`);
  }
}

/**
 * Nobody can pay an order whose code or link was never given out, so one that was taken for paid is another system's:
 * it is not ours to deliver, close or refund, and says so from now on. Those that are open end by their expiry.
 */
export async function ordersWithoutCode(tx: Tx, now: number): Promise<void> {
  const audit = new AuditTrail(tx, now, { actor: 'system' });
  const rows = await tx.all(
    `SELECT out_trade_no, terms_json FROM orders
     WHERE state = 'PAID' AND COALESCE(credential_json, '{}') = '{}' ORDER BY created_at, out_trade_no`,
  );
  for (const row of rows) {
    if ((JSON.parse(String(row.terms_json)) as { adopted?: true }).adopted) continue;
    const outTradeNo = String(row.out_trade_no);
    await audit.append({ kind: 'alarm-foreign-trade', outTradeNo, detail: {} });
    await audit.append({ kind: 'order-disowned', outTradeNo, detail: { from: 'PAID', to: 'CLOSED' } });
    await tx.run(
      `UPDATE orders SET state = 'CLOSED', paid_at = NULL, late = 0, closing = 0, ask_at = NULL, updated_at = ?
       WHERE out_trade_no = ?`,
      now,
      outTradeNo,
    );
  }
}
