import { describe, expect, it } from 'vitest';
import {
  asObject,
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
