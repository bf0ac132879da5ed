import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CashierError } from '../../src/domain/errors.ts';
import { ledgerName } from '../../src/domain/ledger-address.ts';
import { openPostgresStore } from '../../src/ledger/postgres-store.ts';
import type { Store, Tx } from '../../src/ledger/store.ts';
import { systemClock, systemRandom, systemTurn } from '../../src/platform/system.ts';
import { freePort } from '../support/free-port.mjs';
import { hasPostgres, lockDatabase, newDatabase, say } from '../support/postgres.ts';
import { postgresMark } from '../support/skipped.ts';
import { Wire } from '../support/wire.ts';

const ports = { clock: systemClock, randomBytes: systemRandom, turn: systemTurn };

describe.skipIf(!hasPostgres)(`a ledger in PostgreSQL${postgresMark(hasPostgres)}`, () => {
  let url: string;
  let drop: () => Promise<void>;
  let wire: Wire;
  let store: Store;
  let runs: number;
  const open = async (patienceMs?: number) =>
    openPostgresStore(await wire.start(), 'postgres://test', {
      ...ports,
      ...(patienceMs === undefined ? {} : { patienceMs }),
    });
  beforeEach(async () => {
    ({ url, drop } = await newDatabase());
    await say(url, 'CREATE TABLE t (n BIGINT); INSERT INTO t VALUES (0)');
    wire = new Wire(url);
    store = await open();
    runs = 0;
    await add();
  });
  afterEach(async () => {
    await store.close();
    wire.stop();
    await drop();
  });
  const add = (to = store) =>
    to.write(async (tx) => {
      runs += 1;
      await tx.run('UPDATE t SET n = n + 1');
    });
  /** Past the wire, so that it is known whatever becomes of that. */
  async function stored(): Promise<unknown> {
    const other = await openPostgresStore(url, 'postgres://test', ports);
    const [row] = await other.read((tx) => tx.all('SELECT n FROM t'));
    await other.close();
    return row?.n;
  }

  it.each(['answer lost', 'answer kept'] as const)(
    'finds out that a commit stands, and makes nothing twice: %s',
    async (how) => {
      const impatient = await open(1_000);
      wire.next = how;
      await Promise.all([add(impatient), add(impatient)]);
      await add(impatient);
      expect([await stored(), runs]).toEqual([4, 4]);
      await impatient.close();
    },
  );

  it('lets nobody who reads wait for who writes, and shows them what was written before they asked', async () => {
    const unlock = await lockDatabase(url);
    const writing = add();
    const read = async () => (await store.read((tx) => tx.all('SELECT n FROM t')))[0]?.n;
    expect(await read()).toBe(1);
    await unlock();
    await writing;
    expect(await read()).toBe(2);
  });

  it('finds out that a commit does not stand that was lost on its way, and makes it again', async () => {
    wire.next = 'commit lost';
    await Promise.all([add(), add()]);
    expect([await stored(), runs]).toEqual([3, 5]);
  });

  it.each(['answer lost', 'commit lost'] as const)(
    'finds that out for the very first commit too: %s',
    async (how) => {
      const first = await open();
      wire.next = how;
      await first.write((tx) => tx.run('UPDATE t SET n = n + 1'));
      expect(await stored()).toBe(2);
      await first.close();
    },
  );

  it.each(['answer lost', 'commit lost'] as const)(
    'says that it does not know where it cannot be found out: %s',
    async (how) => {
      const impatient = await open(300);
      await impatient.write((tx) => tx.run('UPDATE t SET n = n + 1'));
      Object.assign(wire, { next: how, isDownThen: true });
      const unknown = impatient.write((tx) => tx.run('UPDATE t SET n = n + 1'));
      await expect(unknown).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', retryable: true });
      wire.isDown = false;
      expect(await stored()).toBe(how === 'answer lost' ? 3 : 2);
      await impatient.close();
    },
  );

  it('waits for a server that is away, and goes on when it is back', async () => {
    wire.down();
    const waiting = [add(), store.read((tx) => tx.all('SELECT 1 AS one'))];
    await vi.waitUntil(() => wire.refused > 1);
    wire.isDown = false;
    await Promise.all(waiting);
    expect(await stored()).toBe(2);
  });

  it('survives that the server ends its connections, idle or at work', async () => {
    const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`;
    await say(url, end);
    await add();
    let ended = 0;
    await store.write(async (tx) => {
      await tx.run('UPDATE t SET n = n + 1');
      if (ended++ === 0) await say(url, end);
      await tx.run('UPDATE t SET n = n + 1');
    });
    expect([await stored(), ended]).toEqual([4, 2]);
  });

  it.each(['40001', '40P01'])(
    'makes a transaction again as a whole that has clashed (%s), and not for ever',
    async (code) => {
      const clash = `DO $$ BEGIN RAISE EXCEPTION 'clash' USING ERRCODE = '${code}'; END $$`;
      let tried = 0;
      const clashing = (times: number) =>
        store.write(async (tx) => {
          await tx.run('UPDATE t SET n = n + 1');
          if (tried++ < times) await tx.run(clash);
        });
      await Promise.all([clashing(2), add()]);
      expect([await stored(), tried]).toEqual([3, 3]);
      tried = 0;
      await expect(clashing(1000)).rejects.toMatchObject({ code: 'INTERNAL', retryable: true });
      expect([await stored(), tried]).toEqual([3, 8]);
    },
  );

  it('gives up a lock that others keep, with nothing written', async () => {
    const impatient = await open(100);
    const unlock = await lockDatabase(url);
    const held = impatient.write((tx) => tx.run('UPDATE t SET n = n + 1'));
    await expect(held).rejects.toMatchObject({ code: 'INTERNAL', message: expect.stringContaining('held') });
    await unlock();
    await impatient.write((tx) => tx.run('UPDATE t SET n = n + 1'));
    expect(await stored()).toBe(2);
    await impatient.close();
  });

  it('waits for the disk unless a power cut may undo all that is in it, whatever the database does by default', async () => {
    await say(
      url,
      "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$",
    );
    const fresh = await openPostgresStore(url, 'postgres://test', ports);
    const level = async (tx: Tx) =>
      (await tx.all("SELECT current_setting('synchronous_commit') AS level"))[0]?.level;
    expect(await fresh.write(level)).toBe('on');
    expect(await fresh.note(level)).toBe('off');
    expect(await Promise.all([fresh.note(level), fresh.write(level)])).toEqual(['on', 'on']);
    await fresh.close();
  });

  it('lets no statement of a job that has failed stand in the next', async () => {
    let late: Tx | undefined;
    const failing = store.write(async (tx) => {
      late = tx;
      throw new Error('no');
    });
    await Promise.allSettled([failing, add()]);
    await expect(late?.run('UPDATE t SET n = 99')).rejects.toThrow();
    expect(await stored()).toBe(2);
  });
});

describe('a PostgreSQL that cannot be used', () => {
  it.skipIf(!hasPostgres)(`is not in UTF-8${postgresMark(hasPostgres)}`, async () => {
    const { url, drop } = await newDatabase("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    const opening = openPostgresStore(url, 'postgres://test', ports);
    await expect(opening).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringContaining('UTF-8'),
    });
    await drop();
  });

  const PASSWORD = 's3cr%2Ft';
  const isTold = async (address: string) => {
    const error: unknown = await openPostgresStore(address, ledgerName(address), ports).catch(
      (thrown) => thrown,
    );
    expect(error).toBeInstanceOf(CashierError);
    const { code, details, text, next, stack } = error as CashierError;
    expect({ code, variable: details.variable }).toEqual({
      code: 'CONFIGURATION',
      variable: 'CASHIER_LEDGER',
    });
    const said = JSON.stringify([details, text, next, stack]);
    expect(said).not.toMatch(/s3cr/);
    expect(said).toContain('127.0.0.1');
  };

  it('is told of without its password: nobody listens', async () => {
    await isTold(`postgres://shop:${PASSWORD}@127.0.0.1:${await freePort()}/ledger?sslmode=disable`);
  });

  it.skipIf(!hasPostgres)(
    `is told of without its password: no such database, no TLS${postgresMark(hasPostgres)}`,
    async () => {
      const { url, drop } = await newDatabase();
      const address = new URL(url);
      address.password = PASSWORD;
      address.search = 'sslmode=verify-full';
      await isTold(address.href);
      address.search = '';
      address.pathname = 'none';
      await isTold(address.href);
      await drop();
    },
  );
});
