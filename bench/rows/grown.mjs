// What must not grow with the ledger: each on a large one and, beside it, on a small one of the same shop.
import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, costOf, median, p99, pinging, SALE, timed, timesAtMost } from '../stage.mjs';

export const SMALL = 10_000;

/** A server that nobody calls, with work behind it. */
export async function idle(stage) {
  await stage.gateway();
  const watch = async (orders) => {
    const server = await stage.server({ ledger: await stage.ledger(orders) });
    await server.call('create-payment', SALE);
    await sleep(5_000);
    const before = server.cpuMs();
    const { times, answer: ms } = await pinging(
      () => server.request('ping'),
      async () => (await timed(() => sleep(stage.sizes.idleSeconds * 1000))).ms,
      500,
    );
    const percent = ((server.cpuMs() - before) * 100) / ms;
    await server.end();
    return { percent, ping: times };
  };
  const small = await watch(Math.min(SMALL, stage.sizes.orders));
  const large = await watch(stage.sizes.orders);
  const besideWhat = 'on 10,000 orders';
  return [
    atMost('idle server, two wallets', '% of a core', large.percent, 1, {
      beside: small.percent,
      besideWhat,
    }),
    atMost('… its ping, p99', 'ms', p99(large.ping), 10, { beside: p99(small.ping), besideWhat }),
  ];
}

export async function list(stage) {
  await stage.gateway();
  const ask = async (orders) => {
    const server = await stage.server({ ledger: await stage.ledger(orders) });
    const times = { first: [], state: [] };
    const states = ['PAID', 'CLOSED', 'NOTPAY', 'UNKNOWN', 'DENIED', 'PENDING_APPROVAL'];
    const until = performance.now() + stage.sizes.seconds * 3_000;
    for (let i = 0; i < 100 && performance.now() < until; i++) {
      const first = await timed(() => server.call('list-payments', {}));
      const state = await timed(() => server.call('list-payments', { state: states[i % states.length] }));
      if (i === 0) continue;
      times.first.push(first.ms);
      times.state.push(state.ms);
    }
    await server.end();
    return times;
  };
  const small = await ask(Math.min(SMALL, stage.sizes.orders));
  const large = await ask(stage.sizes.orders);
  return [
    ['first page', 'first'],
    ['by state', 'state'],
  ].map(([what, name]) =>
    atMost(`list-payments, ${what}, p99`, 'ms', p99(large[name]), 20, {
      ...{
        beside: p99(small[name]),
        besideWhat: 'on 10,000 orders',
        note: `median ${median(large[name]).toFixed(1)}`,
      },
    }),
  );
}

/** What commands and the settler ask of the ledger, inside a process that has it open. */
export async function inside(stage) {
  const { ask } = await stage.bundled('inside');
  const large = await ask(await stage.ledger(stage.sizes.orders), stage.env());
  const small = await ask(await stage.ledger(Math.min(SMALL, stage.sizes.orders)), stage.env());
  const besideWhat = 'on 10,000 orders';
  return [
    ['audit show', 'show', 50],
    ['reconcile of a day', 'reconcile', 50],
    ['whether anything is unsettled', 'unsettled', 1],
  ].map(([what, name, most]) =>
    atMost(what, 'ms', median(large[name]), most, {
      ...{ p99: p99(large[name]), beside: median(small[name]), besideWhat },
    }),
  );
}

/** Equal sales to the same buyer, of which the newest could be meant. */
export async function equal(stage) {
  await stage.gateway();
  const { equal } = stage.sizes;
  const full = await createCost(stage, await stage.ownLedger(equal, 'today'), true);
  const empty = await createCost(stage, undefined, true);
  return [
    timesAtMost(
      ...['create with equal sales before it', 'ms of processor', full, empty, 'on an empty ledger', 1.15],
    ),
  ];
}

export async function limits(stage) {
  await stage.gateway();
  const { accept } = await stage.bundled('inside');
  const { equal } = stage.sizes;
  const lines = [];
  for (const [what, policy] of [
    ['perDay limit', { perDay: { totalFen: 1e12, count: 1e9 } }],
    ['budget', { from: 'budget' }],
  ]) {
    // Of its own each: open orders of the one before would be asked about.
    const full = await stage.ownLedger(equal, 'today');
    const empty = stage.env().CASHIER_LEDGER;
    for (const path of [full, empty]) await accept(path, { payments: policy, refunds: {} });
    const [large, small] = [await createCost(stage, full), await createCost(stage, empty)];
    lines.push(
      atMost(what, 'ms of processor more', Math.max(0, large - small), 1, {
        ...{ beside: small, besideWhat: 'a create on an empty ledger' },
      }),
    );
  }
  return lines;
}

/** Processor ms of a create; to the same buyer each is closed before the next, so that none is a repetition. */
async function createCost(stage, ledger, isSameBuyer = false) {
  const { EQUAL_SALE } = await stage.bundled('fill');
  const { caller, title, yuan, provider } = EQUAL_SALE;
  const buyer = isSameBuyer ? EQUAL_SALE.buyer : undefined;
  const server = await stage.server({ CASHIER_CALLER: caller, ...(ledger === undefined ? {} : { ledger }) });
  const costs = [];
  const until = performance.now() + stage.sizes.seconds * 3_000;
  for (let i = 0; i < 60 && (costs.length < 5 || performance.now() < until); i++) {
    let sold;
    const cost = await costOf(server, async () => {
      sold = await server.call('create-payment', { provider, amountYuan: yuan, title, buyer });
    });
    const { outTradeNo, replayed } = sold.structuredContent;
    if (replayed) throw new Error(`${outTradeNo} is a repetition`);
    if (isSameBuyer) await server.call('close-payment', { outTradeNo });
    if (i > 5) costs.push(cost);
  }
  await server.end();
  return median(costs);
}

/** Bytes of the file for one order with all that is recorded of it. */
export async function size(stage) {
  const { orders } = stage.sizes;
  const path = await stage.ledger(orders);
  return [atMost('an order with its audit', 'bytes', statSync(path).size / orders, 1_500)];
}
