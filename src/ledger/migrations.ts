import type { ActorName } from '../domain/actors.ts';
import { type Link, linkHash } from './audit-chain.ts';
import { readMeta, writeMeta } from './meta.ts';
import type { Tx } from './store.ts';

type Told = Pick<Link, 'at' | 'kind' | 'detailJson'> & {
  readonly caller: ActorName;
  readonly outTradeNo: string;
};

/** Appends to a trail as it stood before the step that put it in words. */
async function append(tx: Tx, told: Told & Partial<Pick<Link, 'outRefundNo'>>): Promise<void> {
  const [last, before = (await readMeta(tx, 'ledger_id')) ?? ''] =
    (await readMeta(tx, 'audit_head'))?.split(' ') ?? [];
  const link = {
    tool: undefined,
    call: undefined,
    outRefundNo: undefined,
    ...told,
    seq: Number(last ?? 0) + 1,
  };
  const hash = linkHash(before, link);
  await tx.run(
    `INSERT INTO audit (seq, at, kind, caller, out_trade_no, out_refund_no, detail_json, hash)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[link.seq, link.at, link.kind, link.caller, link.outTradeNo, link.outRefundNo ?? null],
    ...[link.detailJson, hash],
  );
  await writeMeta(tx, 'audit_head', `${link.seq} ${hash}`);
}

/** What had happened before there was a chain becomes its first links. */
export async function eventsIntoAudit(tx: Tx): Promise<void> {
  for (const row of await tx.all('SELECT * FROM events ORDER BY seq')) {
    await append(tx, {
      at: Number(row.at),
      kind: String(row.kind),
      caller: 'unrecorded',
      outTradeNo: String(row.out_trade_no),
      ...(row.out_refund_no ? { outRefundNo: String(row.out_refund_no) } : {}),
      detailJson: String(row.detail_json),
    });
  }
}

/**
 * Nobody can pay an order whose code or link was never given out, so one that was taken for paid is another system's:
 * it is not ours to deliver, close or refund, and says so from now on. Those that are open end by their expiry.
 */
export async function ordersWithoutCode(tx: Tx, now: number): Promise<void> {
  const rows = await tx.all(
    `SELECT out_trade_no, terms_json FROM orders
     WHERE state = 'PAID' AND COALESCE(credential_json, '{}') = '{}' ORDER BY created_at, out_trade_no`,
  );
  for (const row of rows) {
    if ((JSON.parse(String(row.terms_json)) as { adopted?: true }).adopted) continue;
    const outTradeNo = String(row.out_trade_no);
    const told = { at: now, caller: 'system', outTradeNo } as const;
    await append(tx, { ...told, kind: 'alarm-foreign-trade', detailJson: '{}' });
    await append(tx, { ...told, kind: 'order-disowned', detailJson: '{"from":"PAID","to":"CLOSED"}' });
    await tx.run(
      `UPDATE orders SET state = 'CLOSED', paid_at = NULL, late = 0, closing = 0, ask_at = NULL, updated_at = ?
       WHERE out_trade_no = ?`,
      now,
      outTradeNo,
    );
  }
}
