import { createPrivateKey, createPublicKey, verify } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/platform/system.ts';
import { BuyerAgent } from '../../src/simulator/buyer-agent.ts';
import { Shop } from '../journeys/shop.ts';
import { localServers } from '../support/local-servers.ts';
import { checkSeller } from '../support/seller-check.ts';
import { until } from '../support/server-process.ts';
import { seeded } from '../support/virtual-time.ts';
import { ask, billIn } from './gate-here.ts';
import { GateProcess } from './gate-process.ts';

const { listen } = localServers();
/** How many proofs, headers and bodies are altered; `GATE_ALTERED=100000` for the long run. */
const ALTERED = Number(process.env.GATE_ALTERED ?? 120);
/** How many show one proof at once; `GATE_CROWD=1000` in CI. */
const CROWD = Number(process.env.GATE_CROWD ?? 60);
/** ms that the upstream takes for them: meanwhile all of them have come. */
const SLOW_MS = 40;

let shop: Shop;
let gate: GateProcess;
let prices: string;
const executed: string[] = [];
beforeAll(async () => {
  shop = await Shop.open();
  const upstream = await listen(
    createServer((request: IncomingMessage, response: ServerResponse) => {
      executed.push(`${request.method} ${request.url}`);
      response.setHeader('Content-Type', 'application/json');
      const [resource_id, query] = (request.url ?? '').split('?');
      const answer = JSON.stringify({ resource_id, content: `sunny ${executed.length}` });
      setTimeout(() => response.end(answer), query === 'crowd' ? SLOW_MS : 0);
    }),
  );
  prices = `version: 1
http:
  - upstream: http://127.0.0.1:${upstream}
    prices:
      "GET /paid/weather": { yuan: "0.10", title: 天气查询, a2mServiceId: api_mock_service_id, skillId: weather }
      "POST /v1/poster/*": { yuan: "1.99", title: 海报生成, a2mServiceId: api_mock_service_id }
      "POST /v1/print/*": { yuan: "1.99", title: 海报打印 }
`;
  gate = await start();
});
afterAll(async () => {
  await gate.kill('SIGTERM');
  await shop.close();
});
// Whoever this machine says it asks for is believed, so that many may ask.
const start = () => GateProcess.start(shop, prices, { env: { CASHIER_TRUSTED_PROXIES: '127.0.0.1' } });
const agent = (wallet?: string) =>
  new BuyerAgent({ origin: shop.simulator.origin, wallet, clock: systemClock });

describe('an API that has a price', () => {
  it.each(['alipay', 'wechatpay', undefined])(
    'A402-TEST-001: sells, on the same terms, to an agent whose wallet is %s',
    async (wallet) => {
      const before = executed.length;
      const wanted = { url: `${gate.origin}/paid/weather?for=${wallet}` };
      const got = await agent(wallet).buy(wanted);
      expect([got.status, executed.length]).toEqual([200, before + 1]);
      expect(JSON.parse(got.body)).toMatchObject({ resource_id: '/paid/weather' });
      const receipt = await fetch(got.headers['x-cashier-receipt'] ?? '');
      const [, claims = ''] = (await receipt.text()).split('.');
      expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
        ...{ amount: '0.10', title: '天气查询', request_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
        ...(wallet === undefined ? {} : { psp: wallet }),
      });
      // Whoever shows it again gets the same again.
      const again = await agent(wallet).ask({ ...wanted, headers: { ...got.shown } });
      expect([again.status, again.body, again.headers]).toEqual([200, got.body, got.headers]);
      expect(executed).toHaveLength(before + 1);
      const validation = got.headers['payment-validation'];
      if (wallet !== 'alipay') expect(validation).toBeUndefined();
      else {
        expect(JSON.parse(Buffer.from(validation ?? '', 'base64url').toString())).toMatchObject({
          validated: true,
          resource_id: '/paid/weather',
        });
      }
    },
  );

  it.each(['GET', 'POST'] as const)('holds in the public check of sellers, with %s', async (method) => {
    const path = method === 'GET' ? '/paid/weather' : '/v1/poster/cat';
    const { bill, proof } = await checkSeller({
      ...{
        url: `${gate.origin}${path}`,
        method,
        cashier: `${shop.simulator.origin}/openclawpay/agent/v1/pay`,
      },
      ...(method === 'POST' ? { body: '{"of":"a cat"}' } : {}),
      ...{ buyer: '2088111', now: () => Date.now() },
    });
    expect([bill.protocol.amount, proof.length > 0]).toEqual([method === 'GET' ? '0.10' : '1.99', true]);
  });

  it('is told to be fulfilled once it is delivered', async () => {
    const orders = await shop.command(['audit', 'export']);
    expect(orders.code).toBe(0);
    await until('all of them are', async () => {
      const { stdout } = await shop.command(['audit', 'export']);
      return stdout.split('\n').filter((line) => line.includes('call-confirmed')).length >= 3 || undefined;
    });
  });

  it(`A402-TEST-003: delivers nothing for ${ALTERED} altered proofs, headers and bodies`, async () => {
    const random = seeded(7);
    // Not the sandbox's service, whose proofs are whatever its buyers make up.
    const path = '/v1/print/dog';
    const body = '{"of":"a dog","size":3}';
    const { shown = {} } = await agent('alipay').buy({ url: `${gate.origin}${path}`, method: 'POST', body });
    const number = billIn(await ask(gate.port, path, { method: 'POST', body })).outTradeNo;
    const proof = shown['Payment-Proof'] ?? '';
    const before = executed.length;
    const alter = (text: string) => {
      const at = Math.floor(random() * text.length);
      const other = String.fromCharCode(33 + Math.floor(random() * 94));
      const how = Math.floor(random() * 3);
      return text.slice(0, at) + (how === 0 ? '' : other) + text.slice(how === 1 ? at : at + 1);
    };
    /** What a proof says: base64 has more than one way of writing it, and a session is made anew with every call. */
    const said = (text: string) => {
      try {
        const { protocol } = JSON.parse(Buffer.from(text, 'base64').toString());
        return `${protocol.trade_no} ${protocol.payment_proof}`;
      } catch {
        return text;
      }
    };
    const statuses = new Set<number>();
    for (let i = 0; i < ALTERED; i++) {
      const which = i % 3;
      const altered = which === 0 ? alter(proof) : proof;
      if (which === 0 && said(altered) === said(proof)) continue;
      const shows = which === 1 ? { 'X-Out-Trade-No': alter(number) } : { 'Payment-Proof': altered };
      const headers = { ...shows, 'X-Forwarded-For': `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}` };
      const sent = which === 2 ? alter(body) : body;
      if (which === 2 && sent === body) continue;
      const answered = await ask(gate.port, path, { method: 'POST', body: sent, headers });
      statuses.add(answered.status);
      expect([answered.status >= 400, i]).toEqual([true, i]);
    }
    expect([...statuses].filter((status) => ![400, 402, 409, 503].includes(status))).toEqual([]);
    expect(executed).toHaveLength(before);
    // The genuine one still does.
    expect(
      (await ask(gate.port, path, { method: 'POST', body, headers: { 'Payment-Proof': proof } })).status,
    ).toBe(200);
  });

  it(`A402-TEST-007: is executed once for one proof that ${CROWD} show at once, at two gates`, async () => {
    const path = '/paid/weather?crowd';
    const bill = await ask(gate.port, path);
    const shown = await agent('alipay').pay({
      headers: { 'payment-needed': String(bill.headers['payment-needed']) },
      outTradeNo: billIn(bill).outTradeNo,
    });
    const other = await start();
    const before = executed.length;
    const show = (port: number) => ask(port, path, { headers: shown });
    const all = await Promise.all([...Array(CROWD)].map((_, i) => show((i % 2 ? gate : other).port)));
    await other.kill('SIGTERM');
    expect(executed).toHaveLength(before + 1);
    const told = all.filter(({ status, headers }) => status === 503 && Number(headers['retry-after']) > 0);
    const got = all.filter(({ status }) => status === 200);
    expect([new Set(got.map(({ text }) => text)).size, got.length + told.length]).toEqual([1, CROWD]);
    // Whoever was told to wait gets the same.
    expect((await show(gate.port)).text).toBe(got[0]?.text);
    expect(executed).toHaveLength(before + 1);
  });

  it('A402-INVARIANT-2: is not delivered to whoever says that it is paid', async () => {
    const before = executed.length;
    const claims = {
      'X-Payment-Status': 'paid',
      Authorization: 'Paid',
      'X-Payment': 'ok',
      'Payment-Validation': 'x',
    };
    for (const path of ['/paid/weather?paid=true', '/paid/weather?code=10000&active=true']) {
      expect((await ask(gate.port, path, { headers: claims })).status).toBe(402);
    }
    expect((await ask(gate.port, '/v1/poster/a', { method: 'POST', body: '{"paid":true}' })).status).toBe(
      402,
    );
    expect(executed).toHaveLength(before);
  });

  it('A402-INVARIANT-3: has a bill with a number of its own, a time in which to pay it, and our signature', async () => {
    const billed = await Promise.all([ask(gate.port, '/paid/weather'), ask(gate.port, '/paid/weather')]);
    const read = ({ headers }: (typeof billed)[number]) =>
      JSON.parse(Buffer.from(String(headers['payment-needed']), 'base64url').toString()) as {
        readonly protocol: Readonly<Record<string, string>>;
        readonly method: Readonly<Record<string, string>>;
      };
    const [one, other] = billed.map(read);
    const { seller_signature = '', ...protocol } = one?.protocol ?? {};
    expect(protocol.out_trade_no).not.toBe(other?.protocol.out_trade_no);
    // What redeems is nobody's but the buyer's.
    expect(billed.map(({ text }) => billIn({ text } as never).outTradeNo)).not.toContain(
      protocol.out_trade_no,
    );
    const left = Date.parse(protocol.pay_before ?? '') - Date.now();
    expect([left > 0, left <= 15 * 60_000]).toEqual([true, true]);
    const { goods_name, seller_id, service_id } = one?.method ?? {};
    const { amount, currency, out_trade_no, pay_before, resource_id } = protocol;
    const signed = {
      amount,
      currency,
      goods_name,
      out_trade_no,
      pay_before,
      resource_id,
      seller_id,
      service_id,
    };
    const base = Object.entries(signed)
      .map(([name, value]) => `${name}=${value}`)
      .join('&');
    const key = createPrivateKey({
      key: Buffer.from(shop.simulator.env.AP_APP_KEY ?? '', 'base64'),
      ...{ format: 'der', type: 'pkcs8' },
    });
    const isOurs = verify(
      'sha256',
      Buffer.from(base),
      createPublicKey(key),
      Buffer.from(seller_signature, 'base64'),
    );
    expect(isOurs).toBe(true);
  });

  it('A402-INVARIANT-4, 5: is paid, stored, delivered and confirmed, each a fact of its own, and each once', async () => {
    const wanted = { url: `${gate.origin}/paid/weather?facts` };
    const { shown = {} } = await agent('alipay').buy(wanted);
    for (let times = 0; times < 3; times++) await agent('alipay').ask({ ...wanted, headers: { ...shown } });
    const { trade_no } = JSON.parse(Buffer.from(shown['Payment-Proof'] ?? '', 'base64').toString()).protocol;
    const facts = async () => {
      const { stdout } = await shop.command(['audit', 'export']);
      const lines = stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
      const number = lines.find((line) => JSON.stringify(line).includes(trade_no))?.outTradeNo;
      const own = lines.filter(({ outTradeNo, kind }) => outTradeNo === number && /^call-/.test(kind));
      return own.map(({ kind }) => kind as string);
    };
    const all = ['call-paid', 'call-claimed', 'call-stored', 'call-delivered', 'call-confirmed'];
    await until('it is confirmed', async () => (await facts()).includes('call-confirmed') || undefined);
    expect((await facts()).filter((kind) => all.includes(kind))).toEqual(all);
  });

  it('has so many codes for each who asks, and bills without one from then on', async () => {
    const path = '/paid/weather?codes';
    const from = (address: string) => ask(gate.port, path, { headers: { 'X-Forwarded-For': address } });
    // At once: what is allowed comes back with time, however slow this machine is.
    const all = await Promise.all([...Array(60)].map(() => from('8.8.8.8')));
    const coded = all.filter(({ headers }) => headers['weixinpay-required'] !== undefined).length;
    expect(all.map(({ status }) => status)).toEqual(Array(60).fill(402));
    expect(coded).toBeGreaterThanOrEqual(30);
    expect(coded).toBeLessThan(60);
    expect((await from('8.8.8.7')).headers['weixinpay-required']).toMatch(/^.{36}$/);
  });

  it('is not asked for at the gateway for whoever shows what is worth nothing, again and again', async () => {
    const path = '/paid/weather?flood';
    const { shown = {} } = await agent('alipay').buy({ url: `${gate.origin}${path}` });
    const made = { protocol: { payment_proof: 'x', trade_no: '2026112922001400000000000001' }, method: {} };
    const worthless = Buffer.from(JSON.stringify(made)).toString('base64');
    const from = (address: string, proof: string | undefined) =>
      ask(gate.port, path, { headers: { 'X-Forwarded-For': address, 'Payment-Proof': proof ?? '' } });
    const statuses: number[] = [];
    // Many at once, as above.
    for (let i = 0; i < 20 && !statuses.includes(503); i++) {
      const wave = await Promise.all([...Array(20)].map(() => from('9.9.9.9', worthless)));
      statuses.push(...wave.map(({ status }) => status));
    }
    expect([...new Set(statuses)].sort()).toEqual([402, 503]);
    expect(statuses.slice(0, 20)).not.toContain(503);
    // Nobody else waits for that, nor does what is known to be paid for.
    expect((await from('9.9.9.8', worthless)).status).toBe(402);
    expect((await from('9.9.9.9', shown['Payment-Proof'])).status).toBe(200);
  });

  it('is not sold again to whoever binds a proof to another request', async () => {
    const { shown = {} } = await agent('alipay').buy({ url: `${gate.origin}/paid/weather` });
    // A402-INVARIANT-7: nothing that any of us writes has it; whoever closes the shop looks.
    const { protocol } = JSON.parse(Buffer.from(shown['Payment-Proof'] ?? '', 'base64').toString());
    shop.secrets.add(shown['Payment-Proof'] ?? '').add(protocol.payment_proof);
    const before = executed.length;
    for (const path of ['/paid/weather?city=x', '/PAID/weather']) {
      expect((await ask(gate.port, path, { headers: shown })).status).toBe(409);
    }
    expect(executed).toHaveLength(before);
  });
});
