import type { Clock, RandomBytes } from '../domain/clock.ts';
import { CashierError, invalidArgument } from '../domain/errors.ts';
import type { Fen } from '../domain/money.ts';
import type { ProviderId } from '../domain/order.ts';
import type { Log, Senders } from '../domain/ports.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ForeignOrders, Policy } from '../policy/policy.ts';
import { isHome, type PaymentProvider } from '../providers/contract.ts';
import { WALLET_VARIABLES } from '../providers/registry.ts';
import type { Call } from './call.ts';
import type { Desk } from './desk.ts';

export type { Call, Outcome } from './call.ts';

/** What the use cases work with; put together once by the composition root. */
export interface Till {
  readonly ledger: Ledger;
  readonly providers: ReadonlyMap<ProviderId, PaymentProvider>;
  /** What this process found in its policy file; the rules in force are the ledger's. */
  readonly policy: Policy;
  /** What may be done with orders that the ledger does not know, where the policy says nothing. */
  readonly foreignOrders: ForeignOrders;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  /** What one payment of the trial edition may be at most; undefined in every other. */
  readonly trialMaxFen?: Fen | undefined;
  /** Who is talking to a gateway: tells a crashed sender from a busy one. */
  readonly senders: Senders;
  readonly log: Log;
  /** Where questions to the gateways wait for their turn. */
  readonly desk: Desk;
  /** Whether a text holds a secret of the configuration: what a client sends is kept only where it does not. */
  readonly isSecret?: (text: string) => boolean;
  /** Hears of what a stranger has set going and was refused. */
  readonly denied?: ((error: CashierError) => void) | undefined;
  /** Where no wallet is named, the buyer chooses one on the page. */
  readonly letsBuyerChoose?: boolean;
  /** Whether a page of ours stands where links that work only from there can be followed; without it, none does. */
  readonly canHandOff?: () => Promise<boolean>;
}

/** One call of a verb: what it works with, and in whose name. */
export interface Errand {
  readonly till: Till;
  readonly call: Call;
}

/**
 * The provider of a call. May be left out when only one is configured. Throws INVALID_ARGUMENT when it is ambiguous
 * or not configured.
 */
export function chooseProvider(till: Till, id: ProviderId | undefined): PaymentProvider {
  const only = till.providers.size === 1 ? [...till.providers.values()][0] : undefined;
  const provider = id === undefined ? only : till.providers.get(id);
  if (provider) return provider;
  const configured = [...till.providers.keys()].join(', ');
  throw invalidArgument(
    'provider',
    { zh: `请指定 provider，可用：${configured}。`, en: `Say which provider; configured: ${configured}.` },
    { zh: '带上 provider 重试。', en: 'Call again with provider.' },
  );
}

/** The provider an existing order lives at. Throws CONFIGURATION when this process has another merchant there. */
export function providerOf(
  till: Till,
  order: { readonly provider: ProviderId; readonly account: string },
): PaymentProvider {
  const provider = till.providers.get(order.provider);
  if (provider && isHome(provider, order.account)) return provider;
  throw otherAccount();
}

/** As {@link providerOf}, of an order that is yet to be planned: that is done with the very apps it was asked for with. */
export function plannerOf(till: Till, order: Parameters<typeof providerOf>[1]): PaymentProvider {
  const provider = providerOf(till, order);
  if (provider.account === order.account) return provider;
  throw otherAccount();
}

function otherAccount(): CashierError {
  return new CashierError('CONFIGURATION', {
    zh: '该订单属于另一个商户账号（或支付平台），当前配置不能操作它；没有资金变动。',
    en: 'This order belongs to another merchant account or gateway than the configured one; no money moved.',
    next: {
      zh: `请商家用下单时的 ${WALLET_VARIABLES} 配置启动。`,
      en: `Ask the merchant to start with the ${WALLET_VARIABLES} settings the order was made with.`,
    },
  });
}
