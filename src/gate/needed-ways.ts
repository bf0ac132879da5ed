import { type CashierError, configuration } from '../domain/errors.ts';
import { provingWallet } from '../payments/paid-calls/quote.ts';
import { codeWallet } from '../payments/paid-calls/weixin.ts';
import type { Till } from '../payments/till.ts';
import { WALLETS } from '../providers/registry.ts';
import type { Prices } from './prices.ts';

/** How an agent's wallet pays, besides the page. */
export type Way = 'proof' | 'code';

/**
 * A price that names a service or a skill is to be paid by proof or by code: without the wallet for that nobody would
 * ever be told that it can. Rejects with CONFIGURATION naming the price and what is to be set.
 * @param opened is asked for where a price names one, and else not
 */
export async function insistOnWays(
  prices: Prices,
  opened: () => Promise<Pick<Till, 'providers'>>,
): Promise<void> {
  // Where none is needed, none is missing.
  if (!missingWay(prices, () => false)) return;
  const till = await opened();
  const missing = missingWay(
    prices,
    (by) => (by === 'proof' ? provingWallet(till) : codeWallet(till)) !== undefined,
  );
  if (missing) throw missing;
}

/** Why somebody would be told of a price that they cannot pay as it says; undefined where everybody can. */
export function missingWay({ http, mcp }: Prices, sells: (by: Way) => boolean): CashierError | undefined {
  const priced = [
    ...http.flatMap(({ prices }) => prices.map((price) => [price.name, price] as const)),
    ...mcp.flatMap(({ prices }) => [...prices]),
  ];
  for (const [name, { a2mServiceId, skillId }] of priced) {
    if (a2mServiceId !== undefined && !sells('proof')) return noWallet(name, 'a2mServiceId', 'proof');
    if (skillId !== undefined && !sells('code')) return noWallet(name, 'skillId', 'code');
  }
  return undefined;
}

function noWallet(price: string, member: string, by: Way): CashierError {
  const wallet = WALLETS.find(({ sells }) => sells?.by === by);
  const variables = wallet?.sells?.variables ?? [];
  const { zh, en } = wallet?.name ?? { zh: '', en: '' };
  return configuration(variables[0] ?? member, {
    zh: `价格 ${price} 写了 ${member}，但${zh}还没有配置到能这样收款。`,
    en: `The price ${price} names ${member}, but ${en} is not set up to be paid that way.`,
    next: {
      zh: `设置${zh}的密钥和 ${variables.join('、')}，或从价目文件中去掉 ${member}。`,
      en: `Set ${en}'s keys and ${variables.join(', ')}, or take ${member} out of the price file.`,
    },
  });
}
