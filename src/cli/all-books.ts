import { existsSync, realpathSync } from 'node:fs';
import { type Config, ledgerIn, type Place } from '../config.ts';
import { CashierError, type Text } from '../domain/errors.ts';
import { isAddress, ledgerName, postgresAddress } from '../domain/ledger-address.ts';
import { REALMS, type Realm } from '../domain/order.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { adoptLedger } from '../open-ledger.ts';
import { knownLedgers } from '../platform/known-ledgers.ts';

/** What became of one ledger. */
export type Reached<T> =
  | { readonly ledger: string; readonly realm: Realm; readonly done: T }
  | {
      readonly ledger: string;
      readonly realm: Realm | null;
      readonly problem: Text;
      /** Where it has moved to: nobody works on it here. */
      readonly movedTo?: string | undefined;
    };

/**
 * Works on every ledger of a home: those that lie in it, the one of `CASHIER_LEDGER` or `--ledger`, and those that its
 * servers have noted. One that cannot be reached stops none of the others. With `--realm` only on those of that realm.
 * Where there is none at all, a stated realm's is made.
 */
export async function onEveryLedger<T>(
  settings: Config,
  place: Place,
  work: (ledger: Ledger) => Promise<T>,
): Promise<readonly Reached<T>[]> {
  const { addresses, problem } = addressesOf(settings, place);
  const none = addresses.length === 0 && problem === undefined;
  const made = none && settings.realmIsStated && place.ledger === undefined ? [settings.ledger] : [];
  const reached: Reached<T>[] = [];
  for (const ledger of [...addresses, ...made]) {
    const mayMake = made.includes(ledger);
    const isThere = isAddress(ledger) || existsSync(ledger) || mayMake;
    const one = isThere
      ? await reach({ ...settings, ledger, ledgerName: ledgerName(ledger) }, work, place.realm, mayMake)
      : { ledger, realm: null, problem: GONE };
    if (one) reached.push(one);
  }
  const names = reached.map(({ ledger }) => ledger);
  const here = reached.filter((one) => !('movedTo' in one && one.movedTo && names.includes(one.movedTo)));
  return problem ? [...here, problem] : here;
}

function addressesOf(settings: Config, place: Place) {
  const { home, ledger } = settings;
  const inHome = REALMS.map((realm) => ledgerIn(home, realm));
  const isOwn = inHome.includes(ledger);
  const there = inHome.filter((path) => existsSync(path));
  let noted: readonly string[] = [];
  let problem: Reached<never> | undefined;
  try {
    noted = knownLedgers(home);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    problem = {
      ledger: `${home}/ledgers.json`,
      realm: null,
      problem: {
        zh: `读不了，可能还有别的账本（${why}）`,
        en: `cannot be read, there may be more ledgers (${why})`,
      },
    };
  }
  const named = isOwn && place.ledger === undefined ? [] : [ledger];
  const known = [...there, ...named, ...noted];
  // Servers have noted an address without its password; who named it comes first, and knows that.
  const seen = new Map<string, string>();
  for (const one of known) {
    const same = isAddress(one) ? ledgerName(one) : existsSync(one) ? realpathSync(one) : one;
    if (!isAddress(one) || !seen.has(same)) seen.set(same, one);
  }
  return { addresses: [...seen.values()], problem };
}

async function reach<T>(
  settings: Config,
  work: (ledger: Ledger) => Promise<T>,
  only: Realm | undefined,
  mayMake: boolean,
): Promise<Reached<T> | undefined> {
  const { ledgerName: path } = settings;
  let ledger: Ledger;
  try {
    ledger = await adoptLedger(settings, undefined, mayMake || !isAddress(settings.ledger));
  } catch (error) {
    const details = error instanceof CashierError ? error.details : {};
    const movedTo = details.seal === 'moved' ? String(details.other) : undefined;
    return { ledger: path, realm: null, problem: withPassword(settings.ledger, problemOf(error)), movedTo };
  }
  try {
    if (only !== undefined && ledger.realm !== only) return undefined;
    return { ledger: path, realm: ledger.realm, done: await work(ledger) };
  } catch (error) {
    return { ledger: path, realm: ledger.realm, problem: problemOf(error) };
  } finally {
    await ledger.close();
  }
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
