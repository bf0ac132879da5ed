import { createPrivateKey, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CONFIRM_REFUSALS, scenarioOf, VERIFY_REFUSALS } from '../../src/simulator/alipay/a2m-words.ts';
import { BuyerAgent, NotBought } from '../../src/simulator/buyer-agent.ts';
import { type Bench, controlOf, freshNumber, openBench } from './bench.ts';

/* Alipay's A2M and WeChat Pay's X402 as the simulator plays them, held against the documents by independent clients. */

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());
afterEach(() => controlOf(bench.simulator, 'DELETE', 'faults'));

const CASHIER = '/openclawpay/agent/v1/pay';
type Members = Record<string, string>;
interface Bill {
  readonly protocol: Members;
  readonly method: Members;
}

const pem = (key: string | undefined) =>
  createPrivateKey({ key: Buffer.from(key ?? '', 'base64'), format: 'der', type: 'pkcs8' });

/** A bill as the sheet of facts has it, signed by hand. */
function bill(change: Members = {}, serviceId = bench.env.AP_A2M_SERVICE_ID ?? ''): Bill {
  const signed: Members = {
    amount: '0.10',
    currency: 'CNY',
    goods_name: '天气查询',
    out_trade_no: freshNumber(),
    pay_before: '2026-11-21T10:30:00+08:00',
    resource_id: '/paid/weather',
    seller_id: bench.env.AP_SELLER_ID ?? '',
    service_id: serviceId,
    ...change,
  };
  const text = Object.keys(signed)
    .sort()
    .map((name) => `${name}=${signed[name]}`)
    .join('&');
  const { goods_name = '', seller_id = '', service_id = '', ...protocol } = signed;
  return {
    protocol: {
      ...protocol,
      seller_signature: sign('sha256', Buffer.from(text), pem(bench.env.AP_APP_KEY)).toString('base64'),
      seller_sign_type: 'RSA2',
      seller_unique_id: seller_id,
    },
    method: {
      ...{ seller_name: 'Simulated Shop', seller_id, seller_app_id: bench.env.AP_APP_ID ?? '', goods_name },
      ...{ seller_unique_id_key: 'seller_id', service_id },
    },
  };
}

const camel = (members: Members): Members =>
  Object.fromEntries(
    Object.entries(members).map(([name, value]) => [name.replace(/_(.)/g, (_, c) => c.toUpperCase()), value]),
  );

interface Paid {
  readonly success: boolean;
  readonly errorCode?: string;
  readonly state?: string;
  readonly cashierUrl?: string;
  readonly protocol: { readonly tradeNo: string; readonly paymentProof: string };
  readonly method: { readonly clientSession: string };
}

/** A buyer's program pays a bill. */
async function pay({ protocol, method }: Bill, buyer = '2088111'): Promise<Paid> {
  const response = await fetch(`${bench.simulator.origin}${CASHIER}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      protocol: { ...camel(protocol), buyerUniqueId: buyer },
      method: { ...camel(method), buyerUniqueIdKey: 'buyerExternalId' },
      signature: { buyerExternalId: buyer, buyerSignature: '-', timestamp: '1795831200000' },
    }),
  });
  return (await response.json()) as Paid;
}

async function call(method: string, bizContent: Record<string, unknown>) {
  const { traceId: _, ...answer } = await bench.alipay.exec(method, { bizContent }, { validateSign: true });
  return answer;
}
const verify = ({ protocol, method }: Paid, change: Members = {}) =>
  call('alipay.aipay.agent.payment.verify', {
    payment_proof: protocol.paymentProof,
    trade_no: protocol.tradeNo,
    client_session: method.clientSession,
    ...change,
  });
const confirm = (trade_no: string) => call('alipay.aipay.agent.fulfillment.confirm', { trade_no });

describe("Alipay's cashier for agents", () => {
  it('takes a bill, and gives a proof that is worth exactly that bill, until it is fulfilled', async () => {
    const wanted = bill();
    const paid = await pay(wanted);
    expect(paid).toMatchObject({ success: true, payScheme: 'AGENT_PAY', state: 'WAIT_SELLER_FULFILLMENT' });
    const worth = {
      ...{ code: '10000', msg: 'Success', active: true, amount: '0.10' },
      ...{
        outTradeNo: wanted.protocol.out_trade_no,
        resourceId: '/paid/weather',
        tradeNo: paid.protocol.tradeNo,
      },
    };
    expect(await verify(paid)).toEqual(worth);
    expect(await verify(paid)).toEqual(worth);
    const { tradeNo } = paid.protocol;
    expect(await confirm(tradeNo)).toEqual({ code: '10000', msg: 'Success', tradeNo });
    expect(await confirm(tradeNo)).toMatchObject({ code: '40004', subCode: 'TRADE_STATUS_INVALID' });
    expect(await verify(paid)).toMatchObject({ code: '40004', subCode: 'PAYMENT_PROOF_STATUS_INVALID' });
  });

  it('gives the same buyer the same trade again, and nobody else', async () => {
    const wanted = bill();
    const first = await pay(wanted);
    expect(await pay(wanted)).toEqual(first);
    expect(await pay(wanted, '2088222')).toMatchObject({ success: false, errorCode: 'TRADE_HAS_SUCCESS' });
  });

  it('has a person say yes first where a scenario wants that', async () => {
    const wanted = bill({ goods_name: '天气 sim:pay-asks-person' });
    const asked = await pay(wanted);
    expect(asked).toMatchObject({ success: true, state: 'WAIT_BUYER_PAY', cashierUrl: expect.any(String) });
    expect(asked.protocol).not.toHaveProperty('paymentProof');
    expect(await verify({ ...asked, method: { clientSession: 'x' } }, { payment_proof: 'x' })).toMatchObject({
      subCode: 'PAYMENT_PROOF_INVALID',
    });
    await fetch(`${asked.cashierUrl}/pay`, { method: 'POST' });
    expect(await verify(await pay(wanted))).toMatchObject({ active: true });
  });

  const FOURTEEN = [
    ...['out_trade_no', 'amount', 'currency', 'resource_id', 'pay_before', 'seller_signature'],
    ...['seller_sign_type', 'seller_unique_id'],
  ].map((name) => ['protocol', name] as const);
  const SIX = [
    ...['seller_name', 'seller_id', 'seller_app_id', 'goods_name', 'seller_unique_id_key', 'service_id'],
  ].map((name) => ['method', name] as const);
  it.each([...FOURTEEN, ...SIX])('refuses a bill without %s.%s', async (part, name) => {
    for (const value of [undefined, '']) {
      const wanted = bill();
      const cut = { ...wanted, [part]: { ...wanted[part], [name]: value } } as Bill;
      expect(await pay(cut)).toMatchObject({ success: false, errorCode: 'BILL_MALFORMED' });
    }
  });

  it.each<[string, (wanted: Bill) => Bill, string]>([
    ...(['amount', 'resource_id', 'out_trade_no'] as const).map(
      (name): [string, (wanted: Bill) => Bill, string] => [
        `another ${name}`,
        (wanted) => ({ ...wanted, protocol: { ...wanted.protocol, [name]: '0.01' } }),
        name === 'out_trade_no' ? 'BILL_MALFORMED' : 'SELLER_SIGNATURE_INVALID',
      ],
    ),
    [
      'another title',
      (wanted) => ({ ...wanted, method: { ...wanted.method, goods_name: '免费' } }),
      'SELLER_SIGNATURE_INVALID',
    ],
    [
      'a longer time',
      (wanted) => ({ ...wanted, protocol: { ...wanted.protocol, pay_before: '2036-11-21T10:30:00+08:00' } }),
      'SELLER_SIGNATURE_INVALID',
    ],
    [
      'another seller',
      (wanted) => ({ ...wanted, method: { ...wanted.method, seller_id: '2088999999999999' } }),
      'SELLER_UNKNOWN',
    ],
    [
      'another app',
      (wanted) => ({ ...wanted, method: { ...wanted.method, seller_app_id: '2021999999999999' } }),
      'SELLER_UNKNOWN',
    ],
  ])('refuses a bill that was altered: %s', async (_what, alter, errorCode) => {
    expect(await pay(alter(bill()))).toMatchObject({ success: false, errorCode });
  });

  it('refuses what is over, what is no service, and another sum under the same number', async () => {
    expect(await pay(bill({ pay_before: '2026-11-21T09:59:59+08:00' }))).toMatchObject({
      errorCode: 'BILL_EXPIRED',
    });
    expect(await pay(bill({}, 'weather'))).toMatchObject({ errorCode: 'SERVICE_UNKNOWN' });
    const out_trade_no = freshNumber();
    await pay(bill({ out_trade_no }));
    expect(await pay(bill({ out_trade_no, amount: '0.20' }))).toMatchObject({
      errorCode: 'CONTEXT_INCONSISTENT',
    });
  });
});

describe('a proof', () => {
  it('of another trade, another buyer, or nobody is worth nothing', async () => {
    const [mine, other] = [await pay(bill()), await pay(bill(), '2088222')];
    const { paymentProof: payment_proof } = other.protocol;
    const { clientSession: client_session } = other.method;
    expect(await verify(mine, { payment_proof })).toMatchObject({
      subCode: 'PAYMENT_PROOF_TRADE_NO_MISMATCH',
    });
    expect(await verify(mine, { client_session })).toMatchObject({ subCode: 'PAYMENT_PROOF_BUYER_MISMATCH' });
    expect(await verify(mine, { payment_proof: 'f'.repeat(64) })).toMatchObject({
      subCode: 'PAYMENT_PROOF_INVALID',
    });
    expect(await verify(mine, { payment_proof: '' })).toMatchObject({ subCode: 'PAYMENT_PROOF_EMPTY' });
    expect(await verify(mine, { client_session: '' })).toMatchObject({ subCode: 'CLIENT_SESSION_IS_EMPTY' });
    expect(await verify(mine, { trade_no: '' })).toMatchObject({ subCode: 'TRADE_NO_EMPTY' });
    expect(await verify(mine, { trade_no: 'x' })).toMatchObject({ subCode: 'TRADE_NO_INVALID' });
    expect(await verify(mine, { trade_no: '2'.repeat(28) })).toMatchObject({ subCode: 'TRADE_NOT_FOUND' });
  });

  it("in the sandbox is whatever the buyer's program makes up, for a trade that is there", async () => {
    const paid = await pay(bill({}, 'api_mock_service_id'));
    expect(await verify(paid, { payment_proof: 'made-up', client_session: '' })).toMatchObject({
      active: true,
    });
    expect(await verify(paid, { trade_no: '2'.repeat(28) })).toMatchObject({ subCode: 'TRADE_NOT_FOUND' });
  });

  it.each(Object.keys(VERIFY_REFUSALS))('is refused with %s where a scenario says so', async (code) => {
    const paid = await pay(bill({ goods_name: `天气 sim:${scenarioOf('verify', code)}*1` }));
    expect(await verify(paid)).toMatchObject({ code: '40004', subCode: code });
    expect(await verify(paid)).toMatchObject({ active: true });
  });

  it.each(Object.keys(CONFIRM_REFUSALS))(
    'is confirmed to no avail with %s where one says so',
    async (code) => {
      const paid = await pay(bill({ goods_name: `天气 sim:${scenarioOf('confirm', code)}*1` }));
      const { tradeNo } = paid.protocol;
      expect(await confirm(tradeNo)).toMatchObject({ code: '40004', subCode: code });
      expect(await confirm(tradeNo)).toMatchObject({ code: '10000' });
    },
  );

  it('may count for a fen more, for nothing, or for it is not said what', async () => {
    const worth = async (scenario: string) => verify(await pay(bill({ goods_name: `天气 sim:${scenario}` })));
    expect(await worth('wrong-amount')).toMatchObject({ amount: '0.11' });
    expect(await worth('verify-inactive')).toMatchObject({ active: false });
    expect(await worth('verify-unnamed')).toMatchObject({ outTradeNo: '', resourceId: '' });
    expect(await worth('system-error@verify')).toMatchObject({ subCode: 'ACQ.SYSTEM_ERROR' });
  });
});

describe('a trade that an agent has paid', () => {
  it("is known by Alipay's number alone, and goes back by it", async () => {
    const paid = await pay(bill());
    const { tradeNo: trade_no } = paid.protocol;
    const { trades } = (await controlOf(bench.simulator, 'GET', 'trades')).value;
    const { outTradeNo: out_trade_no } = trades[0] ?? {};
    expect(await call('alipay.trade.query', { out_trade_no })).toMatchObject({
      subCode: 'ACQ.TRADE_NOT_EXIST',
    });
    const refund = { refund_amount: '0.10', out_request_no: 'R1' };
    expect(await call('alipay.trade.refund', { out_trade_no, ...refund })).toMatchObject({
      subCode: 'ACQ.TRADE_NOT_EXIST',
    });
    expect(await call('alipay.trade.refund', { trade_no, ...refund })).toMatchObject({ fundChange: 'Y' });
    expect(await call('alipay.trade.fastpay.refund.query', { trade_no, out_request_no: 'R1' })).toMatchObject(
      { refundStatus: 'REFUND_SUCCESS', refundAmount: '0.10' },
    );
    expect(await verify(paid)).toMatchObject({ subCode: 'TRADE_STATUS_CLOSED' });
  });
});

/** A seller that knows nothing but what it was shown. */
async function openSeller(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/paid`,
    close: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}

describe("a buyer's agent", () => {
  const agent = (wallet?: string) =>
    new BuyerAgent({ origin: bench.simulator.origin, wallet, clock: bench.clock });

  it('pays nothing that is not asked for', async () => {
    const seller = await openSeller((_request, response) => response.end('free'));
    const got = await agent('alipay').buy({ url: seller.url });
    expect(got).toMatchObject({ status: 200, body: 'free' });
    expect(got).not.toHaveProperty('shown');
    await seller.close();
  });

  it('pays a bill and repeats the very request with the proof', async () => {
    const heard: { method?: string | undefined; body: string; proof: unknown }[] = [];
    const wanted = Buffer.from(JSON.stringify(bill())).toString('base64url');
    const seller = await openSeller(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const proof = request.headers['payment-proof'];
      heard.push({ method: request.method, body, proof });
      response.writeHead(proof ? 200 : 402, { 'Payment-Needed': wanted }).end('sold');
    });
    const got = await agent('alipay').buy({ url: seller.url, method: 'POST', body: '{"city":"杭州"}' });
    expect(got).toMatchObject({ status: 200, body: 'sold' });
    expect(heard.map(({ method, body }) => `${method} ${body}`)).toEqual(
      Array(2).fill('POST {"city":"杭州"}'),
    );
    const { protocol, method } = JSON.parse(Buffer.from(String(heard[1]?.proof), 'base64').toString());
    const { payment_proof: paymentProof, trade_no: tradeNo } = protocol;
    expect(
      await verify({
        success: true,
        protocol: { paymentProof, tradeNo },
        method: { clientSession: method.client_session },
      }),
    ).toMatchObject({ active: true });
    await seller.close();
  });

  it('does not pay where it has no wallet for it, nor away from this machine', async () => {
    const seller = await openSeller((_request, response) => response.writeHead(402).end('{}'));
    for (const wallet of ['alipay', 'wechatpay', 'toypay', undefined]) {
      await expect(agent(wallet).buy({ url: seller.url })).rejects.toBeInstanceOf(NotBought);
    }
    await expect(agent().ask({ url: 'https://example.com/' })).rejects.toBeInstanceOf(NotBought);
    await seller.close();
  });
});
