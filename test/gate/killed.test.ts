import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { openSqliteStore } from '../../src/ledger/sqlite-store.ts';
import { systemClock as clock, systemRandom as randomBytes } from '../../src/platform/system.ts';
import { BuyerAgent } from '../../src/simulator/buyer-agent.ts';
import { cleanEnv, makeHome } from '../journeys/shop.ts';
import { Transcript, until } from '../support/server-process.ts';
import { SimulatorProcess } from '../support/simulator-client.ts';
import { seeded } from '../support/virtual-time.ts';
import { type Answered, ask, billIn } from './gate-here.ts';
import { GateProcess, type Premises } from './gate-process.ts';

/** How often somebody dies, of the gate, the gateway, which it plays too once that has been killed, and the upstream. */
const KILLS = Number(process.env.GATE_KILLS ?? 200);
/** ms, ten times what it takes where nobody else is at work: every life of a gate is a start of Node. */
const ENDS_WITHIN_MS = 60_000 + KILLS * 20_000;
/** Buyers of one life of the gate. */
const AT_ONCE = 10;
/** Of these, for how many the upstream dies; for one the gate does. */
const DISTURBED = 7;

/** When the gate dies, told from a buyer. */
const MOMENTS = ['billed', 'shown', 'arrived', 'answered', 'told'] as const;
/** How the upstream dies when it is asked. */
const DEATHS = ['before it answers', 'in the middle', 'for a while'] as const;
type Moment = (typeof MOMENTS)[number];
type Death = (typeof DEATHS)[number];

interface Buyer {
  readonly id: string;
  readonly repeatable: boolean;
  number?: string;
  proof?: string;
  /** What was delivered, as often as it was. */
  readonly got: Set<string>;
  refunded: boolean;
}

let premises: Premises & { readonly simulator: SimulatorProcess };
let upstream: Server;
let port: number;
let gate: GateProcess;
let gatePort: number;
const executions = new Map<string, number>();
const buyers: Buyer[] = [];
let kills = 0;
/** Called when a buyer comes to a moment. */
let reached: (moment: Moment, id: string) => void = () => undefined;
/** What becomes of the upstream when it is asked for somebody. */
const fates = new Map<string, Death>();

const random = seeded(20_261_129);
const prices = () => `version: 1
http:
  - upstream: http://127.0.0.1:${port}
    prices:
      "POST /once": { yuan: "0.10", title: once, a2mServiceId: api_mock_service_id }
      "GET /twice": { yuan: "0.10", title: twice, a2mServiceId: api_mock_service_id }
`;

async function executed(request: IncomingMessage, response: ServerResponse): Promise<void> {
  request.resume();
  const id = new URL(request.url ?? '', 'http://x').searchParams.get('id') ?? '';
  const death = fates.get(id);
  if (death !== undefined) {
    fates.delete(id);
    kills += 1;
    if (death === 'in the middle') {
      executions.set(id, (executions.get(id) ?? 0) + 1);
      response.writeHead(200, { 'Content-Length': 20 });
      response.write('half');
      await sleep(5);
    }
    upstream.closeAllConnections();
    if (death === 'for a while') {
      upstream.close();
      await sleep(200);
      await listening();
    }
    return;
  }
  executions.set(id, (executions.get(id) ?? 0) + 1);
  reached('arrived', id);
  await sleep(2);
  response.on('finish', () => reached('answered', id));
  response.end(`for ${id}, ${executions.get(id)}`);
}

async function listening(): Promise<void> {
  upstream = createServer((request, response) => void executed(request, response));
  upstream.listen(port ?? 0, '127.0.0.1');
  await once(upstream, 'listening');
  const address = upstream.address();
  if (typeof address === 'object' && address) port = address.port;
}

beforeAll(async () => {
  const home = makeHome();
  const env = cleanEnv(home);
  const simulator = await SimulatorProcess.start(env, join(home, 'cwd'));
  premises = { home, env, simulator, transcript: new Transcript() };
  await listening();
  gate = await GateProcess.start(premises, prices());
  gatePort = gate.port;
});
afterAll(async () => {
  await gate.kill();
  upstream.closeAllConnections();
  upstream.close();
  rmSync(premises.home, { recursive: true, force: true });
});

const pathOf = ({ id, repeatable }: Buyer) => `/${repeatable ? 'twice' : 'once'}?id=${id}`;
const asking = (buyer: Buyer, headers: Record<string, string> = {}) =>
  ask(gatePort, pathOf(buyer), buyer.repeatable ? { headers } : { method: 'POST', body: buyer.id, headers });

/** One try; what dies under it is tried again by whoever goes on. Returns whether it has come to its end. */
async function tryOnce(buyer: Buyer): Promise<boolean> {
  const { id } = buyer;
  const agent = new BuyerAgent({ origin: premises.simulator.origin, wallet: 'alipay', clock });
  try {
    if (buyer.proof === undefined) {
      const billed = await asking(buyer);
      if (billed.status !== 402) return false;
      buyer.number = billIn(billed).outTradeNo;
      reached('billed', id);
      const challenge = { headers: { 'payment-needed': String(billed.headers['payment-needed']) } };
      buyer.proof = (await agent.pay(challenge))['Payment-Proof'] ?? '';
    }
    reached('shown', id);
    const answered = await asking(buyer, { 'Payment-Proof': buyer.proof });
    reached('told', id);
    return heard(buyer, answered);
  } catch {
    return false;
  }
}

function heard(buyer: Buyer, answered: Answered): boolean {
  if (answered.status === 200) buyer.got.add(answered.text);
  const isBack =
    (answered.status === 502 && answered.text.includes('"refund":true')) ||
    (answered.status === 402 && ['REFUNDED', 'PAID_TOO_LATE'].includes(billIn(answered).problem?.code ?? ''));
  if (isBack) buyer.refunded = true;
  return answered.status === 200 || isBack;
}

/** A life of the gate: some buy, and it dies at a moment of one of them; for others the upstream does. */
async function live(moment: Moment, first: number): Promise<void> {
  if (gate.isOver) gate = await GateProcess.start(premises, prices(), { port: gatePort });
  const here = [...Array(AT_ONCE)].map((_, i): Buyer => {
    const id = `b${buyers.length + i}`;
    return { id, repeatable: random() < 0.4, got: new Set(), refunded: false };
  });
  buyers.push(...here);
  const [victim, ...others] = here;
  for (const [i, { id }] of others.slice(0, DISTURBED).entries()) {
    fates.set(id, DEATHS[(first + i) % DEATHS.length] ?? 'in the middle');
  }
  let killed: Promise<void> | undefined;
  reached = (at, id) => {
    if (at !== moment || id !== victim?.id || killed) return;
    // It plays the gateway, too.
    kills += 2;
    killed = gate.kill();
  };
  await Promise.all(here.map(tryOnce));
  reached = () => undefined;
  await killed;
}

describe('a paid call', () => {
  it(
    `is executed once and delivered, or paid back, through ${KILLS} deaths of gate, gateway and upstream`,
    async () => {
      // From here on the gate plays the gateway too, and both die at once.
      await premises.simulator.kill();
      kills += 1;
      for (let i = 0; kills < KILLS; i++) await live(MOMENTS[i % MOMENTS.length] ?? 'arrived', i);
      if (gate.isOver) gate = await GateProcess.start(premises, prices(), { port: gatePort });
      for (const buyer of buyers) {
        await until(`the end of ${buyer.id}`, async () => (await tryOnce(buyer)) || undefined);
      }
      const store = await openSqliteStore(`${premises.home}/simulator/ledger.db`, { clock, randomBytes });
      const ledger = await Ledger.open(store, 'simulator', { clock, randomBytes });
      const wrong: string[] = [];
      for (const { id, number = '', got, refunded, repeatable } of buyers) {
        const call = await until(`the books of ${id}`, async () => {
          const one = await ledger.read((book) => book.paidCalls.get(number));
          const isOver = one && ['RESULT_STORED', 'DELIVERED', 'CONFIRMED', 'REFUNDED'].includes(one.state);
          return isOver ? one : undefined;
        });
        const times = executions.get(id) ?? 0;
        if (!repeatable && times > 1) wrong.push(`${id} was executed ${times} times`);
        if (got.size > 1) wrong.push(`${id} was told different things: ${[...got].join('; ')}`);
        if (got.size > 0 && (refunded || call.state === 'REFUNDED'))
          wrong.push(`${id} was delivered and paid back`);
        if (got.size === 0 && call.state !== 'REFUNDED')
          wrong.push(`${id} was ${call.state} and got nothing`);
        const order =
          call.paidBy === undefined
            ? []
            : await ledger.read((book) => book.refunds.ofOrder(call.paidBy ?? ''));
        if (order.length !== (call.state === 'REFUNDED' ? 1 : 0))
          wrong.push(`${id} has ${order.length} refunds`);
      }
      await ledger.close();
      expect(wrong).toEqual([]);
      expect(kills).toBeGreaterThanOrEqual(KILLS);
      expect(buyers.some(({ got }) => got.size > 0)).toBe(true);
    },
    ENDS_WITHIN_MS,
  );
});
