import type { Head, StoredLink } from './audit-chain.ts';
import { Shape } from './audit-shapes.ts';
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
const word = (column: string) =>
  `CASE typeof(${column}) WHEN 'integer' THEN (SELECT word FROM words WHERE words.id = ${column})
     ELSE typeof(${column}) || ' ' || ${column} END AS ${column}`;
const HASH =
  "CASE typeof(hash) WHEN 'blob' THEN lower(hex(hash)) ELSE typeof(hash) || ' ' || hash END AS hash";
/** What {@link linkFromRow} reads. */
export const LINK = `SELECT ${exact('seq')}, ${exact('at')}, ${word('kind')}, ${word('caller')}, ${word('shape')},
  call_id, out_trade_no, out_refund_no, CASE typeof(detail) WHEN 'blob' THEN hex(detail) END AS detail, ${HASH} FROM audit`;

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
    `${LINK} WHERE ${where.join(' AND ')} ORDER BY audit.seq LIMIT ?`,
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

/** What of a link the tables are held against. */
export interface ToldLink {
  readonly kind: string;
  readonly caller: string;
  readonly outTradeNo: string | undefined;
  readonly outRefundNo: string | undefined;
  /** A member of its detail. */
  told(name: string): unknown;
}

/** A link on its way to be hashed. */
export interface LinkText extends ToldLink {
  readonly seq: number;
  /** The JSON array that its hash is over, from behind its number on. */
  readonly text: string;
  /** Hex. */
  readonly hash: string;
}

/** What stands in the place of a kind, a caller, a shape. */
class Words {
  readonly #all = new Map<unknown, { readonly word: string; readonly json: string; readonly shape: Shape }>();

  /** Reads what has come since. */
  async read(tx: Reader): Promise<void> {
    for (const { id, word } of await tx.all('SELECT id, word FROM words ORDER BY id')) {
      const text = String(word);
      if (this.#all.get(id)?.word !== text)
        this.#all.set(id, { word: text, json: JSON.stringify(text), shape: new Shape(text) });
    }
  }

  get(id: unknown) {
    return this.#all.get(id);
  }
}

type Packed = readonly [
  ...[seq: number, at: number, kind: number, caller: number, shape: number],
  ...[call: string | null, outTradeNo: string | null, outRefundNo: string | null, bytes: number | null],
];

/**
 * Reads links as texts, a page at a time and a page as one value: that takes a fraction of the time of
 * {@link readLinks}, which tells what it is where a value stands that no link has.
 */
export class TextReader {
  readonly #words = new Words();

  /** Links after `seq`, lowest number first, up to the first that is none. `count` is how many there are to it. */
  async after(
    tx: Reader,
    seq: number,
    limit: number,
  ): Promise<{ readonly count: number; readonly links: Iterable<LinkText> }> {
    const [row] = await tx
      .all(
        `SELECT json_group_array(json_array(seq, at, kind, caller, shape, call_id, out_trade_no, out_refund_no, length(detail))) AS links,
           group_concat(hex(detail), '') AS details, group_concat(hash, '') AS hashes FROM (
           SELECT seq, at, kind, caller, shape, call_id, out_trade_no, out_refund_no,
             CASE typeof(detail) WHEN 'blob' THEN detail END AS detail,
             CASE WHEN typeof(hash) = 'blob' AND length(hash) = ${HASH_BYTES} THEN lower(hex(hash)) ELSE '?' END AS hash
           FROM audit WHERE audit.seq > ? ORDER BY audit.seq LIMIT ?) AS page`,
        seq,
        limit,
      )
      .catch((): Row[] => [{ links: '[null]' }]);
    const packed = JSON.parse(String(row?.links)) as Packed[];
    const isUnknown = (id: unknown) => !this.#words.get(id);
    if (packed.some((link) => link && (isUnknown(link[2]) || isUnknown(link[3]) || isUnknown(link[4]))))
      await this.#words.read(tx);
    const details = Buffer.from(String(row?.details ?? ''), 'hex');
    return { count: packed.length, links: this.#unpacked(packed, details, String(row?.hashes ?? '')) };
  }

  *#unpacked(packed: readonly Packed[], details: Buffer, hashes: string): Generator<LinkText> {
    let place = 0;
    for (let i = 0; i < packed.length; i++) {
      const [seq, at, kindId, callerId, shapeId, call, outTradeNo, outRefundNo, bytes] = packed[i] ?? [];
      const [kind, caller] = [this.#words.get(kindId), this.#words.get(callerId)];
      const shape = this.#words.get(shapeId)?.shape;
      if (!kind || !caller || !shape || seq === undefined || at === undefined || typeof bytes !== 'number')
        return;
      const values = shape.values(details, place, place + bytes, { at, caller: caller.word });
      if (values === undefined) return;
      place += bytes;
      yield {
        seq,
        text: `${at},${kind.json},${caller.json},${shape.toolJson},${json(call)},${json(outTradeNo)},${json(outRefundNo)},"${shape.quoted(values)}"]`,
        hash: hashes.slice(i * 2 * HASH_BYTES, (i + 1) * 2 * HASH_BYTES),
        kind: kind.word,
        caller: caller.word,
        outTradeNo: outTradeNo ?? undefined,
        outRefundNo: outRefundNo ?? undefined,
        told: (name) => shape.member(values, name),
      };
    }
  }
}

const HASH_BYTES = 32;

/** As JSON.stringify, which takes longer for what are numbers of orders. */
function json(text: string | null | undefined): string {
  if (text === null || text === undefined) return 'null';
  return IS_PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}
const IS_PLAIN = /^[\w-]*$/;

/** How many links no walk from {@link BEFORE_ALL} on comes to. */
export async function countUnreached(tx: Reader): Promise<number> {
  const [row] = await tx.all(
    `SELECT (SELECT COUNT(*) FROM audit WHERE seq IS NULL) + (SELECT COUNT(*) FROM audit WHERE seq <= ${BEFORE_ALL}) AS count`,
  );
  return Number(row?.count);
}

/** Nothing is converted into what it should have been: a value of another type has been put there. */
export function linkFromRow(row: Row): StoredLink {
  const at = row.at === null ? Number.NaN : Number(row.at);
  const caller = text(row.caller) ?? '';
  const shape = typeof row.shape === 'string' ? new Shape(row.shape) : undefined;
  const detail = typeof row.detail === 'string' ? Buffer.from(row.detail, 'hex') : undefined;
  const values = detail && shape?.values(detail, 0, detail.length, { at, caller });
  return {
    seq: row.seq === null ? Number.NaN : Number(row.seq),
    at,
    kind: text(row.kind) ?? '',
    caller,
    tool: shape?.tool,
    call: text(row.call_id),
    outTradeNo: text(row.out_trade_no),
    outRefundNo: text(row.out_refund_no),
    detailJson: (values && shape?.text(values)) ?? '',
    hash: text(row.hash) ?? '',
  };
}

function text(value: SqlValue | undefined): string | undefined {
  if (value === null || value === undefined) return undefined;
  return typeof value === 'string' ? value : `${typeof value} ${String(value)}`;
}
