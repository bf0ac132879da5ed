import { type ChainFault, ChainWalk, type Head } from './audit-chain.ts';
import {
  type Checkpoint,
  type CheckpointFault,
  checkAgainstTrail,
  checkCheckpoint,
  ledgerPublicKey,
} from './audit-checkpoint.ts';
import { BEFORE_ALL, countLinks, type Reader, readHead, readLinks } from './audit-reader.ts';
import { RecordedTables, type TableFault } from './audit-tables.ts';
import { readMeta } from './meta.ts';

const PAGE = 2_000;

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

/**
 * Holds the stored trail against itself, against checkpoints, and the tables against the trail. Reads page by page
 * inside one transaction, whatever the trail's length.
 * @param onProgress hears how many records were found right and how many there are
 */
export async function verifyAudit(
  tx: Reader,
  given: readonly GivenCheckpoint[],
  onProgress: (done: number, all: number) => void = () => undefined,
): Promise<Verdict> {
  const ledgerId = (await readMeta(tx, 'ledger_id')) ?? '';
  const publicKey = await ledgerPublicKey(tx);
  const head = await readHead(tx);
  const count = await countLinks(tx);
  const hashes = new Map<number, string | undefined>([[0, ledgerId]]);
  for (const { checkpoint } of given) if (checkpoint?.seq) hashes.set(checkpoint.seq, undefined);

  const walk = new ChainWalk(ledgerId);
  const recorded = new RecordedTables();
  for (let last = BEFORE_ALL; !walk.decided && Number.isFinite(last); ) {
    const links = await readLinks(tx, last, PAGE);
    for (const link of links) {
      last = link.seq;
      if (!walk.add(link)) continue;
      recorded.add(link);
      if (hashes.has(link.seq)) hashes.set(link.seq, link.hash);
    }
    onProgress(walk.proven.seq, count);
    if (links.length < PAGE) break;
  }
  const chain = walk.end(head, count);
  const checkpoints = given.map(({ source, checkpoint }) => ({
    source,
    seq: checkpoint?.seq,
    at: checkpoint?.at,
    fault: checkpoint
      ? (checkCheckpoint(checkpoint, { ledgerId, publicKey }) ??
        checkAgainstTrail(checkpoint, {
          proven: walk.proven,
          broken: chain !== undefined && chain.look !== 'cut-off',
          hash: hashes.get(checkpoint.seq),
        }))
      : ('unreadable' as const),
  }));
  const tables = chain ? [] : await recorded.compare(tx, publicKey);
  const intact = !chain && tables.length === 0 && checkpoints.every(({ fault }) => fault === undefined);
  return { intact, ledgerId, proven: walk.proven, chain, checkpoints, tables };
}
