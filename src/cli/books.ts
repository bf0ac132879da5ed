import { existsSync } from 'node:fs';
import { type Config, ledgerIn, type Place } from '../config.ts';
import { type CashierError, configuration } from '../domain/errors.ts';
import { isAddress } from '../domain/ledger-address.ts';
import type { Realm } from '../domain/order.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { adoptLedger } from '../open-ledger.ts';
import type { CommandContext } from './command.ts';
import type { Say } from './speaker.ts';
import { isTerminal, print } from './terminal.ts';

/** The ledger that an operator's command works on. */
export interface Books {
  readonly ledger: Ledger;
  readonly settings: Config;
  /** Which it is, for programs; null where there is none yet, which a command that only reads takes for an empty one. */
  readonly where: {
    readonly merchant?: string;
    readonly realm: Realm | null;
    readonly ledger: string | null;
  };
  /** Says which it is, on the first line; once. */
  readonly announce: () => void;
}

/**
 * Opens what an operator's command works on, and closes it. No gateway key is needed and no gateway opened.
 * @param manner `read` makes no file; `write` makes one only where the realm was stated; `make` always. Throws
 * CONFIGURATION where there is nothing to work on
 */
export async function withBooks(
  context: CommandContext,
  place: Place,
  manner: 'read' | 'write' | 'make',
  work: (books: Books) => Promise<number>,
  role: 'operator' | 'issuer' = 'operator',
): Promise<number> {
  const settings = await context.config(role, place);
  const present = isThere(settings);
  // A ledger that is named is expected to be there: a slip must not make another one.
  const mayMake = manner === 'make' || (settings.realmIsStated && place.ledger === undefined);
  if (!present && !mayMake && (manner === 'write' || place.ledger !== undefined)) throw noLedger(settings);
  const absent = !present && manner === 'read';
  const opened = absent ? { ...settings, ledger: ':memory:' } : settings;
  const ledger = await adoptLedger(opened, place.realm, absent || mayMake);
  const { say } = context;
  const whose = whoseOf(settings);
  let said = false;
  try {
    return await work({
      ledger,
      settings: { ...settings, realm: ledger.realm },
      where: {
        ...whose,
        ...(absent ? { realm: null, ledger: null } : { realm: ledger.realm, ledger: settings.ledgerName }),
      },
      announce: () => {
        if (said) return;
        said = true;
        print(whereLine(say, settings, absent ? undefined : ledger.realm));
      },
    });
  } finally {
    await ledger.close();
  }
}

/** Which ledger it is, for a person. @param realm undefined where there is none yet */
export function whereLine(say: Say, settings: Config, realm: Realm | undefined): string {
  const { merchant = '' } = whoseOf(settings);
  const name = settings.ledgerName;
  if (realm)
    return say.line(`账本：${spaced(merchant, realm, name)}`, `ledger: ${spaced(merchant, realm, name)}`);
  return say.line(
    `账本：还没有（${spaced(merchant, name)}）`,
    `ledger: none yet (${spaced(merchant, name)})`,
  );
}

/** Whose books these are, where there are several merchants. */
export function whoseOf({ merchant, merchants }: Config): { readonly merchant?: string } {
  return merchants.length === 0 ? {} : { merchant };
}

/** Those words that there are, in a line. */
export function spaced(...words: readonly string[]): string {
  return words.filter(Boolean).join(' ');
}

/** Writes commands so that they mean the ledger of these settings, also where a live one would come first. */
export function typedFor(say: Say, settings: Config): (text: string) => string {
  const { home, realm, merchant } = settings;
  // Where nothing says otherwise a secret is the live ledger's, also of one that is not there yet.
  const isOthers = (text: string) =>
    text.includes('set-secret') || existsSync(ledgerIn(home, 'live', merchant));
  return (text) =>
    say.runnable(text, {
      realm: realm !== 'live' && isOthers(text) ? realm : undefined,
      ...whoseOf(settings),
    });
}

/** As {@link Books.announce}, where a person is about to be asked: they must know what they decide on. */
export function announceToPerson(books: Books, json: boolean): void {
  if (!json && isTerminal()) books.announce();
}

/** Whether there may be a ledger; of an address only who opens it can tell. */
export function isThere({ ledger }: { readonly ledger: string }): boolean {
  return isAddress(ledger) || existsSync(ledger);
}

export function noLedger({ home, ledgerName, realmIsStated }: Config): CashierError {
  return configuration('CASHIER_LEDGER', {
    zh: `没有账本 ${ledgerName}，没有做任何事。`,
    en: `There is no ledger ${ledgerName}; nothing was done.`,
    next: realmIsStated
      ? {
          zh: '检查 --ledger、--home 与 CASHIER_LEDGER。',
          en: 'See to --ledger, --home and CASHIER_LEDGER.',
        }
      : {
          zh: `服务器第一次启动时会在 ${home} 中建立账本；检查 --home，或用 --realm 指明环境。`,
          en: `A server makes one in ${home} when it first starts: see to --home, or name the --realm.`,
        },
  });
}
