import { createServer, type RequestListener, request } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import { freeze } from '../../src/policy/decisions.ts';
import { until } from '../support/server-process.ts';
import { accept } from '../support/world.ts';
import { type Answered, ask, billIn, gatesHere, type Here, payOnPage, price } from './gate-here.ts';

const { gate, tillAt, listen } = gatesHere();

/** Executions of an upstream that counts them. */
function counting(answer: RequestListener = (_request, response) => void response.end('sunny')) {
  const seen: {
    readonly method: string;
    readonly url: string;
    readonly headers: Record<string, unknown>;
    readonly body: string;
  }[] = [];
  const listener: RequestListener = async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', url = '', headers } = request;
    seen.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
    answer(request, response);
  };
  return { seen, listener };
}
const PRICES = [
  price('GET /weather'),
  price('POST /poster/*', { title: 'poster' }),
  price('POST /draw', { title: 'draw', retry: true }),
];
const POST = { method: 'POST', body: '{"of":"a cat"}' };

type How = NonNullable<Parameters<typeof ask>[2]>;
const showing = (number: string | undefined, how: How = {}): How => ({
  ...how,
  headers: { ...how.headers, 'X-Out-Trade-No': number ?? '' },
});
/** Bills a request, pays the bill on its page, and gives its number. */
async function bought(here: Here, path: string, how: How = {}, notified = false): Promise<string> {
  const bill = billIn(await ask(here.port, path, how));
  await payOnPage(here, bill, notified);
  return bill.outTradeNo ?? '';
}
const callOf = (here: Here, number: string) => here.till.ledger.read((book) => book.paidCalls.get(number));
const owedFor = async (here: Here, number: string) => {
  const call = await callOf(here, number);
  return here.till.ledger.read(
    async (book) => (await book.owed.ofOrders([call?.paidBy ?? ''])).get(call?.paidBy ?? '') ?? [],
  );
};
const problem = (answered: Answered) => [answered.status, billIn(answered).problem?.code];

describe('A402-TEST-002: what is not paid for', () => {
  it('is answered 402, with a bill in the ledger, and nothing at a gateway or the upstream', async () => {
    const { seen, listener } = counting();
    const here = await gate(listener, PRICES);
    const answered = await ask(here.port, '/weather?city=上海'.replace('上海', '%E4%B8%8A'));
    expect([answered.status, seen.length, here.bank.calls]).toEqual([402, 0, []]);
    const bill = billIn(answered);
    expect(bill).toMatchObject({
      ...{ code: 'PAYMENT_REQUIRED', amountYuan: '0.10', currency: 'CNY', title: 'weather', simulated: true },
      outTradeNo: expect.stringMatching(/^[A-Za-z0-9]{32}$/),
      cashierUrl: expect.stringContaining('/c/'),
      expiresAt: expect.stringMatching(/\+08:00$/),
      nextStep: expect.stringContaining(`X-Out-Trade-No: ${bill.outTradeNo}`),
    });
    expect(answered.headers).toMatchObject({
      'x-out-trade-no': bill.outTradeNo,
      'cache-control': 'no-store',
    });
    expect(await callOf(here, bill.outTradeNo ?? '')).toMatchObject({
      state: 'QUOTED',
      face: 'http',
      priced: 'GET /weather',
    });
  });

  it('is another bill for everybody', async () => {
    const here = await gate(counting().listener, PRICES);
    const numbers = await Promise.all(
      [...Array(5)].map(async () => billIn(await ask(here.port, '/weather')).outTradeNo),
    );
    expect(new Set(numbers).size).toBe(5);
  });

  it('is told by HEAD without a bill, and not executed', async () => {
    const { seen, listener } = counting();
    const here = await gate(listener, PRICES);
    const head = () => here.till.ledger.read((book) => book.trail.head());
    const before = await head();
    const { status, headers, body } = await ask(here.port, '/weather', { method: 'HEAD' });
    expect([status, body.length, headers['x-out-trade-no'], seen.length]).toEqual([402, 0, undefined, 0]);
    expect(await head()).toBe(before);
  });

  it('is not read without end', async () => {
    const { seen, listener } = counting();
    const here = await gate(listener, PRICES);
    const large = Buffer.alloc(1024 * 1024 + 1);
    expect((await ask(here.port, '/draw', { method: 'POST', body: large })).status).toBe(413);
    const chunked = { method: 'POST', body: large, headers: { 'Transfer-Encoding': 'chunked' } };
    expect((await ask(here.port, '/draw', chunked)).status).toBe(413);
    expect((await ask(here.port, '/draw', { method: 'POST', body: large.subarray(1) })).status).toBe(402);
    expect(seen).toEqual([]);
  });

  it('A402-INVARIANT-1, 6: is not sold where the rules do not allow it, whoever would pay', async () => {
    const { seen, listener } = counting();
    const here = await gate(listener, PRICES);
    const rules = { payments: { approveAboveFen: fen(5) }, refunds: {} };
    await accept(here.till, rules);
    for (const headers of [{}, { 'Payment-Proof': 'x' }, { 'X-Out-Trade-No': 'A'.repeat(32) }]) {
      const { status, headers: said, text } = await ask(here.port, '/weather', { headers });
      expect([status, said['x-out-trade-no']]).toEqual([503, undefined]);
      expect(JSON.parse(text)).toMatchObject({ code: 'POLICY_DENIED' });
    }
    expect([seen, here.bank.calls]).toEqual([[], []]);
  });

  it('is not sold while money is paused', async () => {
    const here = await gate(counting().listener, PRICES);
    await here.till.ledger.write((book) => freeze(book, 'page', undefined));
    const { status, headers, text } = await ask(here.port, '/weather');
    expect([status, headers['retry-after'], JSON.parse(text)]).toEqual([
      503,
      '5',
      expect.objectContaining({ code: 'FROZEN' }),
    ]);
  });
});

describe('A402-TEST-007: what is paid for', () => {
  it('is executed once, as it was asked for, and told the same ever after, byte for byte', async () => {
    const { seen, listener } = counting((_request, response) => {
      response.setHeader('Set-Cookie', ['a=1', 'b=2']);
      response.setHeader('Cache-Control', 'public, max-age=600');
      response.writeHead(201, { 'X-Mine': String(Math.random()), 'Payment-Validation': 'forged' });
      response.end(`poster ${Math.random()}`);
    });
    const here = await gate(listener, PRICES);
    const how = { ...POST, headers: { 'Content-Type': 'application/json', 'Idempotency-Key': 'theirs' } };
    const number = await bought(here, '/poster/cat?size=1', how);
    const first = await ask(here.port, '/poster/cat?size=1', showing(number, how));
    expect([first.status, first.text]).toEqual([201, expect.stringContaining('poster')]);
    expect(first.headers).toMatchObject({
      'x-out-trade-no': number,
      'cache-control': 'no-store',
      'set-cookie': ['a=1', 'b=2'],
    });
    expect(first.headers['payment-validation']).toBeUndefined();
    for (let times = 0; times < 3; times++) {
      const again = await ask(here.port, '/poster/cat?size=1', showing(number, how));
      expect([again.status, again.raw, again.body]).toEqual([first.status, first.raw, first.body]);
    }
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ method: 'POST', url: '/poster/cat?size=1', body: POST.body });
    expect(seen[0]?.headers).toMatchObject({
      'content-type': 'application/json',
      'idempotency-key': 'theirs',
      'x-forwarded-for': '127.0.0.1',
    });
    expect(JSON.stringify(seen[0]?.headers)).not.toContain(number);
    await until(
      'it is known to be delivered',
      async () => (await callOf(here, number))?.state === 'DELIVERED' || undefined,
    );
    expect(await owedFor(here, number)).toEqual([]);
    expect(here.errors).toEqual([]);
  });

  const CROWD = Number(process.env.GATE_CROWD ?? 60);
  it(`is executed once when ${CROWD} show it at once, at two gates`, async () => {
    const { seen, listener } = counting(
      (_request, response) => void setTimeout(() => response.end(`${Math.random()}`), 30),
    );
    const upstream = await listen(createServer(listener));
    const one = await tillAt();
    const here = await gate(upstream, PRICES, { options: { till: one.till } });
    const other = await gate(upstream, PRICES, {
      options: { till: (await tillAt(one.folder, one.bank)).till },
    });
    const number = await bought({ ...here, bank: one.bank }, '/weather');
    const all = await Promise.all(
      [...Array(CROWD)].map((_, i) => ask((i % 3 ? here : other).port, '/weather', showing(number))),
    );
    expect(new Set(all.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(all[0]?.status).toBe(200);
    expect(seen).toHaveLength(1);
  });

  it(`is sold to ${CROWD} buyers at once, each their own`, async () => {
    const { seen, listener } = counting((request, response) => void response.end(`for ${request.url}`));
    const here = await gate(listener, PRICES);
    await Promise.all(
      [...Array(CROWD)].map(async (_, i) => {
        const path = `/weather?of=${i}`;
        const number = await bought(here, path, {}, true);
        const { status, text } = await ask(here.port, path, showing(number));
        expect([status, text]).toEqual([200, `for ${path}`]);
      }),
    );
    expect(seen).toHaveLength(CROWD);
  });

  it('is executed and kept although its buyer has left', async () => {
    let answer = () => undefined as unknown;
    const { seen, listener } = counting((_request, response) => {
      answer = () => response.end('late');
    });
    const here = await gate(listener, PRICES);
    const number = await bought(here, '/weather');
    const asking = request({
      host: '127.0.0.1',
      port: here.port,
      path: '/weather',
      agent: false,
      headers: { 'X-Out-Trade-No': number },
    });
    asking.on('error', () => undefined);
    asking.end();
    await until('it is executed', () => Promise.resolve(seen.length > 0 || undefined));
    asking.destroy();
    answer();
    await until(
      'it is kept',
      async () => (await callOf(here, number))?.state === 'RESULT_STORED' || undefined,
    );
    expect((await ask(here.port, '/weather', showing(number))).text).toBe('late');
    expect(seen).toHaveLength(1);
  });

  it('is still executed by a gate that is told to stop', async () => {
    let answer = () => undefined as unknown;
    const { seen, listener } = counting((_request, response) => {
      answer = () => response.end('last');
    });
    const here = await gate(listener, PRICES);
    const number = await bought(here, '/weather');
    const asked = ask(here.port, '/weather', showing(number));
    await until('it is executed', () => Promise.resolve(seen.length > 0 || undefined));
    const stopped = here.stop();
    answer();
    expect((await asked).text).toBe('last');
    await stopped;
  });
});

describe('A402-TEST-003, 004: what is shown', () => {
  it('buys nothing when it is no number of ours', async () => {
    const { seen, listener } = counting();
    const here = await gate(listener, PRICES);
    for (const number of ['x', '0'.repeat(32), "' OR 1=1 --", '../../etc', 'A'.repeat(4_000)]) {
      expect(problem(await ask(here.port, '/weather', showing(number)))).toEqual([402, 'UNKNOWN_NUMBER']);
    }
    const two = { headers: { 'X-Out-Trade-No': ['A'.repeat(32), 'B'.repeat(32)] } };
    expect(problem(await ask(here.port, '/weather', two))).toEqual([402, 'UNKNOWN_NUMBER']);
    expect([seen, here.bank.calls]).toEqual([[], []]);
  });

  it('buys nothing before it is paid, and stays the same bill', async () => {
    const { seen, listener } = counting();
    const here = await gate(listener, PRICES);
    const bill = billIn(await ask(here.port, '/weather'));
    const again = await ask(here.port, '/weather', showing(bill.outTradeNo));
    expect([problem(again), billIn(again).outTradeNo, billIn(again).cashierUrl]).toEqual([
      [402, 'NOT_PAID'],
      bill.outTradeNo,
      bill.cashierUrl,
    ]);
    expect(seen).toEqual([]);
  });

  it('A402-INVARIANT-8: is not known while the gateway does not tell, and makes no other bill', async () => {
    const { seen, listener } = counting();
    const here = await gate(listener, PRICES);
    const number = await bought(here, '/weather');
    here.bank.fault = () => 'lost-before';
    const { requestHash = '' } = (await callOf(here, number)) ?? {};
    const newest = () => here.till.ledger.read((book) => book.paidCalls.byRequest(requestHash, 'gate'));
    const unknown = await ask(here.port, '/weather', showing(number));
    expect([unknown.status, Number(unknown.headers['retry-after']) > 0, seen.length]).toEqual([503, true, 0]);
    expect((await newest())?.number).toBe(number);
    here.bank.fault = () => 'none';
    expect((await ask(here.port, '/weather', showing(number))).status).toBe(200);
  });

  it('buys nothing and goes back where it was paid too late, which is told so and with a new bill', async () => {
    const { seen, listener } = counting();
    const here = await gate(listener, PRICES);
    const number = await bought(here, '/weather');
    const call = await callOf(here, number);
    const trade = here.bank.trades.get(call?.pageNo ?? '');
    if (!call || !trade) throw new Error('no trade');
    trade.paidAt = call.expiresAt + 120_000;
    for (let times = 0; times < 2; times++) {
      const late = await ask(here.port, '/weather', showing(number));
      expect(problem(late)).toEqual([402, 'PAID_TOO_LATE']);
      expect(billIn(late).outTradeNo).not.toBe(number);
    }
    const back = await here.till.ledger.read((book) => book.owed.ofOrders([call.pageNo]));
    expect(back.get(call.pageNo)).toHaveLength(1);
    expect(seen).toEqual([]);
  });

  it('buys nothing of another sum', async () => {
    const { seen, listener } = counting();
    const here = await gate(listener, PRICES);
    const number = await bought(here, '/weather');
    const call = await callOf(here, number);
    const trade = here.bank.trades.get(call?.pageNo ?? '');
    if (trade) trade.amountFen = 1 as typeof trade.amountFen;
    expect((await ask(here.port, '/weather', showing(number))).status).not.toBe(200);
    expect(seen).toEqual([]);
  });
});

describe('A402-TEST-006: a bill', () => {
  it.each<[string, string, How]>([
    ['another path', '/WEATHER', {}],
    ['another query', '/weather?city=x', {}],
    ['an empty query', '/weather?', {}],
    ['another price', '/draw', POST],
    ['a body', '/weather', { body: 'x' }],
  ])('buys nothing with %s', async (_what, path, how) => {
    const { seen, listener } = counting();
    const here = await gate(listener, PRICES);
    const number = await bought(here, '/weather');
    const answered = await ask(here.port, path, showing(number, how));
    expect(answered.status).toBe(409);
    expect(JSON.parse(answered.text)).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    expect(seen).toEqual([]);
    expect((await ask(here.port, '/weather', showing(number))).status).toBe(200);
  });

  it('of a body buys that body alone', async () => {
    const { seen, listener } = counting();
    const here = await gate(listener, PRICES);
    const number = await bought(here, '/draw', POST);
    for (const body of ['', '{"of":"a dog"}', `${POST.body} `]) {
      expect((await ask(here.port, '/draw', showing(number, { ...POST, body }))).status).toBe(409);
    }
    expect(seen).toEqual([]);
  });
});

describe('A402-TEST-005, 008: what cannot be delivered', () => {
  it.each<[string, number, RequestListener, number, number]>([
    ['a failure', 502, (_request, response) => void response.writeHead(500).end('broken'), 1, 0],
    ['what it has not', 404, (_request, response) => void response.writeHead(404).end('nothing here'), 1, 0],
    [
      'more than is kept',
      502,
      (_request, response) => void response.end(Buffer.alloc(1024 * 1024 + 1)),
      1,
      0,
    ],
    [
      'half of it',
      502,
      (_request, response) => {
        response.writeHead(200, { 'Content-Length': 9 });
        response.write('half');
        setImmediate(() => response.destroy());
      },
      1,
      0,
    ],
    ['nothing at all', 502, (request) => void request.socket.destroy(), 1, 0],
  ])('goes back where the upstream answers with %s', async (_what, status, answer, times) => {
    const { seen, listener } = counting(answer);
    const here = await gate(listener, PRICES);
    const number = await bought(here, '/poster/cat', POST);
    const answered = await ask(here.port, '/poster/cat', showing(number, POST));
    expect(answered.status).toBe(status);
    if (status === 502)
      expect(JSON.parse(answered.text)).toMatchObject({ code: 'UPSTREAM_FAILED', refund: true });
    else expect(answered.text).toBe('nothing here');
    expect(seen).toHaveLength(times);
    expect(await callOf(here, number)).toMatchObject({ state: 'REFUND_DUE' });
    expect(await owedFor(here, number)).toHaveLength(1);
    // From then on it buys nothing.
    expect(problem(await ask(here.port, '/poster/cat', showing(number, POST)))).toEqual([402, 'REFUNDED']);
    expect(seen).toHaveLength(times);
    expect(await owedFor(here, number)).toHaveLength(1);
  });

  it('is asked for again where its price says so, under its number', async () => {
    let failures = 2;
    const { seen, listener } = counting((request, response) => {
      if (failures-- > 0) request.socket.destroy();
      else response.end('drawn');
    });
    const here = await gate(listener, PRICES);
    const how = { ...POST, headers: { 'Idempotency-Key': 'theirs' } };
    const number = await bought(here, '/draw', how);
    expect((await ask(here.port, '/draw', showing(number, how))).text).toBe('drawn');
    expect(seen.map(({ headers }) => headers['idempotency-key'])).toEqual([number, number, number]);
  });

  it('goes back where asking again helps no more', async () => {
    const { seen, listener } = counting((_request, response) => void response.writeHead(503).end());
    const here = await gate(listener, PRICES);
    const number = await bought(here, '/weather');
    expect((await ask(here.port, '/weather', showing(number))).status).toBe(502);
    expect(seen).toHaveLength(3);
    expect(await callOf(here, number)).toMatchObject({ state: 'REFUND_DUE' });
  });

  it('waits where nothing has reached the upstream, and is executed once it is there', async () => {
    const closed = createTcpServer();
    const port = await listen(closed);
    await new Promise<void>((resolve) => closed.close(() => resolve()));
    const here = await gate(port, PRICES);
    const number = await bought(here, '/poster/cat', POST);
    const answered = await ask(here.port, '/poster/cat', showing(number, POST));
    expect([answered.status, Number(answered.headers['retry-after']) > 0]).toEqual([502, true]);
    expect(await callOf(here, number)).toMatchObject({ state: 'PAID' });
    const { seen, listener } = counting();
    const upstream = createServer(listener);
    await new Promise<void>((resolve) => upstream.listen(port, '127.0.0.1', resolve));
    expect((await ask(here.port, '/poster/cat', showing(number, POST))).status).toBe(200);
    expect(seen).toHaveLength(1);
    upstream.close();
  });
});
