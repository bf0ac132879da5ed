import { type CashierError, configuration, type Sentences } from '../domain/errors.ts';
import { readMeta, writeMeta } from './meta.ts';
import type { Tx } from './store.ts';

/** Stands before the version of a sealed ledger: programs of whatever age stop at it as at a newer ledger. */
const SEALED = 1_000_000;

/**
 * Why no server may work on a ledger: it is read out of (`moving`), it lives elsewhere now (`moved`), it is being filled
 * (`filling`), or it is filled and was found right (`filled`).
 */
export interface Seal {
  readonly state: 'moving' | 'moved' | 'filling' | 'filled';
  /** Which move it is, on both sides. */
  readonly move: string;
  /** The other side, as people may know it. */
  readonly other: string;
}

/** Undefined where none is. */
export async function sealOf(tx: Pick<Tx, 'all'>): Promise<Seal | undefined> {
  const stored = await readMeta(tx, 'seal');
  return stored ? (JSON.parse(stored) as Seal) : undefined;
}

/** From its commit on, nobody writes who works on the ledger now, and nobody else opens it. */
export async function setSeal(tx: Tx, seal: Seal, version: number): Promise<void> {
  await writeMeta(tx, 'seal', JSON.stringify(seal));
  await writeMeta(tx, 'schema_version', String(SEALED + version));
}

/** It is a ledger like any other again. */
export async function breakSeal(tx: Tx, version: number): Promise<void> {
  await tx.run("DELETE FROM meta WHERE key = 'seal'");
  await writeMeta(tx, 'schema_version', String(version));
}

/** The version of a ledger's schema, sealed or not; 0 where nothing says it. */
export async function versionOf(tx: Pick<Tx, 'all'>): Promise<number> {
  return Number((await readMeta(tx, 'schema_version')) ?? 0) % SEALED;
}

/** Its detail `seal` tells it from other mistakes. */
export function sealed({ state, other }: Seal): CashierError {
  return configuration('CASHIER_LEDGER', { ...WORDS[state](other), details: { seal: state, other } });
}

const UNFINISHED = (other: string): Sentences => ({
  zh: `CASHIER_LEDGER 指向的账本还没有从 ${other} 填完，不能使用；没有改动它。`,
  en: `The ledger in CASHIER_LEDGER is not yet filled from ${other} and cannot be used; it was left untouched.`,
  next: {
    zh: '把 mcp-cashier ledger migrate（或 restore）原样再运行一次，它会接着做完。',
    en: 'Run the same mcp-cashier ledger migrate (or restore) again: it goes on where it was.',
  },
});

const WORDS: Readonly<Record<Seal['state'], (other: string) => Sentences>> = {
  moving: (other) => ({
    zh: `CASHIER_LEDGER 指向的账本正在迁往 ${other}，不能使用；没有改动它。`,
    en: `The ledger in CASHIER_LEDGER is being moved to ${other} and cannot be used; it was left untouched.`,
    next: {
      zh: '把 mcp-cashier ledger migrate 原样再运行一次，它会接着做完；要放弃，加上 --undo。',
      en: 'Run the same mcp-cashier ledger migrate again: it goes on where it was. With --undo it is given up.',
    },
  }),
  moved: (other) => ({
    zh: `CASHIER_LEDGER 指向的账本已迁至 ${other}；没有改动它。`,
    en: `The ledger in CASHIER_LEDGER has moved to ${other}; it was left untouched.`,
    next: { zh: `把 CASHIER_LEDGER 改为 ${other}。`, en: `Set CASHIER_LEDGER to ${other}.` },
  }),
  filling: UNFINISHED,
  filled: UNFINISHED,
};
