import { describe, expect, it } from 'vitest';
import type { Fen } from '../../../src/domain/money.ts';
import { readAlipayConfig } from '../../../src/providers/alipay/index.ts';
import {
  type AgreementTerms,
  ChargeDeclined,
  type GatewayDeclined,
} from '../../../src/providers/contract.ts';
import {
  ACCOUNT,
  declined,
  ENV,
  GATEWAY_URL,
  NOW,
  type Node,
  order,
  readSigned,
  rejection,
  setUp as setUpPlain,
  signed,
  unsigned,
} from './fake-gateway.ts';

const SCENE = 'INDUSTRY|DIGITAL_MEDIA';
const NO = '20260621123456789012';
const NOTIFY = 'https://shop.example/notify/alipay';

function setUp(env: Readonly<Record<string, string>> = {}) {
  const made = setUpPlain({ AP_SIGN_SCENE: SCENE, AP_NOTIFY_URL: NOTIFY, ...env });
  const { agreements } = made.provider;
  if (!agreements) throw new Error('no agreements');
  return { ...made, agreements };
}
const TERMS: AgreementTerms = {
  signNo: 'contract1',
  ...{ period: { unit: 'month', count: 1 }, mostFen: 1900 as Fen, firstDay: '2026-12-08', times: 12 },
  ...{ title: '读书会员', signBefore: Date.parse('2026-11-21T14:40:05+08:00') },
};
const AGREEMENT = { signNo: 'contract1', agreementNo: NO };
const CHARGE = 'alipay.trade.pay';
const QUERY = 'alipay.user.agreement.query';
const first = order({ scene: 'agreement', amountFen: 1900 as Fen, title: '读书会员' });

it('keeps to what all papers of Alipay allow', () => {
  const hours = (count: number) => count * 3_600_000;
  expect(setUp().agreements).toMatchObject({
    rules: {
      ...{ leastDays: 7, latestDayOfMonth: 28, daysBefore: 3, tellsWindow: true, signWithinMs: hours(24) },
      retryAfterMs: [4, 8, 12].map(hours),
    },
    payAndSign: { scene: 'app' },
  });
});

describe('the link that asks for consent', () => {
  it('says what is agreed to, and until when it may be opened', async () => {
    const { agreements, gateway } = setUp({ AP_RETURN_URL: 'https://shop.example/back' });
    const { signUrl, appUrl } = await agreements.sign(TERMS, agreements.planSigning(TERMS));
    expect(gateway.calls).toEqual([]);
    expect(signUrl.startsWith(`${GATEWAY_URL}?`)).toBe(true);
    const query = signUrl.slice(GATEWAY_URL.length + 1);
    const parameters = readSigned(query);
    expect(Object.fromEntries(parameters)).toMatchObject({
      ...{
        method: 'alipay.user.agreement.page.sign',
        notify_url: NOTIFY,
        return_url: 'https://shop.example/back',
      },
      timestamp: '2026-11-21 14:30:05',
    });
    expect(JSON.parse(parameters.get('biz_content') ?? '')).toEqual({
      ...{
        personal_product_code: 'CYCLE_PAY_AUTH_P',
        product_code: 'GENERAL_WITHHOLDING',
        sign_scene: SCENE,
      },
      ...{ external_agreement_no: 'contract1', access_params: { channel: 'ALIPAYAPP' }, effect_time: '599' },
      period_rule_params: {
        ...{ period_type: 'MONTH', period: '1', execute_time: '2026-12-08' },
        ...{ single_amount: '19.00', total_payments: '12' },
      },
    });
    expect(new URL(appUrl ?? '').searchParams.get('sign_params')).toBe(query);
  });

  it.each([
    [{ AP_CURRENT_ENV: 'sandbox' }],
    [{ AP_GATEWAY: 'http://127.0.0.1:20001/gateway.do' }],
  ] as Readonly<Record<string, string>>[][])('does not send a phone to the real app from %o', async (env) => {
    const { agreements } = setUp(env);
    expect(await agreements.sign(TERMS, agreements.planSigning(TERMS))).not.toHaveProperty('appUrl');
  });

  it('counts days, and goes on without an end, where that is agreed', () => {
    const { times: _, ...endless } = { ...TERMS, period: { unit: 'day', count: 30 } as const };
    const { biz_content } = JSON.parse(setUp().agreements.planSigning(endless));
    expect(JSON.parse(biz_content).period_rule_params).toEqual({
      ...{ period_type: 'DAY', period: '30', execute_time: '2026-12-08', single_amount: '19.00' },
    });
  });

  it('goes with the first payment', () => {
    const { agreements } = setUp();
    const plan = agreements.payAndSign?.plan(order({ scene: 'app' }), TERMS) ?? '';
    const { biz_content, ...rest } = JSON.parse(plan);
    expect(rest).toEqual({ method: 'alipay.trade.app.pay', notify_url: NOTIFY });
    expect(JSON.parse(biz_content)).toMatchObject({
      ...{ out_trade_no: 'ORDER_0001', total_amount: '9.90', product_code: 'QUICK_MSECURITY_PAY' },
      agreement_sign_params: { external_agreement_no: 'contract1', sign_notify_url: NOTIFY },
    });
  });

  it.each(['DEFAULT|DEFAULT', 'DIGITAL_MEDIA', 'industry|media', 'INDUSTRY|A|B', `A|${'B'.repeat(33)}`])(
    'is not configured with %s',
    (scene) => {
      expect(() => readAlipayConfig({ ...ENV, AP_SIGN_SCENE: scene })).toThrow('AP_SIGN_SCENE');
    },
  );

  it('is not there where no scene is named', () => {
    expect(setUpPlain().provider.agreements).toBeUndefined();
  });
});

describe('a charge', () => {
  const PAID: Node = {
    ...{
      code: '10000',
      msg: 'Success',
      out_trade_no: 'ORDER_0001',
      trade_no: '2026112122001400000000000001',
    },
    ...{ total_amount: '19.00', gmt_payment: '2026-11-21 14:30:06', buyer_user_id: '2088000000000009' },
  };
  async function answered(node: Node, how = signed) {
    const { agreements, gateway } = setUp();
    gateway.answer(how(CHARGE, node));
    const sent = agreements.sendCharge(first, agreements.planCharge(first, AGREEMENT));
    const result = await sent.then(
      (value) => value,
      (error: unknown) => error,
    );
    expect(gateway.call.biz).toEqual({
      ...{ out_trade_no: 'ORDER_0001', total_amount: '19.00', subject: '读书会员' },
      ...{ product_code: 'GENERAL_WITHHOLDING', agreement_params: { agreement_no: NO } },
    });
    return result;
  }

  it('is proven by an answer that says when, under which number and how much', async () => {
    expect(await answered(PAID)).toEqual({
      ...{ exists: true, opened: true, account: ACCOUNT, outTradeNo: 'ORDER_0001', state: 'PAID' },
      ...{ gatewayState: 'code.10000', gatewayTradeNo: '2026112122001400000000000001', amountFen: 1900 },
      paidAt: Date.parse('2026-11-21T14:30:06+08:00'),
    });
  });

  it.each<[string, Node]>([
    ['10003', { ...PAID, code: '10003' }],
    ['no time', { ...PAID, gmt_payment: '' }],
    ['no number', { ...PAID, trade_no: undefined }],
    ['TRADE_HAS_SUCCESS', declined('ACQ.TRADE_HAS_SUCCESS')],
    ['ORDER_SUCCESS_PAY_INPROCESS', declined('ACQ.ORDER_SUCCESS_PAY_INPROCESS')],
  ])('is accepted and no more with %s', async (_what, node) => {
    expect(await answered(node)).toBe('accepted');
  });

  it.each<[string, Node, typeof signed]>([
    ['of another order', { ...PAID, out_trade_no: 'ORDER_0002' }, signed],
    ['of no order', { ...PAID, out_trade_no: undefined }, signed],
    ['with no sum', { ...PAID, total_amount: '19.001' }, signed],
    ['that nobody signed', PAID, unsigned],
    ['that is in progress and nobody signed', { ...PAID, code: '10003' }, unsigned],
    ['with a system error', declined('ACQ.SYSTEM_ERROR'), signed],
    ['unknown to the gateway itself', declined('aop.unknow-error', '20000'), signed],
    ['with a code of no table', declined('ACQ.SOMETHING_NEW'), signed],
    ['turned away for its rate', declined('isv.app-call-limited', '40005'), signed],
  ])('is of unknown outcome after an answer %s', async (_what, node, how) => {
    expect(await answered(node, how)).toMatchObject({ name: 'OutcomeUnknown' });
  });

  it.each(['ACQ.TRADE_HAS_SUCCESS', 'ACQ.ORDER_SUCCESS_PAY_INPROCESS'])(
    'is not accepted because of a %s that nobody signed',
    async (code) => {
      expect(await answered(declined(code), unsigned)).toMatchObject({
        reason: 'already-paid',
        proven: false,
      });
    },
  );

  it('is not sent with the plan of another', async () => {
    const { agreements, gateway } = setUp();
    const others = agreements.planCharge({ ...first, outTradeNo: 'ORDER_0002' }, AGREEMENT);
    expect(await rejection(agreements.sendCharge(first, others))).toMatchObject({
      name: 'GatewayUnavailable',
    });
    expect(gateway.calls).toEqual([]);
  });

  it.each<[string, string, string]>([
    ['ACQ.CYCLE_PAY_DATE_NOT_MATCH', 'later', 'other'],
    ['ACQ.CYCLE_PAY_SINGLE_FEE_EXCEED', 'never', 'other'],
    ['ACQ.CYCLE_PAY_TOTAL_FEE_EXCEED', 'never', 'other'],
    ['ACQ.CYCLE_PAY_TOTAL_TIMES_EXCEED', 'never', 'other'],
    ['ACQ.PRODUCT_AMOUNT_LIMIT_ERROR', 'never', 'other'],
    ['ACQ.AGREEMENT_NOT_EXIST', 'agreement-ended', 'not-exist'],
    ['ACQ.AGREEMENT_INVALID', 'agreement-ended', 'closed'],
    ['ACQ.AGREEMENT_STATUS_NOT_NORMAL', 'agreement-ended', 'closed'],
    ['ACQ.AGREEMENT_ERROR', 'agreement-ended', 'closed'],
    ['ACQ.BUYER_BALANCE_NOT_ENOUGH', 'later', 'balance'],
    ['ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH', 'later', 'balance'],
    ['ACQ.TRADE_HAS_CLOSE', 'never', 'closed'],
    ['ACQ.CONTEXT_INCONSISTENT', 'never', 'number-conflict'],
  ])('is declined with %s: %s', async (code, retry, reason) => {
    const error = await answered(declined(code));
    expect(error).toBeInstanceOf(ChargeDeclined);
    expect(error).toMatchObject({ retry, reason, proven: true, gatewayCode: code });
    // Without a signature it says nothing about the subscriber.
    const hearsay = await answered(declined(code), unsigned);
    expect(hearsay).not.toBeInstanceOf(ChargeDeclined);
    expect(hearsay).toMatchObject({ proven: false });
  });

  it.each([
    ['ACQ.MERCHANT_AGREEMENT_NOT_EXIST', '40004'],
    ['ACQ.MERCHANT_AGREEMENT_INVALID', '40004'],
    ['isv.insufficient-isv-permissions', '40006'],
  ])('is a matter of the merchant with %s', async (code, of) => {
    const error = await answered(declined(code, of));
    expect(error).not.toBeInstanceOf(ChargeDeclined);
    expect(error).toMatchObject({ name: 'GatewayDeclined', reason: 'permission' });
    expect((error as GatewayDeclined).advice?.zh).toContain('商家扣款');
  });
});

describe('what is known of an agreement', () => {
  const KNOWN: Node = {
    ...{
      code: '10000',
      msg: 'Success',
      agreement_no: NO,
      external_agreement_no: 'contract1',
      status: 'NORMAL',
    },
    ...{ sign_time: '2026-11-21 14:30:00', invalid_time: '2115-02-01 00:00:00', sign_scene: SCENE },
  };
  async function asked(node: Node, name: { signNo: string; agreementNo?: string } = AGREEMENT) {
    const { agreements, gateway } = setUp();
    gateway.answer(signed(QUERY, node));
    const found = await agreements.queryAgreement(name).catch((error: unknown) => error);
    return { found, biz: gateway.call.biz };
  }
  const plan = (execute_time: string, latest_execute_time?: string) => ({
    ...{ single_amount: '19.00', period_id: '1', execute_time, latest_execute_time },
  });
  const at = (text: string) => Date.parse(`${text}+08:00`);

  it('is asked by its number, and before that by ours with product and scene', async () => {
    const byTheirs = await asked({ ...KNOWN, external_agreement_no: undefined });
    expect(byTheirs.biz).toEqual({ agreement_no: NO });
    expect(byTheirs.found).toMatchObject({ exists: true, agreementNo: NO, signNo: '' });
    const byOurs = await asked(KNOWN, { signNo: 'contract1' });
    expect(byOurs.found).toMatchObject({ exists: true, agreementNo: NO, signNo: 'contract1' });
    expect(byOurs.biz).toEqual({
      ...{ external_agreement_no: 'contract1', personal_product_code: 'CYCLE_PAY_AUTH_P', sign_scene: SCENE },
    });
  });

  it.each([
    ['NORMAL', 'ACTIVE'],
    ['TEMP', 'PENDING'],
    ['STOP', 'ENDED'],
    ['UNSIGN', 'ENDED'],
    ['normal', 'UNKNOWN'],
    ['', 'UNKNOWN'],
  ])('%s is %s', async (status, state) => {
    expect((await asked({ ...KNOWN, status })).found).toMatchObject({
      exists: true,
      state,
      account: ACCOUNT,
    });
  });

  it.each<[string, object[] | string, object | undefined]>([
    [
      'the planned day, and the days before it',
      [plan('2026-12-08', '2026-12-08')],
      {
        ...{ from: at('2026-12-05T00:00:00'), to: at('2026-12-08T23:59:59.999') },
      },
    ],
    [
      'two days that Alipay names',
      [plan('2026-12-03', '2026-12-08')],
      {
        ...{ from: at('2026-12-03T00:00:00'), to: at('2026-12-08T23:59:59.999') },
      },
    ],
    [
      'instants that it names',
      [plan('2026-12-03 08:00:00', '2026-12-08 20:00:00')],
      {
        ...{ from: at('2026-12-03T08:00:00'), to: at('2026-12-08T20:00:00') },
      },
    ],
    [
      'the next of several',
      [plan('2027-01-08', '2027-01-08'), plan('2026-11-08', '2026-11-08'), plan('2026-12-08', '2026-12-08')],
      {
        ...{ from: at('2026-12-05T00:00:00'), to: at('2026-12-08T23:59:59.999') },
      },
    ],
    ['nothing where one end is missing', [plan('2026-12-08')], undefined],
    ['nothing where they are the wrong way round', [plan('2026-12-08', '2026-12-01')], undefined],
    ['nothing of what is no list', 'soon', undefined],
  ])('has a window: %s', async (_what, execution_plans, window) => {
    const { found } = await asked({ ...KNOWN, execution_plans });
    expect(found).toMatchObject({ exists: true, state: 'ACTIVE', ...(window ? { mostFen: 1900 } : {}) });
    expect((found as { window?: object }).window).toEqual(window);
  });

  it.each<[string, Node, { signNo: string; agreementNo?: string }]>([
    ['another number', { ...KNOWN, agreement_no: '20260621000000000000' }, AGREEMENT],
    ['another of ours', { ...KNOWN, external_agreement_no: 'contract2' }, { signNo: 'contract1' }],
    ['no number', { ...KNOWN, agreement_no: undefined }, { signNo: 'contract1' }],
  ])('is not believed of %s', async (_what, node, name) => {
    expect((await asked(node, name)).found).toMatchObject({ name: 'OutcomeUnknown' });
  });

  it('is nothing when Alipay has signed that there is none', async () => {
    expect((await asked(declined('USER_AGREEMENT_NOT_EXIST'))).found).toEqual({ exists: false });
  });
});

describe('putting off and ending', () => {
  it('a delay is taken when the answer names both', async () => {
    const { agreements, gateway } = setUp();
    const fields = { code: '10000', agreement_no: NO, deduct_time: '2026-12-20 00:00:00' };
    gateway.answer(signed('alipay.user.agreement.executionplan.modify', fields));
    await agreements.postpone(AGREEMENT, '2026-12-20');
    gateway.answer(
      signed('alipay.user.agreement.executionplan.modify', { ...fields, deduct_time: undefined }),
    );
    expect(await rejection(agreements.postpone(AGREEMENT, '2026-12-20'))).toMatchObject({
      name: 'OutcomeUnknown',
    });
  });

  it('an end is not sent with the plan of another', async () => {
    const { agreements, gateway } = setUp();
    const others = agreements.planUnsign({ ...AGREEMENT, agreementNo: '20260621000000000000' });
    expect(await rejection(agreements.unsign(AGREEMENT, others))).toMatchObject({
      name: 'GatewayUnavailable',
    });
    expect(gateway.calls).toEqual([]);
  });

  it.each([
    ['another day', { agreement_no: NO, deduct_time: '2026-12-21' }],
    ['another agreement', { agreement_no: '20260621000000000000', deduct_time: '2026-12-20' }],
  ])('a delay is not believed of %s', async (_what, fields) => {
    const { agreements, gateway } = setUp();
    gateway.answer(signed('alipay.user.agreement.executionplan.modify', { code: '10000', ...fields }));
    expect(await rejection(agreements.postpone(AGREEMENT, '2026-12-20'))).toMatchObject({
      name: 'OutcomeUnknown',
    });
    expect(gateway.call.biz).toEqual({ agreement_no: NO, deduct_time: '2026-12-20' });
  });

  it('an end is not believed when it is the answer to another call', async () => {
    const { agreements, gateway } = setUp();
    const method = 'alipay.user.agreement.unsign';
    const unsign = () => agreements.unsign(AGREEMENT, agreements.planUnsign(AGREEMENT));
    for (const field of ['out_trade_no', 'status', 'deduct_time', 'trade_status']) {
      gateway.answer(signed(method, { code: '10000', msg: 'Success', [field]: 'x' }));
      expect(await rejection(unsign())).toMatchObject({ name: 'OutcomeUnknown' });
    }
    gateway.answer(signed(method, { code: '10000', msg: 'Success' }));
    await unsign();
    expect(gateway.call.parameters.get('notify_url')).toBe(NOTIFY);
    expect(gateway.call.biz).toEqual({ agreement_no: NO });
    gateway.answer(signed(method, declined('USER_AGREEMENT_NOT_EXIST')));
    expect(await rejection(unsign())).toMatchObject({ reason: 'not-exist', proven: true });
  });
});

describe('credentials', () => {
  it('are proven for agreements, too, by asking for one that nobody has', async () => {
    const { provider, gateway } = setUp();
    gateway.reply = ({ parameters }) => {
      const method = parameters.get('method') ?? '';
      const code = method === QUERY ? 'USER_AGREEMENT_NOT_EXIST' : 'ACQ.TRADE_NOT_EXIST';
      return { status: 200, headers: {}, body: Buffer.from(signed(method, declined(code))) };
    };
    expect(await provider.checkCredentials?.()).toEqual(['AP_PRECREATE_PRODUCT_CODE', 'AP_SIGN_SCENE']);
    expect(gateway.call.biz.external_agreement_no).toBe(`SELFTEST${NOW}`);
  });
});
