import { describe, expect, it } from 'vitest';
import { cut, PolicyProblem, readPolicyData, readSections } from '../../src/policy/read-policy.ts';

const problem = (read: () => unknown) => {
  try {
    read();
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('the rules that stand with a token', () => {
  it('are sections of a policy, without what states nothing', () => {
    for (const nothing of [{}, null, undefined]) expect(readSections(nothing)).toEqual({});
    expect(readSections({ payments: {}, refunds: null })).toEqual({});
    expect(readSections({ payments: { maxYuan: '1' }, refunds: {} })).toEqual({ payments: { maxFen: 100 } });
  });

  it.each([
    [undefined, ['payment']],
    [
      ['tokens', 0],
      ['tokens', 0, 'payment'],
    ],
  ])('are wrong where they are, below %j', (path, at) => {
    const found = problem(() => readSections({ payment: {} }, path));
    expect(found).toBeInstanceOf(PolicyProblem);
    expect(found).toMatchObject({ name: 'PolicyProblem', path: at, at: 'name' });
    expect(problem(() => readSections({ payments: 5 }, path))).toMatchObject({ at: 'value' });
  });
});

it('a policy without a version is wrong as a whole', () => {
  expect(problem(() => readPolicyData({ payments: {} }))).toMatchObject({ path: [], at: 'value' });
});

it('clients stand in the order of their names, of up to 64 characters', () => {
  const rules = { payments: { maxYuan: '1' } };
  const names = ['b', 'c'.repeat(64), 'a', 'B'];
  const { clients = {} } = readPolicyData({
    version: 1,
    clients: Object.fromEntries(names.map((name) => [name, rules])),
  });
  expect(Object.keys(clients)).toEqual(['B', 'a', 'b', 'c'.repeat(64)]);
});

it('an error says what its English text says', () => {
  const found = problem(() => readPolicyData({ version: 2 })) as PolicyProblem;
  expect(found.message).toBe(found.text.en);
});

it.each([
  ['a'.repeat(40), 'a'.repeat(40)],
  ['a'.repeat(41), `${'a'.repeat(40)}…`],
  ['one\ntwo\u0000three', 'one?two?three'],
])('%j is shown as %j', (text, shown) => {
  expect(cut(text)).toBe(shown);
});
