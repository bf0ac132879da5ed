import { CashierError, invalidArgument } from '../../domain/errors.ts';
import type { PaymentProvider } from '../../providers/contract.ts';
import { walletOf } from '../../providers/registry.ts';

/** The ledger does not know the contract, or not for this caller. */
export function subscriptionNotFound(): CashierError {
  return new CashierError('ORDER_NOT_FOUND', {
    zh: '账本中没有这个订阅，没有向支付平台发送任何请求，也没有资金变动。',
    en: 'The ledger has no such subscription; nothing was sent to a gateway and no money moved.',
    next: {
      zh: '用 list-subscriptions 查找正确的 contractNo，不要猜测。',
      en: 'Find the right contractNo with list-subscriptions; never guess one.',
    },
  });
}

/** The same number came with other arguments: another price is another contract, which is agreed to anew. */
export function contractConflict(): CashierError {
  return new CashierError('IDEMPOTENCY_CONFLICT', {
    zh: '该 contractNo 已用于条款不同的订阅，本次没有执行，也没有资金变动。',
    en: 'This contractNo was already used for other terms; this call did nothing and no money moved.',
    next: {
      zh: '重试请用与首次完全相同的参数；改价须取消原订阅，用新的 contractNo 请用户重新同意。',
      en: 'Repeat with exactly the first arguments. For another price cancel it, and have the subscriber agree to a new contractNo.',
    },
    details: { argument: 'contractNo' },
  });
}

/** Somebody else of the merchant has used the number; whoever and for what is not told. */
export function contractTaken(): CashierError {
  return new CashierError('IDEMPOTENCY_CONFLICT', {
    zh: '该 contractNo 已被占用，没有新建订阅，也没有资金变动。',
    en: 'This contractNo is taken; no subscription was made and no money moved.',
    next: { zh: '换一个新的 contractNo，或省略它。', en: 'Use a new contractNo, or leave it out.' },
    details: { argument: 'contractNo' },
  });
}

/** A period that the wallet's agreements cannot have. */
export function periodTooShort(leastDays: number): CashierError {
  return invalidArgument(
    'period',
    {
      zh: `该支付平台按天的周期至少 ${leastDays} 天。`,
      en: `A period of this gateway that is counted in days has at least ${leastDays}.`,
    },
    { zh: '改用更长的 period，例如 P1M。', en: 'Call again with a longer period, such as P1M.' },
  );
}

/** Where nobody signs an agreement by paying: another wallet, or a merchant without such agreements. */
export function notSignedByPaying({ id }: PaymentProvider): CashierError {
  const { name } = walletOf(id);
  return invalidArgument(
    'scene',
    {
      zh: `${name.zh}在这里不能边付边签约，没有新建订阅。`,
      en: `Nobody signs by paying with ${name.en} here; no subscription was made.`,
    },
    { zh: '省略 scene 重试。', en: 'Call again without scene.' },
  );
}

/** The one period that there is would be paid by hand, and nothing be left to be charged. */
export function nothingToSign(): CashierError {
  return invalidArgument(
    'times',
    {
      zh: '只有一期时，付完首期就没有可以签约的扣款。',
      en: 'With one period in all, nothing is left to sign for once it is paid.',
    },
    {
      zh: '只收一次请用 create-payment；否则把 times 改为 2 以上。',
      en: 'For a single payment use create-payment; else call again with times of 2 or more.',
    },
  );
}
