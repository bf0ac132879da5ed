import type { Head, StoredLink } from './audit-chain.ts';
import { readMeta } from './meta.ts';
import type { Row, SqlValue, Tx } from './store.ts';

/** All that is needed to look at the stored rows. */
export type Reader = Pick<Tx, 'all'>;

/** Below every number that can be read exactly: where a walk through the trail begins. */
export const BEFORE_ALL = Number.MIN_SAFE_INTEGER;

/** A number that cannot be read exactly was never written by us, and must not end the reading: it reads as NULL. */
export function exact(column: string): string {
  return `CASE WHEN ${column} BETWEEN ${Number.MIN_SAFE_INTEGER} AND ${Number.MAX_SAFE_INTEGER} THEN ${column} END AS ${column}`;
}
const COLUMNS = `${exact('seq')}, ${exact('at')}, kind, caller, tool, call_id, out_trade_no, out_refund_no, detail_json, hash`;

/** A span of time in ms, `to` exclusive. */
export interface Span {
  readonly from: number | undefined;
  readonly to: number | undefined;
}

/** Links after `seq` as they are stored, lowest number first. */
export async function readLinks(
  tx: Reader,
  seq: number,
  limit: number,
  { from, to }: Span = { from: undefined, to: undefined },
): Promise<StoredLink[]> {
  const where = [
    'audit.seq > ?',
    ...(from === undefined ? [] : ['audit.at >= ?']),
    ...(to === undefined ? [] : ['audit.at < ?']),
  ];
  const values = [seq, from, to].filter((value) => value !== undefined);
  const rows = await tx.all(
    `SELECT ${COLUMNS} FROM audit WHERE ${where.join(' AND ')} ORDER BY audit.seq LIMIT ?`,
    ...values,
    limit,
  );
  return rows.map(linkFromRow);
}

/** The note of the newest link; undefined when there is none that can be read. */
export async function readHead(tx: Reader): Promise<Head | undefined> {
  const [, seq, hash] = /^(\d{1,15}) ([0-9a-f]{64})$/.exec((await readMeta(tx, 'audit_head')) ?? '') ?? [];
  return seq === undefined || hash === undefined ? undefined : { seq: Number(seq), hash };
}

/** How many links there are, with or without a number. */
export async function countLinks(tx: Reader): Promise<number> {
  const [row] = await tx.all('SELECT COUNT(*) AS count FROM audit');
  return Number(row?.count);
}

/** Nothing is converted into what it should have been: a value of another type has been put there. */
function linkFromRow(row: Row): StoredLink {
  return {
    seq: row.seq === null ? Number.NaN : Number(row.seq),
    at: row.at === null ? Number.NaN : Number(row.at),
    kind: text(row.kind) ?? '',
    caller: text(row.caller) ?? '',
    tool: text(row.tool),
    call: text(row.call_id),
    outTradeNo: text(row.out_trade_no),
    outRefundNo: text(row.out_refund_no),
    detailJson: text(row.detail_json) ?? '',
    hash: text(row.hash) ?? '',
  };
}

function text(value: SqlValue | undefined): string | undefined {
  if (value === null || value === undefined) return undefined;
  return typeof value === 'string' ? value : `${typeof value} ${String(value)}`;
}
