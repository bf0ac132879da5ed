import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { RandomBytes } from '../../domain/clock.ts';
import type { Mark } from '../../platform/listener-proof.ts';
import { type Certificates, certificatesOf } from '../certificates.ts';
import { digits, token } from '../numbers.ts';
import type { SimulatorDatabase } from './database.ts';

/** What is stored: plain words and PEM texts. */
interface StoredIdentity {
  readonly id: string;
  readonly appId: string;
  readonly sellerId: string;
  readonly wechatAppId: string;
  readonly mchId: string;
  readonly mchSerial: string;
  readonly apiV3Key: string;
  readonly publicKeyId: string;
  /**
   * PKCS8 PEM private keys. `forger` belongs to nobody: it signs what must be refused. `authority` signs Alipay's
   * certificates and stands in WeChat Pay's.
   */
  readonly keys: Readonly<Record<KeyName, string>>;
}

const KEY_NAMES = ['app', 'alipay', 'merchant', 'wechatpay', 'forger', 'authority'] as const;
export type KeyName = (typeof KEY_NAMES)[number];

/** An RSA-2048 pair, parsed once. */
export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** Who the merchant and the two gateways are in this folder: numbers and keys, made at run time on first use. */
export interface Identity extends Omit<StoredIdentity, 'keys'> {
  readonly keys: Readonly<Record<KeyName, KeyPair>>;
  readonly certificates: Certificates;
}

/** Reads the folder's identity, making it on first use. Of several processes that start at once, one wins. */
export async function loadIdentity(database: SimulatorDatabase, randomBytes: RandomBytes): Promise<Identity> {
  let stored = await database.read(() => read(database));
  if (!stored) {
    const made = await makeIdentity(randomBytes);
    stored = await database.write(() => {
      database.run('INSERT OR IGNORE INTO identity (one, document) VALUES (1, ?)', JSON.stringify(made));
      return read(database) ?? made;
    });
  }
  const missing = KEY_NAMES.filter((name) => stored?.keys[name] === undefined);
  if (missing.length > 0) stored = await complete(database, stored, await makeKeys(missing));
  const keys = {} as Record<KeyName, KeyPair>;
  for (const name of KEY_NAMES) {
    const privateKey = createPrivateKey(stored.keys[name]);
    keys[name] = { privateKey, publicKey: createPublicKey(privateKey) };
  }
  return { ...stored, keys, certificates: certificatesOf(stored.appId, keys) };
}

/** An older folder has fewer keys. */
async function complete(
  database: SimulatorDatabase,
  stored: StoredIdentity,
  made: Readonly<Record<string, string>>,
): Promise<StoredIdentity> {
  return database.write(() => {
    const current = read(database) ?? stored;
    const completed = { ...current, keys: { ...made, ...current.keys } };
    database.run('UPDATE identity SET document = ?', JSON.stringify(completed));
    return completed;
  });
}

/** What the processes of one folder know each other by. */
export function markOf({ keys }: Identity): Mark {
  const secret = keys.forger.privateKey.export({ type: 'pkcs8', format: 'der' });
  return { kind: 'simulator', key: createHash('sha256').update('serving').update(secret).digest() };
}

/** A private key as Alipay's key tool hands it out: bare base64 of PKCS8. */
export function barePrivateKey(pair: KeyPair): string {
  return pair.privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64');
}

/** A public key as Alipay's console shows it: bare base64 of SPKI. */
export function barePublicKey(pair: KeyPair): string {
  return pair.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
}

function read(database: SimulatorDatabase): StoredIdentity | undefined {
  const row = database.row('SELECT document FROM identity');
  return row ? (JSON.parse(String(row.document)) as StoredIdentity) : undefined;
}

async function makeKeys(names: readonly KeyName[]): Promise<Record<KeyName, string>> {
  const generate = promisify(generateKeyPair);
  const pairs = await Promise.all(
    names.map(async (name) => {
      const { privateKey } = await generate('rsa', { modulusLength: 2048 });
      return [name, String(privateKey.export({ type: 'pkcs8', format: 'pem' }))] as const;
    }),
  );
  return Object.fromEntries(pairs) as Record<KeyName, string>;
}

async function makeIdentity(randomBytes: RandomBytes): Promise<StoredIdentity> {
  const keys = await makeKeys(KEY_NAMES);
  return {
    id: token(randomBytes),
    appId: `2021${digits(randomBytes, 12)}`,
    sellerId: `2088${digits(randomBytes, 12)}`,
    wechatAppId: `wx${randomBytes(8).toString('hex')}`,
    mchId: `1900${digits(randomBytes, 6)}`,
    mchSerial: randomBytes(20).toString('hex').toUpperCase(),
    apiV3Key: token(randomBytes),
    publicKeyId: `PUB_KEY_ID_${digits(randomBytes, 30)}`,
    keys,
  };
}
