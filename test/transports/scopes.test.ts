import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CallRate } from '../../src/payments/call-rate.ts';
import type { Identity, Scope } from '../../src/policy/identity.ts';
import { selectTools } from '../../src/tools/index.ts';
import { type McpEndpoint, mcpEndpoint } from '../../src/transports/mcp-endpoint.ts';
import { scopeMissing } from '../../src/transports/scopes.ts';
import { seeded, seededBytes } from '../support/virtual-time.ts';
import { Counter } from '../tools/counter.ts';
import { legacy, modern } from './raw.ts';

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

  it("a view's page is nobody's secret; an order is", () => {
    const payer: Identity = { ...reader, scopes: new Set(['cashier:pay']) };
    const reading = (uri: string) => ({ method: 'resources/read', params: { uri } });
    expect(scopeMissing(payer, reading('ui://mcp-cashier/payment'), tools)).toBeUndefined();
    for (const uri of ['payment://orders/ORDER_1', 'ui://mcp-cashier/other'])
      expect(scopeMissing(payer, reading(uri), tools)).toBe('cashier:read');
  });
});

describe('a call that a token does not allow', () => {
  const desk: Identity = { caller: 'desk', named: true, tools: new Set(['query-payment', 'close-payment']) };
  let counter: Counter;
  let endpoint: McpEndpoint;
  beforeEach(async () => {
    counter = await Counter.open();
    const deps = { ...counter.deps, rate: new CallRate(counter.deps.clock) };
    const callers = {
      ...{ identify: () => reader, current: () => undefined },
      insufficient: (scopes: readonly Scope[]) => Response.json({ scopes }, { status: 403 }),
    };
    endpoint = mcpEndpoint({ ...deps, randomBytes: seededBytes(seeded(1)) }, callers);
  });
  afterEach(async () => {
    await endpoint.close();
    await counter.end();
  });
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const post = (identity: Identity, message: unknown, more = {}) => {
    const init = { method: 'POST', headers: { ...headers, ...more }, body: JSON.stringify(message) };
    return endpoint.answer(new Request('http://cashier.test/mcp', init), identity);
  };
  const records = async () =>
    (await counter.till.ledger.read((book) => book.audit.after(0, 10_000))).filter(
      ({ kind }) => kind !== 'policy-first',
    );
  const refund = { name: 'refund-payment', arguments: { outTradeNo: 'ORDER_000001', refundYuan: '1.00' } };

  it.each<[Identity, string, string]>([
    [reader, 'refund-payment', 'INSUFFICIENT_SCOPE'],
    [reader, 'create-payment', 'INSUFFICIENT_SCOPE'],
    [desk, 'refund-payment', 'TOOL_NOT_ALLOWED'],
  ])('is recorded: %j, %s, %s', async (identity, name, code) => {
    const params = { name, arguments: refund.arguments, _meta: { model: 'some-model' } };
    await (await post(identity, legacy(1, 'tools/call', params))).text();
    const of2026 = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': name };
    await (await post(identity, modern(2, 'tools/call', params), of2026)).text();
    const found = await records();
    expect(found.map(({ kind }) => kind)).toEqual(['call', 'result', 'call', 'result']);
    for (const [call, result] of [found.slice(0, 2), found.slice(2)]) {
      const same = { caller: identity.caller, tool: name, outTradeNo: 'ORDER_000001', call: call?.call };
      expect(call).toMatchObject({
        ...same,
        detail: { digest: expect.any(String), meta: expect.any(Object) },
      });
      expect(result).toMatchObject({ ...same, detail: { code } });
    }
    expect(found[0]?.call).not.toBe(found[2]?.call);
    expect(counter.world.bank.calls).toEqual([]);
  });

  it('is recorded once for a batch of them', async () => {
    const batch = [legacy(1, 'ping', {}), legacy(2, 'tools/call', refund), legacy(3, 'tools/call', refund)];
    await (await post(reader, batch)).text();
    const [, result, ...more] = await records();
    expect(result?.detail).toEqual({ code: 'INSUFFICIENT_SCOPE', calls: 2 });
    expect(more).toEqual([]);
  });

  it.each<[Identity, unknown]>([
    [{ ...reader, scopes: new Set(['cashier:pay']) }, legacy(1, 'tools/call', { name: 'query-payment' })],
    [{ ...reader, scopes: new Set() }, legacy(1, 'resources/read', { uri: 'payment://orders/ORDER_000001' })],
    [desk, legacy(1, 'tools/call', { name: 'list-payments' })],
    [desk, legacy(1, 'tools/call', { name: 'no-such-tool' })],
  ])('is not recorded where it only asks: %j %j', async (identity, message) => {
    await (await post(identity, message)).text();
    expect(await records()).toEqual([]);
  });

  it('counts as a call, and as one that was refused: who makes too many is told to wait', async () => {
    const message = legacy(1, 'tools/call', refund);
    const first = await post(reader, message);
    expect([first.status, await first.json()]).toEqual([403, { scopes: ['cashier:refund'] }]);
    let last = first;
    for (let i = 0; i < 4_000 && last.status === 403; i++) last = await post(reader, message);
    expect(JSON.stringify(await last.json())).toContain('TRY_LATER');
    // Of hundreds that follow only their number is.
    const kinds = (await records()).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'call').length).toBeLessThanOrEqual(300);
    expect(kinds.filter((kind) => kind === 'calls-limited')).toHaveLength(1);
  });
});
