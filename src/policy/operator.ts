import { type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import type { RandomBytes } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import type { Realm } from '../domain/order.ts';
import type { Book } from '../ledger/book.ts';
import type { Ledger } from '../ledger/ledger.ts';

const META_KEY = 'operator_secret';
const KEY_BYTES = 32;
/** OWASP's figures for interactive use: 64 MiB, some 100 ms. */
const COST: ScryptOptions = { N: 2 ** 16, r: 8, p: 1, maxmem: 128 * 1024 * 1024 };
const MIN_LENGTH = 8;

/**
 * Stores the hash of a new operator secret. Throws CONFIGURATION when one is set and `oldSecret` is not it, or when
 * the new one is shorter than 8 characters.
 */
export async function setOperatorSecret(
  ledger: Ledger,
  secrets: { readonly newSecret: string; readonly oldSecret: string | undefined },
  randomBytes: RandomBytes,
): Promise<void> {
  if ([...secrets.newSecret].length < MIN_LENGTH) {
    throw refused({
      zh: `操作员口令至少需要 ${MIN_LENGTH} 个字符。`,
      en: `The operator secret needs at least ${MIN_LENGTH} characters.`,
    });
  }
  const stored = await ledger.read((book) => book.meta(META_KEY));
  if (stored !== undefined && !(await matches(secrets.oldSecret ?? '', stored))) {
    throw refused({ zh: '原操作员口令不正确。', en: 'The old operator secret is not right.' });
  }
  const salt = randomBytes(16);
  const hash = `${salt.toString('base64')}$${(await derive(secrets.newSecret, salt)).toString('base64')}`;
  await ledger.write(async (book: Book) => {
    // Another process may have set one since it was read: the old secret proved nothing about that one.
    if ((await book.meta(META_KEY)) !== stored) {
      throw refused({
        zh: '操作员口令刚被其他进程修改。',
        en: 'The operator secret was just changed elsewhere.',
      });
    }
    await book.setMeta(META_KEY, hash);
  });
}

/**
 * Resolves when `secret` is the operator's. The simulator realm needs none as long as none is set. Throws
 * CONFIGURATION otherwise.
 */
export async function checkOperator(ledger: Ledger, realm: Realm, secret: string | undefined): Promise<void> {
  const stored = await ledger.read((book) => book.meta(META_KEY));
  if (stored === undefined) {
    if (realm === 'simulator') return;
    throw refused({
      zh: '尚未设置操作员口令，因此不能批准任何操作。请先运行 mcp-cashier operator set-secret。',
      en: 'No operator secret is set, so nothing can be approved. Run mcp-cashier operator set-secret first.',
    });
  }
  if (secret === undefined || !(await matches(secret, stored))) {
    throw refused({ zh: '操作员口令不正确。', en: 'The operator secret is not right.' });
  }
}

/** Whether an operator secret is set at all. */
export async function hasOperatorSecret(ledger: Ledger): Promise<boolean> {
  return (await ledger.read((book) => book.meta(META_KEY))) !== undefined;
}

async function matches(secret: string, stored: string): Promise<boolean> {
  const [salt = '', hash = ''] = stored.split('$');
  return timingSafeEqual(await derive(secret, Buffer.from(salt, 'base64')), Buffer.from(hash, 'base64'));
}

function derive(secret: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(secret.normalize('NFC'), salt, KEY_BYTES, COST, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}

function refused(text: { zh: string; en: string }): CashierError {
  return new CashierError(
    'CONFIGURATION',
    {
      ...text,
      next: {
        zh: '在终端输入口令，或为该命令设置 CASHIER_OPERATOR_SECRET。',
        en: 'Type it at the terminal, or set CASHIER_OPERATOR_SECRET for that command.',
      },
    },
    { variable: 'CASHIER_OPERATOR_SECRET' },
  );
}
