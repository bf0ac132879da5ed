import type { Text } from '../domain/errors.ts';
import type { DifferenceKind } from './bill-comparison.ts';

/** What each kind of difference is called, and what a person can do about it. */
export const DIFFERENCE_WORDS: Readonly<Record<DifferenceKind, Text & { readonly name: string }>> = {
  'missing-here': {
    name: '账本缺少',
    zh: '支付平台有这笔收款，账本没有：可能由其他系统下单',
    en: 'the gateway has this payment and the ledger does not: another system may have made it',
  },
  'missing-there': {
    name: '支付平台缺少',
    zh: '账本已收款，支付平台账单没有：在商户平台核实后再交付',
    en: 'paid in the ledger, not in the bill: check it on the merchant platform before delivering',
  },
  amount: {
    name: '金额不符',
    zh: '两边金额不同：在商户平台核实',
    en: 'the amounts differ: check it on the merchant platform',
  },
  state: {
    name: '状态不符',
    zh: '账单说已付款，账本还不知道：query-payment（或 --settle）会向支付平台查清',
    en: 'the bill says paid and the ledger does not: query-payment (or --settle) asks the gateway and settles it',
  },
  'refund-missing-here': {
    name: '退款账本缺少',
    zh: '支付平台有这笔退款，账本没有：可能在商户平台退款',
    en: 'the gateway has this refund and the ledger does not: someone may have refunded on the merchant platform',
  },
  'refund-missing-there': {
    name: '退款支付平台缺少',
    zh: '账本退款成功，支付平台账单没有：在商户平台核实，不要换单号重退',
    en: 'refunded in the ledger, not in the bill: check it on the merchant platform, do not refund again',
  },
  'refund-amount': {
    name: '退款金额不符',
    zh: '两边退款金额不同：在商户平台核实',
    en: 'the refunded amounts differ: check it on the merchant platform',
  },
  'refund-state': {
    name: '退款状态不符',
    zh: '两边退款状态不同：query-refund（或 --settle）会向支付平台查清',
    en: 'the states differ: query-refund (or --settle) asks the gateway and settles it',
  },
  fee: {
    name: '手续费异常',
    zh: '手续费超过金额或方向相反：联系支付平台',
    en: 'the fee is more than the amount, or has the wrong sign: ask the gateway about it',
  },
};
