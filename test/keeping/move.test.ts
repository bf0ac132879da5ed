import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { giveUpMove, moveLedger } from '../../src/keeping/move.ts';
import { verifyAudit } from '../../src/ledger/audit-verify.ts';
import type { Book } from '../../src/ledger/book.ts';
import { SCHEMA_VERSION } from '../../src/ledger/schema.ts';
import { setSeal } from '../../src/ledger/seal.ts';
import type { Store } from '../../src/ledger/store.ts';
import { type Address, openStore } from '../../src/open-ledger.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import { openSqlite } from '../../src/platform/sqlite.ts';
import { copySqlite } from '../../src/platform/sqlite-file.ts';
import { CALL, payment, refund, World } from '../support/world.ts';
import { Places, ports, rowsOf, silent, WAYS, withLedger } from './places.ts';

/** The process dies when its n-th commit has come through, and hears of that no more. */
class Killed extends Error {}
function killedAfter(n: number): (address: Address) => Promise<Store> {
  let commits = 0;
  return async (address) => {
    const store = await openStore(address);
    return {
      ...store,
      async write(work) {
        if (commits >= n) throw new Killed();
        const result = await store.write(work);
        commits += 1;
        if (commits === n) throw new Killed();
        return result;
      },
    };
  };
}

let world: World;
let base: string;
beforeAll(async () => {
  world = new World();
  const till = await world.process();
  for (const number of ['SOLD_1', 'SOLD_2', 'SOLD_3']) await world.sold(till, number);
  await createPayment(till, { caller: '茶铺' }, payment({ outTradeNo: 'OPEN_1', buyer: 'somebody' }));
  await refundPayment(till, CALL, refund({ outTradeNo: 'SOLD_1', outRefundNo: 'R1' }));
  base = world.ledgerPath;
});
afterAll(() => world.end());

describe.each(WAYS)('a ledger is moved, $title', ({ from: kind, to: other, has }) => {
  const test = it.skipIf(!has);
  let places: Places;
  let from: Address;
  let to: Address;
  beforeEach(async () => {
    if (!has) return;
    places = new Places();
    const path = places.path('original.db');
    await copySqlite(base, path);
    const db = await openSqlite(path);
    db.exec('PRAGMA journal_mode = WAL');
    db.close();
    from = { ledger: path, ledgerName: path };
    if (kind === 'postgres') {
      const there = await places.empty('postgres');
      await moveLedger({ from, to: there, ports, progress: silent });
      from = there;
    }
    to = await places.empty(other);
  });
  afterEach(() => places?.end());
  const move = (more: object = {}) => moveLedger({ from, to, ports, progress: silent, ...more });
  const refusal = async (work: Promise<unknown>) =>
    (await work.then(
      () => ({ message: 'it was not refused', details: {} }),
      (thrown: unknown) => thrown,
    )) as { message: string; details: Record<string, unknown> };
  const opens = async (address: Address) => {
    const { details } = await refusal(withLedger(address, async () => undefined));
    return details.seal ?? (details.absent ? 'absent' : 'opens');
  };

  test('row by row, with a trail that holds and goes on, and the old one names the new', async () => {
    const before = await rowsOf(from);
    expect(await move()).toMatchObject({ realm: 'simulator', already: false, records: before.audit?.length });
    const after = await rowsOf(to);
    const { audit, words, ...tables } = after;
    const { audit: recorded = [], words: known = [], ...originals } = before;
    expect(tables).toEqual(originals);
    expect(audit?.slice(0, recorded.length)).toEqual(recorded);
    expect(words?.slice(0, known.length)).toEqual(known);
    await withLedger(to, async (ledger) => {
      expect(await verifyAudit(ledger, [])).toMatchObject({ intact: true });
      // New words get numbers behind the old ones.
      for (const actor of ['settler', 'gateway'] as const)
        await ledger
          .as({ actor, tool: `t-${actor}` })
          .write((book) => book.audit.append({ kind: 'operator-signed-in', detail: { via: actor } }));
      expect(await verifyAudit(ledger, [])).toMatchObject({ intact: true });
      const kinds = (await ledger.read((book) => book.audit.after(recorded.length, 10))).map(
        (one) => one.kind,
      );
      expect(kinds).toEqual(['ledger-moved', 'operator-signed-in', 'operator-signed-in']);
    });
    const moved = await refusal(withLedger(from, async () => undefined));
    expect(moved).toMatchObject({ details: { seal: 'moved', other: to.ledgerName } });
    expect(moved.message).toContain(to.ledgerName);
    expect(await move()).toMatchObject({ already: true });
    expect(await refusal(giveUpMove({ from }))).toMatchObject({ details: { seal: 'moved' } });
  });

  test('although it is killed again and again, after whichever of its commits, and nobody ever opens both', async () => {
    const { audit: recorded = [], words: _, ...originals } = await rowsOf(from);
    const seen = ['opens absent'];
    let [done, commits, before] = [false, 1, ''];
    // As few commits as bring it on at all, so that it is seen after each.
    while (!done && commits < 10) {
      done = await move({ page: 25, stores: killedAfter(commits) }).then(
        () => true,
        (error: unknown) => {
          if (!(error instanceof Killed)) throw error;
          return false;
        },
      );
      const [here, there] = [await opens(from), await opens(to)];
      expect([here, there]).not.toEqual(['opens', 'opens']);
      const rows = there === 'absent' ? 0 : Object.values(await rowsOf(to)).flat().length;
      const now = `${here} ${there} ${rows}`;
      if (seen.at(-1) !== `${here} ${there}`) {
        seen.push(`${here} ${there}`);
        commits = 1;
      } else if (now === before) commits += 1;
      before = now;
    }
    expect(seen).toEqual([
      ...['opens absent', 'moving absent', 'moving filling', 'moving filled', 'moved filled', 'moved opens'],
    ]);
    const { audit, words: _words, ...tables } = await rowsOf(to);
    expect(tables).toEqual(originals);
    expect(audit?.slice(0, -1)).toEqual(recorded);
    await withLedger(to, async (ledger) =>
      expect(await verifyAudit(ledger, [])).toMatchObject({ intact: true }),
    );
  });

  test('not while anybody has it open, nor onto anything, nor with a trail that was changed', async () => {
    const store = await openStore(from);
    await store.read((tx) => tx.all('SELECT 1 AS one FROM meta'));
    expect((await refusal(move())).message).toContain('open');
    await store.close();
    await withLedger(from, async () => undefined);

    const onto = await places.empty(other);
    const occupied = await openStore(onto);
    await occupied.write((tx) => tx.run('CREATE TABLE mine (a TEXT)'));
    await occupied.close();
    await refusal(moveLedger({ from, to: onto, ports, progress: silent }));
    await withLedger(from, async () => undefined);

    const forged = await openStore(from);
    await forged.write((tx) => tx.run("UPDATE orders SET amount_fen = 1 WHERE out_trade_no = 'SOLD_1'"));
    await forged.close();
    expect((await refusal(move())).message).toContain('trail');
    expect([await opens(from), await opens(to)]).toEqual(['opens', 'absent']);
  });

  test('or not at all: given up half-way it goes on where it is, and the target is nobody’s', async () => {
    await move({ page: 25, stores: killedAfter(9) }).catch(silent);
    expect([await opens(from), await opens(to)]).toEqual(['moving', 'filling']);
    const elsewhere = await places.empty(other);
    const away = await refusal(moveLedger({ from, to: elsewhere, ports, progress: silent }));
    expect(away).toMatchObject({ details: { seal: 'moving', other: to.ledgerName } });
    await giveUpMove({ from });
    expect([await opens(from), await opens(to)]).toEqual(['opens', 'filling']);
    await refusal(giveUpMove({ from }));
    expect((await refusal(move())).message).toContain('already holds');
    expect(await moveLedger({ from, to: elsewhere, ports, progress: silent })).toMatchObject({
      already: false,
    });
  });

  test('away from under a process that has it open after all: what that writes is refused, by name', async () => {
    await withLedger(from, async (ledger) => {
      // As where nobody can be seen: a file without WAL, a pooler.
      const store = await openStore(from);
      const seal = { state: 'moving', move: 'm', other: 'elsewhere' } as const;
      await store.write((tx) => setSeal(tx, seal, SCHEMA_VERSION));
      await store.close();
      const set = (book: Pick<Book, 'setMeta'>) => book.setMeta('x', 'y');
      for (const written of [ledger.write(set), ledger.note(set)])
        expect(await refusal(written)).toMatchObject({ details: { seal: 'moving', other: 'elsewhere' } });
    });
  });
});
