import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SCOPES } from '../../src/policy/identity.ts';
import { selectTools } from '../../src/tools/index.ts';
import { AUDIENCE, Issuer } from '../auth/issuer.ts';
import { readList, readPayment, readRefusal } from '../journeys/shapes.ts';
import { Shop } from '../journeys/shop.ts';
import { freePort } from '../support/free-port.mjs';
import { until } from '../support/server-process.ts';
import { ERAS, type Era, REVISION, Service } from './service.ts';
import { addToken } from './tokens.ts';

const PUBLIC = 'https://pay.example';
const METADATA = `${PUBLIC}/.well-known/oauth-protected-resource/mcp`;
const POLICY = `version: 1
payments: { approveAboveYuan: "50" }
delivery: { within: 24h, otherwise: tell }
clients: { "oauth:small": { payments: { maxYuan: "3" } } }
`;
let shop: Shop;
let issuer: Issuer;
let service: Service;
let alice = '';
const shown: string[] = [];
beforeAll(async () => {
  [shop, issuer] = await Promise.all([Shop.open({ policy: POLICY }), Issuer.start()]);
  alice = await addToken(shop, 'alice');
  service = await Service.start(shop, {
    CASHIER_PUBLIC_URL: PUBLIC,
    CASHIER_OAUTH_ISSUER: issuer.url,
    CASHIER_OAUTH_JWKS: `${issuer.url}/jwks`,
    CASHIER_MERCHANT_NAME: 'Tea Shop',
    AP_SELECT_TOOLS: 'all',
  });
});
afterAll(async () => {
  expect(await service.stop()).toBe(0);
  await Promise.all([shop.close(), issuer.close()]);
});
async function token(claims: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const made = await issuer.token(claims);
  shown.push(made);
  return made;
}

interface Message {
  readonly method: string;
  readonly params?: Readonly<Record<string, unknown>>;
}
/** The answer to one message, as a client of that era sends it. */
async function post(
  bearer: string | undefined,
  { method, params = {} }: Message,
  era: Era = 'legacy',
  path = '/mcp',
) {
  const { name } = params;
  const of2026 = {
    'mcp-protocol-version': REVISION,
    'mcp-method': method,
    ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
  };
  const envelope = {
    'io.modelcontextprotocol/protocolVersion': REVISION,
    'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const isModern = era === 'modern';
  const answer = await fetch(new URL(path, service.origin), {
    method: 'POST',
    headers: {
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      ...(isModern ? of2026 : {}),
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method,
      params: isModern ? { ...params, _meta: envelope } : params,
    }),
  });
  const challenge = answer.headers.get('www-authenticate') ?? '';
  return {
    status: answer.status,
    challenge,
    error: /error="(\w+)"/.exec(challenge)?.[1],
    scope: /scope="([^"]*)"/.exec(challenge)?.[1],
    retryAfter: answer.headers.get('retry-after'),
    cache: answer.headers.get('cache-control'),
    text: await answer.text(),
  };
}
const LIST: Message = { method: 'tools/list' };

describe('who has no good token', () => {
  it('is told where to get one', async () => {
    const answer = await post(undefined, LIST);
    expect(answer).toMatchObject({ status: 401, scope: SCOPES.join(' '), cache: 'no-store' });
    const [, url = ''] = /resource_metadata="([^"]+)"/.exec(answer.challenge) ?? [];
    expect(url).toBe(METADATA);
    const metadata = await fetch(new URL(new URL(url).pathname, service.origin));
    expect(metadata.headers.get('access-control-allow-origin')).toBe('*');
    expect(await metadata.json()).toEqual({
      ...{ resource: AUDIENCE, authorization_servers: [issuer.url], resource_name: 'Tea Shop' },
      scopes_supported: [...SCOPES],
    });
    for (const path of ['/.well-known/oauth-protected-resource', '/.well-known/oauth-authorization-server']) {
      expect((await fetch(new URL(path, service.origin))).status).toBe(404);
    }
  });

  it.each(['mcpc_stranger', 'opaque'])('is refused: %s', async (bad) => {
    expect(await post(bad, LIST)).toMatchObject({ status: 401, error: 'invalid_token' });
  });

  it('is refused in the address, also beside one in its place', async () => {
    const good = await token();
    for (const bearer of [undefined, good]) {
      expect((await post(bearer, LIST, 'legacy', `/mcp?access_token=${good}`)).status).toBe(401);
    }
    expect((await post(good, LIST)).status).toBe(200);
  });
});

describe.each(ERAS)('scopes, with a %s client', (era) => {
  const { tools } = selectTools('all');
  const sets = [['read'], ['pay'], ['refund'], ['read', 'pay'], ['read', 'pay', 'refund']];
  it.each(sets.map((set) => [set.map((one) => `cashier:${one}`)]))(
    '%s: these tools, and no others',
    async (scopes) => {
      const bearer = await token({ scope: scopes.join(' '), client_id: 'scoped' });
      const may = tools.filter((tool) => scopes.includes(tool.scope)).map(({ name }) => name);
      const agent = await service.agent(era, bearer);
      expect(await agent.tools()).toEqual(may);
      await agent.close();
      for (const { name, scope } of tools) {
        const answer = await post(bearer, { method: 'tools/call', params: { name, arguments: {} } }, era);
        const beyond = { status: 403, error: 'insufficient_scope', scope };
        expect([name, answer]).toMatchObject([name, may.includes(name) ? { status: 200 } : beyond]);
        if (!may.includes(name)) expect(answer.challenge).toContain(`resource_metadata="${METADATA}"`);
      }
      const reading: Message = { method: 'resources/read', params: { uri: 'payment://orders/ANY_000001' } };
      const read = await post(bearer, reading, era);
      if (!scopes.includes('cashier:read'))
        expect(read).toMatchObject({ status: 403, scope: 'cashier:read' });
      else expect(read.status).not.toBe(403);
    },
  );

  it('that do not allow reading list no orders either, and hear of none', async () => {
    const [payer, both] = [
      await token({ scope: 'cashier:pay' }),
      await token({ scope: 'cashier:pay cashier:read' }),
    ];
    const wanted = { provider: 'wechatpay', amountYuan: '5.00', title: 'tea' };
    const agents = await Promise.all([service.agent(era, payer), service.agent(era, both)]);
    const { outTradeNo } = readPayment(await agents[0].call('create-payment', wanted));
    expect(await agents[0].resources()).toEqual([]);
    expect(await agents[1].resources()).toContain(`payment://orders/${outTradeNo}`);
    const hear: Message =
      era === 'modern'
        ? { method: 'subscriptions/listen', params: { notifications: { resourcesListChanged: true } } }
        : { method: 'resources/subscribe', params: { uri: `payment://orders/${outTradeNo}` } };
    expect(await post(payer, hear, era)).toMatchObject({ status: 403, scope: 'cashier:read' });
    await Promise.all(agents.map((agent) => agent.close()));
  });
});

it('an access token, whatever its scopes, is no right to metrics', async () => {
  const asked = (headers: Readonly<Record<string, string>> = {}) =>
    fetch(`${service.origin}/metrics`, { headers: { 'x-forwarded-for': '203.0.113.9', ...headers } });
  const stranger = await asked();
  expect([stranger.status, stranger.headers.get('www-authenticate')]).toEqual([
    401,
    expect.stringContaining(`resource_metadata="${METADATA}"`),
  ]);
  expect((await asked({ authorization: `Bearer ${await token()}` })).status).toBe(403);
  expect((await asked({ authorization: `Bearer ${alice}` })).status).toBe(403);
});

it('a call beyond the scopes is found in a batch, and in a session', async () => {
  const bearer = await token({ scope: 'cashier:read', client_id: 'batch' });
  const headers = {
    authorization: `Bearer ${bearer}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  };
  const say = (body: unknown, more = {}) =>
    fetch(new URL('/mcp', service.origin), {
      ...{ method: 'POST', headers: { ...headers, ...more } },
      body: JSON.stringify(body),
    });
  const beyond = {
    jsonrpc: '2.0',
    id: 2,
    method: 'tools/call',
    params: { name: 'refund-payment', arguments: {} },
  };
  const batch = await say([{ jsonrpc: '2.0', id: 1, method: 'tools/list' }, beyond]);
  expect(batch.status).toBe(403);
  await batch.text();
  const clientInfo = { name: 'raw', version: '1' };
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
  const begun = await say({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
  const session = { 'mcp-session-id': begun.headers.get('mcp-session-id') ?? '' };
  expect(session['mcp-session-id']).not.toBe('');
  await begun.text();
  expect((await say(beyond, session)).status).toBe(403);
});

describe('callers', () => {
  const create = { provider: 'wechatpay', amountYuan: '5.00', title: 'tea' };
  it('of both kinds have their own orders only', async () => {
    const agents = await Promise.all([
      service.agent('modern', await token({ client_id: 'alice' })),
      service.agent('legacy', await token({ client_id: 'bob' })),
      service.agent('legacy', alice),
    ]);
    const orders = await Promise.all(
      agents.map(async (agent) => readPayment(await agent.call('create-payment', create)).outTradeNo),
    );
    for (const [i, agent] of agents.entries()) {
      const { items } = readList(await agent.call('list-payments', {}));
      expect(items.map(({ outTradeNo }) => outTradeNo)).toEqual([orders[i]]);
      const invented = readRefusal(await agent.call('query-payment', { outTradeNo: 'NEVER_WAS_1' }));
      for (const outTradeNo of orders.filter((one) => one !== orders[i])) {
        expect(readRefusal(await agent.call('query-payment', { outTradeNo }))).toEqual(invented);
      }
    }
    await Promise.all(agents.map((agent) => agent.close()));
  });

  it('stand under their names in the rules', async () => {
    const small = await service.agent('modern', await token({ client_id: 'small' }));
    const refused = readRefusal(await small.call('create-payment', create));
    expect(refused).toMatchObject({ code: 'POLICY_DENIED', limit: '3.00' });
    await small.close();
  });

  it('get what a person has approved', async () => {
    const asker = await service.agent('legacy', await token({ client_id: 'asker' }));
    const wanted = { ...create, amountYuan: '60.00', outTradeNo: shop.number('WISH') };
    const { outTradeNo, approval } = readPayment(await asker.call('create-payment', wanted));
    await asker.close();
    const { stdout } = await shop.command(['approvals', 'approve', approval?.id ?? '', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: { state: 'NOTPAY' } });
    await until(
      'it is sent',
      async () => (await shop.simulator.calls(outTradeNo, 'create')).length > 0 || undefined,
    );
  });
});

describe('the keys of the issuer', () => {
  it('may be new', async () => {
    await issuer.rotate('second');
    expect((await post(await token(), LIST)).status).toBe(200);
  });

  it('are not needed again for what is known, and without them nobody can tell', async () => {
    const known = await token();
    expect((await post(known, LIST)).status).toBe(200);
    issuer.fault = 'refuses';
    await issuer.rotate('third');
    const unknown = await post(await token(), LIST);
    expect(unknown).toMatchObject({ status: 503, challenge: '' });
    expect(Number(unknown.retryAfter)).toBeGreaterThan(0);
    expect((await post(known, LIST)).status).toBe(200);
    issuer.fault = 'none';
    await until(
      'it is asked again',
      async () => (await post(await token(), LIST)).status === 200 || undefined,
    );
  });
});

it('says no token anywhere: not on stderr, not in the log', () => {
  const said = readFileSync(join(shop.home, 'cashier.log'), 'utf8') + service.stderr;
  expect(shown.length).toBeGreaterThan(20);
  for (const one of shown) expect(said).not.toContain(one.split('.')[2]);
});

describe('a service with OAuth and no tokens', () => {
  const command = async (env: Readonly<Record<string, string>>) =>
    shop.command(['http'], { CASHIER_HTTP_PORT: String(await freePort()), ...env });
  it.each([
    ['CASHIER_OAUTH_ISSUER', { CASHIER_OAUTH_ISSUER: 'http://issuer.example' }],
    ['CASHIER_OAUTH_ISSUER', { CASHIER_OAUTH_ISSUER: 'https://issuer.example/?a=b' }],
    ['CASHIER_OAUTH_ISSUER', { CASHIER_OAUTH_ISSUER: 'https://user:secret@issuer.example' }],
    ['CASHIER_OAUTH_ISSUER', { CASHIER_OAUTH_AUDIENCE: 'api' }],
    [
      'CASHIER_OAUTH_JWKS',
      { CASHIER_OAUTH_ISSUER: 'https://a.example', CASHIER_OAUTH_JWKS: 'http://a.example/jwks' },
    ],
  ])('does not start with an issuer that anybody could play: %s', async (variable, env) => {
    const { code, stderr } = await command(env);
    expect(code).toBe(1);
    expect(stderr).toContain(variable);
    expect(stderr).not.toContain('user:secret');
  });

  it('may be reached from outside, and asks everybody for a token', async () => {
    const other = await Shop.open();
    const open = await Service.start(other, {
      CASHIER_HTTP_HOST: '0.0.0.0',
      CASHIER_OAUTH_ISSUER: issuer.url,
      CASHIER_OAUTH_AUDIENCE: 'api://cashier',
    });
    const status = async (bearer: string) => {
      const answer = await fetch(new URL('/mcp', open.origin), {
        method: 'POST',
        headers: {
          authorization: `Bearer ${bearer}`,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
        },
        body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
      });
      await answer.text();
      return answer.status;
    };
    expect(await status(await token({ aud: 'api://cashier' }))).toBe(200);
    expect(await status(await token())).toBe(401);
    expect(await status('mcpc_none')).toBe(401);
    expect(await open.stop()).toBe(0);
    await other.close();
  });
});
