import { PassThrough } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { CLIENT_CAPABILITIES_META_KEY, PROTOCOL_VERSION_META_KEY } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { Hono } from 'hono';
import { anyoneAs } from '../../../src/auth/callers.ts';
import { buyerRoutes, ledgerLookup, receiptLookup } from '../../../src/buyer-page/index.ts';
import { operatorRoutes } from '../../../src/operator/index.ts';
import { Desk } from '../../../src/payments/desk.ts';
import { buildServer, type ServerDeps } from '../../../src/server.ts';
import { UNIFIED_TOOLS } from '../../../src/tools/index.ts';
import { presenter } from '../../../src/tools/present.ts';
import { mcpEndpoint } from '../../../src/transports/mcp-endpoint.ts';
import { mcpRoute } from '../../../src/transports/mcp-route.ts';
import { StdioWire } from '../../../src/transports/stdio-wire.ts';
import type { Dice } from '../../support/dice.ts';
import { receiptsOf } from '../../support/receipts.ts';
import {
  formOf,
  HARD_TEXTS,
  mutatedBytes,
  mutatedHeaders,
  mutatedJson,
  mutatedPairs,
  mutatedText,
  pumped,
} from '../mutate.ts';
import { numberOf, ORDER_NUMBERS, REFUNDS, Shop } from '../shop.ts';
import { Fault, insistOnSilence, type Target } from '../target.ts';

const WORDS = [
  ...ORDER_NUMBERS,
  ...[
    'tools/call',
    'tools/list',
    'resources/read',
    'prompts/get',
    'ping',
    'initialize',
    'create-payment',
    'refund-payment',
  ],
  ...[
    '9.90',
    '0.001',
    REFUNDS.PART,
    'qr',
    'web',
    'alipay',
    '2025-03-26',
    '2026-07-28',
    '2099-01-01',
    'progress',
    'traceparent',
  ],
];
const TRACE = {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  tracestate: 'a=b',
  progressToken: 7,
};
const call = (name: string, args: object) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name, arguments: args, _meta: TRACE },
});
const paid = numberOf('alipay', 'PAID');
const LEGACY = [
  call('create-payment', {
    provider: 'alipay',
    amountYuan: '9.90',
    title: '菜谱',
    outTradeNo: 'FUZZ_0001',
    buyer: 'b',
    expiresInMinutes: 30,
  }),
  call('query-payment', { outTradeNo: paid, waitSeconds: 0 }),
  call('close-payment', { outTradeNo: numberOf('wechatpay', 'OPEN') }),
  call('refund-payment', { outTradeNo: paid, refundYuan: '1.00', outRefundNo: 'R9', reason: 'x' }),
  call('query-refund', { outTradeNo: numberOf('alipay', 'PART'), outRefundNo: REFUNDS.PART }),
  call('list-payments', { from: '2026-11-21', to: '2026-11-21', state: 'PAID', limit: 5, cursor: 'x' }),
  { jsonrpc: '2.0', id: 'a', method: 'tools/list', params: {} },
  { jsonrpc: '2.0', id: 2, method: 'resources/read', params: { uri: `cashier://orders/${paid}` } },
  {
    jsonrpc: '2.0',
    id: 3,
    method: 'prompts/get',
    params: { name: 'sell-a-service', arguments: { service: 'x' } },
  },
  {
    jsonrpc: '2.0',
    id: 4,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'fuzz', version: '1' } },
  },
  { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } },
];
const MODERN_META = { [PROTOCOL_VERSION_META_KEY]: '2026-07-28', [CLIENT_CAPABILITIES_META_KEY]: {} };
const modernOf = (message: object) => {
  const { params } = message as { params: { _meta?: object } };
  return { ...message, params: { ...params, _meta: { ...params._meta, ...MODERN_META } } };
};

function messageOf(random: Dice, isModern: boolean, most: number): Buffer {
  const plain = random.pick(LEGACY);
  const message = isModern ? modernOf(plain) : plain;
  return random.pick<() => Buffer>([
    () => Buffer.from(JSON.stringify(message)),
    () => Buffer.from(mutatedJson(message, random, WORDS)),
    () => Buffer.from(mutatedJson(message, random, WORDS)),
    () => Buffer.from(mutatedJson(message, random, WORDS)),
    () => Buffer.from(mutatedJson([message, random.pick(LEGACY)], random, WORDS)),
    () => mutatedBytes(Buffer.from(JSON.stringify(message)), random, { most: 65_536 }),
    () =>
      random.chance(0.05)
        ? pumped(Buffer.from(JSON.stringify(message)), random, most)
        : Buffer.from(mutatedJson(message, random)),
  ])();
}

/** What a server works with, on the shop's till. */
function depsOf(shop: Shop, failures: unknown[]): ServerDeps {
  const till = () => ({ ...shop.till, desk: new Desk(shop.till) });
  return {
    ...{ version: '0.0.0', tools: UNIFIED_TOOLS, identity: { caller: 'shop-agent' }, bus: undefined },
    setting: {
      language: 'en',
      providers: ['alipay', 'wechatpay'],
      scenes: ['qr', 'web', 'h5', 'jsapi', 'app'],
    },
    present: presenter({
      ...{ language: 'en', simulated: true, now: () => shop.clock.now() },
      buyerPage: async (token) => ({ url: `http://127.0.0.1:39200/c/${token}`, endsWithUs: true }),
      approvalUrl: async (id) => `http://127.0.0.1:39201/approvals/${id}`,
    }),
    ...{ ledger: shop.till.ledger, clock: shop.clock, underWay: new Set() },
    receipts: receiptsOf(shop.till),
    till: async () => till(),
    log: {
      ...shop.till.log,
      error: (event, facts) => void failures.push(`${event} ${JSON.stringify(facts)}`),
    },
  };
}

/** What an answer says went wrong; INTERNAL is never what somebody's input has to lead to. */
function insistOnAnswer(said: string, failures: readonly unknown[], secrets: readonly string[]): string {
  insistOnSilence(said, secrets);
  if (failures.length > 0) throw new Fault(`logged as an error: ${failures[0]}`);
  if (/\bINTERNAL\b|"code":-32603/.test(said)) throw new Fault(`our own fault: ${said.slice(0, 500)}`);
  const code = /"code":(-\d+|"[A-Z_]+")/.exec(said)?.[1];
  return code ?? (/"isError":true/.test(said) ? 'error' : said === '' ? 'nothing' : 'result');
}

const STDIO: Target = {
  name: 'stdio',
  ...{ cases: 60_000, few: 150 },
  async open() {
    const shop = await Shop.open();
    return {
      async run({ random, input }) {
        const failures: unknown[] = [];
        const isModern = random.chance(0.4);
        const [inward, outward] = [new PassThrough(), new PassThrough({ encoding: 'utf8' })];
        let said = '';
        let wake = () => {};
        outward.on('data', (chunk: string) => {
          said += chunk;
          if (said.includes('"last-of-all"')) wake();
        });
        const deps = depsOf(shop, failures);
        const handle = serveStdio(({ era }) => buildServer(deps, era), {
          transport: new StdioWire(inward, outward),
        });
        const lines = Array.from({ length: 1 + random.below(2) }, () =>
          messageOf(random, isModern, 1_048_576),
        );
        const first = isModern ? [] : [JSON.stringify(LEGACY[9])];
        const last = {
          jsonrpc: '2.0',
          id: 'last-of-all',
          method: 'ping',
          params: isModern ? { _meta: MODERN_META } : {},
        };
        input('lines', Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')])));
        try {
          const heard = new Promise<void>((resolve) => {
            wake = resolve;
          });
          for (const line of [...first, ...lines, JSON.stringify(last)])
            inward.write(Buffer.concat([Buffer.from(line), Buffer.from('\n')]));
          await heard;
          await Promise.allSettled(deps.underWay);
          for (const line of said.split('\n')) if (line !== '') JSON.parse(line);
          const kind = insistOnAnswer(
            said.split('\n').slice(first.length).join('\n'),
            failures,
            shop.secrets,
          );
          return { accepted: kind === 'result', seen: kind };
        } finally {
          await handle.close();
          await Promise.allSettled(deps.underWay);
          shop.back();
        }
      },
      close: () => shop.close(),
    };
  },
};

const HTTP: Target = {
  name: 'mcp-http',
  ...{ cases: 60_000, few: 150 },
  async open() {
    const shop = await Shop.open();
    const failures: unknown[] = [];
    return {
      async run({ random, input }) {
        failures.length = 0;
        const { identity: _, bus: __, ...deps } = depsOf(shop, failures);
        const callers = anyoneAs('shop-agent');
        const endpoint = mcpEndpoint({ ...deps, randomBytes: shop.till.randomBytes }, callers);
        const app = new Hono();
        app.all('/mcp', mcpRoute(() => endpoint, callers, new WeakMap()) as never);
        const isModern = random.chance(0.5);
        const body = messageOf(random, isModern, 1_048_576);
        const method = random.chance(0.93) ? 'POST' : random.pick(['GET', 'DELETE', 'PUT', 'OPTIONS']);
        const pairs = mutatedHeaders(
          {
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
            'mcp-protocol-version': isModern ? '2026-07-28' : '2025-11-25',
            ...(isModern ? { 'mcp-method': 'tools/call', 'mcp-name': 'query-payment' } : {}),
            ...(random.chance(0.2)
              ? {
                  'mcp-session-id': random.pick([...HARD_TEXTS, 'A'.repeat(48)]).replace(/[^\x21-\x7e]/g, ''),
                }
              : {}),
          },
          random,
        );
        input('headers.json', JSON.stringify([method, ...pairs]));
        input('body', body);
        const stop = new AbortController();
        try {
          const headers = new Headers();
          try {
            for (const [name, value] of pairs) headers.append(name, value);
          } catch {
            return { accepted: false, seen: 'not HTTP' };
          }
          const init = {
            method,
            headers,
            signal: stop.signal,
            ...(method === 'POST' || method === 'PUT' ? { body } : {}),
          };
          const env = { incoming: {}, outgoing: undefined };
          const response = await app.request('http://127.0.0.1:3920/mcp', init, env);
          const isStream = response.headers.get('content-type')?.includes('event-stream') ?? false;
          // One that stays open has said what it has to say, or has nothing to say yet.
          const said = isStream
            ? await Promise.race([response.text(), setTimeout(50, '')])
            : await response.text();
          if (response.status >= 500 && response.status !== 501 && response.status !== 503)
            throw new Fault(`answered ${response.status} ${said.slice(0, 300)}`);
          const kind = insistOnAnswer(said, failures, shop.secrets);
          return { accepted: response.ok, seen: `${response.status} ${kind}` };
        } finally {
          stop.abort();
          await endpoint.close();
          await Promise.allSettled(deps.underWay);
          shop.back();
        }
      },
      close: () => shop.close(),
    };
  },
};

const PAGES: Target = {
  name: 'pages',
  ...{ cases: 60_000, few: 150 },
  async open() {
    const shop = await Shop.open();
    const { ledger, clock, randomBytes, log } = shop.till;
    const errors: unknown[] = [];
    const app = new Hono<{ Variables: { source: string } }>();
    app.use('*', async (c, next) => {
      c.set('source', '203.0.113.1');
      await next();
      if (c.error) errors.push(c.error);
    });
    app.route(
      '/',
      buyerRoutes({
        lookup: ledgerLookup({
          ledger,
          clock,
          simulated: true,
          merchantName: undefined,
          simulatorUrl: () => undefined,
        }),
        receipt: receiptLookup({ ledger, receipts: receiptsOf({ ledger, randomBytes }) }),
        clock,
      }),
    );
    app.route('/', operatorRoutes({ ledger, realm: 'simulator', clock, randomBytes, log }));
    const token = String([...shop.books().orders.values()][0]?.page_token);
    return {
      async run({ random, input }) {
        errors.length = 0;
        const path = random.pick([
          `/c/${token}`,
          `/c/${token}/state`,
          `/c/${token}/receipt`,
          `/c/${token}/receipt/R1`,
          '/c/back/x',
          '/approvals',
          '/approvals/sign-in',
          '/approvals/A1',
          '/approvals/freeze',
          '/approvals/sign-out',
        ]);
        const address = random.chance(0.5)
          ? path
          : mutatedText(path, random).replace(/[^\x21-\x7e]/g, (one) =>
              encodeURIComponent(Buffer.from(one).toString()),
            );
        const isPost = random.chance(0.5);
        const fields = [
          ['csrf', 'x'],
          ['secret', 'correct horse'],
          ['reason', '原因'],
          ['decision', 'approve'],
        ] as const;
        const body = Buffer.from(formOf(mutatedPairs(fields, random), random));
        const pairs = mutatedHeaders(
          {
            cookie: `cashier_session=${'a'.repeat(43)}; back=${token}`,
            'accept-language': 'zh-CN,en;q=0.5',
            'user-agent': 'Mozilla/5.0 MicroMessenger',
            ...(isPost
              ? {
                  'content-type': 'application/x-www-form-urlencoded',
                  origin: 'http://127.0.0.1:3920',
                  'sec-fetch-site': 'same-origin',
                }
              : {}),
          },
          random,
        );
        const posted = random.chance(0.1)
          ? pumped(body, random, 65_536)
          : random.chance(0.3)
            ? mutatedBytes(body, random)
            : body;
        input('request.json', JSON.stringify([isPost, address, ...pairs]));
        input('body', isPost ? posted : '');
        try {
          const headers = new Headers();
          let request: Request;
          try {
            for (const [name, value] of pairs) headers.append(name, value);
            request = new Request(`http://127.0.0.1:3920${address.startsWith('/') ? '' : '/'}${address}`, {
              method: isPost ? 'POST' : 'GET',
              headers,
              ...(isPost ? { body: posted } : {}),
            });
          } catch {
            return { accepted: false, seen: 'not HTTP' };
          }
          const response = await app.request(request);
          const said = await response.text();
          const wrong = errors[0] ?? (response.status >= 500 && response.status !== 503 ? said : undefined);
          if (wrong !== undefined)
            throw new Fault(
              `answered ${response.status}: ${wrong instanceof Error ? wrong.stack : String(wrong).slice(0, 300)}`,
            );
          insistOnSilence(said.replace(/<script>[\s\S]*?<\/script>/g, ''), shop.secrets);
          return { accepted: response.ok, seen: `${isPost ? 'POST' : 'GET'} ${response.status}` };
        } finally {
          shop.back();
        }
      },
      close: () => shop.close(),
    };
  },
};

export const WIRES: readonly Target[] = [STDIO, HTTP, PAGES];
