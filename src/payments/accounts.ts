import type { Notes } from '../ledger/ledger.ts';
import { isHome, type PaymentProvider } from '../providers/contract.ts';

/** The accounts of a merchant under which anything is not final: the configured one, and those of further apps. */
export async function accountsOf(
  { asking }: Pick<Notes, 'asking'>,
  provider: PaymentProvider,
): Promise<string[]> {
  const { account, owns } = provider;
  const further = owns === undefined ? [] : await asking.accounts();
  return [account, ...further.filter((other) => other !== account && isHome(provider, other))];
}
