import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Counter } from '../tools/counter.ts';
import { initialize, type Json, legacy, modern, Raw } from './raw.ts';

let counter: Counter;
let raw: Raw;
beforeEach(async () => {
  counter = await Counter.open();
  raw = new Raw(counter.deps);
});
afterEach(async () => {
  await raw.end();
  await counter.end();
});

const error = (id: unknown, code: number) => ({
  jsonrpc: '2.0',
  id,
  error: { code, message: expect.any(String) },
});
const ERAS = ['before anything else', 'after initialize', 'in 2026-07-28'] as const;

describe.each(ERAS)('a line that is no message, %s', (when) => {
  beforeEach(async () => {
    if (when === 'after initialize') await raw.initialize();
    if (when === 'in 2026-07-28') await raw.answers(1, modern(0, 'tools/list'));
  });

  it.each<[what: string, line: string | Buffer, answer: Json]>([
    ['no JSON', 'hello', error(null, -32_700)],
    ['JSON that is cut off', '{"jsonrpc":"2.0","id":1,"method":"ping"', error(null, -32_700)],
    [
      'what is not UTF-8',
      Buffer.from('{"jsonrpc":"2.0","id":1,"method":"\xcd\xcb"}', 'latin1'),
      error(null, -32_700),
    ],
    ['a number', '42', error(null, -32_600)],
    ['null', 'null', error(null, -32_600)],
    ['a text', '"ping"', error(null, -32_600)],
    ['an empty object', '{}', error(null, -32_600)],
    ['an id of null', '{"jsonrpc":"2.0","id":null,"method":"ping"}', error(null, -32_600)],
    ['an id that is a fraction', '{"jsonrpc":"2.0","id":1.5,"method":"ping"}', error(null, -32_600)],
    ['an id that is an object', '{"jsonrpc":"2.0","id":{},"method":"ping"}', error(null, -32_600)],
    ['an id that is true', '{"jsonrpc":"2.0","id":true,"method":"ping"}', error(null, -32_600)],
    ['no version', '{"id":7,"method":"ping"}', error(7, -32_600)],
    ['another version', '{"jsonrpc":"1.0","id":"a","method":"ping"}', error('a', -32_600)],
    ['a method that is a number', '{"jsonrpc":"2.0","id":7,"method":1}', error(7, -32_600)],
    ['no method', '{"jsonrpc":"2.0","id":7}', error(7, -32_600)],
    ['parameters in a list', '{"jsonrpc":"2.0","id":7,"method":"ping","params":[1]}', error(7, -32_602)],
    [
      'parameters that are a text',
      '{"jsonrpc":"2.0","id":7,"method":"ping","params":"x"}',
      error(7, -32_602),
    ],
    ['a malformed _meta', '{"jsonrpc":"2.0","id":7,"method":"ping","params":{"_meta":1}}', error(7, -32_602)],
    ['a batch', '[{"jsonrpc":"2.0","id":7,"method":"ping"}]', error(null, -32_600)],
    ['an empty batch', '[]', error(null, -32_600)],
  ])('is answered: %s', async (_what, line, answer) => {
    expect(await raw.answers(1, line)).toEqual([answer]);
  });

  it('of more than 10 MiB is answered, and the next one read', async () => {
    const long = JSON.stringify(legacy(1, 'tools/call', { name: 'x'.repeat(10 * 1024 * 1024) }));
    expect(await raw.answers(1, long)).toEqual([error(null, -32_600)]);
    expect(await raw.answers(1, 'hello')).toEqual([error(null, -32_700)]);
  });

  it('is nothing when it is blank', async () => {
    expect(await raw.say('', '  ', '\r', '\t')).toEqual([]);
  });
});

it('reads lines however they are cut, with either end of line', async () => {
  const bytes = Buffer.from(
    `${JSON.stringify(initialize({ clientInfo: { name: '收银台', version: '1' } }))}\r\n`,
  );
  for (const byte of bytes) raw.input.write(Buffer.of(byte));
  expect(await raw.answers(1)).toMatchObject([{ id: 'init', result: { protocolVersion: '2025-11-25' } }]);
});

describe('a batch of 2025-03-26', () => {
  beforeEach(() => raw.initialize('2025-03-26'));

  it('is answered by one, with what is no request in it left out', async () => {
    const heard = await raw.answers(1, [
      legacy(1, 'ping'),
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      legacy('two', 'tools/list'),
      legacy(3, 'no/such'),
    ]);
    expect(heard).toHaveLength(1);
    const byId = new Map((heard[0] as Json[]).map((answer) => [answer.id, answer]));
    expect(byId.size).toBe(3);
    expect(byId.get(1)).toEqual({ jsonrpc: '2.0', id: 1, result: {} });
    expect(byId.get('two')).toMatchObject({ result: { tools: expect.any(Array) } });
    expect(byId.get(3)).toMatchObject({ error: { code: -32_601 } });
  });

  it('with nothing but notifications is not answered', async () => {
    expect(await raw.say([{ jsonrpc: '2.0', method: 'notifications/initialized' }])).toEqual([]);
  });

  it('says of each message what is wrong with it', async () => {
    const [answers] = await raw.answers(1, [
      1,
      legacy(1, 'ping'),
      { id: 2 },
      initialize(),
      legacy(1, 'ping'),
    ]);
    expect(answers).toEqual([
      error(null, -32_600),
      error(2, -32_600),
      error('init', -32_600),
      error(1, -32_600),
      { jsonrpc: '2.0', id: 1, result: {} },
    ]);
    expect(await raw.answers(1, [1, 2])).toEqual([[error(null, -32_600), error(null, -32_600)]]);
  });

  it.each([0, 101])('has 1 to 100 messages, not %i', async (count) => {
    const messages = Array.from({ length: count }, (_, id) => legacy(id, 'ping'));
    expect(await raw.answers(1, messages)).toEqual([error(null, -32_600)]);
  });

  it('does not wait for a request that was cancelled', async () => {
    const sale = {
      name: 'create-payment',
      arguments: { amountYuan: '1.00', title: 't', outTradeNo: 'BATCH_1' },
    };
    await raw.answers(1, legacy(9, 'tools/call', sale));
    const wait = { name: 'query-payment', arguments: { outTradeNo: 'BATCH_1', waitSeconds: 50 } };
    const heard = await raw.answers(1, [legacy(1, 'tools/call', wait), legacy(2, 'ping')], {
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId: 1 },
    });
    expect(heard).toEqual([[{ jsonrpc: '2.0', id: 2, result: {} }]]);
  });
});

it.each(['2024-11-05', '2025-06-18', '2025-11-25'])('%s has no batches', async (revision) => {
  await raw.initialize(revision);
  expect(await raw.answers(1, [legacy(1, 'ping')])).toEqual([error(null, -32_600)]);
});

describe('a revision that is not served', () => {
  it.each([0, 1, 2])('is refused in the 2026 era, after %i requests as well', async (before) => {
    for (let id = 0; id < before; id++) await raw.answers(1, modern(id, 'tools/list'));
    for (const method of ['tools/list', 'tools/call', 'server/discover', 'subscriptions/listen', 'no/such']) {
      expect(await raw.answers(1, modern(7, method, {}, '2099-01-01'))).toEqual([
        {
          jsonrpc: '2.0',
          id: 7,
          error: {
            code: -32_022,
            message: expect.any(String),
            data: { supported: ['2026-07-28'], requested: '2099-01-01' },
          },
        },
      ]);
    }
    expect(await raw.answers(1, modern(8, 'tools/list'))).toMatchObject([
      {
        id: 8,
        result: { tools: expect.arrayContaining([expect.objectContaining({ name: 'query-payment' })]) },
      },
    ]);
  });
});
