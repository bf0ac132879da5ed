import type { Config } from './config.ts';
import { configuration } from './domain/errors.ts';
import { isAddress } from './domain/ledger-address.ts';
import { DEFAULT_MERCHANT } from './domain/merchant.ts';
import type { Realm } from './domain/order.ts';
import { Ledger, type Opening } from './ledger/ledger.ts';
import { openSqliteStore } from './ledger/sqlite-store.ts';
import type { Store } from './ledger/store.ts';
import { systemPorts, systemTurn } from './platform/system.ts';

/**
 * The ledger alone, for commands that ask no gateway: they work although the policy or the credentials are broken.
 * Throws CONFIGURATION for one that is not ours to use.
 */
export async function openLedger(
  config: Config,
  how: Opening & { readonly ofAnyone?: boolean } = {},
  timed: (store: Store) => Store = (store) => store,
): Promise<Ledger> {
  const store = timed(await openStore(config, how.mayMake ?? true));
  try {
    const ledger = await Ledger.open(store, config.realm, systemPorts, how);
    if (!how.ofAnyone) await insistOnMerchant(ledger, config);
    return ledger;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Key of the ledger's note of whose it is; none where it is the default merchant's. */
const MERCHANT_KEY = 'merchant';

/** Whose a ledger says that it is. */
export function merchantIn(ledger: Ledger): Promise<string> {
  return ledger.read(async (book) => (await book.meta(MERCHANT_KEY)) ?? DEFAULT_MERCHANT);
}

/** Two merchants never share a ledger, wherever it lies. A new one becomes whose it is opened for. */
async function insistOnMerchant(ledger: Ledger, { merchant, ledgerName }: Config): Promise<void> {
  const noted = await merchantIn(ledger);
  if (noted === merchant) return;
  const isFree =
    noted === DEFAULT_MERCHANT && (await ledger.read((book) => book.orders.list({}, 1))).length === 0;
  if (isFree) return ledger.write((book) => book.setMeta(MERCHANT_KEY, merchant));
  throw configuration('CASHIER_LEDGER', {
    zh: `账本 ${ledgerName} 属于商户 ${noted}，不是 ${merchant} 的。`,
    en: `The ledger ${ledgerName} belongs to the merchant ${noted} and not to ${merchant}.`,
    next: {
      zh: '检查 CASHIER_MERCHANTS、CASHIER_LEDGER 与 --merchant。',
      en: 'See to CASHIER_MERCHANTS, CASHIER_LEDGER and --merchant.',
    },
  });
}

/**
 * As {@link openLedger}, for a command that works on whatever ledger there is: a file is taken for what it says it is.
 * Whose it is, too, where no file names the merchants.
 * @param asked the realm that it must belong to, where one was asked for
 */
export async function adoptLedger(config: Config, asked: Realm | undefined, mayMake = true): Promise<Ledger> {
  return openLedger(config, { adopt: asked === undefined, mayMake, ofAnyone: config.merchants.length === 0 });
}

/** Where a ledger is, and what may be said of that. */
export type Address = Pick<Config, 'ledger' | 'ledgerName'> & Partial<Pick<Config, 'ledgerListen'>>;

/** The tables alone, whatever state they are in. @param mayMake whether a schema is made where it is missing */
export async function openStore(
  { ledger, ledgerName, ledgerListen }: Address,
  mayMake = false,
): Promise<Store> {
  const ports = { ...systemPorts, turn: systemTurn, listenAt: ledgerListen };
  if (!isAddress(ledger)) return openSqliteStore(ledger, ports);
  const { openPostgresStore } = await import('./ledger/postgres-store.ts');
  return openPostgresStore(ledger, ledgerName, { ...ports, mayMake });
}
