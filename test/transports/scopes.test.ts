import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CallRate } from '../../src/payments/call-rate.ts';
import type { Identity, Scope } from '../../src/policy/identity.ts';
import { selectTools } from '../../src/tools/index.ts';
import { mcpEndpoint } from '../../src/transports/mcp-endpoint.ts';
import { scopeMissing } from '../../src/transports/scopes.ts';
import { seeded, seededBytes } from '../support/virtual-time.ts';
import { Counter } from '../tools/counter.ts';
import { legacy } from './raw.ts';

const reader: Identity = { caller: 'oauth:reader', named: true, scopes: new Set(['cashier:read']) };
const { tools } = selectTools('all');
const call = (name: unknown) => ({ method: 'tools/call', params: { name } });

describe('of what a caller may only read', () => {
  it.each<[unknown, Scope | undefined]>([
    [call('query-payment'), undefined],
    [call('create-payment'), 'cashier:pay'],
    [call('close-payment'), 'cashier:pay'],
    [call('refund-alipay-payment'), 'cashier:refund'],
    [[call('query-payment'), { method: 'ping' }, call('refund-order')], 'cashier:refund'],
    [call('constructor'), undefined],
    [call(7), undefined],
    [{ method: 'tools/call' }, undefined],
    [{ method: 'tools/list', params: { name: 'refund-payment' } }, undefined],
    [[], undefined],
    ...[undefined, null, 7, 'tools/call', [null]].map((body): [unknown, undefined] => [body, undefined]),
  ])('%j needs more: %s', (body, scope) => {
    expect(scopeMissing(reader, body, tools)).toBe(scope);
    expect(scopeMissing({ caller: 'token' }, body, tools)).toBeUndefined();
  });

  it.each(['resources/read', 'resources/subscribe', 'subscriptions/listen'])('%s is reading', (method) => {
    expect(scopeMissing(reader, { method }, tools)).toBeUndefined();
    expect(scopeMissing({ ...reader, scopes: new Set() }, { method }, tools)).toBe('cashier:read');
  });
});

describe('a call beyond the scopes', () => {
  let counter: Counter;
  beforeAll(async () => {
    counter = await Counter.open();
  });
  afterAll(() => counter.end());

  it('counts as a call: who makes too many is told to wait', async () => {
    const deps = {
      ...{ ...counter.deps, rate: new CallRate(counter.deps.clock) },
      randomBytes: seededBytes(seeded(1)),
    };
    const callers = {
      ...{ identify: () => reader, current: () => undefined },
      insufficient: (scopes: readonly Scope[]) => Response.json({ scopes }, { status: 403 }),
    };
    const endpoint = mcpEndpoint(deps, callers);
    const body = JSON.stringify(legacy(1, 'tools/call', call('refund-payment').params));
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    const refuse = () =>
      endpoint.answer(new Request('http://cashier.test/mcp', { method: 'POST', headers, body }), reader);
    const first = await refuse();
    expect([first.status, await first.json()]).toEqual([403, { scopes: ['cashier:refund'] }]);
    let last = first;
    for (let i = 0; i < 4_000 && last.status === 403; i++) last = await refuse();
    expect(JSON.stringify(await last.json())).toContain('TRY_LATER');
    await endpoint.close();
  });
});
