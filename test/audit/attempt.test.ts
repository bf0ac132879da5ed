import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import type { AuditRecord } from '../../src/ledger/records.ts';
import { attempt } from '../../src/payments/attempt.ts';
import { closePayment } from '../../src/payments/close-payment.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import type { Errand, Till } from '../../src/payments/till.ts';
import { accept, CALL, payment, refund, World } from '../support/world.ts';
import { create, POLICY } from './busy-shop.ts';

let world: World;
let till: Till;
beforeEach(async () => {
  world = new World(3);
  till = await world.process();
  await accept(till, POLICY);
});
afterEach(() => world.end());

async function trail(): Promise<AuditRecord[]> {
  return (await till.ledger.read((book) => book.audit.after(0, 1_000))).filter(
    ({ tool }) => tool !== undefined,
  );
}
const kinds = async () => (await trail()).map(({ kind }) => kind);
async function called(): Promise<AuditRecord> {
  const [call, ...more] = (await trail()).filter(({ kind }) => kind === 'call');
  if (!call || more.length > 0) throw new Error(`${more.length + 1} calls`);
  return call;
}

describe('one attempt', () => {
  it('is recorded once, before the gateway hears anything', async () => {
    let before: string[] = [];
    world.bank.delay = async () => {
      before = await kinds();
    };
    await create(till, { outTradeNo: 'ORDER_1' });
    expect(before).toEqual(['call', 'order-created', 'order-sent']);
    const records = await trail();
    expect(records.map(({ kind }) => kind)).toEqual([...before, 'order-notpay', 'result']);
    expect(new Set(records.map(({ call }) => call)).size).toBe(1);
    expect(new Set(records.map(({ caller }) => caller))).toEqual(new Set(['cursor']));
  });

  it.each([
    ['a refund that asks whether the order is paid', 'refuse', 'ORDER_1'],
    ["a refund of another system's order", 'allow', 'SHOP_0001'],
    ["a close of another system's order", 'allow', 'SHOP_0001'],
  ] as const)('%s is recorded before that question', async (what, foreignOrders, outTradeNo) => {
    await create(till, { outTradeNo: 'ORDER_1' });
    const made = (await trail()).length;
    let before: AuditRecord[] = [];
    world.bank.delay = async () => {
      before = before.length > 0 ? before : (await trail()).slice(made);
    };
    const open = { ...till, foreignOrders };
    const run = ({ till: recorded }: Errand): Promise<unknown> =>
      what.startsWith('a close')
        ? closePayment(recorded, CALL, { outTradeNo })
        : refundPayment(recorded, CALL, refund({ outTradeNo }));
    const refused = attempt(open, CALL, { tool: 'some-tool', args: {}, meta: undefined }, run, () => ({}));
    await expect(refused).rejects.toThrow();
    expect(before.map(({ kind }) => kind)).toEqual(['call']);
    expect((await trail()).slice(made).filter(({ kind }) => kind === 'call')).toHaveLength(1);
  });

  it('that is refused has call and result, with rule, limit and use, and nothing else', async () => {
    await expect(create(till, { outTradeNo: 'ORDER_1', amountFen: fen(5001) })).rejects.toThrow();
    const [call, result, ...more] = await trail();
    expect(more).toEqual([]);
    expect(call).toMatchObject({ kind: 'call', outTradeNo: 'ORDER_1' });
    expect(result).toMatchObject({
      kind: 'result',
      outTradeNo: 'ORDER_1',
      detail: { code: 'POLICY_DENIED', rule: 'payments.maxYuan', limit: '50.00', used: '50.01' },
    });
  });

  it('whose writes run side by side is recorded once and first, also when the first of them throws', async () => {
    await attempt(
      till,
      CALL,
      { tool: 'create-payment', args: {}, meta: undefined },
      async ({ till: { ledger } }) => {
        // One that turns out to have nothing to write announces nothing.
        expect(await ledger.write((book) => book.meta('realm'))).toBe('simulator');
        expect(await kinds()).toEqual([]);
        const writes = [0, 1, 2].map((i) =>
          ledger.write(async (book) => {
            if (i === 0) throw new Error('no');
            await book.audit.append({ kind: 'operator-unfroze', detail: { via: `write ${i}` } });
          }),
        );
        expect((await Promise.allSettled(writes)).map(({ status }) => status)).toEqual([
          'rejected',
          'fulfilled',
          'fulfilled',
        ]);
      },
      () => ({}),
    );
    const written = (await trail()).map(({ kind, detail }) => detail.via ?? kind);
    expect(written).toEqual(['call', 'write 1', 'write 2', 'result']);
  });

  it('has its result with the last thing it commits, where that is its answer', async () => {
    const { write } = Ledger.prototype;
    const commits: string[][] = [];
    const spied = vi.spyOn(Ledger.prototype, 'write').mockImplementation(async function (
      this: Ledger,
      work: never,
    ) {
      const before = await kinds();
      const result = await write.call(this, work);
      commits.push((await kinds()).slice(before.length));
      return result;
    } as never);
    await create(till, { buyer: 'buyer-4711' });
    await create(till, { buyer: 'buyer-4711' });
    spied.mockRestore();
    expect(commits).toEqual([
      ['call', 'order-created', 'order-sent'],
      ['order-notpay', 'result'],
      ['call', 'result'],
    ]);
  });

  it('whose answer is another than it committed, or that fails after it, has that on record too', async () => {
    const offering = payment({ outTradeNo: 'ORDER_1' });
    const what = { tool: 'create-payment', args: {}, meta: undefined };
    const run = (errand: Errand) => createPayment(errand.till, errand.call, offering);
    await attempt(till, CALL, what, run, () => ({ state: 'NOTPAY', replayed: 'told otherwise' }));
    const failing = attempt(
      till,
      CALL,
      what,
      async (errand) => {
        await run(errand);
        throw new Error('no words for it');
      },
      () => ({}),
    );
    await expect(failing).rejects.toThrow('no words for it');
    const results = (await trail()).flatMap(({ kind, detail }) => (kind === 'result' ? [detail] : []));
    expect(results).toEqual([
      { state: 'NOTPAY', replayed: false },
      { state: 'NOTPAY', replayed: 'told otherwise' },
      { state: 'NOTPAY', replayed: true },
      { code: 'INTERNAL' },
    ]);
  });

  it('that a crash ends has a call and an intent, and no result', async () => {
    world.bank.fault = () => 'crash-after';
    void create(till, { title: 'crash' });
    await world.clock.sleep(60_000);
    expect(await kinds()).toEqual(['call', 'order-created', 'order-sent']);
  });

  it('that repeats is told, and polls that learn nothing are not', async () => {
    await create(till, { outTradeNo: 'ORDER_1' });
    await create(till, { outTradeNo: 'ORDER_1' });
    const all = await till.ledger.read(async (book) => (await book.audit.head()).seq);
    expect((await kinds()).slice(-2)).toEqual(['call', 'result']);
    for (let i = 0; i < 3; i += 1) {
      await queryPayment(till, CALL, { outTradeNo: 'ORDER_1', waitSeconds: 0 });
    }
    expect(await till.ledger.read(async (book) => (await book.audit.head()).seq)).toBe(all);
  });
});

describe('what the client sends along', () => {
  const kept = async (meta: unknown, input = {}, shop = till) => {
    await create(shop, input, { meta });
    return (await called()).detail;
  };

  it('stands there as given, and arguments only as a salted digest', async () => {
    const meta = { model: 'm', conversation: { id: 7, tags: ['a', null] }, progressToken: 3 };
    const detail = await kept(meta, { buyer: 'buyer-4711', title: 'a secret recipe' });
    expect(detail).toEqual({ digest: expect.stringMatching(/^[0-9a-f]{24}$/), client: 'Cursor', meta });
    expect(JSON.stringify(await trail())).not.toMatch(/buyer-4711|a secret recipe/);
  });

  it('is bounded: what is too long is left out, and the rest kept', async () => {
    const detail = await kept({ model: 'm', junk: 'x'.repeat(1_000_000), conversation: 'c' });
    expect(detail).toMatchObject({
      meta: { model: 'm', conversation: 'c' },
      metaOmitted: { members: 1, sha256: expect.any(String) },
    });
    expect(JSON.stringify(detail).length).toBeLessThan(3_000);
  });

  it('is bounded in members, in depth and in odd types, and never stops the call from being recorded', async () => {
    let deep: unknown = 'end';
    for (let i = 0; i < 200_000; i += 1) deep = [deep];
    const many = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`m${i}`, { i }]));
    const meta = { ...many, deep, big: 10n, run: () => 1, __proto__: { x: 1 } };
    await create(till, {}, { meta, args: { deep, outTradeNo: 'NOT A NUMBER' } });
    const { detail, outTradeNo } = await called();
    expect(JSON.stringify(detail).length).toBeLessThan(4_000);
    expect(outTradeNo).toBeUndefined();
  });

  it.each([
    ['create-payment', 'buyer', 'buyer-4711'],
    ['create-payment', 'payerOpenid', 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o'],
    ['create-payment', 'payerClientIp', '203.0.113.77'],
    ['create-h5-payment', 'payer_client_ip', '203.0.113.77'],
    ['create-jsapi-payment', 'payer_openid', 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o'],
    ['create-subscription', 'subscriber', '13800138000'],
    ['create-subscription', 'subscriber', 13_800_138_000],
  ])('tells of %s no %s', async (tool, argument, id) => {
    const meta = { conversation: `chat with ${id}`, [`${id}`]: 1, from: [{ id }] };
    const args = { [argument]: id };
    await attempt(
      till,
      CALL,
      { tool, args, meta },
      async () => undefined,
      () => ({}),
    );
    expect(JSON.stringify(await called())).not.toContain(String(id));
    expect((await called()).detail).toMatchObject({ meta: { conversation: '***', from: [{ id: '***' }] } });
  });

  it.each([null, 'text', 7])('may be %s', async (meta) => {
    expect(await kept(meta)).not.toHaveProperty('meta');
  });

  it('holds neither a secret of ours nor this buyer', async () => {
    const shop = { ...till, isSecret: (text: string) => text.includes('-----KEY') };
    const meta = {
      note: 'for buyer-4711',
      key: '-----KEY abc',
      'x -----KEY': 1,
      deep: [{ k: 'buyer-4711' }],
      model: 'm',
    };
    await create(shop, { buyer: 'buyer-4711' }, { meta, call: { caller: 'c', client: '-----KEY' } });
    const { detail } = await called();
    expect(detail).toMatchObject({ client: '***', meta: { note: '***', key: '***', model: 'm' } });
    expect(JSON.stringify(await trail())).not.toMatch(/buyer-4711|-----KEY/);
  });

  it('holds no credential that a client or a program between has sent along, by its name or its form', async () => {
    const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl';
    const meta = {
      Authorization: 'Bearer something',
      headers: { 'x-api-key': 'sk-1', 'Set-Cookie': ['a=b'], 'proxy-authorization': 7 },
      access_token: { value: 'x' },
      payer: { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o', client_secret: 's' },
      note: 'called with bearer abcdefgh12345678',
      basic: 'Basic dXNlcjpwYXNzd29yZA==',
      more: [jwt, 'mcpc_UdFyGJ4Bt3AvVlssH-MmeCT34N', '-----BEGIN EC PRIVATE KEY-----'],
      progressToken: 'p1',
      usage: { totalTokens: 12, max_tokens: 30 },
      model: 'basic model',
    };
    expect((await kept(meta)).meta).toEqual({
      Authorization: '***',
      headers: { 'x-api-key': '***', 'Set-Cookie': '***', 'proxy-authorization': '***' },
      access_token: '***',
      payer: { openid: '***', client_secret: '***' },
      note: '***',
      basic: '***',
      more: ['***', '***', '***'],
      progressToken: 'p1',
      usage: { totalTokens: 12, max_tokens: 30 },
      model: 'basic model',
    });
  });
});

describe('a story', () => {
  it('has the call that came without a number', async () => {
    const { order } = await create(till, {});
    await create(till, {});
    const story = await till.ledger.read((book) => book.audit.story(order.outTradeNo));
    expect(story.map(({ kind }) => kind)).toEqual([
      'call',
      'order-created',
      'order-sent',
      'order-notpay',
      'result',
    ]);
  });
});
