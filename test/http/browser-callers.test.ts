import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Shop } from '../journeys/shop.ts';
import { ERAS, REVISION, Service } from './service.ts';
import { addToken } from './tokens.ts';

const INSPECTOR = 'http://localhost:6274';
let shop: Shop;
let service: Service;
let token: string;
beforeAll(async () => {
  shop = await Shop.open();
  token = await addToken(shop, 'inspector');
  service = await Service.start(shop, { CASHIER_ALLOWED_ORIGINS: `${INSPECTOR}, https://agents.example` });
});
afterAll(async () => {
  expect(await service.stop()).toBe(0);
  await shop.close();
});

const mcp = (method: string, headers: Record<string, string>, body?: string) =>
  fetch(`${service.origin}/mcp`, { method, headers, ...(body === undefined ? {} : { body }) });
/** What a browser asks before the Inspector's direct mode may send what it sends. */
const preflight = (origin: string, more: Record<string, string> = {}) =>
  mcp('OPTIONS', {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type,mcp-protocol-version,mcp-session-id',
    ...more,
  });
const LIST = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';
const list = (headers: Record<string, string> = {}) =>
  mcp(
    'POST',
    {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${token}`,
      ...headers,
    },
    LIST,
  );
const cors = (answer: Response) => answer.headers.get('access-control-allow-origin');

describe('a page of an allowed origin', () => {
  it.each([INSPECTOR, 'https://agents.example'])(
    '%s is let in before it brings its token',
    async (origin) => {
      const answer = await preflight(origin);
      expect([answer.status, cors(answer)]).toEqual([204, origin]);
      expect(answer.headers.get('access-control-allow-methods')).toContain('POST');
      for (const name of ['authorization', 'content-type', 'mcp-protocol-version', 'mcp-session-id']) {
        expect(answer.headers.get('access-control-allow-headers')).toContain(name);
      }
      expect(answer.headers.get('vary')).toBe('Origin');
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
    },
  );

  it('may read every answer, a refusal too, or nobody could see why', async () => {
    const listed = await list({ origin: INSPECTOR });
    expect([listed.status, cors(listed)]).toEqual([200, INSPECTOR]);
    expect(await listed.text()).toContain('create-payment');
    const refused = await list({ origin: INSPECTOR, authorization: 'Bearer wrong' });
    expect([refused.status, cors(refused)]).toEqual([401, INSPECTOR]);
    expect(refused.headers.get('access-control-expose-headers')).toContain('www-authenticate');
  });

  it('on a public site may ask for a server on this machine', async () => {
    const asked = { 'access-control-request-private-network': 'true' };
    const answer = await preflight('https://agents.example', asked);
    expect(answer.headers.get('access-control-allow-private-network')).toBe('true');
  });

  it('is told nothing that it smuggled into the question', async () => {
    const answer = await preflight(INSPECTOR, { 'access-control-request-headers': 'a;b=c' });
    expect(answer.headers.get('access-control-allow-headers')).toBeNull();
  });
});

it.each(['https://evil.example', 'http://localhost:6275', 'https://localhost:6274', 'null'])(
  'a page of %s gets nothing',
  async (origin) => {
    for (const answer of [await preflight(origin), await list({ origin })]) {
      expect([answer.status, cors(answer)]).toEqual([403, null]);
    }
  },
);

describe('headers mean the same in any letters', () => {
  it.each([
    'Application/JSON, Text/Event-Stream',
    'APPLICATION/JSON,TEXT/EVENT-STREAM;q=0.9',
    'text/event-stream, application/json; Charset=UTF-8',
  ])('Accept: %s', async (accept) => {
    expect((await list({ accept })).status).toBe(200);
    const modern = await mcp(
      'POST',
      {
        'content-type': 'Application/JSON',
        accept,
        authorization: `Bearer ${token}`,
        'mcp-protocol-version': REVISION,
        'mcp-method': 'tools/list',
      },
      JSON.stringify({
        ...{ jsonrpc: '2.0', id: 1, method: 'tools/list' },
        params: {
          _meta: {
            'io.modelcontextprotocol/protocolVersion': REVISION,
            'io.modelcontextprotocol/clientInfo': { name: 'any', version: '1' },
            'io.modelcontextprotocol/clientCapabilities': {},
          },
        },
      }),
    );
    expect([modern.status, (await modern.text()).includes('create-payment')]).toEqual([200, true]);
  });

  it('and what is not accepted still is not', async () => {
    expect((await list({ accept: 'application/json' })).status).toBe(406);
  });
});

it.each(ERAS)('a %s client is served as before', async (era) => {
  const agent = await service.agent(era, token);
  expect(await agent.tools()).toContain('create-payment');
  await agent.close();
});
