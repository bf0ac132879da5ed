import { describe, expect, it } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import { decide } from '../../src/policy/decide.ts';
import { DEFAULT_POLICY, type Policy } from '../../src/policy/policy.ts';
import { parsePolicy } from '../../src/policy/policy-file.ts';
import { rulesFor } from '../../src/policy/rules.ts';

const NOON = Date.parse('2026-11-21T12:00:00+08:00');
const ask = (policy: Policy, yuan: number, now = NOON) =>
  decidePayment(policy, { provider: 'alipay', scene: 'qr', amountFen: fen(yuan * 100) }, now);
type Request = Parameters<typeof decide>[1];
function decidePayment(policy: Policy, request: Request, now: number) {
  return decide(rulesFor(policy, 'payment', { caller: 'test' }), request, new Map(), now);
}
function decideRefund(policy: Policy, amountFen: Request['amountFen']) {
  const request: Request = { provider: 'alipay', scene: 'qr', amountFen };
  return decide(rulesFor(policy, 'refund', { caller: 'test' }), request, new Map(), NOON);
}
const parse = (text: string) => parsePolicy(text, 'policy.yaml');

describe('without a policy file', () => {
  it('allows 5,000 yuan, refuses a fen more, and asks a person about every refund', () => {
    expect(ask(DEFAULT_POLICY, 5000)).toEqual({ kind: 'allow' });
    expect(ask(DEFAULT_POLICY, 5000.01)).toEqual({
      kind: 'deny',
      rule: 'payments.maxYuan',
      limit: '5000.00',
      used: '5000.01',
    });
    expect(decideRefund(DEFAULT_POLICY, fen(1))).toEqual({
      kind: 'approve',
      rule: 'refunds.approveAboveYuan',
    });
  });
});

describe('a policy file', () => {
  it('is read from YAML or JSON', async () => {
    const yaml = await parse(
      'version: 1\npayments:\n  maxYuan: "100"\n  approveAboveYuan: "50"\nrefunds:\n  maxYuan: "20"',
    );
    const json = await parse(
      '{"version":1,"payments":{"maxYuan":"100","approveAboveYuan":"50"},"refunds":{"maxYuan":"20"}}',
    );
    expect(yaml).toEqual(json);
    expect(ask(yaml, 50).kind).toBe('allow');
    expect(ask(yaml, 50.01)).toEqual({ kind: 'approve', rule: 'payments.approveAboveYuan' });
    expect(ask(yaml, 100.01).kind).toBe('deny');
    expect(decideRefund(yaml, fen(2001)).kind).toBe('deny');
  });

  it('drops the rules it does not state, except that refunds need a person', async () => {
    const policy = await parse('version: 1');
    expect(ask(policy, 100_000).kind).toBe('allow');
    expect(decideRefund(policy, fen(1)).kind).toBe('approve');
    const none = await parse('version: 1\nrefunds: { approveAboveYuan: "none" }');
    expect(decideRefund(none, fen(1)).kind).toBe('allow');
    const ten = await parse('version: 1\nrefunds: { approveAboveYuan: "10" }');
    expect([fen(1000), fen(1001)].map((amount) => decideRefund(ten, amount).kind)).toEqual([
      'allow',
      'approve',
    ]);
  });

  it('keeps hours of the Beijing day, also over midnight', async () => {
    const day = await parse('version: 1\npayments: { hours: "08:00-23:00" }');
    const night = await parse('version: 1\npayments: { hours: "22:00-02:00" }');
    const at = (time: string) => Date.parse(`2026-11-21T${time}:00+08:00`);
    const kinds = (policy: Policy, times: string[]) => times.map((time) => ask(policy, 1, at(time)).kind);
    expect(kinds(day, ['07:59', '08:00', '22:59', '23:00'])).toEqual(['deny', 'allow', 'allow', 'deny']);
    expect(kinds(night, ['21:59', '22:00', '01:59', '02:00'])).toEqual(['deny', 'allow', 'allow', 'deny']);
  });

  it('names wallets and scenes', async () => {
    const policy = await parse('version: 1\npayments: { providers: [wechatpay], scenes: [qr] }');
    expect(ask(policy, 1)).toMatchObject({ kind: 'deny', rule: 'payments.providers' });
  });
});
