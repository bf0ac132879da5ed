import type { Config } from './config.ts';
import { isAddress } from './domain/ledger-address.ts';
import type { Realm } from './domain/order.ts';
import { Ledger, type Opening } from './ledger/ledger.ts';
import { openSqliteStore } from './ledger/sqlite-store.ts';
import type { Store } from './ledger/store.ts';
import { systemClock, systemRandom, systemTurn } from './platform/system.ts';

const PORTS = { clock: systemClock, randomBytes: systemRandom };

/**
 * The ledger alone, for commands that ask no gateway: they work although the policy or the credentials are broken.
 * Throws CONFIGURATION for one that is not ours to use.
 */
export async function openLedger(
  config: Config,
  how: Opening = {},
  timed: (store: Store) => Store = (store) => store,
): Promise<Ledger> {
  const store = timed(await openStore(config));
  return Ledger.open(store, config.realm, PORTS, how).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
}

/**
 * As {@link openLedger}, for a command that works on whatever ledger there is: a file is taken for what it says it is.
 * @param asked the realm that it must belong to, where one was asked for
 */
export async function adoptLedger(config: Config, asked: Realm | undefined, mayMake = true): Promise<Ledger> {
  return openLedger(config, { adopt: asked === undefined, mayMake });
}

/** Where a ledger is, and what may be said of that. */
export type Address = Pick<Config, 'ledger' | 'ledgerName'> & Partial<Pick<Config, 'ledgerListen'>>;

/** The tables alone, whatever state they are in. */
export async function openStore({ ledger, ledgerName, ledgerListen }: Address): Promise<Store> {
  const ports = { ...PORTS, turn: systemTurn, listenAt: ledgerListen };
  if (!isAddress(ledger)) return openSqliteStore(ledger, ports);
  const { openPostgresStore } = await import('./ledger/postgres-store.ts');
  return openPostgresStore(ledger, ledgerName, ports);
}
