import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { openPostgresStore } from '../../src/ledger/postgres-store.ts';
import { MOST_OF_SESSION, type SessionBook } from '../../src/ledger/session-book.ts';
import { openSqliteStore } from '../../src/ledger/sqlite-store.ts';
import { systemTurn } from '../../src/platform/system.ts';
import { hasPostgres, newDatabase } from '../support/postgres.ts';
import { postgresMark } from '../support/skipped.ts';
import { seeded, seededBytes, VirtualClock } from '../support/virtual-time.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe.each([
  ['sqlite', true],
  ['postgres', hasPostgres],
] as const)(`what sessions want to hear of (%s)${postgresMark(hasPostgres)}`, (kind, isThere) => {
  const clock = new VirtualClock();
  let ledger: Ledger;
  let drop = async () => {};
  beforeEach(async () => {
    if (!isThere) return;
    const ports = { clock, randomBytes: seededBytes(seeded(1)), turn: systemTurn };
    const database = kind === 'postgres' ? await newDatabase() : undefined;
    drop = database?.drop ?? drop;
    const store = database
      ? openPostgresStore(database.url, 'postgres://test', ports)
      : openSqliteStore(':memory:', ports);
    ledger = await Ledger.open(await store, 'simulator', ports);
  });
  afterEach(async () => {
    if (!isThere) return;
    await ledger.close();
    await drop();
  });
  const note = <T>(work: (sessions: SessionBook) => Promise<T>) => ledger.note((book) => work(book.sessions));
  const hearing = (outTradeNo: string, here: readonly string[] = []) =>
    ledger.read((book) => book.sessions.hearing(outTradeNo, here));
  const held = (session: string, stream: string) => ({ session, stream, caller: 'me' });

  it.skipIf(!isThere)('is told on the newest stream, and on any when that one is open no more', async () => {
    await note((sessions) => sessions.subscribe('a', 'me', 'ORDER_1'));
    const told = (stream?: string) => [{ session: 'a', ofList: false, stream }];
    expect(await hearing('ORDER_1')).toEqual(told());
    for (const stream of ['older', 'newer'])
      expect(await note((sessions) => sessions.open(held('a', stream)))).toEqual([]);
    expect(await hearing('ORDER_1')).toEqual(told('newer'));
    await note((sessions) => sessions.leave(held('a', 'older')));
    expect(await hearing('ORDER_1')).toEqual(told('newer'));
    await note((sessions) => sessions.leave(held('a', 'newer')));
    expect(await hearing('ORDER_1')).toEqual(told());
    await note((sessions) => sessions.keep([held('a', 'older'), held('a', 'oldest')]));
    expect(await hearing('ORDER_1')).toEqual(told('older'));
    expect(await hearing('ORDER_2')).toEqual([]);
  });

  it.skipIf(!isThere)('is kept while there is a stream, and one that is lost gives way', async () => {
    for (const session of ['a', 'b']) {
      await note((sessions) => sessions.subscribe(session, 'me', 'ORDER_1'));
      await note((sessions) => sessions.open(held(session, `of ${session}`)));
    }
    const streams = async () =>
      Object.fromEntries((await hearing('ORDER_1')).map((one) => [one.session, one.stream]));
    clock.advance(2 * MINUTE);
    expect(await note((sessions) => sessions.keep([held('b', 'of b')]))).toEqual(new Set());
    clock.advance(2 * MINUTE);
    expect(await streams()).toEqual({ a: undefined, b: 'of b' });
    for (let hour = 0; hour < 30; hour++) {
      clock.advance(HOUR);
      await note((sessions) => sessions.keep([held('b', 'of b')]));
    }
    await note((sessions) => sessions.subscribe('c', 'other', 'ORDER_2'));
    expect(await streams()).toEqual({ b: 'of b' });
  });

  it.skipIf(!isThere)('ends with the session, whoever still holds a stream', async () => {
    await note((sessions) => sessions.subscribe('a', 'me', 'ORDER_1'));
    await note((sessions) => sessions.awaitList('a', 'me'));
    await note((sessions) => sessions.open(held('a', 'one')));
    await note((sessions) => sessions.end('a', 'me'));
    expect(await hearing('ORDER_1', ['a'])).toEqual([]);
    expect(await note((sessions) => sessions.open(held('a', 'two')))).toBeUndefined();
    expect(await note((sessions) => sessions.subscribe('a', 'me', 'ORDER_1'))).toBe('ended');
    await note((sessions) => sessions.awaitList('a', 'me'));
    expect(await note((sessions) => sessions.keep([held('a', 'one'), held('b', 'of b')]))).toEqual(
      new Set(['a']),
    );
    expect(await hearing('ORDER_1', ['a'])).toEqual([]);
    expect(await ledger.read((book) => book.sessions.hasEnded('a'))).toBe(true);
  });

  it.skipIf(!isThere)('is told of a new order once, until it sees the list again', async () => {
    for (const session of ['a', 'b']) await note((sessions) => sessions.awaitList(session, 'me'));
    expect(await hearing('ORDER_1', ['a', 'c'])).toEqual([{ session: 'a', ofList: true, stream: undefined }]);
    const forget = () => note((sessions) => sessions.forgetList(['a', 'c']));
    expect(await Promise.all([forget(), forget()])).toEqual(
      expect.arrayContaining([new Set(['a']), new Set()]),
    );
    expect(await hearing('ORDER_1', ['a'])).toEqual([]);
    expect(await ledger.read((book) => book.sessions.awaitsList('b'))).toBe(true);
  });

  it.skipIf(!isThere)(
    'has bounds: a session is refused more, of a caller the oldest is forgotten',
    async () => {
      const most = await note(async (sessions) => {
        for (let i = 0; i < MOST_OF_SESSION; i++) await sessions.subscribe('a', 'me', `ORDER_${i}`);
        return [
          await sessions.subscribe('a', 'me', 'ONE_MORE'),
          await sessions.subscribe('a', 'me', 'ORDER_7'),
        ];
      });
      expect(most).toEqual(['full', 'kept']);
      await note((sessions) => sessions.subscribe('of another', 'other', 'ORDER_7'));
      for (let session = 0; session < 6; session++) {
        clock.advance(1);
        await note(async (sessions) => {
          for (let i = 0; i < MOST_OF_SESSION; i++)
            await sessions.subscribe(`b${session}`, 'me', `ORDER_${i}`);
        });
      }
      const sessions = (await hearing('ORDER_7')).map(({ session }) => session).sort();
      expect(sessions).toEqual(['b1', 'b2', 'b3', 'b4', 'b5', 'of another']);
    },
  );
});
