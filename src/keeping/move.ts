import type { Realm } from '../domain/order.ts';
import { readHead } from '../ledger/audit-reader.ts';
import { readMeta } from '../ledger/meta.ts';
import { isEmptyDatabase, prepareSchema, SCHEMA_VERSION } from '../ledger/schema.ts';
import { breakSeal, type Seal, sealed, sealOf, setSeal } from '../ledger/seal.ts';
import type { Store } from '../ledger/store.ts';
import { type Address, openStore } from '../open-ledger.ts';
import { fill, insistIntact, open, type Progress } from './fill.ts';
import type { Ports } from './ports.ts';
import { inUse, notBeingMoved, notEmpty } from './refusals.ts';
import { usersOf } from './users.ts';

interface Moving {
  readonly from: Address;
  readonly to: Address;
  readonly ports: Ports;
  readonly progress: Progress;
  /** Rows in one transaction at most. */
  readonly page?: number;
  readonly stores?: typeof openStore;
}

export interface Moved {
  readonly realm: Realm;
  /** How many records came along. */
  readonly records: number;
  /** Whether it had been done before. */
  readonly already: boolean;
}

/**
 * Moves a ledger to an empty database of either kind. From its first step on nobody can work on the original, nor before
 * its last on the other one; whoever was killed on the way goes on by doing the same again. Throws CONFIGURATION for a
 * ledger in use, one that is not intact, one that is on its way elsewhere, and a target that is not empty.
 */
export async function moveLedger(moving: Moving): Promise<Moved> {
  return between(moving, async (source, target) => {
    const { from, to, ports } = moving;
    const { seal, realm } = await begun(source, target, moving);
    const origin = { read: source.read, move: seal.move, name: from.ledgerName };
    const done = { realm, records: (await source.read(readHead))?.seq ?? 0 };
    if (seal.state === 'moving') {
      await fill({ ...moving, origin, target, name: to.ledgerName });
      await source.write((tx) => setSeal(tx, { ...seal, state: 'moved' }, SCHEMA_VERSION));
    }
    const arrived = await target.read(sealOf);
    if (arrived?.move !== seal.move) {
      if (await isSame(source, target)) return { ...done, already: true };
      throw sealed({ ...seal, state: 'moved' });
    }
    await open(target, ports, async (book) => {
      const detail = { from: from.ledgerName, to: to.ledgerName };
      await book.audit.append({ kind: 'ledger-moved', detail });
    });
    return { ...done, already: false };
  });
}

/** Gives up a move that has not come to its end: the original is a ledger like any other again. */
export async function giveUpMove(moving: Pick<Moving, 'from' | 'stores'>): Promise<void> {
  const source = await (moving.stores ?? openStore)(moving.from);
  try {
    await source.write(async (tx) => {
      const seal = await sealOf(tx);
      if (seal?.state === 'moved') throw sealed(seal);
      if (seal?.state !== 'moving') throw notBeingMoved(moving.from.ledgerName);
      await breakSeal(tx, SCHEMA_VERSION);
    });
  } finally {
    await source.close();
  }
}

/** How long (ms) a connection that was just ended may still be seen. */
const ENDING_MS = 2_000;

async function insistUnused(from: Address, { clock }: Ports): Promise<void> {
  for (const began = clock.now(); ; await clock.sleep(100)) {
    const { any, connections } = await usersOf(from);
    if (!any) return;
    const isEnding = connections.length > 0 && clock.now() - began < ENDING_MS;
    if (!isEnding) throw inUse(from.ledgerName, connections.map((one) => one.from).join(', '));
  }
}

async function between<T>(
  { from, to, ports, stores = openStore }: Moving,
  work: (source: Store, target: Store) => Promise<T>,
): Promise<T> {
  await insistUnused(from, ports);
  const source = await stores(from);
  try {
    const target = await stores(to, true);
    try {
      return await work(source, target);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** The move that is under way, or a new one: its first step, after which nobody writes to the original any more. */
async function begun(
  source: Store,
  target: Store,
  { from, to, ports, progress }: Moving,
): Promise<{ readonly seal: Seal; readonly realm: Realm }> {
  const found = await source.read(sealOf);
  if (found && (found.other !== to.ledgerName || !['moving', 'moved'].includes(found.state)))
    throw sealed(found);
  if (found) return { seal: found, realm: (await source.read((tx) => readMeta(tx, 'realm'))) as Realm };
  const now = ports.clock.now();
  const salt = () => ports.randomBytes(16).toString('hex');
  const realm = await prepareSchema(source, 'live', { now, salt, adopt: true, mayMake: false });
  if (!(await target.read(isEmptyDatabase))) throw notEmpty(to.ledgerName);
  await insistIntact(source.read, from.ledgerName, progress);
  const seal: Seal = { state: 'moving', move: salt(), other: to.ledgerName };
  await source.write(async (tx) => {
    const other = await sealOf(tx);
    if (other) throw sealed(other);
    await setSeal(tx, seal, SCHEMA_VERSION);
  });
  return { seal, realm };
}

async function isSame(source: Store, target: Store): Promise<boolean> {
  const [here, there] = await Promise.all(
    [source, target].map((store) =>
      store.read(async (tx) => ((await isEmptyDatabase(tx)) ? undefined : readMeta(tx, 'ledger_id'))),
    ),
  );
  return here !== undefined && here === there;
}
