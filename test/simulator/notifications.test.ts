import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Aes, Rsa } from 'wechatpay-axios-plugin';
import { isLoopback } from '../../src/simulator/courier.ts';
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

let bench: Bench;
let merchant: Receiver;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());
beforeEach(async () => {
  merchant = await openReceiver();
  return () => merchant.close();
});

/** Places an Alipay order that names the merchant's notify route. */
async function alipayOrder(title = '咖啡', notifyUrl = merchant.url): Promise<string> {
  const out_trade_no = freshNumber();
  const bizContent = {
    out_trade_no,
    total_amount: '9.90',
    subject: title,
    body: '100% 拿铁',
    passback_params: 'a%3D1',
  };
  const placed = await bench.alipay.exec(
    'alipay.trade.precreate',
    { notifyUrl, bizContent },
    { validateSign: true },
  );
  expect(placed).toMatchObject({ code: '10000' });
  return out_trade_no;
}

async function wechatPayOrder(title = '咖啡', notify_url = merchant.url): Promise<string> {
  const out_trade_no = freshNumber();
  await bench.wechatpay.post('v3/pay/transactions/native', {
    appid: bench.env.WXPAY_APP_ID,
    mchid: bench.env.WXPAY_MCH_ID,
    description: title,
    out_trade_no,
    notify_url,
    amount: { total: 990 },
  });
  return out_trade_no;
}

async function wechatPayRefund(out_trade_no: string, reason: string): Promise<void> {
  await bench.wechatpay.post('v3/refund/domestic/refunds', {
    out_trade_no,
    out_refund_no: freshNumber(),
    reason,
    notify_url: merchant.url,
    amount: { refund: 330, total: 990, currency: 'CNY' },
  });
}

const place = { alipay: alipayOrder, wechatpay: wechatPayOrder };
const WALLETS = ['alipay', 'wechatpay'] as const;

const pay = (provider: string, outTradeNo: string) =>
  controlOf(bench.simulator, 'POST', 'pay', { provider, outTradeNo });

/** The attempts to notify of an order so far. */
async function attempts(outTradeNo: string): Promise<(number | string)[]> {
  const { value } = await controlOf(bench.simulator, 'GET', 'deliveries');
  return value.deliveries
    .filter((delivery) => delivery.outTradeNo === outTradeNo)
    .flatMap((delivery) => delivery.attempts);
}

/** Verifies and opens a WeChat Pay notification with the plug-in's own code. */
function open(notice = merchant.received.at(-1)) {
  const { headers, body } = notice ?? { headers: {}, body: '' };
  const signed = `${headers['wechatpay-timestamp']}\n${headers['wechatpay-nonce']}\n${body}\n`;
  const genuine = Rsa.verify(
    signed,
    headers['wechatpay-signature'] ?? '',
    Rsa.from(bench.env.WXPAY_PUB_KEY ?? '', 'public'),
  );
  const { resource, ...envelope } = JSON.parse(body);
  const { ciphertext, nonce, associated_data } = resource;
  const text = Aes.AesGcm.decrypt(ciphertext, bench.env.WXPAY_API_V3_KEY ?? '', nonce, associated_data);
  return { genuine, envelope, content: JSON.parse(text), headers };
}

const form = (notice = merchant.received.at(-1)) => Object.fromEntries(new URLSearchParams(notice?.body));

describe('Alipay', () => {
  it('posts a form that the SDK verifies', async () => {
    const number = await alipayOrder();
    await pay('alipay', number);
    await until(() => merchant.received.length === 1);
    const fields = form();
    expect(bench.alipay.checkNotifySignV2(fields)).toBe(true);
    expect(bench.alipay.checkNotifySignV2({ ...fields, total_amount: '0.01' })).toBe(false);
    expect(fields).toMatchObject({
      notify_type: 'trade_status_sync',
      app_id: bench.env.AP_APP_ID,
      seller_id: bench.env.AP_SELLER_ID,
      out_trade_no: number,
      trade_status: 'TRADE_SUCCESS',
      total_amount: '9.90',
      subject: '咖啡',
      body: '100% 拿铁',
      passback_params: 'a%3D1',
      gmt_payment: '2026-11-21 10:00:00',
    });
    expect(merchant.received[0]?.headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/);
  });

  it('repeats with the same notify_id until the answer is exactly success', async () => {
    merchant.answer = { status: 200, body: 'success\n' };
    const number = await alipayOrder();
    await pay('alipay', number);
    await until(async () => (await attempts(number)).length === 1);
    merchant.answer = { status: 500, body: 'success' };
    bench.clock.travel(1_000);
    await until(async () => (await attempts(number)).length === 2);
    merchant.answer = { status: 200, body: 'success' };
    bench.clock.travel(2_000);
    await until(async () => (await attempts(number)).length === 3);
    bench.clock.travel(3_600_000);
    expect(await attempts(number)).toEqual([200, 500, 200]);
    const ids = new Set(merchant.received.map((notice) => form(notice).notify_id));
    expect(ids.size).toBe(1);
    expect(bench.alipay.checkNotifySignV2(form())).toBe(true);
    bench.clock.travel(MORNING - bench.clock.now());
  });

  it('sends nothing for an order without notify_url', async () => {
    const out_trade_no = freshNumber();
    const bizContent = { out_trade_no, total_amount: '9.90', subject: '咖啡' };
    await bench.alipay.exec('alipay.trade.precreate', { bizContent });
    await pay('alipay', out_trade_no);
    const { value } = await controlOf(bench.simulator, 'GET', 'deliveries');
    expect(value.deliveries.map((delivery) => delivery.outTradeNo)).not.toContain(out_trade_no);
  });
});

describe('WeChat Pay', () => {
  it('posts an encrypted message that the plug-in verifies and opens', async () => {
    const number = await wechatPayOrder();
    await pay('wechatpay', number);
    await until(() => merchant.received.length === 1);
    const { genuine, envelope, content, headers } = open();
    expect(genuine).toBe(true);
    expect(envelope).toMatchObject({ event_type: 'TRANSACTION.SUCCESS', resource_type: 'encrypt-resource' });
    expect(headers['wechatpay-serial']).toBe(bench.env.WXPAY_PUB_KEY_ID);
    const asked = await bench.wechatpay.get(`v3/pay/transactions/out-trade-no/${number}`, {
      params: { mchid: bench.env.WXPAY_MCH_ID },
    });
    expect(content).toEqual(asked.data);
  });

  it('takes 204 for an answer, repeats after 500 with the same id and a fresh signature', async () => {
    merchant.answer = { status: 500, body: '{"code":"FAIL"}' };
    const number = await wechatPayOrder();
    await pay('wechatpay', number);
    await until(async () => (await attempts(number)).length === 1);
    merchant.answer = { status: 204, body: '' };
    bench.clock.travel(1_000);
    await until(async () => (await attempts(number)).length === 2);
    expect(await attempts(number)).toEqual([500, 204]);
    const [first, second] = merchant.received.map((notice) => open(notice));
    expect(first?.envelope.id).toBe(second?.envelope.id);
    expect(first?.headers['wechatpay-timestamp']).not.toBe(second?.headers['wechatpay-timestamp']);
    expect(second?.genuine).toBe(true);
    bench.clock.travel(MORNING - bench.clock.now());
  });

  it.each([
    ['不想要了', 'SUCCESS'],
    ['sim:refund-closed', 'CLOSED'],
    ['sim:refund-abnormal', 'ABNORMAL'],
  ])('tells the result of a refund (%s: %s) once it is there', async (reason, status) => {
    const number = await wechatPayOrder();
    await pay('wechatpay', number);
    await wechatPayRefund(number, reason);
    await until(() => merchant.received.length === 1);
    bench.clock.travel(2_000);
    await until(() => merchant.received.length === 2);
    const { genuine, envelope, content } = open();
    expect(genuine).toBe(true);
    expect(envelope.event_type).toBe(`REFUND.${status}`);
    expect(content).toMatchObject({
      mchid: bench.env.WXPAY_MCH_ID,
      out_trade_no: number,
      refund_status: status,
      amount: { refund: 330, total: 990 },
    });
    bench.clock.travel(MORNING - bench.clock.now());
  });

  it('notifies of an echo', async () => {
    await bench.wechatpay.post('v3/security/echo', { echo_message: 'hello', notify_url: merchant.url });
    await until(() => merchant.received.length === 1);
    expect(open()).toMatchObject({
      genuine: true,
      envelope: { event_type: 'SECURITY_ECHO.SUCCESS' },
      content: { echo_message: 'hello' },
    });
  });
});

describe.each(WALLETS)('%s scenarios', (wallet) => {
  it('notify-twice: the same message twice', async () => {
    await pay(wallet, await place[wallet]('sim:notify-twice'));
    await until(() => merchant.received.length === 2);
    const ids = merchant.received.map((notice) =>
      wallet === 'alipay' ? form(notice).notify_id : open(notice).envelope.id,
    );
    expect(ids[0]).toBe(ids[1]);
  });

  it('notify-late: ten seconds after', async () => {
    await pay(wallet, await place[wallet]('sim:notify-late'));
    await until(() => bench.clock.asleep > 0);
    bench.clock.travel(9_999);
    expect(merchant.received).toHaveLength(0);
    bench.clock.travel(1);
    await until(() => merchant.received.length === 1);
    bench.clock.travel(MORNING - bench.clock.now());
  });

  it('notify-never: not at all', async () => {
    const number = await place[wallet]('sim:notify-never');
    await pay(wallet, number);
    await pay(wallet, await place[wallet]());
    await until(() => merchant.received.length === 1);
    expect(await attempts(number)).toEqual([]);
  });

  it('notify-forged: claims payment of an unpaid order, with a signature that does not hold', async () => {
    const number = await place[wallet]('sim:notify-forged');
    await until(() => merchant.received.length === 1);
    if (wallet === 'alipay') {
      expect(form()).toMatchObject({
        out_trade_no: number,
        trade_status: 'TRADE_SUCCESS',
        total_amount: '9.90',
      });
      expect(bench.alipay.checkNotifySignV2(form())).toBe(false);
    } else {
      expect(open()).toMatchObject({
        genuine: false,
        content: { out_trade_no: number, trade_state: 'SUCCESS' },
      });
    }
    await pay(wallet, number);
    await until(() => merchant.received.length === 2);
    expect(wallet === 'alipay' ? bench.alipay.checkNotifySignV2(form()) : open().genuine).toBe(true);
  });

  it('wrong-amount and wrong-account: genuine, and not ours', async () => {
    await pay(wallet, await place[wallet]('sim:wrong-amount'));
    await until(() => merchant.received.length === 1);
    await pay(wallet, await place[wallet]('sim:wrong-account'));
    await until(() => merchant.received.length === 2);
    const [amount, account] = merchant.received;
    if (wallet === 'alipay') {
      expect(bench.alipay.checkNotifySignV2(form(amount))).toBe(true);
      expect(form(amount).total_amount).toBe('9.91');
      expect(bench.alipay.checkNotifySignV2(form(account))).toBe(true);
      expect(form(account).app_id).not.toBe(bench.env.AP_APP_ID);
    } else {
      expect(open(amount)).toMatchObject({ genuine: true, content: { amount: { total: 991 } } });
      expect(open(account).genuine).toBe(true);
      expect(open(account).content.mchid).not.toBe(bench.env.WXPAY_MCH_ID);
    }
  });
});

describe('nothing leaves this machine', () => {
  it.each(WALLETS)('an order of %s with a foreign notify URL notifies nobody', async (wallet) => {
    const number = await place[wallet]('咖啡', 'https://merchant.example/notify');
    await pay(wallet, number);
    await until(async () => (await attempts(number)).length === 1);
    expect(await attempts(number)).toEqual(['not-loopback']);
  });

  it.each([
    ['http://127.0.0.1:1/x', true],
    ['http://127.8.8.8/x', true],
    ['http://localhost/x', true],
    ['http://[::1]:8/x', true],
    ['http://127.0.0.1.example.com/', false],
    ['http://127.1@example.com/', false],
    ['http://localhost.example.com/', false],
    ['http://10.0.0.1/', false],
    ['http://0.0.0.0/', false],
    ['file:///127.0.0.1', false],
    ['nothing', false],
  ])('%s is loopback: %s', (url, expected) => {
    expect(isLoopback(url)).toBe(expected);
  });
});
