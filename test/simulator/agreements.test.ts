import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DAY_MS } from '../../src/domain/clock.ts';
import { DEDUCT_REFUSALS, deductScenario } from '../../src/simulator/alipay/agreement-words.ts';
import {
  type Bench,
  controlOf,
  freshNumber,
  MORNING,
  openBench,
  openReceiver,
  type Receiver,
  until,
} from './bench.ts';

/* Alipay's 商家扣款 as the simulator plays it, held against the sheet by the official SDK. */

const SCENE = 'INDUSTRY|DIGITAL_MEDIA';
let bench: Bench;
let ear: Receiver;
beforeAll(async () => {
  bench = await openBench();
  ear = await openReceiver();
});
afterAll(async () => {
  await ear.close();
  await bench.close();
});
afterEach(async () => {
  await controlOf(bench.simulator, 'DELETE', 'faults');
  ear.received.length = 0;
  bench.clock.travel(MORNING - bench.clock.now());
});

let count = 0;
const signNo = () => `sub${process.pid}${++count}`;
const RULE = {
  ...{
    period_type: 'MONTH',
    period: 1,
    execute_time: '2026-12-08',
    single_amount: '19.00',
    total_payments: 12,
  },
};
const signing = (external_agreement_no: string, change: object = {}, rule: object = {}) => ({
  ...{ personal_product_code: 'CYCLE_PAY_AUTH_P', product_code: 'GENERAL_WITHHOLDING', sign_scene: SCENE },
  external_agreement_no,
  access_params: { channel: 'QRCODE' },
  period_rule_params: { ...RULE, ...rule },
  ...change,
});
const linkTo = (bizContent: object, more: object = {}) =>
  bench.alipay.pageExecute('alipay.user.agreement.page.sign', 'GET', { bizContent, ...more });

const read = (response: Response) => response.text();
const scan = async (shown: string) =>
  fetch(`${bench.simulator.origin}/scan?code=${encodeURIComponent(shown)}`).then(read);

async function buyer(what: object): Promise<{ status: number; agreement: Record<string, unknown> }> {
  const { status, value } = await controlOf(bench.simulator, 'POST', 'agreements', what);
  return { status, agreement: value.agreement };
}
/** A buyer signs; answers Alipay's number of it. */
async function signed(number = signNo(), change: object = {}, rule: object = {}, more: object = {}) {
  const { agreement } = await buyer({ code: linkTo(signing(number, change, rule), more), deed: 'sign' });
  return String(agreement.agreementNo);
}

async function call(method: string, bizContent: object, more: object = {}) {
  const { traceId: _, ...answer } = await bench.alipay.exec(
    method,
    { bizContent, ...more },
    { validateSign: true },
  );
  return answer as Record<string, unknown>;
}
const queried = (agreement_no: string) => call('alipay.user.agreement.query', { agreement_no });
const charge = (agreement_no: string, change: object = {}, more: object = {}) =>
  call(
    'alipay.trade.pay',
    {
      out_trade_no: freshNumber(),
      ...{ total_amount: '19.00', subject: 'Reader', product_code: 'GENERAL_WITHHOLDING' },
      agreement_params: { agreement_no },
      ...change,
    },
    more,
  );
const told = (answer: Record<string, unknown>) => `${answer.code} ${answer.subCode ?? ''}`.trim();
/** The day (`2026-12-08`) has come. */
const on = (day: string) => bench.clock.travel(Date.parse(`${day}T10:00:00+08:00`) - bench.clock.now());

describe('signing', () => {
  it('begins when the buyer opens the link, on a phone by the way through the app, and holds once they agree', async () => {
    const number = signNo();
    const link = linkTo(signing(number, { external_logon_id: 'reader-7' }), { notifyUrl: ear.url });
    const byExternal = () =>
      call('alipay.user.agreement.query', {
        ...{ external_agreement_no: number, personal_product_code: 'CYCLE_PAY_AUTH_P', sign_scene: SCENE },
      });
    expect(told(await byExternal())).toBe('40004 USER_AGREEMENT_NOT_EXIST');
    const inApp = `alipays://platformapi/startapp?appId=60000157&appClearTop=false&startMultApp=YES&sign_params=${encodeURIComponent(new URL(link).search.slice(1))}`;
    const page = await scan(inApp);
    expect(page).toContain('同意并开通');
    for (const line of ['每月', '¥19.00', '2026-12-08', '12 次', 'reader-7', number])
      expect(page).toContain(line);
    expect(await byExternal()).toMatchObject({ code: '10000', status: 'TEMP', externalAgreementNo: number });
    const { agreement } = await buyer({ number, deed: 'decline' });
    expect(agreement.state).toBe('TEMP');
    expect((await buyer({ code: link, deed: 'sign' })).agreement).toMatchObject({
      externalNo: number,
      state: 'NORMAL',
    });
    const agreementNo = String(agreement.agreementNo);
    expect(await queried(agreementNo)).toMatchObject({
      ...{
        agreementNo,
        status: 'NORMAL',
        signTime: '2026-11-21 10:00:00',
        invalidTime: '2115-02-01 00:00:00',
      },
      ...{ nextDeductTime: '2026-12-08', singleQuota: '19.00', signScene: SCENE },
      executionPlans: [
        { singleAmount: '19.00', periodId: '1', executeTime: '2026-12-08', latestExecuteTime: '2026-12-08' },
      ],
    });
    await until(() => ear.received.length === 1);
    const fields = Object.fromEntries(new URLSearchParams(ear.received[0]?.body));
    expect(bench.alipay.checkNotifySignV2(fields)).toBe(true);
    expect(fields).toMatchObject({
      ...{
        notify_type: 'dut_user_sign',
        status: 'NORMAL',
        agreement_no: agreementNo,
        app_id: bench.env.AP_APP_ID,
      },
      ...{ external_agreement_no: number, sign_scene: SCENE, next_deduct_time: '2026-12-08' },
    });
  });

  it('is asked for by the signed text alone as well, and by a form', async () => {
    const signed = new URL(linkTo(signing(signNo()))).search.slice(1);
    expect(await scan(signed)).toContain('同意并开通');
    const posted = await fetch(`${bench.simulator.origin}/gateway.do`, {
      ...{ method: 'POST', body: signed, headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    });
    expect(await posted.text()).toContain('同意并开通');
  });

  it.each<[string, object, object, string]>([
    ['a period below a week', {}, { period_type: 'DAY', period: 6 }, 'period'],
    ['a plan behind the 28th', {}, { execute_time: '2026-12-29' }, 'execute_time'],
    ['a number without its scene', { sign_scene: undefined }, {}, 'sign_scene'],
    ['the default scene', { sign_scene: 'DEFAULT|DEFAULT' }, {}, 'sign_scene'],
    ['a number with an underscore', { external_agreement_no: 'sub_1' }, {}, 'external_agreement_no'],
    ['no channel', { access_params: {} }, {}, 'access_params.channel'],
    ['what the documents do not list', { period_rule: {} }, {}, 'period_rule'],
  ])('is refused on the page: %s', async (_what, change, rule, field) => {
    expect(await scan(linkTo(signing(signNo(), change, rule)))).toContain(`参数无效：${field}`);
  });

  it('is over for a link whose time has run out, and for a number that meant something else', async () => {
    const link = linkTo(signing(signNo(), { effect_time: '600' }));
    bench.clock.travel(601_000);
    expect(await scan(link)).toContain('签约链接已失效');
    const number = signNo();
    await signed(number);
    expect(await scan(linkTo(signing(number, {}, { single_amount: '20.00' })))).toContain('不一致');
  });

  it('goes with a payment, which counts as no period', async () => {
    const number = signNo();
    const order = {
      ...{
        out_trade_no: freshNumber(),
        total_amount: '9.90',
        subject: 'Reader',
        product_code: 'QUICK_MSECURITY_PAY',
      },
      agreement_sign_params: { ...signing(number), sign_notify_url: `${ear.url}/sign` },
    };
    const string = bench.alipay.sdkExecute('alipay.trade.app.pay', { bizContent: order });
    const page = await scan(string);
    expect(page).toContain('付款即同意开通自动扣款');
    await controlOf(bench.simulator, 'POST', 'pay', { code: string });
    const { agreementNo, ...rest } = await call('alipay.user.agreement.query', {
      ...{ external_agreement_no: number, personal_product_code: 'CYCLE_PAY_AUTH_P', sign_scene: SCENE },
    });
    expect(rest).toMatchObject({ status: 'NORMAL', nextDeductTime: '2026-12-08' });
    expect(rest).not.toHaveProperty('lastDeductTime');
    await until(() => ear.received.length === 1);
    expect(ear.received[0]?.body).toContain('dut_user_sign');
    on('2026-12-08');
    expect(told(await charge(String(agreementNo)))).toBe('10000');
  });

  it('can fail although the payment is made', async () => {
    const number = signNo();
    const order = {
      ...{ out_trade_no: freshNumber(), total_amount: '9.90', subject: 'Reader sim:pay-without-signing' },
      agreement_sign_params: signing(number),
    };
    const code = bench.alipay.sdkExecute('alipay.trade.app.pay', { bizContent: order });
    expect((await controlOf(bench.simulator, 'POST', 'pay', { code })).status).toBe(200);
    expect((await buyer({ number, deed: 'stop' })).status).toBe(409);
  });
});

describe('a deduction', () => {
  it('is taken on the planned day and the three days before, once a period, and the same number once', async () => {
    const agreement = await signed();
    on('2026-12-04');
    expect(told(await charge(agreement))).toBe('40004 ACQ.CYCLE_PAY_DATE_NOT_MATCH');
    on('2026-12-05');
    const out_trade_no = freshNumber();
    const first = await charge(agreement, { out_trade_no });
    expect(first).toMatchObject({ code: '10000', outTradeNo: out_trade_no, totalAmount: '19.00' });
    expect(await charge(agreement, { out_trade_no })).toEqual(first);
    expect(told(await charge(agreement, { out_trade_no, total_amount: '18.00' }))).toBe(
      '40004 ACQ.CONTEXT_INCONSISTENT',
    );
    expect(told(await charge(agreement))).toBe('40004 ACQ.CYCLE_PAY_DATE_NOT_MATCH');
    expect(await call('alipay.trade.query', { out_trade_no })).toMatchObject({
      tradeStatus: 'TRADE_SUCCESS',
    });
    expect(await queried(agreement)).toMatchObject({
      ...{ lastDeductTime: '2026-12-05 10:00:00', nextDeductTime: '2027-01-08' },
    });
    on('2027-01-08');
    expect(told(await charge(agreement))).toBe('10000');
  });

  it('of a period that was missed is not made up for', async () => {
    const agreement = await signed();
    on('2026-12-09');
    expect(told(await charge(agreement))).toBe('40004 ACQ.CYCLE_PAY_DATE_NOT_MATCH');
    expect(await queried(agreement)).toMatchObject({ nextDeductTime: '2027-01-08' });
  });

  it('stays within what was agreed: each, in all, and how often', async () => {
    on('2026-12-08');
    const single = await signed();
    expect(told(await charge(single, { total_amount: '19.01' }))).toBe(
      '40004 ACQ.CYCLE_PAY_SINGLE_FEE_EXCEED',
    );
    const twice = { period_type: 'DAY', period: 7 };
    const times = await signed(signNo(), {}, { ...twice, total_payments: 1 });
    const total = await signed(signNo(), {}, { ...twice, total_payments: undefined, total_amount: '20.00' });
    for (const agreement of [times, total]) expect(told(await charge(agreement))).toBe('10000');
    on('2026-12-15');
    expect(told(await charge(times))).toBe('40004 ACQ.CYCLE_PAY_TOTAL_TIMES_EXCEED');
    expect(told(await charge(total))).toBe('40004 ACQ.CYCLE_PAY_TOTAL_FEE_EXCEED');
    expect(await queried(times)).not.toHaveProperty('nextDeductTime');
  });

  it('needs an agreement that is in force', async () => {
    on('2026-12-08');
    expect(told(await charge('20261208000000000000'))).toBe('40004 ACQ.AGREEMENT_NOT_EXIST');
    const number = signNo();
    const { agreement } = await buyer({ code: linkTo(signing(number)), deed: 'decline' });
    expect(told(await charge(String(agreement.agreementNo)))).toBe('40004 ACQ.AGREEMENT_INVALID');
    const over = await signed();
    await buyer({ number: over, deed: 'stop' });
    expect(told(await charge(over))).toBe('40004 ACQ.AGREEMENT_STATUS_NOT_NORMAL');
  });

  it.each(Object.keys(DEDUCT_REFUSALS))(
    'is refused with %s by a word in its title, and made the next time',
    async (code) => {
      const agreement = await signed();
      on('2026-12-08');
      const out_trade_no = freshNumber();
      const change = { out_trade_no, subject: `Reader sim:${deductScenario(code)}*1` };
      expect(told(await charge(agreement, change))).toBe(`40004 ${code}`);
      expect(told(await call('alipay.trade.query', { out_trade_no }))).toBe('40004 ACQ.TRADE_NOT_EXIST');
      expect(told(await charge(agreement, change))).toBe('10000');
    },
  );

  it.each([
    ['deduct-accepted', '10003', 'TRADE_SUCCESS'],
    ['deduct-accepted-refused', '40004 ACQ.ORDER_SUCCESS_PAY_INPROCESS', 'TRADE_SUCCESS'],
    ['deduct-accepted-fails', '10003', 'TRADE_CLOSED'],
  ])('%s: first %s, then %s', async (scenario, first, then) => {
    const agreement = await signed();
    on('2026-12-08');
    const out_trade_no = freshNumber();
    const taken = { out_trade_no, subject: `Reader sim:${scenario}` };
    expect(told(await charge(agreement, taken, { notifyUrl: ear.url }))).toBe(first);
    expect(await call('alipay.trade.query', { out_trade_no })).toMatchObject({
      tradeStatus: 'WAIT_BUYER_PAY',
    });
    expect(told(await charge(agreement))).toBe('40004 ACQ.CYCLE_PAY_DATE_NOT_MATCH');
    bench.clock.travel(3_000);
    expect(await call('alipay.trade.query', { out_trade_no })).toMatchObject({ tradeStatus: then });
    if (then === 'TRADE_SUCCESS') await until(() => ear.received.some(({ body }) => body.includes(then)));
    else expect(told(await charge(agreement))).toBe('10000');
  });
});

describe('an agreement', () => {
  it('has its next deduction put off, never brought forward', async () => {
    const agreement_no = await signed();
    const modify = (deduct_time: string) =>
      call('alipay.user.agreement.executionplan.modify', { agreement_no, deduct_time, memo: 'pause' });
    for (const day of ['2026-12-08', '2026-12-01', '2026-12-29', 'tomorrow']) {
      expect(told(await modify(day))).toMatch(/^40004/);
    }
    expect(await modify('2026-12-20')).toMatchObject({ code: '10000', deductTime: '2026-12-20' });
    on('2026-12-08');
    expect(told(await charge(agreement_no))).toBe('40004 ACQ.CYCLE_PAY_DATE_NOT_MATCH');
    on('2026-12-20');
    expect(told(await charge(agreement_no))).toBe('10000');
    expect(await queried(agreement_no)).toMatchObject({ nextDeductTime: '2027-01-20' });
  });

  it('is ended by the merchant, told where that call says, else at the address of the app', async () => {
    const [one, other] = [await signed(), await signed()];
    const unsign = (agreement_no: string, more: object = {}) =>
      call('alipay.user.agreement.unsign', { agreement_no }, more);
    expect(told(await unsign(other))).toBe('10000');
    expect(told(await unsign(one, { notifyUrl: ear.url }))).toBe('10000');
    expect(told(await unsign(one))).toBe('40004 USER_AGREEMENT_NOT_EXIST');
    expect(await queried(one)).toMatchObject({ status: 'STOP' });
    await until(() => ear.received.length === 1);
    const fields = Object.fromEntries(new URLSearchParams(ear.received[0]?.body));
    expect(fields).toMatchObject({ notify_type: 'dut_user_unsign', status: 'UNSIGN', agreement_no: one });
    expect(bench.alipay.checkNotifySignV2(fields)).toBe(true);
  });

  it('is ended by the buyer, which only the address of the app is told', async () => {
    const agreement = await signed();
    await controlOf(bench.simulator, 'POST', 'address', { provider: 'alipay', url: `${ear.url}/app` });
    await buyer({ number: agreement, deed: 'stop' });
    await until(() => ear.received.length === 1);
    expect(ear.received[0]?.body).toContain('dut_user_unsign');
  });

  it('runs out without a word to anybody', async () => {
    const agreement = await signed(signNo(), { sign_validity_period: '30d' }, {}, { notifyUrl: ear.url });
    await until(() => ear.received.length === 1);
    bench.clock.travel(30 * DAY_MS);
    expect(await queried(agreement)).toMatchObject({ status: 'STOP' });
    expect(ear.received).toHaveLength(1);
  });

  it('of another merchant of the same provider is not there', async () => {
    const { alipayClient } = await import('./bench.ts');
    const [env = {}, other = {}] = bench.simulator.platformEnvs;
    const isv = alipayClient(env);
    const number = signNo();
    const link = isv.pageExecute('alipay.user.agreement.page.sign', 'GET', {
      ...{ bizContent: signing(number), appAuthToken: env.AP_INVOKE_AUTH_TOKEN ?? '' },
    });
    const { agreement } = await buyer({ code: link, deed: 'sign' });
    const ask = async (appAuthToken?: string) => {
      const bizContent = { agreement_no: agreement.agreementNo };
      return told(
        (await isv.exec('alipay.user.agreement.query', {
          bizContent,
          ...(appAuthToken && { appAuthToken }),
        })) as never,
      );
    };
    expect(await ask(env.AP_INVOKE_AUTH_TOKEN)).toBe('10000');
    expect(await ask(other.AP_INVOKE_AUTH_TOKEN)).toBe('40004 USER_AGREEMENT_NOT_EXIST');
  });
});
