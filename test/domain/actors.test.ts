import { describe, expect, it } from 'vitest';
import { readArguments } from '../../src/cli/arguments.ts';
import { run } from '../../src/cli/tokens.ts';
import { configOf } from '../../src/config.ts';
import { ACTORS, isActorName } from '../../src/domain/actors.ts';
import { commandContext } from '../support/command-context.ts';

const LOOK_ALIKES = [
  ...[
    'Operator',
    'OPERATOR',
    'oPeRaToR',
    '0perator',
    'operat0r',
    '0PERAT0R',
    'oper-ator',
    'operator.',
    'op_er_at_or',
  ],
  ...['sett1er', 'settIer', 'SETTLER', 'gatevvay', 'g4teway', 'sy5tem', 'unkn0wn', 'Un-Recorded'],
];
const IN_OTHER_SCRIPTS = [
  ...[
    'ｏｐｅｒａｔｏｒ',
    'оperator',
    'οperator',
    'operatоr',
    'ореrаtоr',
    ' operator ',
    'operator\u200b',
    '\u202eoperator',
  ],
  ...['óperator', '𝐨𝐩𝐞𝐫𝐚𝐭𝐨𝐫', 'sеttler', 'sуstem', 'gаtewаy'],
];
const OTHERS = [
  ...[
    'shop-agent',
    'operators',
    'operator2',
    'co-operator',
    'cashier',
    'agent',
    'http',
    'stdio',
    'till',
    '茶铺',
    'systems',
  ],
];

describe('names of our own actors', () => {
  it.each([...ACTORS, ...LOOK_ALIKES, ...IN_OTHER_SCRIPTS])('%j is one, or is read as one', (name) => {
    expect(isActorName(name)).toBe(true);
    expect(() => configOf({ CASHIER_HOME: '/nowhere', CASHIER_CALLER: name })).toThrow(
      expect.objectContaining({ details: { variable: 'CASHIER_CALLER' } }),
    );
  });

  it.each(OTHERS)('%j is none', (name) => {
    expect(isActorName(name)).toBe(false);
  });

  it.each([...ACTORS, ...LOOK_ALIKES])('%s gets no token', async (name) => {
    const config = async () => configOf({ CASHIER_HOME: '/nowhere' });
    const adding = run(readArguments('tokens', ['add', name]), commandContext(config));
    await expect(adding).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
