import { basename, dirname, join } from 'node:path';
import { DEFAULT_MERCHANT, schemaOf } from './merchant.ts';

/** Whether a ledger is named by an address and not by a path. A drive's letter is no scheme. */
export function isAddress(ledger: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(ledger);
}

/** What needs no quotes in a statement. */
const SCHEMA = /^[a-z_][a-z0-9_]{0,62}$/;

/** The parts of `postgres://…`; undefined for any other address, and for one that means nothing. */
export function postgresAddress(ledger: string): URL | undefined {
  if (!/^postgres(?:ql)?:\/\//i.test(ledger) || !URL.canParse(ledger)) return undefined;
  const url = new URL(ledger);
  const schema = url.searchParams.get('schema') ?? 'public';
  return url.pathname.length > 1 && SCHEMA.test(schema) ? url : undefined;
}

/** The schema that a `postgres://…` address names (`?schema=`); undefined: its user's own. */
export function schemaIn(ledger: string): string | undefined {
  return postgresAddress(ledger)?.searchParams.get('schema') ?? undefined;
}

/** Where a merchant's ledger lies if this is everybody's: a folder of its own beside the file, or a schema of its own. */
export function inMerchantsPlace(ledger: string, merchant: string): string {
  if (merchant === DEFAULT_MERCHANT) return ledger;
  const url = postgresAddress(ledger);
  if (!url) return isAddress(ledger) ? ledger : join(dirname(ledger), merchant, basename(ledger));
  url.searchParams.set('schema', schemaOf(merchant));
  return url.href;
}

/** A ledger as people and files may know it: its path, or its address without the password. */
export function ledgerName(ledger: string): string {
  if (!isAddress(ledger)) return ledger;
  const url = postgresAddress(ledger);
  if (!url) return 'postgres://…';
  const schema = schemaIn(ledger);
  return `postgres://${url.username ? `${url.username}@` : ''}${url.host}${url.pathname}${schema === undefined ? '' : `?schema=${schema}`}`;
}
