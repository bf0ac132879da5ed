import { z } from 'zod';
import { beijingIso } from '../domain/clock.ts';
import { type Answer, type Incoming, json } from './http.ts';
import { pay } from './payer.ts';
import { agreementsOf, CannotOpen, pageOfAgreement, scan, scanAgreement, whyNot } from './scanner.ts';
import { OPERATIONS, SCENARIOS, scenarioNamed } from './scenarios.ts';
import { type Agreement, agreementState } from './state/agreements.ts';
import { asOf, type Provider, refundStatus, type Trade, tradeState } from './state/trades.ts';
import { AGREEMENT_DEEDS, type World } from './world.ts';

/*
 * The control API, for tests and the demo. Every request needs the header `X-Simulator-Control: 1`, which a form in a
 * browser cannot send.
 *
 *   POST   /control/pay        {provider, outTradeNo, late?} or {code, late?}: a person opens and pays; `late` also
 *                              what is closed or over. `code` is anything a payer can be shown; a locally signed
 *                              Alipay link is known only by it until opened. → the order; 409 when it cannot be paid
 *   GET    /control/trades     every order with its refunds → {trades}
 *   POST   /control/agreements {code} or {number}, and {deed: sign | decline | stop}: what the buyer does with an agreement,
 *              found by what the buyer is shown or by either number of it. → the agreement
 *   GET    /control/agreements → {agreements}
 *   POST   /control/address    {provider, url}: where a wallet tells what it tells without an order (应用网关)
 *   GET    /control/requests   authenticated gateway calls, oldest first → {requests}
 *   GET    /control/deliveries notifications and the outcome of each attempt → {deliveries}
 *   GET    /control/inbox      what the merchant was told, newest first → {messages}
 *   GET    /control/faults     → {faults, scenarios}
 *   POST   /control/faults     {scenario, provider?, operation?, outTradeNo?, times?}: as a `sim:` token would
 *   DELETE /control/faults     removes them all
 */

const providers = z.string();
const payRequest = z.union([
  z.strictObject({ provider: providers, outTradeNo: z.string().min(1), late: z.boolean().optional() }),
  z.strictObject({ code: z.string().min(1), late: z.boolean().optional() }),
]);
const faultRequest = z.strictObject({
  scenario: z.string().refine((name) => scenarioNamed(name) !== undefined, 'no such scenario'),
  provider: providers.optional(),
  operation: z.enum(OPERATIONS).optional(),
  outTradeNo: z.string().min(1).optional(),
  times: z.int().min(1).optional(),
});

const deed = z.enum(AGREEMENT_DEEDS);
const agreementRequest = z.union([
  z.strictObject({ code: z.string().min(1), deed }),
  z.strictObject({ number: z.string().min(1), deed }),
]);
const addressRequest = z.strictObject({ provider: providers, url: z.url() });

/** Orders listed by `/control/trades`. */
const LISTED = 10_000;

export async function control(world: World, incoming: Incoming): Promise<Answer> {
  if (incoming.headers['x-simulator-control'] !== '1') {
    return json(403, { error: 'the header X-Simulator-Control: 1 is required' });
  }
  switch (`${incoming.method} ${incoming.target}`) {
    case 'POST /control/pay':
      return payAsPerson(world, incoming.body);
    case 'GET /control/trades':
      return json(200, { trades: world.trades.recent(LISTED).map((trade) => describe(world, trade)) });
    case 'POST /control/agreements':
      return actAsBuyer(world, incoming.body);
    case 'GET /control/agreements':
      return json(200, { agreements: world.agreements.recent(LISTED).map((one) => told(world, one)) });
    case 'POST /control/address':
      return setAddress(world, incoming.body);
    case 'GET /control/requests':
      return json(200, { requests: world.requests.all() });
    case 'GET /control/deliveries':
      return json(200, { deliveries: world.deliveries.all() });
    case 'GET /control/inbox':
      return json(200, { messages: world.inbox.recent(LISTED) });
    case 'GET /control/faults':
      return json(200, { faults: world.steering.faults(), scenarios: SCENARIOS });
    case 'POST /control/faults':
      return addFault(world, incoming.body);
    case 'DELETE /control/faults':
      return json(200, { removed: await world.database.write(() => world.steering.clearFaults()) });
    default:
      return json(404, { error: 'no such control' });
  }
}

async function payAsPerson(world: World, body: Buffer): Promise<Answer> {
  const request = read(body, payRequest);
  if (typeof request === 'string') return json(400, { error: request });
  const late = request.late ?? false;
  return orWhyNot(world, async () => {
    const trade =
      'code' in request ? await scan(world, request.code, late) : await find(world, request, late);
    const paid = await world.database.write(() => {
      const current = world.trades.of(trade.space).byNumber(trade.provider, trade.outTradeNo) ?? trade;
      return pay(world, current, late).trade;
    });
    if (paid.paidAt === undefined) return json(409, { error: 'closed', trade: describe(world, paid) });
    return json(200, { trade: describe(world, paid) });
  });
}

/** What came of it, or why the payer's phone cannot do it. */
async function orWhyNot(world: World, act: () => Promise<Answer>): Promise<Answer> {
  try {
    return await act();
  } catch (error) {
    const why = whyNot(world, error);
    if (why === undefined) throw error;
    return json(409, { error: why.en });
  }
}

/** The order with this number, opened first where opening makes it. */
async function find(
  world: World,
  { provider, outTradeNo }: { readonly provider: Provider; readonly outTradeNo: string },
  late: boolean,
): Promise<Trade> {
  const trade = world.trades.byNumber(provider, outTradeNo);
  if (trade) return trade;
  const own = world.codes.latest(provider, outTradeNo);
  const theirs = own ? undefined : world.trades.anywhere(provider, outTradeNo);
  if (theirs) return theirs;
  const issued = own ?? world.codes.anywhere(provider, outTradeNo);
  if (!issued)
    throw new CannotOpen('没有这个订单', 'no order or code with this number; pay a signed link with {code}');
  return scan(world, issued.code, late);
}

async function actAsBuyer(world: World, body: Buffer): Promise<Answer> {
  const request = read(body, agreementRequest);
  if (typeof request === 'string') return json(400, { error: request });
  return orWhyNot(world, async () => {
    const found =
      'code' in request
        ? await scanAgreement(world, request.code)
        : world.agreements.anywhere(request.number);
    if (!found)
      return json(409, { error: 'no such agreement; sign a link that nobody has opened with {code}' });
    const agreement = await world.database.write(() =>
      agreementsOf(world, found.provider).act(
        world,
        world.agreements.byToken(found.token) ?? found,
        request.deed,
      ),
    );
    return json(200, { agreement: told(world, agreement) });
  });
}

async function setAddress(world: World, body: Buffer): Promise<Answer> {
  const request = read(body, addressRequest);
  if (typeof request === 'string') return json(400, { error: request });
  await world.database.write(() => world.agreements.setAddress(request.provider, request.url));
  return json(201, request);
}

/** An agreement as tests want to see it. */
function told(world: World, agreement: Agreement) {
  const { fingerprint: _, token: __, ...rest } = agreement;
  return {
    ...rest,
    state: agreementState(agreement, world.clock.now()),
    page: `${world.origin}${pageOfAgreement(world, agreement)}`,
  };
}

async function addFault(world: World, body: Buffer): Promise<Answer> {
  const request = read(body, faultRequest);
  if (typeof request === 'string') return json(400, { error: request });
  const { times, ...fault } = request;
  await world.database.write(() => world.steering.addFault({ ...fault, timesLeft: times }));
  return json(201, { faults: world.steering.faults() });
}

/** An order as tests want to see it: its state by now, times as ISO 8601. */
function describe(world: World, kept: Trade) {
  const now = world.clock.now();
  const trade = asOf(kept, now);
  const { provider, seller, outTradeNo, scene, amountFen, title, tradeNo, payer, cashierToken } = trade;
  return {
    ...{ provider, seller, outTradeNo, scene, amountFen, title, tradeNo, payer },
    state: tradeState(trade, now),
    createdAt: beijingIso(trade.createdAt),
    expiresAt: beijingIso(trade.expiresAt),
    paidAt: trade.paidAt === undefined ? undefined : beijingIso(trade.paidAt),
    fulfilledAt: trade.a2m?.fulfilledAt === undefined ? undefined : beijingIso(trade.a2m.fulfilledAt),
    cashierUrl: `${world.origin}/cashier/${cashierToken}`,
    refunds: trade.refunds.map((refund) => ({
      outRefundNo: refund.outRefundNo,
      amountFen: refund.amountFen,
      reason: refund.reason,
      status: refundStatus(refund, now),
    })),
  };
}

/** What a body says, or why it cannot be read. */
function read<T>(body: Buffer, schema: z.ZodType<T>): T | string {
  try {
    return schema.parse(JSON.parse(body.toString('utf8')));
  } catch (error) {
    return error instanceof z.ZodError ? z.prettifyError(error) : 'not JSON';
  }
}
