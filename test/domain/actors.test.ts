import { CLIENT_INFO_META_KEY, type ServerContext } from '@modelcontextprotocol/server';
import { describe, expect, it } from 'vitest';
import { clientOf } from '../../src/calls/client.ts';
import { readArguments } from '../../src/cli/arguments.ts';
import { run } from '../../src/cli/tokens.ts';
import { configOf } from '../../src/config.ts';
import { ACTORS, isActorName } from '../../src/domain/actors.ts';
import type { Connection } from '../../src/protocol/offer.ts';
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
    'operator\u3164',
    'operator\u2800',
    'oper\u115fator',
    'operator\u034f',
    'operator\u{e0020}',
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

/** By what a client of that name is called, in either era. */
function clientNames(name: string): (string | undefined)[] {
  const connection: Connection = {
    ...({ getClientVersion: () => ({ name, version: '1' }) } as unknown as Connection),
    getClientCapabilities: () => ({}),
    getNegotiatedProtocolVersion: () => '2025-11-25',
  };
  const envelope = { [CLIENT_INFO_META_KEY]: { name, version: '1' } };
  const ctx = { mcpReq: { envelope } } as unknown as ServerContext;
  return (['legacy', 'modern'] as const).map((era) => clientOf(connection, ctx, era).name);
}

describe('names of our own actors', () => {
  it.each([...ACTORS, ...LOOK_ALIKES, ...IN_OTHER_SCRIPTS])('%j is one, or is read as one', (name) => {
    expect(isActorName(name)).toBe(true);
    expect(() => configOf({ CASHIER_HOME: '/nowhere', CASHIER_CALLER: name })).toThrow(
      expect.objectContaining({ details: { variable: 'CASHIER_CALLER' } }),
    );
  });

  it.each(OTHERS)('%j is none', (name) => {
    expect(isActorName(name)).toBe(false);
    expect(clientNames(name)).toEqual([name, name]);
  });

  it.each([...ACTORS, ...LOOK_ALIKES, ...IN_OTHER_SCRIPTS])('%j is no client, whatever follows', (name) => {
    for (const more of ['', ' '.repeat(64), `${' '.repeat(60)}x`, `${'\u200b'.repeat(60)}🙂`]) {
      expect(clientNames(name + more)).toEqual([undefined, undefined]);
    }
  });

  it('a long name of a client is cut, and has nothing around it', () => {
    expect(clientNames(` ${'a b'.repeat(40)}`)).toEqual(Array(2).fill('a b'.repeat(40).slice(0, 64)));
  });

  it.each([...ACTORS, ...LOOK_ALIKES])('%s gets no token', async (name) => {
    const config = async () => configOf({ CASHIER_HOME: '/nowhere' });
    const adding = run(readArguments('tokens', ['add', name]), commandContext(config));
    await expect(adding).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
