import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/domain/clock.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { NothingHeard } from '../../src/ledger/postgres-news.ts';
import { openPostgresStore } from '../../src/ledger/postgres-store.ts';
import type { Store } from '../../src/ledger/store.ts';
import { systemClock, systemRandom, systemTurn } from '../../src/platform/system.ts';
import { hasPostgres, newDatabase, say } from '../support/postgres.ts';
import { postgresMark } from '../support/skipped.ts';
import { becomes, untilWoken } from '../support/until-woken.ts';
import { Wire } from '../support/wire.ts';

/** What takes seconds takes fractions of one. */
const fast: Clock = { ...untilWoken, sleep: (ms, signal) => systemClock.sleep(ms / 20, signal) };

describe.skipIf(!hasPostgres)(`news of a ledger in PostgreSQL${postgresMark(hasPostgres)}`, () => {
  let url: string;
  let drop: () => Promise<void>;
  let closing: { close(): unknown }[];
  beforeEach(async () => {
    ({ url, drop } = await newDatabase());
    closing = [];
  });
  afterEach(async () => {
    for (const each of closing) await each.close();
    await drop();
  });

  const open = async (how: { listenAt?: string; clock?: Clock } = {}, at = url): Promise<Store> => {
    const ports = {
      clock: systemClock,
      randomBytes: systemRandom,
      turn: systemTurn,
      mayMake: true,
      ...how,
    };
    const store = await openPostgresStore(at, 'postgres://test', ports);
    closing.unshift(store);
    return store;
  };
  const ledgerOn = async (store: Store, clock = systemClock) => {
    const ports = { clock, randomBytes: systemRandom };
    const ledger = await Ledger.open({ ...store, close: async () => undefined }, 'simulator', ports);
    closing.unshift(ledger);
    return ledger;
  };
  const happens = (ledger: Ledger, outTradeNo: string) =>
    ledger.write((book) => book.event({ outTradeNo }, 'alarm-foreign-trade', {}));
  const endListening = () =>
    say(
      url,
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'mcp-cashier news'",
    );
  /** All that is heard, each time that it is, of what is committed from now on. */
  async function heardBy(ledger: Ledger) {
    const heard: string[] = [];
    ledger.onChange((outTradeNo) => heard.push(outTradeNo));
    // Before what it reads after this, nothing is news to whoever listens.
    await ledger.read(async () => undefined);
    return {
      heard,
      all: (numbers: string[]) => becomes(() => numbers.every((n) => heard.includes(n))),
    };
  }
  const numbered = (count: number, name = 'ORDER') => Array.from({ length: count }, (_, i) => `${name}_${i}`);

  it.each(['', '?schema=cashier_tea'])(
    'comes when another commits, without anybody looking%s',
    async (schema) => {
      const mine = await ledgerOn(await open({}, url + schema), untilWoken);
      const other = await ledgerOn(await open({}, url + schema));
      const { heard, all } = await heardBy(mine);
      await becomes(() => mine.ear?.isLive);
      const numbers = numbered(20);
      for (const number of numbers) await happens(other, number);
      await happens(mine, 'MINE_0');
      await all([...numbers, 'MINE_0']);
      expect(heard.toSorted()).toEqual([...numbers, 'MINE_0'].toSorted());
    },
  );

  it('is not lost where the connection ends while others commit', async () => {
    const mine = await ledgerOn(await open(), untilWoken);
    const other = await ledgerOn(await open());
    const { heard, all } = await heardBy(mine);
    await becomes(() => mine.ear?.isLive);
    const numbers = numbered(60);
    for (const [i, number] of numbers.entries()) {
      if (i % 7 === 3) await Promise.all([endListening(), happens(other, number)]);
      else await happens(other, number);
    }
    await all(numbers);
    expect(heard.toSorted()).toEqual(numbers.toSorted());
    await becomes(() => mine.ear?.isLive);
  });

  it('is not lost where the connection falls silent', async () => {
    const wire = new Wire(url);
    closing.unshift({ close: () => wire.stop() });
    const store = await open({ listenAt: await wire.start(), clock: fast });
    const mine = await ledgerOn(store, untilWoken);
    const other = await ledgerOn(await open());
    const { all } = await heardBy(mine);
    // A slow machine may take some for silent that are not.
    await becomes(() => mine.ear?.isLive);
    wire.silence();
    await happens(other, 'ORDER_0');
    await all(['ORDER_0']);
  });

  it('is looked for where LISTEN is taken and nothing delivered', async () => {
    const elsewhere = await newDatabase();
    closing.push({ close: elsewhere.drop });
    const mine = await ledgerOn(await open({ listenAt: elsewhere.url, clock: fast }));
    const other = await ledgerOn(await open());
    const { heard, all } = await heardBy(mine);
    expect(await mine.ear?.tried).toBeInstanceOf(NothingHeard);
    expect(mine.ear?.isLive).toBe(false);
    const numbers = numbered(3);
    for (const number of numbers) await happens(other, number);
    await all(numbers);
    expect(heard).toEqual(numbers);
  });

  it('is looked for where nobody listens at the address', async () => {
    const wire = new Wire(url);
    wire.isDown = true;
    closing.push({ close: () => wire.stop() });
    const mine = await ledgerOn(await open({ listenAt: await wire.start(), clock: fast }));
    const other = await ledgerOn(await open());
    const { all } = await heardBy(mine);
    expect(await mine.ear?.tried).toBeInstanceOf(Error);
    await happens(other, 'ORDER_0');
    await all(['ORDER_0']);
    wire.isDown = false;
    await becomes(() => mine.ear?.isLive);
  });

  it('is looked for where the address cannot be used', async () => {
    const noCertificate = new URL(url);
    noCertificate.search = '?sslmode=verify-full&sslrootcert=/there/is/none';
    const mine = await ledgerOn(await open({ listenAt: noCertificate.href }));
    const other = await ledgerOn(await open());
    const { all } = await heardBy(mine);
    expect(await mine.ear?.tried).toMatchObject({ code: 'ENOENT' });
    await happens(other, 'ORDER_0');
    await all(['ORDER_0']);
  });

  it('is of its own schema, and of others', async () => {
    await say(url, 'CREATE SCHEMA one; CREATE SCHEMA two');
    const inSchema = (name: string) => {
      const address = new URL(url);
      address.searchParams.set('options', `-c search_path=${name}`);
      return open({}, address.href);
    };
    const [mine, beside, strange] = await Promise.all(['one', 'one', 'two'].map(inSchema));
    let woken = 0;
    let wake = () => {};
    const ear = mine?.listen?.(() => {
      woken += 1;
      wake();
    });
    await becomes(() => ear?.isLive);
    const before = woken;
    const tell = (store?: Store) => store?.write(async (tx) => tx.tell?.());
    const next = new Promise<void>((resolve) => {
      wake = resolve;
    });
    await tell(strange);
    await tell(mine);
    await tell(beside);
    await next;
    // PostgreSQL delivers in the order of commits: what had woken it before would have come before.
    expect(woken).toBe(before + 1);
  });
});
