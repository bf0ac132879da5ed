import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { openSqliteStore } from '../../src/ledger/sqlite-store.ts';
import { systemClock as clock, systemRandom as randomBytes } from '../../src/platform/system.ts';
import { BuyerAgent } from '../../src/simulator/buyer-agent.ts';
import { cleanEnv, makeHome } from '../journeys/shop.ts';
import { Transcript, until } from '../support/server-process.ts';
import { SimulatorProcess } from '../support/simulator-client.ts';
import { seeded } from '../support/virtual-time.ts';
import { GateProcess, type Premises } from './gate-process.ts';
import { type Face, MOMENTS, type Moment, MortalBuyer } from './mortal-buyer.ts';
import { DEATHS, Works } from './works.ts';

/** How often somebody dies, of the gate, the gateway, which it plays too once that has been killed, and the upstreams. */
const KILLS = Number(process.env.GATE_KILLS ?? 200);
const LEAST: Readonly<Record<Face, number>> = {
  http: Math.ceil(KILLS * 0.6),
  mcp: Math.floor(KILLS * 0.4),
};
/** ms, ten times what it takes where nobody else is at work: every life of a gate is a start of Node. */
const ENDS_WITHIN_MS = 60_000 + KILLS * 10_000;
/** Buyers of one life of the gate for whom their upstream dies, and those for whom nothing does but the gate. */
const DISTURBED: Readonly<Record<Face, number>> = { http: 3, mcp: 2 };
const UNDISTURBED = 1;

let premises: Premises & { readonly simulator: SimulatorProcess };
let gate: GateProcess;
let agent: BuyerAgent;
const works = new Works();
const buyers: MortalBuyer[] = [];
/** Lives of the gate that ended over somebody's call. */
const lives: Record<Face, number> = { http: 0, mcp: 0 };

const random = seeded(20_261_129);
const priced = { yuan: '0.10', a2mServiceId: 'api_mock_service_id' };
const prices = () =>
  JSON.stringify({
    version: 1,
    http: [
      {
        upstream: works.origin,
        prices: { 'POST /once': { ...priced, title: 'once' }, 'GET /twice': { ...priced, title: 'twice' } },
      },
    ],
    mcp: [
      {
        ...{ name: 'behind', command: works.command },
        prices: { once: { ...priced, title: 'once' }, twice: { ...priced, title: 'twice', retry: true } },
      },
    ],
  });

beforeAll(async () => {
  const home = makeHome();
  const env = cleanEnv(home);
  const simulator = await SimulatorProcess.start(env, join(home, 'cwd'));
  premises = { home, env, simulator, transcript: new Transcript() };
  agent = new BuyerAgent({ origin: simulator.origin, wallet: 'alipay', clock });
  await works.open();
  gate = await GateProcess.start(premises, prices());
});
afterAll(async () => {
  await gate.kill();
  works.close();
  rmSync(premises.home, { recursive: true, force: true });
});

async function raise(): Promise<void> {
  if (gate.isOver) gate = await GateProcess.start(premises, prices(), { port: gate.port });
}

function buyersOf(face: Face, count: number): MortalBuyer[] {
  const come = Array.from(
    { length: count },
    (_, i) => new MortalBuyer(`b${buyers.length + i}`, face, random() < 0.4),
  );
  buyers.push(...come);
  return come;
}

/** A life of the gate: upstreams die for some, and then it dies itself at a moment of a call, with others about. */
async function live(face: Face, moment: Moment): Promise<void> {
  await raise();
  const disturbed = [...buyersOf('http', DISTURBED.http), ...buyersOf('mcp', DISTURBED.mcp)];
  for (const [i, { id }] of disturbed.entries())
    works.fates.set(id, DEATHS[(i + lives[face]) % DEATHS.length] ?? 'in the middle');
  const [victim, ...others] = [
    ...buyersOf(face, 1),
    ...buyersOf('http', UNDISTURBED),
    ...buyersOf('mcp', UNDISTURBED),
  ];
  let killed: Promise<void> | undefined;
  const reached = (at: Moment, id: string) => {
    if (at !== moment || id !== victim?.id || killed) return;
    // It plays the gateway, too.
    works.kills[face] += 2;
    killed = gate.kill();
  };
  works.reached = reached;
  const tryOnce = (buyer: MortalBuyer) => buyer.tryOnce(gate.port, agent, (at) => reached(at, buyer.id));
  const first = disturbed.map(tryOnce);
  const isOver = Promise.all(first).then(() => true);
  // What comes of their deaths goes on while the gate dies.
  await until('the upstreams die', async () => {
    const isMet = disturbed.every(({ id }) => !works.fates.has(id));
    return isMet || (await Promise.race([isOver, undefined])) || undefined;
  });
  await Promise.all([...(victim ? [victim] : []), ...others].map(tryOnce));
  await Promise.all(first);
  await killed;
  lives[face] += 1;
}

/** What is wrong with how somebody's call has ended. */
async function wrongWith(buyer: MortalBuyer, ledger: Ledger): Promise<string[]> {
  const { id, number = '', got, paidBack, repeatable } = buyer;
  const call = await until(`the books of ${id}`, async () => {
    const one = await ledger.read((book) => book.paidCalls.get(number));
    const isOver = one && ['RESULT_STORED', 'DELIVERED', 'CONFIRMED', 'REFUNDED'].includes(one.state);
    return isOver ? one : undefined;
  });
  const order = await ledger.read((book) => book.refunds.ofOrder(call.paidBy ?? ''));
  const isBack = call.state === 'REFUNDED';
  const times = works.executions.get(id) ?? 0;
  return [
    ...(!repeatable && times > 1 ? [`${id} was executed ${times} times`] : []),
    ...(got.size > 1 ? [`${id} was told different things: ${[...got].join('; ')}`] : []),
    ...(got.size > 0 && (paidBack || isBack) ? [`${id} was delivered and paid back`] : []),
    ...(got.size === 0 && !isBack ? [`${id} was ${call.state} and got nothing`] : []),
    ...(order.length === (isBack ? 1 : 0) ? [] : [`${id} has ${order.length} refunds`]),
  ];
}

describe('a paid call', () => {
  it(
    `is executed once and delivered, or paid back, through ${KILLS} deaths of gate, gateway and upstreams`,
    async () => {
      // From here on the gate plays the gateway too, and both die at once.
      await premises.simulator.kill();
      for (;;) {
        const left = (face: Face) => (LEAST[face] - works.kills[face]) / LEAST[face];
        if (left('http') <= 0 && left('mcp') <= 0) break;
        const face = left('http') > left('mcp') ? 'http' : 'mcp';
        await live(face, MOMENTS[lives[face] % MOMENTS.length] ?? 'arrived');
      }
      await raise();
      await Promise.all(
        buyers.map((buyer) =>
          until(`the end of ${buyer.id}`, async () => {
            const isOver = await buyer.tryOnce(gate.port, agent, () => undefined);
            return isOver || undefined;
          }),
        ),
      );
      const store = await openSqliteStore(`${premises.home}/simulator/ledger.db`, { clock, randomBytes });
      const ledger = await Ledger.open(store, 'simulator', { clock, randomBytes });
      const wrong: string[] = [];
      for (const buyer of buyers) wrong.push(...(await wrongWith(buyer, ledger)));
      await ledger.close();
      expect(wrong).toEqual([]);
      for (const face of ['http', 'mcp'] as const) {
        expect(works.kills[face]).toBeGreaterThanOrEqual(LEAST[face]);
        expect(lives[face]).toBeGreaterThanOrEqual(Math.min(MOMENTS.length, LEAST[face] / 9));
        expect(buyers.some((buyer) => buyer.face === face && buyer.got.size > 0)).toBe(true);
      }
    },
    ENDS_WITHIN_MS,
  );
});
