import { createHash } from 'node:crypto';
import { CLIENT_CAPABILITIES_META_KEY, PROTOCOL_VERSION_META_KEY } from '@modelcontextprotocol/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { APPS, appUri } from '../../src/mcp-apps/names.ts';
import { appPage } from '../../src/mcp-apps/view/page.ts';
import { ALIPAY_TOOLS, UNIFIED_TOOLS } from '../../src/tools/index.ts';
import { Counter } from '../tools/counter.ts';
import { initialize, type Json, Raw } from '../transports/raw.ts';

const EXTENSION = 'io.modelcontextprotocol/ui';
const MIME_TYPE = 'text/html;profile=mcp-app';
const DECLARED = { extensions: { [EXTENSION]: { mimeTypes: ['image/svg+xml', MIME_TYPE] } } };
/** What clients may say that does not mean views. */
const OTHERS: readonly Json[] = [
  {},
  { elicitation: {} },
  { extensions: {} },
  { extensions: { [EXTENSION]: {} } },
  { extensions: { [EXTENSION]: { mimeTypes: [] } } },
  { extensions: { [EXTENSION]: { mimeTypes: ['text/html'] } } },
  { extensions: { 'io.modelcontextprotocol/tasks': { mimeTypes: [MIME_TYPE] } } },
  { experimental: { [EXTENSION]: { mimeTypes: [MIME_TYPE] } } },
];
/** An answer may weigh no more on whoever loads it (bytes). */
const MOST = 20_000;

type Ask = (method: string, params?: Json) => Promise<Json>;
interface Listed {
  readonly tools: readonly (Json & { readonly name: string; readonly _meta?: Json })[];
}

let counter: Counter;
const ends: (() => Promise<void>)[] = [];
beforeAll(async () => {
  counter = await Counter.open({ tools: [...UNIFIED_TOOLS, ...ALIPAY_TOOLS] });
});
afterAll(async () => {
  for (const end of ends) await end();
  await counter.end();
});

/** A client of either era with these capabilities: 2025 says them once, 2026-07-28 with every request. */
async function client(era: '2025-11-25' | '2026-07-28', capabilities: Json): Promise<Ask> {
  const raw = new Raw(counter.deps);
  ends.push(() => raw.end());
  if (era === '2025-11-25') {
    await raw.answers(1, initialize({ capabilities }), {
      jsonrpc: '2.0',
      method: 'notifications/initialized',
    });
  }
  const _meta = { [PROTOCOL_VERSION_META_KEY]: era, [CLIENT_CAPABILITIES_META_KEY]: capabilities };
  let id = 0;
  return async (method, params = {}) => {
    const own = era === '2025-11-25' ? params : { ...params, _meta };
    const { result, error } = await raw.ask({ jsonrpc: '2.0', id: ++id, method, params: own });
    if (error) throw new Error(JSON.stringify(error));
    return result as Json;
  };
}

describe.each(['2025-11-25', '2026-07-28'] as const)('in %s', (era) => {
  const call = (ask: Ask, name: string, args: Json) => ask('tools/call', { name, arguments: args });
  const sale = { provider: 'alipay', amountYuan: '12.34', title: '菜谱' };

  it('a client that shows views is told of them, and of nothing else that others are not', async () => {
    const told = (await (await client(era, DECLARED))('tools/list')) as unknown as Listed;
    const views = told.tools.flatMap(({ name, _meta }) => (_meta ? [[name, _meta]] : []));
    const modelAlone = { ui: { visibility: ['model'] } };
    expect(Object.fromEntries(views)).toEqual({
      'create-payment': { ui: { resourceUri: appUri('payment'), visibility: ['model'] } },
      'refund-payment': { ui: { resourceUri: appUri('approval'), visibility: ['model'] } },
      'close-payment': modelAlone,
      'create-mobile-alipay-payment': modelAlone,
      'create-web-page-alipay-payment': modelAlone,
      'refund-alipay-payment': modelAlone,
    });
    const plain = await (await client(era, {}))('tools/list');
    const without = told.tools.map(({ _meta, ...tool }) => tool);
    expect(JSON.stringify({ ...told, tools: without })).toBe(JSON.stringify(plain));
  });

  it('to all others every list and answer is the same to the byte', async () => {
    const heard = async (capabilities: Json) => {
      const ask = await client(era, capabilities);
      const outTradeNo = 'SAME_BYTES_1';
      const said = [
        await ask('tools/list'),
        await ask('resources/templates/list'),
        await call(ask, 'create-payment', { ...sale, outTradeNo, title: '同一笔' }),
        await call(ask, 'query-payment', { outTradeNo }),
      ];
      return said.map((one) => JSON.stringify(one)).join('\n');
    };
    const ask = await client(era, {});
    await call(ask, 'create-payment', { ...sale, outTradeNo: 'SAME_BYTES_1', title: '同一笔' });
    const [plain = '', ...more] = await Promise.all(OTHERS.map(heard));
    for (const said of more) expect(said).toBe(plain);
    expect(plain).not.toMatch(/cashier\/view|ui:\/\/|resourceUri/);
    const listed = JSON.stringify(await (await client(era, DECLARED))('resources/list'));
    expect(listed).not.toContain('ui://');
  });

  it('a view gets what it shows and the model need not know beside the answer', async () => {
    const ask = await client(era, DECLARED);
    const created = await call(ask, 'create-payment', sale);
    const { outTradeNo } = created.structuredContent as { outTradeNo: string };
    const image = (created.content as Json[]).find(({ type }) => type === 'image');
    const aside = (answer: Json) => (answer._meta as Json)['cashier/view'];
    const now = expect.any(Number);
    expect(aside(created)).toEqual({ now, qr: image?.data });
    expect((aside(created) as { now: number }).now).toBeLessThanOrEqual(counter.world.clock.now());
    expect(aside(await call(ask, 'query-payment', { outTradeNo }))).toEqual({ now, qr: image?.data });
    counter.world.bank.pay(outTradeNo);
    expect(aside(await call(ask, 'query-payment', { outTradeNo }))).toEqual({ now });
    const refund = { outTradeNo, outRefundNo: 'R1', refundYuan: '2.00' };
    const waiting = await call(ask, 'refund-payment', refund);
    const { approval } = waiting.structuredContent as { approval: { id: string } };
    const approvalUrl = `http://127.0.0.1:39201/approvals/${approval.id}`;
    expect(aside(waiting)).toEqual({ now, approvalUrl });
    // It is what the model is told as well.
    expect(JSON.stringify(waiting.structuredContent)).toContain(approvalUrl);
    expect(aside(await call(ask, 'query-refund', { outTradeNo, outRefundNo: 'R1' }))).toEqual({
      now,
      approvalUrl,
    });
  });

  it('a view may reach no address', async () => {
    for (const app of APPS) {
      const uri = appUri(app);
      const { contents } = (await (
        await client(era, DECLARED)
      )('resources/read', { uri })) as {
        contents: Json[];
      };
      expect(contents).toEqual([
        {
          uri,
          mimeType: MIME_TYPE,
          text: appPage(app),
          _meta: { ui: { csp: { connectDomains: [], resourceDomains: [] }, prefersBorder: true } },
        },
      ]);
    }
  });

  it.each([
    'ui://mcp-cashier/',
    'ui://mcp-cashier/constructor',
    'ui://mcp-cashier/payment/',
    'ui://x/payment',
  ])('there is no view %s', async (uri) => {
    await expect((await client(era, DECLARED))('resources/read', { uri })).rejects.toThrow(
      era === '2025-11-25' ? '-32002' : '-32602',
    );
  });
});

describe.each(APPS)('the %s view', (app) => {
  const page = appPage(app);

  it(`weighs at most ${MOST} bytes`, () => {
    expect(Buffer.byteLength(page)).toBeLessThanOrEqual(MOST);
  });

  it('is whole in itself: it names no address, and its policy allows its own script alone', () => {
    expect(page).not.toMatch(
      /\b(?:src|href)=|@import|url\(|\bfetch\b|XMLHttpRequest|WebSocket|innerHTML|eval/,
    );
    const script = /<script>([\s\S]*)<\/script>/.exec(page)?.[1] ?? '';
    const hash = createHash('sha256').update(script).digest('base64');
    expect(page).toContain(
      `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; img-src data:`,
    );
    expect(() => new Function(script)).not.toThrow();
  });

  it('asks for nothing that changes anything', () => {
    const named = page.match(/'[a-z]+-(?:payment|refund|order)'/g);
    expect(new Set(named)).toEqual(new Set([app === 'payment' ? "'query-payment'" : "'query-refund'"]));
  });
});
