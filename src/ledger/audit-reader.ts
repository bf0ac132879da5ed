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
const HASH =
  "CASE typeof(hash) WHEN 'blob' THEN lower(hex(hash)) ELSE typeof(hash) || ' ' || hash END AS hash";
const COLUMNS = `${exact('seq')}, ${exact('at')}, kind, caller, tool, call_id, out_trade_no, out_refund_no, detail_json, ${HASH}`;

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

/**
 * Links after `seq`, lowest number first, as the JSON arrays that their hashes are over, without the hash before; and
 * those hashes in hex, one behind the other. Takes a third of the time of {@link readLinks}, for one value holds a whole
 * page. Where a value stands that no link has, what comes does not follow, and {@link readLinks} tells what it is.
 */
export async function readTexts(
  tx: Reader,
  seq: number,
  limit: number,
): Promise<{ readonly texts: readonly string[]; readonly hashes: string }> {
  const [row] = await tx
    .all(
      `SELECT group_concat(text, char(10)) AS texts, group_concat(hash, '') AS hashes FROM (
         SELECT json_array(seq, at, kind, caller, tool, call_id, out_trade_no, out_refund_no, detail_json) AS text,
           ${HASH} FROM audit WHERE audit.seq > ? ORDER BY audit.seq LIMIT ?)`,
      seq,
      limit,
    )
    .catch(() => [{ texts: '', hashes: 'unreadable' }]);
  const texts = text(row?.texts);
  return { texts: texts === undefined ? [] : texts.split('\n'), hashes: text(row?.hashes) ?? '' };
}

/** How many links no walk from {@link BEFORE_ALL} on comes to. */
export async function countUnreached(tx: Reader): Promise<number> {
  const [row] = await tx.all(
    `SELECT (SELECT COUNT(*) FROM audit WHERE seq IS NULL) + (SELECT COUNT(*) FROM audit WHERE seq <= ${BEFORE_ALL}) AS count`,
  );
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
