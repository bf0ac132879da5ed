import { CLOCKS_APART_MS } from '../domain/clock.ts';
import { type ChainFault, ChainWalk, follow, type Head, NEAR } from './audit-chain.ts';
import {
  type Checkpoint,
  type CheckpointFault,
  checkAgainstTrail,
  checkCheckpoint,
  ledgerPublicKey,
} from './audit-checkpoint.ts';
import { BEFORE_ALL, countUnreached, type Reader, readHead, readLinks, TextReader } from './audit-reader.ts';
import { RecordedTables, type TablesState } from './audit-tables.ts';
import type { Ledger } from './ledger.ts';
import { readMeta } from './meta.ts';
import { MOST, type TableFault } from './recorded-rows.ts';
import { miscounted } from './recount.ts';

/** Links that are looked at inside one transaction. */
const PAGE = 250;

/** A checkpoint as it was found in a file; undefined when the line is none. */
export interface GivenCheckpoint {
  /** File and line. */
  readonly source: string;
  readonly checkpoint: Checkpoint | undefined;
}

export interface CheckpointVerdict {
  readonly source: string;
  readonly seq: number | undefined;
  readonly at: string | undefined;
  readonly fault: CheckpointFault | undefined;
}

export interface Verdict {
  readonly intact: boolean;
  readonly ledgerId: string;
  /** How many records follow one another from the first on, and the hash of the last of them. */
  readonly proven: Head;
  readonly chain: ChainFault | undefined;
  readonly checkpoints: readonly CheckpointVerdict[];
  /** Looked for only where the trail itself is intact: a broken one proves nothing. */
  readonly tables: readonly TableFault[];
}

/** The first half of a trail that was found right, and what it tells of the tables; plain data. */
export interface FirstHalf {
  readonly proven: Head;
  readonly told: TablesState;
}

/** Below so many records it takes longer to have somebody go through half of them than to do it. */
const WORTH_HALVING = 50_000;

/**
 * Holds the stored trail against itself, against checkpoints, and the tables against the trail. Reads page by page,
 * each in a transaction of its own, so that nobody who writes meanwhile waits for it; what is written is looked at too,
 * and the last page with the end of the trail and what the tables hold in sum are seen at one instant. What somebody
 * edits meanwhile is found where the walk has not been yet, or in the sums that limits, budgets and totals go by.
 * @param onProgress hears how many records were found right and how many there are
 * @param halve goes through the first so many records meanwhile, by {@link walkFirstHalf}: both halves right are the
 * whole; for anything else the whole is gone through again, one record after the other
 */
export async function verifyAudit(
  ledger: Pick<Ledger, 'inspect'>,
  given: readonly GivenCheckpoint[],
  onProgress: (done: number, all: number) => void = () => undefined,
  { halve, worthHalving = WORTH_HALVING }: Halving = {},
): Promise<Verdict> {
  const { ledgerId, salt, all } = await ledger.inspect(about);
  // A little more than half: the sums at the end are left to this one.
  const middle = Math.floor(all * 0.52);
  const [link] = await ledger.inspect((tx) => readLinks(tx, middle - 1, 1));
  const conclusion = (walk: PagedWalk, recorded: RecordedTables) => (tx: Reader) =>
    conclude(tx, ledgerId, walk, recorded, given);
  if (halve && all > worthHalving && link?.seq === middle) {
    const half = halve(middle).catch(() => undefined);
    const [walk, recorded] = [new PagedWalk(link), new RecordedTables(salt, link.at + CLOCKS_APART_MS)];
    const tell = (done: number) => onProgress(2 * (done - middle), all);
    await walkTo(ledger, all, walk, recorded, tell);
    const first = await half;
    if (first?.proven.hash === link.hash && first.proven.seq === middle && !walk.hasEnded) {
      recorded.follow(first.told);
      const verdict = await toItsEnd(ledger, walk, recorded, conclusion(walk, recorded), tell);
      if (!verdict.chain && verdict.tables.length === 0) return verdict;
    }
  }
  const walk = new PagedWalk({ seq: 0, hash: ledgerId });
  const recorded = new RecordedTables(salt);
  const tell = (done: number) => onProgress(done, Math.max(all, done));
  return toItsEnd(ledger, walk, recorded, conclusion(walk, recorded), tell);
}

interface Halving {
  readonly halve?: (records: number) => Promise<FirstHalf | undefined>;
  readonly worthHalving?: number;
}

/** Goes through the first so many records. Undefined where anything is wrong with them, whatever it is. */
export async function walkFirstHalf(
  ledger: Pick<Ledger, 'inspect'>,
  records: number,
): Promise<FirstHalf | undefined> {
  const { ledgerId, salt } = await ledger.inspect(about);
  const walk = new PagedWalk({ seq: 0, hash: ledgerId });
  const recorded = new RecordedTables(salt);
  await walkTo(ledger, records, walk, recorded);
  return walk.hasEnded ? undefined : { proven: walk.proven, told: recorded.state };
}

async function about(tx: Reader) {
  return {
    ledgerId: (await readMeta(tx, 'ledger_id')) ?? '',
    salt: (await readMeta(tx, 'salt')) ?? '',
    all: (await readHead(tx))?.seq ?? 0,
  };
}

async function walkTo(
  ledger: Pick<Ledger, 'inspect'>,
  seq: number,
  walk: PagedWalk,
  recorded: RecordedTables,
  tell: (done: number) => void = () => undefined,
): Promise<void> {
  while (walk.proven.seq < seq && !walk.hasEnded) {
    await ledger.inspect((tx) => walk.page(tx, recorded, seq - walk.proven.seq));
    tell(walk.proven.seq);
  }
}

async function toItsEnd(
  ledger: Pick<Ledger, 'inspect'>,
  walk: PagedWalk,
  recorded: RecordedTables,
  conclusion: (tx: Reader) => Promise<Verdict>,
  tell: (done: number) => void,
): Promise<Verdict> {
  for (;;) {
    const verdict = await ledger.inspect(async (tx) =>
      (await walk.page(tx, recorded)) ? conclusion(tx) : undefined,
    );
    tell(walk.proven.seq);
    if (verdict) return verdict;
  }
}

async function conclude(
  tx: Reader,
  ledgerId: string,
  walk: PagedWalk,
  recorded: RecordedTables,
  given: readonly GivenCheckpoint[],
): Promise<Verdict> {
  const publicKey = await ledgerPublicKey(tx);
  const { proven } = walk;
  const chain = await walk.fault(tx);
  const checkpoints: CheckpointVerdict[] = [];
  for (const { source, checkpoint } of given) {
    const fault = checkpoint
      ? (checkCheckpoint(checkpoint, { ledgerId, publicKey }) ??
        checkAgainstTrail(checkpoint, {
          proven,
          broken: chain !== undefined && !isGone(checkpoint.seq, chain),
          hash: await hashAt(tx, ledgerId, checkpoint.seq),
        }))
      : 'unreadable';
    checkpoints.push({ source, seq: checkpoint?.seq, at: checkpoint?.at, fault });
  }
  const tables = chain ? [] : await recorded.compare(tx, publicKey);
  // Only of rows that are right it can be said what they add up to.
  if (!chain && tables.length === 0) tables.push(...(await miscounted(tx)).slice(0, MOST));
  const intact = !chain && tables.length === 0 && checkpoints.every(({ fault }) => fault === undefined);
  return { intact, ledgerId, proven, chain, checkpoints, tables };
}

/** Whether a record is known not to be there any more, at the end or where others have come behind it. */
function isGone(seq: number, { look, other = 0 }: ChainFault): boolean {
  return look === 'cut-off' || (look === 'missing' && seq <= other);
}

async function hashAt(tx: Reader, ledgerId: string, seq: number): Promise<string | undefined> {
  if (seq === 0) return ledgerId;
  const [link] = await readLinks(tx, seq - 1, 1);
  return link?.seq === seq ? link.hash : undefined;
}

/** The walk through the whole trail, fast where links follow and link by link where they do not. */
class PagedWalk {
  readonly #reader = new TextReader();
  /** How far it had come a page ago. */
  #before: Head;
  #proven: Head;
  /** Set once the walk has ended. */
  #end: ChainWalk | undefined;

  /** @param from the link that the first one follows; seq 0 and the ledger's id at the beginning */
  constructor({ seq, hash }: Head) {
    this.#before = { seq, hash };
    this.#proven = this.#before;
  }

  /** Whether its last page has been seen. */
  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  get proven(): Head {
    return this.#proven;
  }

  /** Goes on by a page of `most` links and has `recorded` hear of it. Returns whether that was the last. */
  async page(tx: Reader, recorded: RecordedTables, most = PAGE): Promise<boolean> {
    const limit = Math.min(most, PAGE);
    const from = this.#proven;
    const { count, links } = await this.#reader.after(tx, from.seq === 0 ? BEFORE_ALL : from.seq, limit);
    for (const link of links) {
      const proven = follow(this.#proven, link);
      if (proven === undefined) break;
      this.#proven = proven;
      recorded.add(link);
    }
    if (this.#proven.seq - from.seq !== count) return this.#linkByLink(tx, recorded);
    this.#before = from;
    if (count === limit) await recorded.settle(tx);
    else this.#end = new ChainWalk(this.#proven);
    return this.#end !== undefined;
  }

  /** From a page ago on, for what stands around a link that does not follow tells what happened to it. */
  async #linkByLink(tx: Reader, recorded: RecordedTables): Promise<boolean> {
    const walk = new ChainWalk(this.#before);
    const limit = 2 * PAGE + NEAR;
    const links = await readLinks(tx, this.#before.seq === 0 ? BEFORE_ALL : this.#before.seq, limit);
    for (const link of links) {
      if (walk.add(link) && link.seq > this.#proven.seq) {
        const detail = JSON.parse(link.detailJson) as Readonly<Record<string, unknown>>;
        recorded.add({ ...link, told: (name) => detail[name] });
      }
    }
    this.#before = this.#proven;
    this.#proven = walk.proven;
    if (walk.broken || links.length < limit) this.#end = walk;
    else await recorded.settle(tx);
    return this.#end !== undefined;
  }

  /** Of a walk that has ended: where the trail is first wrong. */
  async fault(tx: Reader): Promise<ChainFault | undefined> {
    return this.#end?.end(await readHead(tx), this.#proven.seq + (await countUnreached(tx)));
  }
}
