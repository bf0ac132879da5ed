import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { beijingIso, DAY_MS } from '../../src/domain/clock.ts';
import { fen } from '../../src/domain/money.ts';
import { backUp } from '../../src/keeping/backup.ts';
import { type Restoring, restore } from '../../src/keeping/restore.ts';
import { verifyAudit } from '../../src/ledger/audit-verify.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { type Address, openStore } from '../../src/open-ledger.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { Desk } from '../../src/payments/desk.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import { settleDay } from '../../src/payments/settle-day.ts';
import { runSettler } from '../../src/payments/settler.ts';
import type { Till } from '../../src/payments/till.ts';
import { addPerson, joinByPassword, listPeople, revokePerson } from '../../src/persons/people.ts';
import { Person } from '../../src/persons/person.ts';
import { setOperatorSecret } from '../../src/persons/secret.ts';
import { bySession, openSession } from '../../src/persons/sessions.ts';
import { openSqlite } from '../../src/platform/sqlite.ts';
import { systemRandom } from '../../src/platform/system.ts';
import { unfreeze } from '../../src/policy/decisions.ts';
import { verifyReceipt } from '../../src/receipts/verify.ts';
import { receiptsOf } from '../support/receipts.ts';
import { CALL, payment, person, refund, World } from '../support/world.ts';
import { Places, rowsOf, silent, WAYS } from './places.ts';

describe.each(WAYS)('a backup, $title', ({ from, to, has }) => {
  const test = it.skipIf(!has);
  let world: World;
  let till: Till;
  let places: Places;
  let file: string;
  beforeEach(async () => {
    if (!has) return;
    world = new World(1, from);
    places = new Places();
    file = places.path('backup.db');
    till = await world.process();
    await world.sold(till, 'SOLD_1');
    await createPayment(till, CALL, payment({ outTradeNo: 'OPEN_1' }));
    await refundPayment(till, CALL, refund({ outTradeNo: 'SOLD_1', outRefundNo: 'R1' }));
  });
  afterEach(async () => {
    if (!has) return;
    await world.end();
    await places.end();
  });
  const clock = () => ({ now: () => world.clock.now(), sleep: world.clock.sleep.bind(world.clock) });
  const ports = () => ({ clock: clock(), randomBytes: systemRandom });
  const backup = async (path = file) =>
    world.clock.during(backUp(till.ledger, await world.address(), path, ports(), silent));
  const put = (target: Address, more: Partial<Restoring> = {}) =>
    world.clock.during(
      restore({
        ...{ file, target, home: places.path('home'), realm: undefined, checkpoints: [] },
        ...{ ports: ports(), progress: silent, person: async () => 'terminal', ...more },
      }),
    );
  /** A process on the ledger that was put back. */
  async function processOn(target: Address): Promise<Till & { close: () => Promise<void> }> {
    const store = await world.clock.during(openStore(target));
    const during = { ...store };
    for (const name of ['read', 'write', 'note'] as const) {
      during[name] = (work) => world.clock.during(store[name](work));
    }
    const ledger = await Ledger.open(during, 'simulator', till, { mayMake: false });
    return { ...till, ledger, desk: new Desk({ ledger, clock: world.clock }), close: () => ledger.close() };
  }
  const dayOf = (ms: number) => beijingIso(ms).slice(0, 10);
  const refusal = async (work: Promise<unknown>) => {
    const error = await work.catch((thrown: unknown) => thrown);
    return error as { code: string; text: { en: string }; details: object };
  };

  test('is the whole ledger, in a file of its own that nobody else can read, and says where its trail ends', async () => {
    const before = await rowsOf(await world.address());
    const { checkpoint } = await backup();
    expect(statSync(file).mode & 0o777).toBe(process.platform === 'win32' ? 0o666 : 0o600);
    expect(readdirSync(places.folder)).toEqual(['backup.db']);
    const copy = { ledger: file, ledgerName: file };
    const { audit, words, ...tables } = await rowsOf(copy);
    const { audit: recorded, words: _, ...originals } = before;
    expect(tables).toEqual(originals);
    // The key of the checkpoints is made with the first of them.
    expect(audit?.slice(0, recorded?.length)).toEqual(recorded);
    expect(checkpoint.seq).toBe(audit?.length);
    expect(words?.length).toBeGreaterThan(10);
    const given = [{ source: 'kept', checkpoint }];
    expect(await verifyAudit(till.ledger, given)).toMatchObject({ intact: true });
    const told = await till.ledger.read((book) => book.meta('last_backed_up'));
    expect(JSON.parse(told ?? '')).toEqual({ at: world.clock.now(), seq: checkpoint.seq });
  });

  test('is never written over another file', async () => {
    writeFileSync(file, 'mine');
    expect(await refusal(backup())).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await refusal(backup(places.path('no/such/folder/b.db')))).toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    expect(readdirSync(places.folder)).toEqual(['backup.db']);
  });

  test('holds one instant, whoever writes meanwhile, and nobody waits for it', async () => {
    const writing = Array.from({ length: 12 }, (_, i) =>
      createPayment(till, CALL, payment({ outTradeNo: `BUSY_${i}` })),
    );
    const [{ checkpoint }] = await Promise.all([backup(), ...writing]);
    const target = await places.empty(to);
    const { verdict } = await put(target, { checkpoints: [{ source: 'kept', checkpoint }] });
    expect(verdict).toMatchObject({ intact: true });
    for (let i = 0; i < 12; i++)
      expect((await till.ledger.read((book) => book.orders.get(`BUSY_${i}`)))?.state).toBe('NOTPAY');
  });

  test('knows nobody any more when it is put back: who was revoked since is not in it', async () => {
    const { ledger, randomBytes } = till;
    await setOperatorSecret(ledger, { newSecret: 'correct horse', oldSecret: undefined }, randomBytes);
    const root = await Person.bySecret(ledger, 'live', 'correct horse', 'page');
    const at = { now: world.clock.now(), randomBytes };
    const { code } = await addPerson(ledger, root, { name: 'li', role: 'rule' }, at);
    await joinByPassword(ledger, code, 'a long password', randomBytes);
    const session = await openSession(ledger, root, at);
    await backup();
    await revokePerson(ledger, root, 'li');
    const target = await places.empty(to);
    await put(target);
    const again = await processOn(target);
    expect(await listPeople(again.ledger)).toEqual([]);
    expect(await bySession(again.ledger, session.id)).toBeUndefined();
    await Person.bySecret(again.ledger, 'live', 'correct horse', 'page');
    expect(await verifyAudit(again.ledger, [])).toMatchObject({ intact: true });
    await again.close();
  });

  test('has what receipts are signed by: those of before and after it verify when it is put back', async () => {
    const [before] = await receiptsOf(till).of('SOLD_1');
    await backup();
    const [after] = await receiptsOf(till).of('SOLD_1');
    const target = await places.empty(to);
    await put(target);
    const again = await processOn(target);
    const { keys } = await receiptsOf(again).keys();
    expect(keys).toEqual((await receiptsOf(till).keys()).keys);
    for (const one of [before, after]) {
      expect(await verifyReceipt(one?.jws ?? '', keys)).toMatchObject({ claims: before?.claims });
    }
    expect((await receiptsOf(again).of('SOLD_1'))[0]?.claims).toEqual(before?.claims);
    await again.close();
  });

  test('that was made before the first receipt has the key of all that came after', async () => {
    await backup();
    const [given] = await receiptsOf(till).of('SOLD_1');
    const target = await places.empty(to);
    await put(target);
    const again = await processOn(target);
    const { keys } = await receiptsOf(again).keys();
    expect(await verifyReceipt(given?.jws ?? '', keys)).toMatchObject({ claims: given?.claims });
    await again.close();
  });

  test('is put back paused, and only where no ledger is', async () => {
    await backup();
    const target = await places.empty(to);
    expect(await put(target)).toMatchObject({ realm: 'simulator' });
    const again = await processOn(target);
    const pay = createPayment(again, CALL, payment({ outTradeNo: 'NEW_1' }));
    expect(await refusal(pay)).toMatchObject({ code: 'FROZEN' });
    expect(await verifyAudit(again.ledger, [])).toMatchObject({ intact: true });
    const kinds = (await again.ledger.read((book) => book.audit.after(0, 1000))).map(({ kind }) => kind);
    expect(kinds.slice(-2)).toEqual(['operator-froze', 'ledger-restored']);
    await again.close();
    const there = await rowsOf(target);
    expect(await refusal(put(target))).toMatchObject({ code: 'CONFIGURATION' });
    expect(await refusal(put(await world.address()))).toMatchObject({ code: 'CONFIGURATION' });
    expect(await rowsOf(target)).toEqual(there);
    expect(readdirSync(places.path('home'))).toEqual([]);
  });

  test('goes on only once what it had forgotten is made up for', async () => {
    await backup();
    await world.sold(till, 'LATER_1');
    world.clock.advance(60_000);
    await refundPayment(till, CALL, refund({ outTradeNo: 'SOLD_1', outRefundNo: 'R2' }));
    await world.sold(till, 'LATER_2');
    await refundPayment(till, CALL, refund({ outTradeNo: 'LATER_2', outRefundNo: 'R1' }));
    world.bank.pay('OPEN_1');
    const day = dayOf(world.clock.now());
    world.clock.advance(DAY_MS);
    const target = await places.empty(to);
    await put(target);
    const again = await processOn(target);
    const operator = await person(again);
    const thaw = (despite?: boolean) => again.ledger.write((book) => unfreeze(book, operator, despite));
    const wallet = [...again.providers.values()][0];
    if (!wallet) throw new Error('no wallet');

    const first = await refusal(thaw());
    const restoredOn = dayOf(world.clock.now());
    const left = (here: string) => `${wallet.id} ${day} (${here}), ${wallet.id} ${restoredOn} (-)`;
    expect(first).toMatchObject({ code: 'FROZEN', details: { days: left('-'), unasked: 1 } });
    // Whoever settles asks, and sends nothing.
    const stop = new AbortController();
    const settling = runSettler(again, stop.signal);
    await world.clock.sleep(30_000);
    stop.abort();
    await settling;
    expect((await again.ledger.read((book) => book.orders.get('OPEN_1')))?.state).toBe('PAID');
    expect(await refusal(thaw())).toMatchObject({ details: { unasked: 0 } });

    const compared = await settleDay(again, wallet, { date: day, today: 'refused' }, false);
    expect(compared.result.differences.map(({ kind }) => kind).sort()).toEqual([
      ...['missing-here', 'missing-here', 'refund-missing-here', 'refund-missing-here'],
    ]);
    expect(await refusal(thaw())).toMatchObject({ details: { days: left('4') } });
    const settled = await settleDay(again, wallet, { date: day, today: 'refused' }, true);
    expect(settled).toMatchObject({ taken: 4, result: { differences: [] } });
    // The bill of the day of the restoring comes tomorrow, and who does not wait for it says so.
    expect(await refusal(thaw())).toMatchObject({ details: { days: `${wallet.id} ${restoredOn} (-)` } });
    await thaw(true);
    expect((await again.ledger.read((book) => book.orders.get('LATER_1')))?.state).toBe('PAID');
    // What was refunded and forgotten is not refunded twice.
    const twice = refundPayment(
      again,
      CALL,
      refund({ outTradeNo: 'SOLD_1', outRefundNo: 'R3', refundFen: fen(900) }),
    );
    expect(await refusal(twice)).toMatchObject({ code: 'REFUND_EXCEEDS_PAID' });
    expect(await verifyAudit(again.ledger, [])).toMatchObject({ intact: true });
    const { restored, days } = (await again.ledger.read((book) => book.operator.due())) ?? {};
    expect(restored?.reconciled).toEqual({ [`${wallet.id} ${day}`]: 0 });
    expect(days?.map(({ date }) => date)).toEqual([restoredOn]);
    world.clock.advance(DAY_MS);
    await settleDay(again, wallet, { date: dayOf(world.clock.now() - DAY_MS), today: 'refused' }, true);
    expect(await again.ledger.read((book) => book.operator.due())).toBeUndefined();
    await again.close();
  });

  test('of a ledger that was itself restored has forgotten what that had', async () => {
    await backup();
    const since = world.clock.now();
    world.clock.advance(2 * DAY_MS);
    const first = await places.empty(to);
    await put(first);
    const between = await processOn(first);
    const [wallet] = between.providers.values();
    if (!wallet) throw new Error('no wallet');
    await settleDay(between, wallet, { date: dayOf(since), today: 'refused' }, true);
    const again = places.path('again.db');
    await world.clock.during(backUp(between.ledger, first, again, ports(), silent));
    await between.close();
    world.clock.advance(DAY_MS);
    const second = await places.empty(to);
    await put(second, { file: again });
    const after = await processOn(second);
    const { days = [] } = (await after.ledger.read((book) => book.operator.due())) ?? {};
    expect(days.map(({ date }) => date)).toEqual([1, 2, 3].map((n) => dayOf(since + n * DAY_MS)));
    await after.close();
  });

  test('that was broken off while it was put back goes on as the same, and as no other', async () => {
    await backup();
    const target = await places.empty(to);
    const progress: Restoring['progress'] = (doing) => {
      if (doing === 'compare') throw new Error('killed');
    };
    expect(await refusal(put(target, { progress }))).toMatchObject({ message: 'killed' });
    await expect(processOn(target)).rejects.toMatchObject({ details: { seal: 'filling', other: file } });
    const other = places.path('other.db');
    await backup(other);
    expect(await refusal(put(target, { file: other }))).toMatchObject({ code: 'CONFIGURATION' });
    expect(await put(target)).toMatchObject({ realm: 'simulator' });
    await (await processOn(target)).close();
    expect(await refusal(put(target))).toMatchObject({ code: 'CONFIGURATION' });
  });

  test('goes on all the same where a person says so, and that is told', async () => {
    await backup();
    world.clock.advance(2 * DAY_MS);
    const target = await places.empty(to);
    await put(target);
    const again = await processOn(target);
    const operator = await person(again);
    await again.ledger.write((book) => unfreeze(book, operator, true));
    await createPayment(again, CALL, payment({ outTradeNo: 'NEW_1' }));
    const [told] = (await again.ledger.read((book) => book.audit.after(0, 1000))).filter(
      ({ kind }) => kind === 'ledger-resumed',
    );
    expect(told?.detail.despite).toHaveLength(3);
    await again.close();
  });

  test('that was changed, is of another checkpoint or no ledger at all is refused before anything is made', async () => {
    await backup();
    const target = await places.empty(to);
    const db = await openSqlite(file);
    db.exec("UPDATE orders SET amount_fen = 1 WHERE out_trade_no = 'SOLD_1'");
    db.close();
    expect(await refusal(put(target))).toMatchObject({ code: 'CONFIGURATION', text: { en: /trail/ } });
    file = places.path('other.db');
    const { checkpoint } = await backup();
    const forged = [{ source: 'kept', checkpoint: { ...checkpoint, hash: '0'.repeat(64) } }];
    expect(await refusal(put(target, { checkpoints: forged }))).toMatchObject({ code: 'CONFIGURATION' });
    writeFileSync(places.path('text.db'), 'no ledger, only words '.repeat(100));
    for (const wrong of [places.path('text.db'), places.path('nowhere.db')])
      expect(await refusal(put(target, { file: wrong }))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    const nobody = async () => {
      throw new Error('not the operator');
    };
    expect(await refusal(put(target, { person: nobody }))).toMatchObject({ message: 'not the operator' });
    const store = await openStore(target);
    expect(await store.read((tx) => tx.all('SELECT 1 AS one FROM sqlite_schema'))).toEqual([]);
    await store.close();
  });
});
