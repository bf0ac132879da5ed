import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Config, ledgerIn, type Place } from '../config.ts';
import { CashierError, type Text } from '../domain/errors.ts';
import { isAddress, ledgerName, postgresAddress, schemaIn } from '../domain/ledger-address.ts';
import { DEFAULT_MERCHANT } from '../domain/merchant.ts';
import { REALMS, type Realm } from '../domain/order.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { merchantIn, openLedger } from '../open-ledger.ts';
import { knownLedgers } from '../platform/known-ledgers.ts';
import { isThere, spaced } from './books.ts';
import type { CommandContext } from './command.ts';

/** What became of one ledger. */
export type Reached<T> =
  | { readonly ledger: string; readonly realm: Realm; readonly merchant?: string; readonly done: T }
  | {
      readonly ledger: string;
      readonly realm: Realm | null;
      readonly merchant?: string;
      readonly problem: Text;
      /** Where it has moved to: nobody works on it here. */
      readonly movedTo?: string | undefined;
    };

/**
 * Works on every ledger of a home: those that lie in it, the one of `CASHIER_LEDGER` or `--ledger`, and those that its
 * servers have noted, each merchant's. One that cannot be reached stops none of the others, nor does a file of merchants
 * that cannot be read. With `--realm` only on those of that realm, with `--merchant` only on that merchant's. Where there
 * is none at all, a stated realm's is made.
 */
export async function onEveryLedger<T>(
  context: CommandContext,
  place: Place,
  work: (ledger: Ledger) => Promise<T>,
): Promise<{ readonly settings: Config; readonly reached: readonly Reached<T>[] }> {
  const { configs, unread, refusal } = await configured(context, place);
  const [settings] = configs;
  const { addresses, problem } = addressesOf(configs, place);
  const none = addresses.length === 0 && problem === undefined && unread === undefined;
  const made = none && settings.realmIsStated && place.ledger === undefined ? configs : [];
  const reached: Reached<T>[] = [];
  for (const one of made) reached.push(...(await reach(one, work, place, true)));
  for (const ledger of addresses) {
    const opened = { ...settings, ledger, ledgerName: ledgerName(ledger) };
    reached.push(
      ...(isThere({ ledger })
        ? await reach(opened, work, place, false)
        : [{ ledger, realm: null, problem: GONE }]),
    );
  }
  if (refusal && reached.length === 0) throw refusal;
  const names = reached.map(({ ledger }) => ledger);
  const here = reached.filter((one) => !('movedTo' in one && one.movedTo && names.includes(one.movedTo)));
  return { settings, reached: [...here, ...(problem ?? []), ...(unread ?? [])] };
}

/** Whom the file of merchants names; where it cannot be read, or names another one, what is known without it. */
async function configured(context: CommandContext, place: Place) {
  try {
    return { configs: await context.configs('operator', place) };
  } catch (error) {
    if (!(error instanceof CashierError)) throw error;
    const configs = [await context.home(place)] as const;
    if (place.merchant !== undefined) return { configs, refusal: error };
    return { configs, unread: [{ ledger: 'CASHIER_MERCHANTS', realm: null, problem: problemOf(error) }] };
  }
}

function addressesOf(configs: readonly [Config, ...Config[]], place: Place) {
  const [{ home }] = configs;
  const inHome = REALMS.flatMap((realm) => ledgersBelow(dirname(ledgerIn(home, realm))));
  const there = inHome.filter((path) => existsSync(path));
  let noted: readonly string[] = [];
  let problem: Reached<never>[] | undefined;
  try {
    noted = knownLedgers(home);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const unreadable = {
      zh: `读不了，可能还有别的账本（${why}）`,
      en: `cannot be read, there may be more ledgers (${why})`,
    };
    problem = [{ ledger: `${home}/ledgers.json`, realm: null, problem: unreadable }];
  }
  const named = configs.flatMap(({ ledger, merchant }) => {
    const isOwn = REALMS.some((realm) => ledgerIn(home, realm, merchant) === ledger);
    return isOwn && place.ledger === undefined ? [] : [ledger];
  });
  const known = [...there, ...named, ...noted.map((one) => reachable(named, one))];
  // Servers have noted an address without its password; who named it comes first, and knows that.
  const seen = new Map<string, string>();
  for (const one of known) {
    const same = isAddress(one) ? ledgerName(one) : existsSync(one) ? realpathSync(one) : one;
    if (!isAddress(one) || !seen.has(same)) seen.set(same, one);
  }
  return { addresses: [...seen.values()], problem };
}

/** A folder's ledger, and those of the merchants in it. */
function ledgersBelow(folder: string): string[] {
  const merchants = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
  const folders = merchants.flatMap((one) => (one.isDirectory() ? [join(folder, one.name)] : []));
  return [folder, ...folders].map((one) => join(one, 'ledger.db'));
}

/** Another schema of the same database is reached by the password that is known for one. */
function reachable(named: readonly string[], noted: string): string {
  const url = postgresAddress(noted);
  const schema = schemaIn(noted);
  const same = named
    .map(postgresAddress)
    .find(
      (one) =>
        url && one?.host === url.host && one.username === url.username && one.pathname === url.pathname,
    );
  if (!url || !same) return noted;
  const found = new URL(same);
  if (schema === undefined) found.searchParams.delete('schema');
  else found.searchParams.set('schema', schema);
  return found.href;
}

/** Nothing for a ledger that is not meant. */
async function reach<T>(
  settings: Config,
  work: (ledger: Ledger) => Promise<T>,
  only: Place,
  mayMake: boolean,
): Promise<Reached<T>[]> {
  const { ledgerName: path } = settings;
  let ledger: Ledger;
  try {
    const how = { adopt: true, mayMake: mayMake || !isAddress(settings.ledger), ofAnyone: !mayMake };
    ledger = await openLedger(settings, how);
  } catch (error) {
    const details = error instanceof CashierError ? error.details : {};
    const movedTo = details.seal === 'moved' ? String(details.other) : undefined;
    return [{ ledger: path, realm: null, problem: withPassword(settings.ledger, problemOf(error)), movedTo }];
  }
  const { realm } = ledger;
  let whose = {};
  try {
    const merchant = await merchantIn(ledger);
    if ((only.realm ?? realm) !== realm || (only.merchant ?? merchant) !== merchant) return [];
    whose = merchant === DEFAULT_MERCHANT ? {} : { merchant };
    return [{ ledger: path, realm, ...whose, done: await work(ledger) }];
  } catch (error) {
    return [{ ledger: path, realm, ...whose, problem: problemOf(error) }];
  } finally {
    await ledger.close();
  }
}

/** Which ledger it was, for programs. */
export function placeOf({ merchant, realm, ledger }: Reached<unknown>) {
  return { ...(merchant === undefined ? {} : { merchant }), realm, ledger };
}

/** The same for people. */
export function nameOf({ merchant = '', realm, ledger }: Reached<unknown>): string {
  return spaced(merchant, realm ?? '?', ledger);
}

const GONE: Text = {
  zh: '找不到这个文件；若已不再使用，从 ledgers.json 中删去它',
  en: 'there is no such file; if it is gone for good, delete it from ledgers.json',
};

/** Servers note where a ledger is, and no password: whoever wants to reach it there has to bring that along. */
function withPassword(ledger: string, { zh, en }: Text): Text {
  if (postgresAddress(ledger)?.password !== '') return { zh, en };
  return {
    zh: `${zh}ledgers.json 不记密码：把带密码的地址写在 CASHIER_LEDGER 或 --ledger 中，再执行一次`,
    en: `${en} ledgers.json keeps no passwords: run it again with CASHIER_LEDGER or --ledger saying the address with its password`,
  };
}

function problemOf(error: unknown): Text {
  if (error instanceof CashierError) return { zh: error.text.zh, en: error.text.en };
  const why = error instanceof Error ? error.message : String(error);
  return { zh: why, en: why };
}
