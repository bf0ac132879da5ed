import { describe, expect, it } from 'vitest';
import { queriedRefundState, sentRefundState, tradeState } from '../../src/providers/alipay/states.ts';
import { refundStateOf } from '../../src/providers/v3/states.ts';
import { tradeStateOf } from '../../src/providers/wechatpay/states.ts';

type Word = [word: string | undefined, state: string];
/** What an object has by itself is no word of a gateway's, nor is one that we have never met. */
const STRANGE = ['', 'paid', 'success', 'SUCCESS ', 'constructor', '__proto__', 'toString', 'NEW_WORD'];

describe("Alipay's words", () => {
  it.each<Word>([
    ['WAIT_BUYER_PAY', 'NOTPAY'],
    ['TRADE_SUCCESS', 'PAID'],
    ['TRADE_FINISHED', 'PAID'],
    ['TRADE_CLOSED', 'CLOSED'],
    ...[...STRANGE, undefined].map((word): Word => [word, 'UNKNOWN']),
  ])('trade_status %s is %s', (word, state) => {
    const fields = new Map(word === undefined ? [] : [['trade_status', word]]);
    expect(tradeState(fields, 'gmt_payment')).toBe(state);
  });

  it.each([
    [{ send_pay_date: '2026-11-21 12:00:00' }, 'PAID'],
    [{ send_pay_date: 'yesterday' }, 'UNKNOWN'],
    [{ send_pay_date: '' }, 'UNKNOWN'],
    [{ refund_fee: '0.01' }, 'PAID'],
    [{ refund_fee: '0.00' }, 'CLOSED'],
    [{ refund_fee: 'all' }, 'CLOSED'],
    // The date of the other kind of message.
    [{ gmt_payment: '2026-11-21 12:00:00' }, 'CLOSED'],
  ])('a closed trade with %j is %s', (more, state) => {
    const fields = new Map(Object.entries({ trade_status: 'TRADE_CLOSED', ...more }));
    expect(tradeState(fields, 'send_pay_date')).toBe(state);
  });

  it.each<Word>([
    ['REFUND_SUCCESS', 'SUCCESS'],
    ['REFUND_PROCESSING', 'PROCESSING'],
    ...[...STRANGE, 'REFUND_FAIL', undefined].map((word): Word => [word, 'UNKNOWN']),
  ])('refund_status %s is %s', (word, state) => {
    expect(queriedRefundState(word)).toBe(state);
  });

  it.each<Word>([
    ['Y', 'SUCCESS'],
    ['N', 'PROCESSING'],
    [undefined, 'PROCESSING'],
    ...[...STRANGE, 'y'].map((word): Word => [word, 'UNKNOWN']),
  ])('fund_change %s is %s', (word, state) => {
    expect(sentRefundState(word)).toBe(state);
  });
});

describe("WeChat Pay's words", () => {
  it.each<[string, string]>([
    ['NOTPAY', 'NOTPAY'],
    ['USERPAYING', 'NOTPAY'],
    ['ACCEPT', 'NOTPAY'],
    ['SUCCESS', 'PAID'],
    ['REFUND', 'PAID'],
    ['CLOSED', 'CLOSED'],
    ['REVOKED', 'CLOSED'],
    ['PAYERROR', 'CLOSED'],
    ...STRANGE.map((word): [string, string] => [word, 'UNKNOWN']),
  ])('trade_state %s is %s', (word, state) => {
    expect(tradeStateOf(word)).toBe(state);
  });

  it.each<[string, string]>([
    ['PROCESSING', 'PROCESSING'],
    ['SUCCESS', 'SUCCESS'],
    ['CLOSED', 'CLOSED'],
    ['ABNORMAL', 'ABNORMAL'],
    ...STRANGE.map((word): [string, string] => [word, 'UNKNOWN']),
  ])('the state %s of a refund is %s', (word, state) => {
    expect(refundStateOf(word)).toBe(state);
  });
});
