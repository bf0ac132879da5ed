import { describe, expect, it } from 'vitest';
import {
  asObject,
  fenAt,
  instantAt,
  objectAt,
  readAnswer,
  readUnambiguous,
  requestIdOf,
  textAt,
  UNREADABLE,
  wordAt,
} from '../../../src/providers/v3/answer.ts';

const body = (text: string) => Buffer.from(text);

describe('an answer', () => {
  it.each(['{"a":1}', ' { } ', '{"金额":"1"}'])('is the object that is there: %s', (text) => {
    expect(readAnswer(body(text))).toEqual(JSON.parse(text));
    expect(readUnambiguous(body(text))).toEqual(JSON.parse(text));
  });

  it.each(['', '{', 'null', '[]', '[{}]', '5', '"{}"', 'true'])('is none in %j', (text) => {
    expect(readAnswer(body(text))).toBeUndefined();
    expect(readUnambiguous(body(text))).toBeUndefined();
  });

  it.each([
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '{"b":{"a":1,"a":2}}',
    '{"b":[{"a":1,"a":2}]}',
    '{"b":[[{"a":1}],{"a":2,"a" :3}]}',
    '{"a\\"":1,"a\\"":2}',
  ])('says two things with a key twice: %s', (text) => {
    expect(readUnambiguous(body(text))).toBeUndefined();
  });

  it.each([
    '{"a":1,"b":{"a":1},"c":[{"a":1},{"a":1}]}',
    '{"a":"\\"b\\":1,\\"b\\":2"}',
    '{"a":["b",":","c"],"d":":"}',
    '{"a\\\\":"\\\\","a":null,"e" \n:[]}',
    '{"":{"":{}}}',
  ])('says one thing: %s', (text) => {
    expect(readUnambiguous(body(text))).toEqual(JSON.parse(text));
  });
});

describe('a field', () => {
  const answer = { text: 'a b', word: 'A.b_c-1', number: 5, none: null, list: [1], object: { in: 'side' } };

  it('is what it is and nothing else', () => {
    expect(Object.keys(answer).map((name) => textAt(answer, name))).toEqual([
      ...['a b', 'A.b_c-1', undefined, undefined, undefined, undefined],
    ]);
    expect(Object.keys(answer).map((name) => objectAt(answer, name))).toEqual([
      ...[undefined, undefined, undefined, undefined, undefined, { in: 'side' }],
    ]);
    for (const read of [textAt, objectAt, wordAt]) {
      expect(read(answer, 'missing')).toBeUndefined();
      expect(read(undefined, 'text')).toBeUndefined();
    }
  });

  it.each([undefined, null, 5, 'a', [], [{}], true])('of %j is no object', (value) => {
    expect(asObject(value)).toBeUndefined();
  });

  it('is a word of at most 64 signs', () => {
    const word = (text: string) => wordAt({ text }, 'text');
    for (const good of ['A.b_c-1', 'x', 'x'.repeat(64)]) expect(word(good)).toBe(good);
    for (const bad of ['', 'a b', 'x'.repeat(65), 'a\n', '\na', 'é', 'a:']) expect(word(bad)).toBeUndefined();
    expect(wordAt({ text: 5 }, 'text')).toBeUndefined();
  });

  it('that cannot be read is called so', () => {
    expect(UNREADABLE).toBe('unreadable');
  });
});

it('the id of a request is longer than a word, and nothing that reads as text', () => {
  const id = (text: string) => requestIdOf({ 'request-id': text });
  for (const good of ['08F78BB8-2684', 'x'.repeat(128)]) expect(id(good)).toBe(good);
  for (const bad of ['', 'a b', 'x'.repeat(129), 'a\n', ' a']) expect(id(bad)).toBeUndefined();
  expect(requestIdOf({})).toBeUndefined();
});

describe('an amount', () => {
  it.each([1, 990, Number.MAX_SAFE_INTEGER])('is a whole number of fen: %d', (total) => {
    expect(fenAt({ total }, 'total')).toBe(total);
    expect(fenAt({ total, currency: 'CNY' }, 'total')).toBe(total);
  });

  it.each([0, -1, 0.5, 1.5, 2 ** 53, '990', null, true, [990], {}])('is none in %j', (total) => {
    expect(fenAt({ total }, 'total')).toBeUndefined();
  });

  it('is none of another currency, and none where nothing is', () => {
    for (const currency of ['USD', 'cny', '', 5]) {
      expect(fenAt({ total: 990, currency }, 'total')).toBeUndefined();
    }
    expect(fenAt({ refund: 990 }, 'total')).toBeUndefined();
    expect(fenAt(undefined, 'total')).toBeUndefined();
  });
});

describe('a time', () => {
  const instant = (time: unknown) => instantAt({ time }, 'time');

  it.each(['2026-11-21T14:29:40+08:00', '2026-11-21T06:29:40Z', '2026-11-20T23:59:40-06:30'])(
    'is %s',
    (time) => {
      expect(instant(time)).toBe(Date.UTC(2026, 10, 21, 6, 29, 40));
    },
  );

  it.each([
    ...['', 'now', '2026-11-21', '2026-11-21T14:29:40', '2026-11-21 14:29:40Z', '2026-11-21T14:29:40.5Z'],
    // Date.parse takes either for a time.
    ...['+002026-11-21T14:29:40Z', '2026-11-21T14:29:40Z\0'],
    ...['2026-13-21T14:29:40Z', '2026-11-21T25:29:40Z', 1_795_242_580, null],
  ])('is none in %j', (time) => {
    expect(instant(time)).toBeUndefined();
  });

  it('is none where nothing is', () => {
    expect(instantAt({}, 'time')).toBeUndefined();
    expect(instantAt(undefined, 'time')).toBeUndefined();
  });
});
