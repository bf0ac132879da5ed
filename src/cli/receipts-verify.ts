import { closeSync, openSync, readSync } from 'node:fs';
import { issuerKeys, NoKeys } from '../auth/issuer-keys.ts';
import { beijingIso } from '../domain/clock.ts';
import { defined } from '../domain/defined.ts';
import { CashierError } from '../domain/errors.ts';
import { toYuan } from '../domain/money.ts';
import { isOwnAddress } from '../domain/names.ts';
import { publicReceiptKeys } from '../ledger/receipt-keys.ts';
import { outgoingProxyOf } from '../platform/outgoing-proxy.ts';
import { textOf } from '../platform/text-file.ts';
import { gatewayHttp } from '../providers/gateway-http.ts';
import { askLedger, type LedgerWord } from '../receipts/beside-ledger.ts';
import { verifyReceipt } from '../receipts/verify.ts';
import { type Books, noLedger, withBooks } from './books.ts';
import type { CommandContext, Typed } from './command.ts';
import { onFile } from './disk-refusal.ts';
import { type Checked, isValid, printChecked } from './receipts-words.ts';
import { printJson } from './terminal.ts';

type Values = Extract<Typed<'receipts'>, { readonly action: 'verify' }>['values'];

const NOTHING: Checked = { fault: 'unreadable' };
/** Room for a thousand receipts, and for any set of keys (bytes). */
const MOST_BYTES = 1024 * 1024;

/**
 * Holds every receipt in a file against keys, and against what this ledger knows of it. Asks nobody, unless `--jwks`
 * names an address. Returns 0 where all are right, and at least one is there.
 */
export function verifyReceipts(file: string, values: Values, context: CommandContext): Promise<number> {
  const { jwks, json } = values;
  return withBooks(context, values, 'read', async (books) => {
    if (books.where.realm === null && jwks === undefined) throw noLedger(books.settings);
    const lines = textIn(file, 'FILE')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
    const keys =
      jwks === undefined ? await books.ledger.read(publicReceiptKeys) : await keysAt(jwks, context);
    const all: Checked[] = [];
    const isRight = (one: Checked) => isValid(one, jwks);
    for (const line of lines) all.push(await checked(line, keys, books));
    // A file that says nothing must not pass for a check, and one of something else is wrong once.
    if (all.every((one) => 'fault' in one && one.fault === 'unreadable')) all.splice(0, all.length, NOTHING);
    if (json) {
      const items = all.map((one) => asJson(one, jwks));
      printJson({ ...books.where, keys: jwks ?? 'ledger', valid: all.every(isRight), receipts: items });
    } else {
      books.announce();
      for (const one of all) printChecked(one, jwks, context.say);
    }
    return all.every(isRight) ? 0 : 1;
  });
}

async function checked(jws: string, keys: readonly unknown[], { ledger }: Books): Promise<Checked> {
  const verified = await verifyReceipt(jws, keys);
  return 'fault' in verified ? verified : { ...verified, word: await askLedger(ledger, verified.claims) };
}

function asJson(one: Checked, jwks: string | undefined): object {
  if ('fault' in one) return { valid: false, fault: one.fault };
  const { claims, kid, word } = one;
  return {
    ...{ valid: isValid(one, jwks), kid, ledger: word.look, ...refundsIn(word) },
    ...{ issuedAt: beijingIso(claims.iat * 1000), claims },
  };
}

function refundsIn(word: LedgerWord): object {
  if (word.look !== 'proven') return {};
  const { refundedFen, refundedElsewhere } = word;
  return {
    refundedYuan: toYuan(refundedFen),
    ...defined({
      refundedElsewhereYuan:
        typeof refundedElsewhere === 'number' ? toYuan(refundedElsewhere) : refundedElsewhere,
    }),
  };
}

/** A set of public keys, from a file, or over https or from this machine. */
async function keysAt(jwks: string, { env }: CommandContext): Promise<readonly unknown[]> {
  if (!/^\w+:\/\//.test(jwks)) return keysIn(textIn(jwks, '--jwks'));
  if (!isOwnAddress(jwks)) throw notSafe();
  const http = gatewayHttp(undefined, outgoingProxyOf(env));
  try {
    return (await issuerKeys(http, { issuer: jwks, jwks })).keys;
  } catch (error) {
    throw error instanceof NoKeys ? noKeys({ why: error.message }) : error;
  }
}

function keysIn(text: string): readonly unknown[] {
  try {
    const { keys } = JSON.parse(text) as { readonly keys: unknown };
    if (Array.isArray(keys)) return keys;
  } catch {
    // said below
  }
  throw noKeys({});
}

/** As much of a file as receipts can be. Windows' shells write UTF-16. */
function textIn(file: string, setting: string): string {
  return onFile(file, () => textOf(bytesOf(file), file, setting));
}

function bytesOf(file: string): Buffer {
  const bytes = Buffer.alloc(MOST_BYTES + 1);
  const opened = openSync(file, 'r');
  let length = 0;
  try {
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(opened, bytes, length, bytes.length - length, null);
    }
  } finally {
    closeSync(opened);
  }
  if (length > MOST_BYTES) throw tooLarge(file);
  return bytes.subarray(0, length);
}

function tooLarge(file: string): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: `文件 ${file} 超过 1 MiB，不是收据，也不是公钥。`,
    en: `${file} is larger than 1 MiB: no receipts, and no set of keys.`,
    next: { zh: '', en: '' },
  });
}

function notSafe(): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: '--jwks 只能是 https 网址（本机可用 http）或文件：否则公钥可能在途中被换掉。',
    en: '--jwks is an https address (http on this machine) or a file: on any other way the keys could be exchanged.',
    next: { zh: '', en: '' },
  });
}

function noKeys(details: { readonly why?: string }): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: '--jwks 没有给出公钥（JWKS）。',
    en: 'No keys (JWKS) are to be had at --jwks.',
    next: {
      zh: '公钥在签发者地址下的 /.well-known/jwks.json。',
      en: 'They are at /.well-known/jwks.json below the address of the issuer.',
    },
    details: { ...details },
  });
}
