import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fen } from '../../../src/domain/money.ts';
import type { ListedTool } from '../../../src/gate/mcp/catalogue.ts';
import type { Behind, Params, Served } from '../../../src/gate/mcp/counter.ts';
import { type Answer, UpstreamLost } from '../../../src/gate/mcp/line.ts';
import { type CounterOptions, PaidCounter } from '../../../src/gate/mcp/paid-counter.ts';
import type { Price } from '../../../src/gate/prices.ts';
import { verifyAudit } from '../../../src/ledger/audit-verify.ts';
import type { PaidCallRecord } from '../../../src/ledger/records.ts';
import { chooseWallet } from '../../../src/payments/choose-wallet.ts';
import { overdueCalls } from '../../../src/payments/paid-calls/overdue.ts';
import { releaseCall } from '../../../src/payments/paid-calls/redeem.ts';
import type { Till } from '../../../src/payments/till.ts';
import { freeze } from '../../../src/policy/decisions.ts';
import { type A2m, OutcomeUnknown, ProofRefused, type ProvenCall } from '../../../src/providers/contract.ts';
import { World } from '../../support/world.ts';

const POSTER: ListedTool = {
  name: 'render-poster',
  inputSchema: {
    type: 'object',
    properties: { title: { type: 'string' }, size: { type: 'number' } },
    required: ['title'],
    additionalProperties: false,
  },
};
const PRICE: Price = {
  ...{ amountFen: fen(199), title: '海报生成', retry: false },
  ...{ a2mServiceId: undefined, skillId: undefined, skillVersion: undefined },
};
const ARGS = { title: '开业', size: 2 };
const holders = () => 'unknown' as const;

/** What stands behind the counter: it counts, and answers as it is told to. */
class Upstream implements Behind {
  readonly source = 'here';
  readonly called: Params[] = [];
  answer: () => Answer | Promise<Answer> = () => result({ content: [{ type: 'text', text: 'a poster' }] });
  tools: readonly ListedTool[] = [POSTER, { ...POSTER, name: 'render-card' }];

  async tool(name: string): Promise<ListedTool | undefined> {
    return this.tools.find((tool) => tool.name === name);
  }
  async call(params: Params): Promise<Answer> {
    this.called.push(params);
    return this.answer();
  }
}
const result = (said: Record<string, unknown>): Answer => ({ jsonrpc: '2.0', id: 1, result: said });
const lost = (reached: boolean) => () => Promise.reject(new UpstreamLost('gone', reached));

let world: World;
let till: Till;
let upstream: Upstream;
beforeEach(async () => {
  world = new World();
  till = await world.process();
  upstream = new Upstream();
});
afterEach(() => world.end());

function counter(options: Partial<CounterOptions> = {}, price: Partial<Price> = {}): PaidCounter {
  const priced = { ...PRICE, ...price };
  return new PaidCounter({
    upstream: {
      ...{ name: 'posters', refundAfterMs: 3_600_000 },
      prices: new Map([
        ['render-poster', priced],
        ['render-card', priced],
      ]),
    },
    till: async () => till,
    ...{ language: 'zh', simulated: true, ofOneClient: false, underWay: new Set() },
    pageOf: async ({ pageToken }) => `http://127.0.0.1:3921/p/${pageToken}`,
    qrImage: async (content) => Buffer.from(content).toString('base64'),
    ...options,
  });
}

interface Told {
  readonly isError?: boolean;
  readonly content: readonly { readonly type: string; readonly text: string; readonly data?: string }[];
  readonly structuredContent?: Readonly<Record<string, unknown>>;
  readonly _meta?: Readonly<Record<string, unknown>>;
  readonly resultType?: string;
}
/** What the client is told, as it is told. */
async function told(at: PaidCounter, args: object, more: object = {}): Promise<Told> {
  const served = await serve(at, args, more);
  if (!('result' in served)) throw new Error(JSON.stringify(served));
  await served.delivered?.();
  return served.result as unknown as Told;
}
const serve = (at: PaidCounter, args: object, more: object = {}): Promise<Served> =>
  at.serve({ name: 'render-poster', arguments: { ...args }, ...more }, upstream);
/** The code of an error of ours. */
const codeIn = ({ content }: Told) => /^\{"code":"(\w+)"/.exec(content[0]?.text ?? '')?.[1];
const numberIn = ({ structuredContent }: Told) => String(structuredContent?.outTradeNo);
async function recordOf(number: string): Promise<PaidCallRecord> {
  const record = await till.ledger.read((book) => book.paidCalls.get(number));
  if (!record) throw new Error('no such call');
  return record;
}
async function pay(number: string): Promise<void> {
  const { pageToken, pageNo } = await recordOf(number);
  await chooseWallet(till, holders, pageToken, 'alipay');
  world.bank.pay(pageNo);
}
/** The number of a bill that is paid. */
async function paid(at: PaidCounter, args: object = ARGS): Promise<string> {
  const number = numberIn(await told(at, args));
  await pay(number);
  return number;
}
const owed = async (number: string) => {
  const { pageNo } = await recordOf(number);
  const all = await till.ledger.read(async (book) => (await book.owed.ofOrders([pageNo])).get(pageNo) ?? []);
  return all.map(({ amountFen }) => amountFen);
};

describe('a call that is not paid for', () => {
  it('is answered with a bill, and nothing is done', async () => {
    const bill = await told(counter(), ARGS);
    expect(upstream.called).toEqual([]);
    expect(world.bank.calls).toEqual([]);
    const number = numberIn(bill);
    expect(number).toMatch(/^[A-Za-z0-9]{32}$/);
    const { pageToken } = await recordOf(number);
    const url = `http://127.0.0.1:3921/p/${pageToken}`;
    const [text, image] = bill.content;
    expect(bill.isError).toBe(true);
    for (const said of ['【模拟环境', '海报生成', '1.99 元', `[点击完成支付](${url})`, number, 'outTradeNo'])
      expect(text?.text).toContain(said);
    expect(Buffer.from(image?.data ?? '', 'base64').toString()).toBe(url);
    expect(bill.structuredContent).toMatchObject({
      x402Version: 2,
      resource: { url: 'mcp://tool/render-poster', description: '海报生成' },
      accepts: [
        {
          ...{ scheme: 'cny-order', amount: '199', asset: 'CNY', payTo: 'merchant', maxTimeoutSeconds: 900 },
          extra: { outTradeNo: number, amountYuan: '1.99', cashierUrl: url },
        },
      ],
      ...{ code: 'PAYMENT_REQUIRED', amountYuan: '1.99', currency: 'CNY', simulated: true },
    });
  });

  it('says in the trial edition that the money goes back, and nothing of it where it stays', async () => {
    const bill = async (trial: boolean) => {
      const at = counter({ simulated: false, trial });
      const [{ content, structuredContent }, refused] = [
        await told(at, ARGS),
        await told(at, { ...ARGS, outTradeNo: 'NONE' }),
      ];
      const { simulated, trial: isTrial } = structuredContent ?? {};
      const { trial: isSaid } = JSON.parse(refused.content[0]?.text ?? '');
      return [content[0]?.text?.split('\n')[0]?.slice(0, 4), simulated, isTrial, isSaid];
    };
    expect(await bill(true)).toEqual(['【体验版', false, true, true]);
    expect(await bill(false)).toEqual([expect.not.stringContaining('【'), false, undefined, undefined]);
  });

  it('is the same bill with its number, until it is paid or out of date', async () => {
    const at = counter();
    const number = numberIn(await told(at, ARGS));
    expect(numberIn(await told(at, { ...ARGS, outTradeNo: number }))).toBe(number);
    expect(numberIn(await told(at, ARGS))).not.toBe(number);
    world.clock.advance(16 * 60_000);
    const anew = await told(at, { ...ARGS, outTradeNo: number });
    expect(numberIn(anew)).not.toBe(number);
    expect(anew.content[0]?.text).toContain('已过期');
    expect(anew.structuredContent?.problem).toMatchObject({ code: 'EXPIRED' });
    expect(upstream.called).toEqual([]);
  });

  it('is told to be paid too late where it was, and by its page', async () => {
    const at = counter();
    const number = numberIn(await told(at, ARGS));
    const { pageToken, pageNo } = await recordOf(number);
    await chooseWallet(till, holders, pageToken, 'alipay');
    world.clock.advance(17 * 60_000);
    world.bank.pay(pageNo);
    for (let times = 0; times < 2; times++) {
      const anew = await told(at, { ...ARGS, outTradeNo: number });
      expect(numberIn(anew)).not.toBe(number);
      expect(anew.structuredContent?.problem).toMatchObject({ code: 'PAID_TOO_LATE' });
      expect(anew.content[0]?.text).toContain('过期后才付款，款项会原路退回');
    }
    expect(await owed(number)).toEqual([199]);
    expect(upstream.called).toEqual([]);
  });

  it('costs nothing where it could only fail', async () => {
    for (const args of [{}, { title: 7 }, { ...ARGS, other: 1 }])
      expect(codeIn(await told(counter(), args))).toBe('INVALID_ARGUMENT');
    expect(await serve(counter(), ARGS, { task: {} })).toMatchObject({ error: { code: -32_602 } });
    upstream.tools = [];
    expect(await serve(counter(), ARGS)).toMatchObject({ error: { code: -32_602 } });
    expect(await at_(counter(), 'text')).toMatchObject({ error: { code: -32_602 } });
  });

  it('is refused where nothing is sold just now', async () => {
    await till.ledger.write((book) => freeze(book, 'page', undefined));
    expect(codeIn(await told(counter(), ARGS))).toBe('FROZEN');
  });
});
const at_ = (at: PaidCounter, args: unknown) => {
  upstream.tools = [POSTER];
  return at.serve({ name: 'render-poster', arguments: args }, upstream);
};

describe('a call that is paid for', () => {
  it('is executed once, without its number, and told the same ever after', async () => {
    const at = counter();
    const number = await paid(at);
    upstream.answer = () =>
      result({ content: [{ type: 'text', text: '海报' }], structuredContent: { url: 'x' } });
    const first = await told(at, { ...ARGS, outTradeNo: number }, { _meta: { progressToken: 5 } });
    const receipt = `http://127.0.0.1:3921/p/${(await recordOf(number)).pageToken}/receipt`;
    expect(first).toEqual({
      ...{ content: [{ type: 'text', text: '海报' }], structuredContent: { url: 'x' } },
      _meta: { 'cashier/receipt': receipt },
    });
    expect(upstream.called).toEqual([
      { name: 'render-poster', arguments: ARGS, _meta: { progressToken: 5 } },
    ]);
    expect(await recordOf(number)).toMatchObject({ state: 'DELIVERED', priced: 'render-poster' });
    // In whatever order its arguments are written, wherever it is asked for.
    const again = { outTradeNo: ` ${number} `, size: 2, title: '开业' };
    expect(await told(counter(), again)).toEqual(first);
    expect(upstream.called).toHaveLength(1);
    expect(await verifyAudit(till.ledger, [])).toMatchObject({ intact: true });
  });

  it('is executed once however many show its number at once, in however many processes', async () => {
    const number = await paid(counter());
    const tills = await Promise.all([...Array(4)].map(() => world.process()));
    const counters = tills.map((own) => counter({ till: async () => own }));
    const all = await Promise.all(
      counters.flatMap((at) => [...Array(10)].map(() => told(at, { ...ARGS, outTradeNo: number }))),
    );
    expect(upstream.called).toHaveLength(1);
    const words = new Set(all.map((one) => (one.isError ? codeIn(one) : one.content[0]?.text)));
    expect([...words].sort()).toEqual(['TRY_LATER', 'a poster'].filter((word) => words.has(word)));
    expect(words.has('a poster')).toBe(true);
  });

  it('does nothing else: other arguments, another tool, another server, no number of ours', async () => {
    const at = counter();
    const number = await paid(at);
    const wrong: readonly (readonly [args: object, code: string])[] = [
      [{ ...ARGS, size: 3, outTradeNo: number }, 'IDEMPOTENCY_CONFLICT'],
      [{ title: '开业', outTradeNo: number }, 'IDEMPOTENCY_CONFLICT'],
      [{ ...ARGS, outTradeNo: 'F'.repeat(32) }, 'UNKNOWN_NUMBER'],
      [{ ...ARGS, outTradeNo: (await recordOf(number)).pageNo }, 'UNKNOWN_NUMBER'],
      [{ ...ARGS, outTradeNo: '../etc' }, 'UNKNOWN_NUMBER'],
    ];
    for (const [args, code] of wrong) expect(codeIn(await told(at, args))).toBe(code);
    const shown = { ...ARGS, outTradeNo: number };
    expect(codeIn(await told(at, shown, { name: 'render-card' }))).toBe('IDEMPOTENCY_CONFLICT');
    const elsewhere = counter({
      upstream: { name: 'other', refundAfterMs: 1, prices: new Map([['render-poster', PRICE]]) },
    });
    expect(codeIn(await told(elsewhere, shown))).toBe('IDEMPOTENCY_CONFLICT');
    expect(upstream.called).toEqual([]);
    expect((await told(at, shown)).content[0]?.text).toBe('a poster');
  });

  const OUTCOMES: readonly (readonly [
    what: string,
    answer: () => Answer | Promise<Answer>,
    price: Partial<Price>,
    told: { readonly code: string; readonly state: string; readonly back: boolean; readonly words?: string },
  ])[] = [
    [
      'an error of the tool',
      () => result({ isError: true, content: [{ type: 'text', text: 'no printer' }] }),
      {},
      { code: 'UPSTREAM_FAILED', state: 'REFUND_DUE', back: true, words: 'no printer' },
    ],
    [
      'an error of the protocol',
      () => ({ jsonrpc: '2.0', id: 1, error: { code: -32_602, message: 'bad title' } }),
      {},
      { code: 'UPSTREAM_FAILED', state: 'REFUND_DUE', back: true, words: 'bad title' },
    ],
    [
      'an end without an answer',
      lost(true),
      {},
      { code: 'UPSTREAM_FAILED', state: 'REFUND_DUE', back: true },
    ],
    ['no beginning', lost(false), {}, { code: 'UPSTREAM_FAILED', state: 'PAID', back: false }],
    [
      'an end without an answer, of what may be repeated',
      lost(true),
      { retry: true },
      { code: 'UPSTREAM_FAILED', state: 'PAID', back: false },
    ],
    [
      'more than is kept',
      () => result({ content: [{ type: 'text', text: 'x'.repeat(1024 * 1024) }] }),
      {},
      { code: 'UPSTREAM_FAILED', state: 'REFUND_DUE', back: true },
    ],
  ];
  it.each(OUTCOMES)(
    'whose end is %s is told so, and paid back unless it can still be done',
    async (_what, answer, price, expected) => {
      const at = counter({}, price);
      const number = await paid(at);
      upstream.answer = answer;
      const shown = { ...ARGS, outTradeNo: number };
      const failed = await told(at, shown);
      expect(failed.isError).toBe(true);
      expect(codeIn(failed)).toBe(expected.code);
      if (expected.words !== undefined) expect(failed.content[1]?.text).toBe(expected.words);
      expect(failed.content[0]?.text).not.toContain('printer');
      expect(await recordOf(number)).toMatchObject({ state: expected.state });
      expect(await owed(number)).toEqual(expected.back ? [199] : []);
      upstream.answer = new Upstream().answer;
      const after = await told(at, shown);
      if (expected.back) expect(codeIn(after)).toBe('REFUNDED');
      else expect(after.content[0]?.text).toBe('a poster');
      expect(await owed(number)).toEqual(expected.back ? [199] : []);
    },
  );

  it('goes on when the upstream has asked the client something', async () => {
    const at = counter();
    const shown = { ...ARGS, outTradeNo: await paid(at) };
    const question = { resultType: 'input_required', inputRequests: { a: {} }, requestState: 's' };
    upstream.answer = () => result(question);
    expect(await told(at, shown)).toEqual(question);
    upstream.answer = new Upstream().answer;
    const round = { requestState: 's', inputResponses: { a: { action: 'accept' } } };
    expect((await told(at, shown, round)).content[0]?.text).toBe('a poster');
    expect(upstream.called.at(-1)).toEqual({ name: 'render-poster', arguments: ARGS, ...round });
    expect((await told(at, shown)).content[0]?.text).toBe('a poster');
    expect(upstream.called).toHaveLength(2);
  });

  describe('of whose client the upstream has asked something', () => {
    const question = { resultType: 'input_required', inputRequests: { a: {} }, requestState: 's' };
    const round = { requestState: 's', inputResponses: { a: { action: 'accept' } } };
    async function asked(at: PaidCounter) {
      const number = await paid(at);
      const shown = { ...ARGS, outTradeNo: number };
      upstream.answer = () => result(question);
      expect(await told(at, shown)).toEqual(question);
      upstream.answer = new Upstream().answer;
      return { number, shown };
    }

    it('is not executed after its money went back', async () => {
      const at = counter();
      const { number, shown } = await asked(at);
      world.clock.advance(7 * 60_000);
      await overdueCalls(till);
      expect(codeIn(await told(at, shown, round))).toBe('REFUNDED');
      expect(await owed(number)).toEqual([199]);
      expect(upstream.called).toHaveLength(1);
    });

    it('is not executed when its money goes back otherwise', async () => {
      const at = counter();
      const { number, shown } = await asked(at);
      const { pageNo } = await recordOf(number);
      await till.ledger.write(async (book) => {
        const order = await book.orders.get(pageNo);
        if (order) await book.orders.patch(order, { gatewayRefunded: fen(199) });
      });
      expect(codeIn(await told(at, shown, round))).toBe('REFUNDED');
      expect(upstream.called).toHaveLength(1);
    });

    it('is not paid back while it goes on, however late the client has answered', async () => {
      for (const answeredAfterMs of [4.5 * 60_000, 7 * 60_000]) {
        const at = counter();
        const { number, shown } = await asked(at);
        world.clock.advance(answeredAfterMs);
        upstream.answer = async () => {
          world.clock.advance(90_000);
          await overdueCalls(till);
          return new Upstream().answer();
        };
        expect((await told(at, shown, round)).content[0]?.text).toBe('a poster');
        expect(await recordOf(number)).toMatchObject({ state: 'DELIVERED' });
        expect(await owed(number)).toEqual([]);
      }
      expect(await verifyAudit(till.ledger, [])).toMatchObject({ intact: true });
    });

    it('is told what another process has got for it meanwhile', async () => {
      const at = counter({}, { retry: true });
      const { shown } = await asked(at);
      world.clock.advance(7 * 60_000);
      const own = await world.process();
      const other = counter({ till: async () => own }, { retry: true });
      expect((await told(other, shown)).content[0]?.text).toBe('a poster');
      expect((await told(at, shown, round)).content[0]?.text).toBe('a poster');
      expect(upstream.called).toHaveLength(2);
    });

    it('goes on once, however often the client answers', async () => {
      const at = counter();
      const { shown } = await asked(at);
      const all = await Promise.all([...Array(5)].map(() => told(at, shown, round)));
      expect(new Set(all.map((one) => codeIn(one) ?? one.content[0]?.text))).toContain('a poster');
      expect(upstream.called).toHaveLength(2);
    });
  });

  it('whose claim is lost while it is executed is claimed anew', async () => {
    const at = counter({}, { retry: true });
    const number = await paid(at);
    upstream.answer = async () => {
      upstream.answer = new Upstream().answer;
      // As another process that has begun it, and reached nothing.
      await releaseCall(till, await recordOf(number));
      return result({ content: [{ type: 'text', text: 'too late' }] });
    };
    expect((await told(at, { ...ARGS, outTradeNo: number })).content[0]?.text).toBe('a poster');
    expect(await recordOf(number)).toMatchObject({ state: 'DELIVERED' });
  });
});

describe("x402's members", () => {
  it('show the number as well, are kept from the upstream, and are answered', async () => {
    const at = counter();
    const bill = await told(at, ARGS);
    const number = numberIn(bill);
    await pay(number);
    const [accepted] = (bill.structuredContent?.accepts ?? []) as readonly object[];
    const payment = { x402Version: 2, accepted, payload: { outTradeNo: number } };
    const meta = { _meta: { 'x402/payment': payment, 'com.example/trace': 1 } };
    const done = await told(at, ARGS, meta);
    expect(done._meta?.['x402/payment-response']).toMatchObject({ success: true, transaction: number });
    expect(upstream.called).toEqual([
      { name: 'render-poster', arguments: ARGS, _meta: { 'com.example/trace': 1 } },
    ]);
    expect(codeIn(await told(at, { ...ARGS, size: 9 }, meta))).toBe('IDEMPOTENCY_CONFLICT');
  });
});

describe('a wallet of an agent', () => {
  const trades = new Map<string, ProvenCall>();
  const a2m: A2m = {
    hasService: true,
    bill: ({ outTradeNo, resourceId }) => `needed ${outTradeNo} ${resourceId}`,
    readProof: (header) => ({ tradeNo: header, digest: header }),
    async verifyProof({ tradeNo }) {
      if (tradeNo === 'silent') throw new OutcomeUnknown('timeout');
      const trade = trades.get(tradeNo);
      if (!trade) throw new ProofRefused('not-found');
      return trade;
    },
    confirmFulfilment: async () => 'confirmed',
    validation: () => '',
  };
  const x402 = { preorder: async () => 'code-1' };
  beforeEach(() => {
    const providers = [...till.providers.values()].map((one) => [one.id, { ...one, a2m, x402 }] as const);
    till = { ...till, providers: new Map(providers) };
  });
  const show = (paymentProof: string) => ({ _meta: { 'x402/payment': { payload: { paymentProof } } } });

  it('pays by its proof, which buys this call and no other', async () => {
    const at = counter();
    const number = numberIn(await told(at, ARGS));
    const { proofNo = '' } = await recordOf(number);
    const ways = (await told(at, { ...ARGS, outTradeNo: number })).structuredContent?.accepts;
    expect(ways).toContainEqual(
      expect.objectContaining({
        ...{ scheme: 'a2m', amount: '199', asset: 'CNY' },
        extra: { paymentNeeded: `needed ${proofNo} mcp://tool/render-poster` },
      }),
    );
    trades.set('T1', {
      outTradeNo: proofNo,
      tradeNo: 'T1',
      amountFen: fen(199),
      resourceId: 'mcp://tool/render-poster',
    });
    expect(codeIn(await told(at, { ...ARGS, size: 3 }, show('T1')))).toBe('IDEMPOTENCY_CONFLICT');
    const done = await told(at, ARGS, show('T1'));
    expect(done.content[0]?.text).toBe('a poster');
    expect(done._meta?.['x402/payment-response']).toMatchObject({ success: true });
    expect(await told(at, ARGS, show('T1'))).toEqual(done);
    expect(upstream.called).toHaveLength(1);
  });

  it('that has paid too late is told so, and nobody else is asked', async () => {
    const at = counter();
    const number = numberIn(await told(at, ARGS));
    const { proofNo = '' } = await recordOf(number);
    const resourceId = 'mcp://tool/render-poster';
    trades.set('T2', { outTradeNo: proofNo, tradeNo: 'T2', amountFen: fen(199), resourceId });
    world.clock.advance(17 * 60_000);
    for (let times = 0; times < 2; times++) {
      const anew = await told(at, ARGS, show('T2'));
      expect(anew.structuredContent?.problem).toMatchObject({ code: 'PAID_TOO_LATE' });
    }
    const shown = await told(at, { ...ARGS, outTradeNo: number });
    expect(shown.structuredContent?.problem).toMatchObject({ code: 'PAID_TOO_LATE' });
    const back = await till.ledger.read((book) => book.owed.ofOrders([proofNo]));
    expect(back.get(proofNo)).toMatchObject([{ amountFen: 199, why: 'paid-twice' }]);
    expect([upstream.called, world.bank.calls]).toEqual([[], []]);
  });

  it('that shows what buys nothing gets a bill, and where nobody can say, no answer', async () => {
    const refused = await told(counter(), ARGS, show('T9'));
    expect(refused.structuredContent?.code).toBe('PAYMENT_REQUIRED');
    expect(refused.content[0]?.text).toContain('证明');
    expect(codeIn(await told(counter(), ARGS, show('silent')))).toBe('OUTCOME_UNKNOWN');
    expect(upstream.called).toEqual([]);
  });

  it('is given a code to pay by, where the price names a skill', async () => {
    const bill = await told(counter({}, { skillId: 'poster' }), ARGS);
    const number = numberIn(bill);
    expect(bill.structuredContent?.accepts).toContainEqual(
      expect.objectContaining({
        ...{ scheme: 'weixinpay-x402' },
        extra: { outTradeNo: number, paymentCode: 'code-1' },
      }),
    );
    expect(bill.structuredContent?.WeixinPay).toMatchObject({ 'WeixinPay-Required': 'code-1' });
    expect(bill.content[0]?.text).toContain('code-1');
    expect((await told(counter(), ARGS)).content[0]?.text).not.toContain('paymentCode');
  });
});

describe('the one client on stdio', () => {
  it('need not repeat the number until the result is delivered; then it is another call', async () => {
    const at = counter({ ofOneClient: true });
    const number = numberIn(await told(at, ARGS));
    expect(numberIn(await told(at, ARGS))).toBe(number);
    await pay(number);
    const served = await serve(at, { size: 2, title: '开业' });
    // It was made, and did not reach the client.
    expect(served).toMatchObject({ result: { content: [{ text: 'a poster' }] } });
    expect((await told(at, ARGS)).content[0]?.text).toBe('a poster');
    expect(upstream.called).toHaveLength(1);
    const next = await told(at, ARGS);
    expect(next.isError).toBe(true);
    expect(numberIn(next)).not.toBe(number);
    expect((await told(at, { ...ARGS, outTradeNo: number })).content[0]?.text).toBe('a poster');
  });

  it('is nobody over HTTP', async () => {
    const at = counter();
    await paid(at);
    expect((await told(at, ARGS)).isError).toBe(true);
    expect(upstream.called).toEqual([]);
  });

  it('buys anew after the money went back', async () => {
    const at = counter({ ofOneClient: true });
    const number = await paid(at);
    upstream.answer = lost(true);
    expect(codeIn(await told(at, ARGS))).toBe('UPSTREAM_FAILED');
    expect(codeIn(await told(at, ARGS))).toBe('REFUNDED');
    expect(numberIn(await told(at, ARGS))).not.toBe(number);
  });
});
