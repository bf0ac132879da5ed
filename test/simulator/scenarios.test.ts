import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SCENARIOS } from '../../src/simulator/scenarios.ts';
import { tokensIn } from '../../src/simulator/tokens.ts';
import { answered, type Bench, controlOf, freshNumber, MORNING, openBench, until } from './bench.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());
afterEach(() => controlOf(bench.simulator, 'DELETE', 'faults'));

const WALLETS = ['alipay', 'wechatpay'] as const;
type Wallet = (typeof WALLETS)[number];

/** One word for what a careful client makes of an answer: `ok`, a signed refusal's code, or how the exchange failed. */
type Outcome = { readonly word: string; readonly data: Record<string, unknown> };

/** The simulator as a merchant's careful server uses it, the same five calls for both wallets. */
interface Counter {
  create(number: string, title: string): Promise<Outcome>;
  query(number: string): Promise<Outcome>;
  close(number: string): Promise<Outcome>;
  refund(number: string, refundNumber: string, reason?: string): Promise<Outcome>;
  queryRefund(number: string, refundNumber: string): Promise<Outcome>;
}

const counters: Readonly<Record<Wallet, Counter>> = {
  alipay: {
    create: (out_trade_no, subject) => alipay('precreate', { out_trade_no, subject, total_amount: '9.90' }),
    query: (out_trade_no) => alipay('query', { out_trade_no }),
    close: (out_trade_no) => alipay('close', { out_trade_no }),
    refund: (out_trade_no, out_request_no, refund_reason) =>
      alipay('refund', { out_trade_no, out_request_no, refund_reason, refund_amount: '3.30' }),
    queryRefund: (out_trade_no, out_request_no) =>
      alipay('fastpay.refund.query', { out_trade_no, out_request_no }),
  },
  wechatpay: {
    create: (out_trade_no, description) =>
      wechatpay('POST', 'v3/pay/transactions/native', {
        appid: bench.env.WXPAY_APP_ID,
        mchid: bench.env.WXPAY_MCH_ID,
        notify_url: bench.env.WXPAY_NOTIFY_URL,
        amount: { total: 990 },
        out_trade_no,
        description,
      }),
    query: (number) =>
      wechatpay('GET', `v3/pay/transactions/out-trade-no/${number}?mchid=${bench.env.WXPAY_MCH_ID}`),
    close: (number) =>
      wechatpay('POST', `v3/pay/transactions/out-trade-no/${number}/close`, {
        mchid: bench.env.WXPAY_MCH_ID,
      }),
    refund: (out_trade_no, out_refund_no, reason) =>
      wechatpay('POST', 'v3/refund/domestic/refunds', {
        ...{ out_trade_no, out_refund_no, reason },
        amount: { refund: 330, total: 990, currency: 'CNY' },
      }),
    queryRefund: (_number, refundNumber) => wechatpay('GET', `v3/refund/domestic/refunds/${refundNumber}`),
  },
};

/** Sent once (the SDK itself repeats a cut call), signed and verified by the SDK. */
async function alipay(method: string, bizContent: Record<string, unknown>): Promise<Outcome> {
  const url = bench.alipay.pageExecute(`alipay.trade.${method}`, 'GET', { bizContent });
  const response = await fetch(url, { method: 'POST' }).catch(() => undefined);
  if (response?.status !== 200) return { word: response ? `http ${response.status}` : 'cut', data: {} };
  const text = await response.text();
  if (!text.startsWith('{')) return { word: 'garbage', data: {} };
  const node = `alipay_trade_${method.replaceAll('.', '_')}_response`;
  const { [node]: data, sign } = JSON.parse(text);
  if (!sign) return { word: 'unsigned', data: {} };
  try {
    bench.alipay.checkResponseSign(text, node, sign, '');
  } catch {
    return { word: 'bad signature', data: {} };
  }
  return { word: data.code === '10000' ? 'ok' : data.sub_code, data };
}

async function wechatpay(method: string, url: string, body?: unknown): Promise<Outcome> {
  try {
    const { status, data, headers } = await answered(bench.wechatpay.request({ method, url, data: body }));
    if (status === 502) return { word: 'http 502', data: {} };
    if (status < 300) return { word: 'ok', data };
    return { word: headers['wechatpay-signature'] ? data.code : 'unsigned', data };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    return { word: WORDS[code] ?? code, data: {} };
  }
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNRESET: 'cut',
  EV3_RES_HEADERS_INCOMPLATE: 'unsigned',
  EV3_RES_HEADER_SIGNATURE_DIGEST: 'bad signature',
  EV3_RES_HEADER_TIMESTAMP_OFFSET: 'stale',
};

const pay = (provider: Wallet, outTradeNo: string, more: object = {}) =>
  controlOf(bench.simulator, 'POST', 'pay', { provider, outTradeNo, ...more });

/** Places an order and has it paid. */
async function paidOrder(wallet: Wallet, title = '咖啡'): Promise<string> {
  const number = freshNumber();
  await counters[wallet].create(number, title);
  expect((await pay(wallet, number)).status).toBe(200);
  return number;
}

/** Refunds that the gateway has on its books for an order. */
async function refundsOf(number: string) {
  const { value } = await controlOf(bench.simulator, 'GET', 'trades');
  return value.trades.find((trade) => trade.outTradeNo === number)?.refunds ?? [];
}

/** Whether a create call left something that can be paid. */
const isPlaced = async (wallet: Wallet, number: string) => (await pay(wallet, number)).status === 200;

/** What a create or refund call with the token answers: word for Alipay, word for WeChat Pay, and whether it was done. */
const FAULTS: [token: string, alipay: string, wechatpay: string, done: boolean][] = [
  ['lost-before', 'cut', 'cut', false],
  ['lost-after', 'cut', 'cut', true],
  ['declined', 'ACQ.ACCESS_FORBIDDEN', 'NO_AUTH', false],
  ['unsigned-decline', 'unsigned', 'unsigned', false],
  ['system-error', 'ACQ.SYSTEM_ERROR', 'SYSTEM_ERROR', false],
  ['system-error-done', 'ACQ.SYSTEM_ERROR', 'SYSTEM_ERROR', true],
  ['rate-limited', 'unsigned', 'FREQUENCY_LIMITED', false],
  ['rate-limited-done', 'unsigned', 'FREQUENCY_LIMITED', true],
  ['forged-answer', 'bad signature', 'bad signature', true],
  ['unsigned-answer', 'unsigned', 'unsigned', true],
  ['garbage', 'garbage', 'unsigned', true],
  ['http-502', 'http 502', 'http 502', true],
];

describe.each(WALLETS)('%s: faults of an answer', (wallet) => {
  const counter = counters[wallet];
  const faults = FAULTS.map(([token, ofAlipay, ofWechatpay, done]) => ({
    token,
    word: wallet === 'alipay' ? ofAlipay : ofWechatpay,
    done,
  }));

  it.each(faults)('create with $token answers "$word", done: $done; counted ones only once', async (row) => {
    const number = freshNumber();
    const title = `咖啡 sim:${row.token}`;
    expect((await counter.create(number, title)).word).toBe(row.word);
    expect(await isPlaced(wallet, number)).toBe(row.done);
    const second = freshNumber();
    await counter.create(second, title);
    const lasting = ['declined', 'unsigned-decline'].includes(row.token);
    expect((await counter.create(second, title)).word).toBe(lasting ? row.word : 'ok');
  });

  it.each(faults)('refund with $token is done: $done, and the same number refunds once', async (row) => {
    const number = await paidOrder(wallet);
    const reason = `sim:${row.token}`;
    const first = await counter.refund(number, `${number}R`, reason);
    const expected = row.word === 'NO_AUTH' ? 'REQUEST_BLOCKED' : row.word;
    expect(first.word).toBe(expected);
    expect(await refundsOf(number)).toHaveLength(row.done ? 1 : 0);
    if (row.token === 'declined' || row.token === 'unsigned-decline') return;
    expect((await counter.refund(number, `${number}R`, reason)).word).toBe('ok');
    expect(await refundsOf(number)).toHaveLength(1);
  });

  it.each([
    ['lost-create-before', false],
    ['lost-create-after', true],
  ])('%s steers the first create only', async (token, done) => {
    const number = freshNumber();
    expect((await counter.create(number, `sim:${token}`)).word).toBe('cut');
    if (wallet === 'wechatpay')
      expect((await counter.query(number)).word).toBe(done ? 'ok' : 'ORDER_NOT_EXIST');
    expect((await counter.create(number, `sim:${token}`)).word).toBe('ok');
  });

  it.each([
    ['refund-lost-before', 0],
    ['refund-lost-after', 1],
  ])('%s in the title or the reason steers the first refund only', async (token, effects) => {
    for (const [title, reason] of [
      [`sim:${token}`, '不要了'],
      ['咖啡', `sim:${token}`],
    ]) {
      const number = await paidOrder(wallet, title);
      expect((await counter.refund(number, `${number}R`, reason)).word).toBe('cut');
      expect(await refundsOf(number)).toHaveLength(effects);
      expect((await counter.refund(number, `${number}R`, reason)).word).toBe('ok');
    }
  });

  it('slow answers after three seconds, and truly', async () => {
    const number = freshNumber();
    const waiting = counter.create(number, 'sim:slow');
    await until(() => bench.clock.asleep > 0);
    bench.clock.travel(3_000);
    expect((await waiting).word).toBe('ok');
  });

  it('balance: refused until it is topped up, with the same number', async () => {
    const number = await paidOrder(wallet);
    const { word } = await counter.refund(number, `${number}R`, 'sim:balance*1');
    expect(word).toBe(wallet === 'alipay' ? 'ACQ.SELLER_BALANCE_NOT_ENOUGH' : 'NOT_ENOUGH');
    expect((await counter.refund(number, `${number}R`, 'sim:balance*1')).word).toBe('ok');
  });

  it('unsigned-not-exist: a paid order and a done refund are denied without a signature', async () => {
    const number = await paidOrder(wallet, 'sim:unsigned-not-exist');
    expect((await counter.query(number)).word).toBe('unsigned');
    await counter.refund(number, `${number}R`, 'sim:unsigned-not-exist');
    expect((await counter.queryRefund(number, `${number}R`)).word).toBe('unsigned');
    expect(await refundsOf(number)).toHaveLength(1);
  });

  it.each(['query', 'close', 'refund', 'query-refund'])(
    'a token may name %s, and how often',
    async (operation) => {
      const number = await paidOrder(wallet, `sim:lost-before@${operation}*2`);
      const calls: Record<string, () => Promise<Outcome>> = {
        query: () => counter.query(number),
        close: () => counter.close(number),
        refund: () => counter.refund(number, `${number}R`),
        'query-refund': () => counter.queryRefund(number, `${number}R`),
      };
      if (operation === 'query-refund') await counter.refund(number, `${number}R`);
      for (const expected of ['cut', 'cut']) expect((await calls[operation]?.())?.word).toBe(expected);
      expect((await calls[operation]?.())?.word).not.toBe('cut');
    },
  );
});

describe.each(WALLETS)('%s: what happens to orders and refunds', (wallet) => {
  const counter = counters[wallet];

  it('auto-pay: paid at once', async () => {
    const number = freshNumber();
    await counter.create(number, 'sim:auto-pay');
    const { data } = await counter.query(number);
    expect(data.trade_status ?? data.trade_state).toBe(wallet === 'alipay' ? 'TRADE_SUCCESS' : 'SUCCESS');
  });

  it('unknown-word: a trade state and a refund status nobody documented', async () => {
    const number = await paidOrder(wallet, 'sim:unknown-word');
    const trade = (await counter.query(number)).data;
    expect(trade.trade_status ?? trade.trade_state).toMatch(/PONDERING$/);
    await counter.refund(number, `${number}R`, 'sim:unknown-word');
    const refund = (await counter.queryRefund(number, `${number}R`)).data;
    expect(refund.refund_status ?? refund.status).toMatch(/PONDERING$/);
  });

  it('wrong-amount: one fen more in trade and refund', async () => {
    const number = await paidOrder(wallet, 'sim:wrong-amount');
    const trade = (await counter.query(number)).data;
    expect(trade.total_amount ?? trade.amount).toEqual(
      wallet === 'alipay' ? '9.91' : expect.objectContaining({ total: 991 }),
    );
    await counter.refund(number, `${number}R`, 'sim:wrong-amount');
    const refund = (await counter.queryRefund(number, `${number}R`)).data;
    expect(refund.refund_amount ?? refund.amount).toEqual(
      wallet === 'alipay' ? '3.31' : expect.objectContaining({ refund: 331 }),
    );
  });

  it('pay-after-close: the payer wins although the merchant closed', async () => {
    for (const [title, status] of [
      ['sim:pay-after-close', 200],
      ['咖啡', 409],
    ] as const) {
      const number = freshNumber();
      const { data } = await counter.create(number, title);
      const code = String(data.qr_code ?? data.code_url);
      await fetch(`${bench.simulator.origin}/scan?code=${encodeURIComponent(code)}`);
      expect((await counter.close(number)).word).toBe('ok');
      expect((await pay(wallet, number)).status).toBe(status);
    }
  });

  it('pay-after-close: also after the order is over', async () => {
    const number = freshNumber();
    await counter.create(number, 'sim:pay-after-close');
    bench.clock.travel(8 * 86_400_000);
    expect((await pay(wallet, number)).status).toBe(200);
    bench.clock.travel(MORNING - bench.clock.now());
  });

  it('refund-processing: stays so', async () => {
    const number = await paidOrder(wallet);
    const first = (await counter.refund(number, `${number}R`, 'sim:refund-processing')).data;
    expect(first.fund_change ?? first.status).toBe(wallet === 'alipay' ? 'N' : 'PROCESSING');
    bench.clock.travel(86_400_000);
    const later = (await counter.queryRefund(number, `${number}R`)).data;
    expect(later.refund_status ?? later.status).toBe(wallet === 'alipay' ? undefined : 'PROCESSING');
    bench.clock.travel(MORNING - bench.clock.now());
  });
});

describe('one gateway only', () => {
  it.each([
    ['refund-closed', 'CLOSED', 990],
    ['refund-abnormal', 'ABNORMAL', 660],
  ])('WeChat Pay %s: ends %s; of 990 fen %i may be refunded still', async (token, status, left) => {
    const number = await paidOrder('wechatpay');
    await counters.wechatpay.refund(number, `${number}R`, `sim:${token}`);
    bench.clock.travel(60_000);
    expect((await counters.wechatpay.queryRefund(number, `${number}R`)).data.status).toBe(status);
    const refund = (amount: number) =>
      wechatpay('POST', 'v3/refund/domestic/refunds', {
        out_trade_no: number,
        out_refund_no: `${number}S`,
        amount: { refund: amount, total: 990, currency: 'CNY' },
      });
    expect((await refund(left + 1)).word).toBe('INVALID_REQUEST');
    expect((await refund(left)).word).toBe('ok');
    bench.clock.travel(MORNING - bench.clock.now());
  });

  it.each([
    ['stale-answer', 'stale'],
    ['signtest', 'bad signature'],
  ])('WeChat Pay %s: "%s", once', async (token, word) => {
    const number = freshNumber();
    expect((await counters.wechatpay.create(number, `sim:${token}`)).word).toBe(word);
    expect((await counters.wechatpay.create(number, `sim:${token}`)).word).toBe('ok');
  });

  it('WeChat Pay wrong-account: another merchant in the query', async () => {
    const number = await paidOrder('wechatpay', 'sim:wrong-account');
    const { word, data } = await counters.wechatpay.query(number);
    expect(word).toBe('ok');
    expect(data.mchid).not.toBe(bench.env.WXPAY_MCH_ID);
  });

  it('Alipay fund-change-n: done, but answered N', async () => {
    const number = await paidOrder('alipay');
    expect((await counters.alipay.refund(number, 'R1', 'sim:fund-change-n')).data).toMatchObject({
      fund_change: 'N',
      refund_fee: '3.30',
    });
    expect((await counters.alipay.queryRefund(number, 'R1')).data.refund_status).toBe('REFUND_SUCCESS');
  });

  it('Alipay links: auto-pay and declined act when the payer opens them', async () => {
    const open = async (subject: string) => {
      const bizContent = { out_trade_no: freshNumber(), total_amount: '9.90', subject };
      return (await fetch(bench.alipay.pageExecute('alipay.trade.page.pay', 'GET', { bizContent }))).text();
    };
    expect(await open('sim:auto-pay')).toContain('支付成功');
    expect(await open('sim:declined')).toContain('ACQ.ACCESS_FORBIDDEN');
  });
});

describe('an Alipay link with pay-after-close', () => {
  it('can be opened and paid although it is over', async () => {
    const paid = async (subject: string) => {
      const time_expire = '2026-11-21 09:00:00';
      const bizContent = { out_trade_no: freshNumber(), total_amount: '9.90', subject, time_expire };
      const code = bench.alipay.pageExecute('alipay.trade.wap.pay', 'GET', { bizContent });
      return (await controlOf(bench.simulator, 'POST', 'pay', { code })).status;
    };
    expect(await paid('sim:pay-after-close')).toBe(200);
    expect(await paid('咖啡')).toBe(409);
  });
});

describe('the control API', () => {
  it('orders faults by wallet, operation, number and times', async () => {
    const [steered, other] = [freshNumber(), freshNumber()];
    const fault = {
      provider: 'wechatpay',
      operation: 'query',
      scenario: 'http-502',
      times: 2,
      outTradeNo: steered,
    };
    for (const number of [steered, other]) await counters.wechatpay.create(number, '咖啡');
    expect((await controlOf(bench.simulator, 'POST', 'faults', fault)).status).toBe(201);
    expect((await counters.wechatpay.query(other)).word).toBe('ok');
    for (const word of ['http 502', 'http 502', 'ok'])
      expect((await counters.wechatpay.query(steered)).word).toBe(word);
    expect((await controlOf(bench.simulator, 'GET', 'faults')).value.faults).toMatchObject([
      { timesLeft: 0 },
    ]);
    expect((await controlOf(bench.simulator, 'DELETE', 'faults')).value).toEqual({ removed: 1 });
  });

  it('without operation a fault steers what its token would', async () => {
    await controlOf(bench.simulator, 'POST', 'faults', { scenario: 'lost-after', times: 1 });
    const number = freshNumber();
    expect((await counters.alipay.query(number)).word).toBe('ACQ.TRADE_NOT_EXIST');
    expect((await counters.alipay.create(number, '咖啡')).word).toBe('cut');
    expect((await counters.alipay.create(number, '咖啡')).word).toBe('ok');
  });

  it.each([
    { scenario: 'nonsense' },
    { scenario: 'slow', operation: 'x' },
    { scenario: 'slow', times: 0 },
    {},
    'x',
  ])('refuses the fault %j', async (fault) => {
    expect((await controlOf(bench.simulator, 'POST', 'faults', fault)).status).toBe(400);
  });

  it('logs gateway calls, with the same digest for the same bytes', async () => {
    const number = freshNumber();
    await counters.wechatpay.create(number, 'sim:lost-create-before');
    await counters.wechatpay.create(number, 'sim:lost-create-before');
    await counters.wechatpay.query(number);
    const { value } = await controlOf(bench.simulator, 'GET', 'requests');
    const calls = value.requests.filter((request) => request.outTradeNo === number);
    expect(calls).toMatchObject([
      {
        provider: 'wechatpay',
        operation: 'create',
        fault: 'cut',
        carriedOut: false,
        at: '2026-11-21T10:00:00+08:00',
      },
      { provider: 'wechatpay', operation: 'create', carriedOut: true },
      { provider: 'wechatpay', operation: 'query', carriedOut: true },
    ]);
    expect(calls[0]?.bodyDigest).toBe(calls[1]?.bodyDigest);
    expect(calls[0]?.bodyDigest).toMatch(/^[0-9a-f]{64}$/);
  });

  it('cannot pay what it does not know', async () => {
    expect((await pay('alipay', 'nobodys')).status).toBe(409);
    expect((await controlOf(bench.simulator, 'POST', 'pay', { code: 'weixin://nothing' })).status).toBe(409);
  });
});

describe('the table', () => {
  it('has a row for each name, in both languages', () => {
    const names = SCENARIOS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, zh, en, providers } of SCENARIOS) {
      expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(zh).toMatch(/[\u4e00-\u9fff]|^\d/);
      expect(en.length).toBeGreaterThan(3);
      expect(providers).not.toEqual([]);
    }
  });

  it('reads several tokens, and overlooks what is none', () => {
    const read = (text: string) => tokensIn(text, 'onTitle', 'alipay').map(({ text: written }) => written);
    expect(read('咖啡 sim:auto-pay sim:notify-twice')).toEqual(['sim:auto-pay', 'sim:notify-twice']);
    expect(read('sim:slow@query*3，sim:nonsense sim:')).toEqual(['sim:slow@query*3']);
    expect(read('sim:refund-closed')).toEqual([]);
  });
});
