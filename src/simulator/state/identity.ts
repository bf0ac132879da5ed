import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { RandomBytes } from '../../domain/clock.ts';
import { newRsaPair } from '../../platform/key-pairs.ts';
import type { Mark } from '../../platform/listener-proof.ts';
import { token } from '../numbers.ts';
import type { SimulatorDatabase } from './database.ts';

/** The merchant's numbers at the gateways, each wallet's added where it is played, with `declare module`. */
export interface Numbers {
  /** Of the folder. */
  readonly id: string;
}

/** The names of RSA pairs, likewise. */
export interface KeyNames {
  /** Belongs to nobody: it signs what must be refused. */
  forger: true;
  /** Signs certificates. */
  authority: true;
}
export type KeyName = keyof KeyNames;

/** What is stored: plain words, and private keys as PKCS8 PEM. */
type Stored = Partial<Numbers> & { readonly keys?: Readonly<Partial<Record<KeyName, string>>> };

/** What makes an identity complete. */
interface Part {
  readonly numbers: (randomBytes: RandomBytes) => Partial<Numbers>;
  readonly keys: readonly KeyName[];
}
const OWN: Part = { numbers: (randomBytes) => ({ id: token(randomBytes) }), keys: ['forger', 'authority'] };

/** An RSA-2048 pair, parsed once. */
export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** Who the merchant and the gateways are in this folder: numbers and keys, made at run time on first use. */
export interface Identity extends Numbers {
  readonly keys: Readonly<Record<KeyName, KeyPair>>;
}

/**
 * Reads the folder's identity, making what it has not yet: all of it on first use, a part where a wallet is new. Of
 * several processes that start at once, one wins.
 */
export async function loadIdentity(
  database: SimulatorDatabase,
  randomBytes: RandomBytes,
  parts: readonly Part[],
): Promise<Identity> {
  const all = [OWN, ...parts];
  const names = all.flatMap(({ keys }) => keys);
  const numbers: Partial<Numbers> = Object.assign({}, ...all.map((part) => part.numbers(randomBytes)));
  const stored = await database.read(() => read(database));
  const missing = names.filter((name) => stored.keys?.[name] === undefined);
  const isComplete = missing.length === 0 && Object.keys(numbers).every((name) => name in stored);
  const { keys: pems = {}, ...rest } = isComplete
    ? stored
    : await complete(database, { ...numbers, keys: await makeKeys(missing) });
  const keys = Object.fromEntries(
    Object.entries(pems).map(([name, pem]) => {
      const privateKey = createPrivateKey(pem);
      return [name, { privateKey, publicKey: createPublicKey(privateKey) }];
    }),
  );
  return { ...rest, keys } as Identity;
}

/** Adds what is missing; what is there stays. */
export function complete(database: SimulatorDatabase, made: Stored): Promise<Stored> {
  return database.write(() => {
    const current = read(database);
    const completed = { ...made, ...current, keys: { ...made.keys, ...current.keys } };
    database.run(
      'INSERT INTO identity (one, document) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET document = excluded.document',
      JSON.stringify(completed),
    );
    return completed;
  });
}

/** What the processes of one folder know each other by. */
export function markOf({ id, keys }: Identity): Mark {
  const secret = keys.forger.privateKey.export({ type: 'pkcs8', format: 'der' });
  return {
    kind: 'simulator',
    key: createHash('sha256').update('serving').update(id).update(secret).digest(),
  };
}

function read(database: SimulatorDatabase): Stored {
  const row = database.row('SELECT document FROM identity');
  return row ? (JSON.parse(String(row.document)) as Stored) : {};
}

/** PKCS8 PEM texts; each costs some 200 ms of processor time. */
export async function makeKeys(names: readonly KeyName[]): Promise<Partial<Record<KeyName, string>>> {
  const pairs = await Promise.all(
    names.map(async (name) => [name, (await newRsaPair()).privateKey] as const),
  );
  return Object.fromEntries(pairs);
}
