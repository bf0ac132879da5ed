import { type Head, type Link, linkHash } from './audit-chain.ts';
import { type Shaped, shaped, shapeless, shapeWord } from './audit-shapes.ts';
import { RECORDS } from './beside.ts';
import { readMeta, writeMeta } from './meta.ts';
import type { Ending, SqlValue, Tx } from './store.ts';
import { Sums } from './sums.ts';

/** More shapes than a ledger has of its own accord, so that callers who send ever new ones cannot make it grow. */
const MOST_WORDS = 10_000;
/** Kinds of which there are many. */
const SHAPED = /^(?:order|refund)-|^(?:call|result)$/;
/** Records in one statement. */
const TOGETHER = 16;

/** What is to be recorded: its place in the chain is not known before the transaction ends. */
export type Unchained = Omit<Link, 'seq'>;

/** What one has recorded. Its numbers are those behind `after` up to `last`, once it has them. */
export interface Recording {
  readonly recorded: readonly Unchained[];
  span: { readonly after: number; readonly last: number } | undefined;
}

/** A record with its place in the chain, and as it is stored. */
interface Chained extends Head, Unchained {
  readonly stored: Shaped;
}

/**
 * The records and sums of all who share a transaction, written last: every writer of the ledger has to wait for whoever
 * does this until that one's commit, and for nothing else.
 */
export class Sealing implements Ending {
  readonly sums = new Sums();
  /** Whether the ledger's schema is known, once somebody has asked. */
  known: Promise<void> | undefined;
  readonly #recordings: Recording[] = [];

  /** Of those who have done their work. */
  get recorded(): readonly Unchained[] {
    return this.#recordings.flatMap(({ recorded }) => recorded);
  }

  /** The last thing that anybody's work does: from now on it cannot fail alone. */
  add(recording: Recording, sums: Sums): void {
    this.#recordings.push(recording);
    this.sums.addAll(sums);
  }

  async end(tx: Tx): Promise<void> {
    const isRecorded = this.#recordings.some(({ recorded }) => recorded.length > 0);
    if (!isRecorded && this.sums.isEmpty) return;
    await tx.lock(RECORDS);
    await this.sums.write(tx);
    if (isRecorded) await this.#chain(tx);
  }

  async #chain(tx: Tx): Promise<void> {
    let head = await endOfChain(tx);
    const chained: Chained[] = [];
    for (const recording of this.#recordings) {
      const after = head.seq;
      for (const record of recording.recorded) {
        const link = { seq: head.seq + 1, ...record };
        head = { seq: link.seq, hash: linkHash(head.hash, link) };
        const { kind, detailJson } = record;
        const stored = SHAPED.test(kind) ? shaped(detailJson, record) : shapeless(detailJson);
        chained.push({ ...link, ...head, stored });
      }
      recording.span = after === head.seq ? undefined : { after, last: head.seq };
    }
    for (let i = 0; i < chained.length; i += TOGETHER) await insert(tx, chained.slice(i, i + TOGETHER));
    await writeMeta(tx, 'audit_head', `${head.seq} ${head.hash}`);
  }
}

/** What those who share this transaction record and add up. */
export function sealingOf(tx: Tx): Sealing {
  return tx.common(() => new Sealing());
}

/** The newest link as it was written; seq 0 and the ledger's id when there is none. */
export async function endOfChain(tx: Tx): Promise<Head> {
  const [seq, hash] = (await readMeta(tx, 'audit_head'))?.split(' ') ?? [];
  return seq === undefined || hash === undefined
    ? { seq: 0, hash: await readLedgerId(tx) }
    : { seq: Number(seq), hash };
}

/** What the first link follows. */
export async function readLedgerId(tx: Tx): Promise<string> {
  return (await readMeta(tx, 'ledger_id')) ?? '';
}

async function insert(tx: Tx, records: readonly Chained[]): Promise<void> {
  const values = (told: readonly Chained[]) => told.flatMap(valuesOf);
  const inserted = await tx.run(insertion(records.length), ...values(records));
  if (inserted === records.length) return;
  // Some are the first to take some word: those are not in yet.
  const [row] = await tx.all('SELECT MAX(id) AS last FROM words');
  const isFull = Number(row?.last) >= MOST_WORDS;
  const rest = isFull
    ? records.map((record) => ({ ...record, stored: shapeless(record.detailJson) }))
    : records;
  for (const word of new Set(rest.flatMap(wordsOf))) {
    await tx.run('INSERT INTO words (word) VALUES (?) ON CONFLICT DO NOTHING', word);
  }
  const late = await tx.run(`${insertion(rest.length)} ON CONFLICT (seq) DO NOTHING`, ...values(rest));
  if (inserted + late !== records.length) throw new Error('audit: something was not recorded');
}

function wordsOf({ kind, caller, tool, stored }: Chained): readonly [string, string, string] {
  return [kind, caller, shapeWord(tool, stored.shape)];
}

function valuesOf(record: Chained): SqlValue[] {
  const { seq, at, call, outTradeNo, outRefundNo, stored, hash } = record;
  return [
    ...[seq, at, call ?? null, outTradeNo ?? null, outRefundNo ?? null, stored.hex, hash],
    ...wordsOf(record),
  ];
}

/** By how many records: texts are long and few, so each is made once. */
const insertions: string[] = [];

function insertion(records: number): string {
  const told = '(CAST(? AS BIGINT), CAST(? AS BIGINT), ?, ?, ?, unhex(?), unhex(?), ?, ?, ?)';
  insertions[records] ??=
    `INSERT INTO audit (seq, at, kind, caller, shape, call_id, out_trade_no, out_refund_no, detail, hash)
     SELECT column1, column2, kind.id, caller.id, shape.id, column3, column4, column5, column6, column7
     FROM (VALUES ${Array.from({ length: records }, () => told).join(', ')}) AS told
     JOIN words AS kind ON kind.word = column8 JOIN words AS caller ON caller.word = column9
     JOIN words AS shape ON shape.word = column10 WHERE true`;
  return insertions[records];
}
