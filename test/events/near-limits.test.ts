import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Channel } from '../../src/events/channel.ts';
import { NotSent, type Send } from '../../src/events/kinds/kind.ts';
import { KINDS } from '../../src/events/kinds/registry.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import { systemClock, systemRandom } from '../../src/platform/system.ts';
import { receive, secretOf } from '../../src/simulator/inbox/receiver.ts';
import { RECEIVERS } from '../../src/simulator/inbox/receivers.ts';
import { SimulatorDatabase } from '../../src/simulator/state/database.ts';
import { loadIdentity } from '../../src/simulator/state/identity.ts';
import { createWorld, type World as Gateways } from '../../src/simulator/world.ts';
import { deliver, Endpoint } from '../support/channels.ts';
import { lendKeys } from '../support/lent-keys.ts';
import { CALL, DEFAULTS, refund, World } from '../support/world.ts';

let world: World;
let folder: string;
let gateways: Gateways;
let database: SimulatorDatabase;
beforeEach(async () => {
  world = new World(3);
  folder = mkdtempSync(join(tmpdir(), 'near-limits-'));
  await lendKeys(folder);
  const ports = { clock: systemClock, randomBytes: systemRandom };
  database = await SimulatorDatabase.open(join(folder, 'simulator'), ports);
  const identity = await loadIdentity(database, systemRandom, []);
  gateways = createWorld({ ...ports, clock: world.clock }, database, identity, 'http://127.0.0.1:1', []);
});
afterEach(async () => {
  await world.end();
  database.close();
  rmSync(folder, { recursive: true });
});

/** A robot that counts as the real one does, by the clock of this world. */
function robot(kind: 'feishu' | 'dingtalk' | 'wecom'): { readonly channel: Channel; readonly send: Send } {
  const receiver = RECEIVERS.find((one) => one.kind === kind);
  if (!receiver) throw new Error('nobody');
  const url = new URL(receiver.address(gateways.origin, 'boss'));
  const opened = KINDS[kind].open({ url, secret: secretOf(gateways, receiver, 'boss') });
  if ('wrong' in opened) throw new Error(opened.text.en);
  return {
    channel: {
      name: 'boss',
      kind: KINDS[kind],
      opened,
      url,
      events: ['*'],
      language: 'zh',
      allowPrivate: false,
    },
    async send({ url: to, headers, body }) {
      const target = to.slice(gateways.origin.length);
      const incoming = { method: 'POST', target, headers, body: Buffer.from(body) };
      const answer = await world.clock.during(receive(gateways, receiver, incoming));
      if (answer === 'cut') throw new NotSent('network');
      return { ...answer, body: String(answer.body) };
    },
  };
}

/** How many events of a type a title tells of: one, or as many as it says. */
const counted = (titles: readonly string[], one: RegExp, many: RegExp) =>
  titles.reduce((sum, title) => sum + (one.test(title) ? 1 : Number(many.exec(title)?.[1] ?? 0)), 0);

describe.each(['dingtalk', 'wecom', 'feishu'] as const)('%s', (kind) => {
  it('is never told more than it takes: payments share a message, approvals have their own, and come first', async () => {
    const till = await world.process(DEFAULTS);
    const { channel, send } = robot(kind);
    const running = await deliver(till, new Endpoint(world.clock), [channel], { send });
    const count = kind === 'feishu' ? 150 : 60;
    for (let i = 0; i < count; i += 1) await world.sold(till, `ORDER_${i}`);
    const askedAt = world.clock.now();
    for (const i of [1, 2, 3]) {
      const wanted = refund({ outTradeNo: `ORDER_${i}`, outRefundNo: `R_${i}` });
      await refundPayment(till, CALL, wanted);
    }
    const arrived = () => gateways.inbox.recent(1_000).reverse();
    const titles = () => arrived().map(({ shown }) => shown?.title || (shown?.text.split('\n')[0] ?? ''));
    const paid = () => counted(titles(), /^【模拟】收款 ¥/, /^【模拟】(\d+) 笔收款，共 ¥/);
    const asks = () => counted(titles(), /^【模拟】待审批：/, /^【模拟】(\d+) 个审批/);
    const end = world.clock.now() + 3_600_000;
    while (paid() < count || asks() < 3) {
      if (world.clock.now() > end) throw new Error(`told of ${paid()} and ${asks()}`);
      await world.clock.sleep(500);
    }
    await running.stop();
    expect(arrived().filter(({ refused }) => refused !== undefined)).toEqual([]);
    expect([paid(), asks()]).toEqual([count, 3]);
    expect(titles().filter((title) => title.startsWith('【模拟】待审批：'))).toHaveLength(3);
    expect(arrived().length).toBeLessThan(count);
    // However much there was to tell.
    const approvals = arrived().filter(({ shown }) => /待审批：/.test(shown?.title || (shown?.text ?? '')));
    for (const { at } of approvals) expect(at - askedAt).toBeLessThan(10_000);
  });
});
