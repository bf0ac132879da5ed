import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ActionUse, Use } from '../../src/cli/use.ts';
import { USES } from '../../src/cli/uses.ts';
import { openApps } from '../../src/open-apps.ts';
import { systemPorts } from '../../src/platform/system.ts';
import { readConfigs } from '../../src/read-configs.ts';
import { TOOL_NAMES } from '../../src/tools/index.ts';
import { cheapGuesses } from '../support/guess-cost.ts';
import { type Caller, FoodCourt, type Merchant, SECRETS, structured } from './food-court.ts';

/*
 * One running service, two merchants, three callers: whatever there is, tried with what is another's. The rows come
 * from the lists that the product itself has, so that what is added to those without a row fails.
 */

cheapGuesses();

/** What strangers to alice's orders are never told. */
const TITLE = 'four treasures';
const AMOUNT = '7.31';
const STRANGERS = ['bob', 'carol'] as const;
const INVENTED = {
  order: 'NEVER_000001',
  contract: 'NEVERC000001',
  refund: 'NEVER_R_01',
  approval: 'A234567890123',
  token: 'A'.repeat(22),
};
/** Hers, by wallet, and one that nobody else's call names: each with a refund that waits for a person, and a subscription. */
const hers: Record<string, typeof INVENTED> = {};
let court: FoodCourt;

beforeAll(async () => {
  court = await FoodCourt.open();
  for (const which of ['alipay', 'wechatpay', 'unnamed']) {
    const provider = which === 'unnamed' ? 'alipay' : which;
    const order = `HERS_${which.toUpperCase()}`;
    const args = { provider, outTradeNo: order, amountYuan: AMOUNT, title: TITLE };
    const made = structured(await court.as('alice').call('create-payment', args));
    await court.simulators['tea-shop'].pay(made);
    expect(structured(await court.as('alice').call('query-payment', { outTradeNo: order })).state).toBe(
      'PAID',
    );
    const refund = `R_${which}`;
    const wish = { outTradeNo: order, refundYuan: '1.00', outRefundNo: refund };
    const asked = structured<{ approval: { id: string } }>(
      await court.as('alice').call('refund-payment', wish),
    );
    const contract = `HERSC${which.toUpperCase()}`;
    const agreed = { provider, contractNo: contract, amountYuan: AMOUNT, title: TITLE, period: 'P1M' };
    structured(await court.as('alice').call('create-subscription', { ...agreed, subscriber: which }));
    hers[which] = {
      ...{ order, contract, refund, approval: asked.approval.id },
      token: String(made.cashierUrl).split('/c/')[1] ?? '',
    };
  }
});
afterAll(() => court.close());

/** A text with what was asked for taken out of it, so that two may be compared. */
function without(text: string, asked: (typeof hers)[string]): string {
  return Object.values(asked).reduce((left, value) => left.replaceAll(value, '…'), text);
}
function insistSilent(text: string): void {
  expect(text).not.toContain(TITLE);
  expect(text).not.toContain(AMOUNT);
}
const mine = (which: 'alipay' | 'wechatpay' | 'unnamed') => {
  const found = hers[which];
  if (!found) throw new Error(`none for ${which}`);
  return found;
};

describe('tools', () => {
  interface Listed {
    readonly name: string;
    readonly inputSchema: { readonly properties: object; readonly required?: readonly string[] };
  }
  const walletOf = (tool: string) => (/alipay/.test(tool) ? ('alipay' as const) : ('wechatpay' as const));
  /** What a tool wants, by the names that arguments have in any toolset. */
  const VALUES: readonly (readonly [name: RegExp, value: (n: typeof INVENTED) => unknown])[] = [
    [/^(outTradeNo|out_trade_no)$/, (n) => n.order],
    [/^(outRefundNo|out_refund_no|outRequestNo)$/, (n) => n.refund],
    [/^contractNo$/, (n) => n.contract],
    [/^(refundYuan|refund_yuan|refundAmount)$/, () => '1.00'],
    [/^(amountYuan|amount_yuan|totalAmount)$/, () => '5.00'],
    [/^(title|orderTitle)$/, () => 'mine'],
    [/^period$/, () => 'P1M'],
    [/^subscriber$/, () => 'li'],
    [/^provider$/, () => 'wechatpay'],
    [/^(payerOpenid|payer_openid)$/, () => 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o'],
    [/^(payerClientIp|payer_client_ip)$/, () => '203.0.113.7'],
  ];
  const isNumber = (name: string) => VALUES.slice(0, 3).some(([pattern]) => pattern.test(name));
  const argsOf = ({ name, inputSchema }: Listed, n: typeof INVENTED) => {
    const { properties, required = [] } = inputSchema;
    const asked = Object.keys(properties).filter((key) => required.includes(key) || isNumber(key));
    return Object.fromEntries(
      asked.map((key) => {
        const found = VALUES.find(([pattern]) => pattern.test(key));
        if (!found) throw new Error(`${name} wants ${key}, which has no row`);
        return [key, found[1](n)];
      }),
    );
  };
  const listed = async (caller: Caller) =>
    ((await court.as(caller).say('tools/list')).result as { tools: Listed[] } | undefined)?.tools ?? [];
  const toolNamed = async (name: string) => {
    const tool = (await listed('alice')).find((one) => one.name === name);
    if (!tool) throw new Error(`${name} is not served`);
    return tool;
  };
  const needsOrder = ({ inputSchema: { required = [] } }: Listed) =>
    required.some((key) => isNumber(key)) && !isSale(required);
  const isSale = (required: readonly string[]) => required.some((key) => /^(amount|total)/.test(key));

  it('are all served to all of them', async () => {
    for (const caller of ['alice', ...STRANGERS] as const) {
      expect((await listed(caller)).map(({ name }) => name)).toEqual(TOOL_NAMES);
    }
  });

  it.each(TOOL_NAMES)('%s', async (name) => {
    const tool = await toolNamed(name);
    const own = mine(walletOf(name));
    const call = (caller: Caller, n: typeof INVENTED) => court.as(caller).call(name, argsOf(tool, n));
    if (needsOrder(tool)) {
      for (const caller of STRANGERS) {
        const [tried, invented] = [await call(caller, own), await call(caller, INVENTED)];
        expect(invented.text, caller).toContain('ORDER_NOT_FOUND');
        expect(without(tried.text, own), caller).toBe(without(invented.text, INVENTED));
      }
      expect((await call('alice', own)).text).not.toContain('ORDER_NOT_FOUND');
    } else if (isSale(tool.inputSchema.required ?? [])) {
      // A number of one merchant's is taken, and no more is told of it; another merchant has numbers of its own.
      const [order, contract] = [`TAKEN_${TOOL_NAMES.indexOf(name)}_01`, 'TAKENC000001'];
      const sold = { provider: 'wechatpay', amountYuan: AMOUNT, title: TITLE };
      const agreed = { ...sold, contractNo: contract, period: 'P1M', subscriber: 'wang' };
      structured(await court.as('alice').call('create-payment', { ...sold, outTradeNo: order }));
      structured(await court.as('alice').call('create-subscription', agreed));
      const taken = await call('bob', { ...own, order, contract });
      expect(taken.text).toContain('IDEMPOTENCY_CONFLICT');
      insistSilent(taken.text);
      const free = await call('carol', { ...own, order, contract });
      insistSilent(free.text);
      expect(free.text).not.toContain('"code');
    } else {
      expect(['list-payments', 'list-subscriptions']).toContain(name);
      for (const caller of STRANGERS) insistSilent((await call(caller, own)).text);
      expect((await call('alice', own)).text).toContain(name === 'list-payments' ? own.order : own.contract);
    }
  });
});

describe('resources, prompts and sessions', () => {
  it('list and read only what is one’s own', async () => {
    const templates = (await court.as('carol').say('resources/templates/list')).result;
    const uris = (templates as { resourceTemplates: { uriTemplate: string }[] }).resourceTemplates.map(
      ({ uriTemplate }) => uriTemplate,
    );
    expect(uris).toEqual(['payment://orders/{outTradeNo}', 'payment://receipts/{outTradeNo}']);
    const own = mine('alipay');
    for (const uri of uris) {
      const read = (caller: Caller, { order }: typeof INVENTED) =>
        court.as(caller).say('resources/read', { uri: uri.replace('{outTradeNo}', order) });
      for (const caller of STRANGERS) {
        insistSilent((await court.as(caller).say('resources/list')).text);
        const [tried, invented] = [await read(caller, own), await read(caller, INVENTED)];
        expect(tried.result).toBeUndefined();
        expect(without(tried.text, own)).toBe(without(invented.text, INVENTED));
      }
      expect((await read('alice', own)).text).toContain(own.order);
    }
    expect((await court.as('alice').say('resources/list')).text).toContain(own.order);
  });

  it('say the same to each in a prompt', async () => {
    const { prompts } = (await court.as('alice').say('prompts/list')).result as {
      prompts: { name: string; arguments?: { name: string }[] }[];
    };
    expect(prompts.length).toBeGreaterThan(0);
    for (const { name, arguments: wanted = [] } of prompts) {
      const args = Object.fromEntries(wanted.map((one) => [one.name, '5.00']));
      const [first, ...others] = await Promise.all(
        (['alice', ...STRANGERS] as const).map((caller) =>
          court.as(caller).say('prompts/get', { name, arguments: args }),
        ),
      );
      for (const other of others) expect(other.text).toBe(first?.text);
    }
  });

  const headers = (caller: Caller, session?: string) => ({
    authorization: `Bearer ${court.tokens[caller]}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...(session === undefined ? {} : { 'mcp-session-id': session }),
  });
  async function inSession(caller: Caller, session: string | undefined, method: string, params: object = {}) {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const answer = await court.fetch('/mcp', { method: 'POST', headers: headers(caller, session), body });
    const said = (await answer.text()).replace(/^id: .*$/gm, '');
    return { status: answer.status, session: answer.headers.get('mcp-session-id') ?? '', said };
  }
  const initialized = async (caller: Caller) =>
    (
      await inSession(caller, undefined, 'initialize', {
        ...{ protocolVersion: '2025-11-25', capabilities: {} },
        clientInfo: { name: 'raw', version: '1' },
      })
    ).session;

  it('end by nobody else’s word', async () => {
    const session = await initialized('alice');
    expect(session).not.toBe('');
    for (const caller of STRANGERS) {
      await court.fetch('/mcp', { method: 'DELETE', headers: headers(caller, session) });
    }
    expect((await inSession('alice', session, 'ping')).status).toBe(200);
  });

  it('tell nobody of another’s order', async () => {
    const own = mine('alipay');
    for (const caller of STRANGERS) {
      const session = await initialized(caller);
      const subscribe = ({ order }: typeof INVENTED) =>
        inSession(caller, session, 'resources/subscribe', { uri: `payment://orders/${order}` });
      const [tried, invented] = [await subscribe(own), await subscribe(INVENTED)];
      expect(without(tried.said, own)).toBe(without(invented.said, INVENTED));
    }
  });
});

describe('routes', () => {
  interface Operator {
    readonly cookie: string;
    readonly csrf: string;
  }
  const form = (fields: Readonly<Record<string, string>>, cookie = ''): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', cookie },
    body: new URLSearchParams(fields).toString(),
  });
  async function signIn(merchant: Merchant): Promise<Operator> {
    const base = `/m/${merchant}/approvals`;
    const answer = await court.fetch(`${base}/sign-in`, form({ secret: SECRETS[merchant] }));
    const set = answer.headers.getSetCookie();
    for (const one of set) expect(one).toMatch(new RegExp(`Path=/m/${merchant}/(approvals|console);`));
    const cookie = [...new Set(set.map((one) => one.split(';')[0]))].join('; ');
    const page = await (await court.fetch(base, { headers: { cookie } })).text();
    const csrf = /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
    expect(csrf).not.toBe('');
    return { cookie, csrf };
  }
  const told = async (answer: Response) => ({
    status: answer.status,
    location: answer.headers.get('location'),
    body: await answer.text(),
  });
  const get = async (path: string, cookie = '') => told(await court.fetch(path, { headers: { cookie } }));
  const NOODLE = '/m/noodle-bar';
  const TEA = '/m/tea-shop';

  /** The other merchant's page answers as if what it was asked for did not exist; its own does not. */
  const page = (path: (token: string) => string) => async () => {
    const { token } = mine('wechatpay');
    const tried = await get(NOODLE + path(token));
    expect(tried).toEqual(await get(NOODLE + path(INVENTED.token)));
    expect(tried.status).toBe(404);
    expect((await get(TEA + path(token))).status).toBe(200);
  };
  /** Who is signed in at one merchant's is nobody at the other's. */
  const shown = (path: string) => async () => {
    const { cookie } = await signIn('tea-shop');
    expect(await get(NOODLE + path, cookie)).toEqual(await get(NOODLE + path));
    expect((await get(NOODLE + path, cookie)).body).not.toContain(TITLE);
  };
  const done =
    (path: string, fields: Readonly<Record<string, string>> = {}) =>
    async () => {
      const { cookie, csrf } = await signIn('tea-shop');
      const answer = await told(await court.fetch(NOODLE + path, form({ csrf, ...fields }, cookie)));
      expect(answer.status).toBe(401);
      insistSilent(answer.body);
    };
  const nothing = async () => undefined;

  const ROWS: Readonly<Record<string, () => Promise<unknown>>> = {
    'POST /notify/:provider/:m': async () => {
      const post = async (path: string) => told(await court.fetch(path, { method: 'POST', body: 'x' }));
      const nobody = await post('/notify/alipay/nobody');
      expect(nobody.status).toBe(404);
      expect(await post('/notify/nobody/tea-shop')).toEqual(nobody);
      expect(await post('/notify/alipay')).toEqual(nobody);
      expect((await post('/notify/alipay/tea-shop')).status).not.toBe(404);
    },
    'GET /m/:m/c/:token': page((token) => `/c/${token}`),
    'GET /m/:m/c/:token/state': page((token) => `/c/${token}/state`),
    'GET /m/:m/c/:token/receipt': page((token) => `/c/${token}/receipt`),
    'GET /m/:m/c/:token/receipt/:refund': async () => {
      const { token, refund } = mine('wechatpay');
      const tried = await get(`${NOODLE}/c/${token}/receipt/${refund}`);
      expect(tried).toEqual(await get(`${NOODLE}/c/${INVENTED.token}/receipt/${refund}`));
      expect(tried.status).toBe(404);
    },
    // A receipt is that of the merchant whose name it is in, by keys that are no other's.
    'GET /m/:m/.well-known/jwks.json': async () => {
      const keysOf = async (base: string) =>
        JSON.parse((await get(`${base}/.well-known/jwks.json`)).body) as { keys: { kid: string }[] };
      const { text } = await court
        .as('alice')
        .say('resources/read', { uri: `payment://receipts/${mine('alipay').order}` });
      const [{ kid = '' } = {}, ...others] = (await keysOf(TEA)).keys;
      expect(others).toEqual([]);
      expect((await keysOf(NOODLE)).keys.map((one) => one.kid)).not.toContain(kid);
      const jws = /eyJ[\w-]+\.[\w-]+\.[\w-]+/.exec(text)?.[0] ?? '';
      const [header = '', claims = ''] = jws
        .split('.')
        .map((part) => Buffer.from(part, 'base64url').toString());
      expect(JSON.parse(header).kid).toBe(kid);
      expect(JSON.parse(claims).title).toBe(TITLE);
      // Nobody's are at the service's own address.
      expect((await get('/.well-known/jwks.json')).status).toBe(404);
    },
    'POST /m/:m/c/:token/choice': async () => {
      const { token } = mine('wechatpay');
      const chosen = async (base: string, of: string) =>
        told(await court.fetch(`${base}/c/${of}/choice`, form({ wallet: 'wechatpay' })));
      const tried = await chosen(NOODLE, token);
      expect(tried).toEqual(await chosen(NOODLE, INVENTED.token));
      expect(tried.status).toBe(404);
    },
    'GET /m/:m/c/back/:handle': async () => {
      const cookie = `page=${mine('wechatpay').token}`;
      expect((await get(`${NOODLE}/c/back/AAAAAAAAAA`, cookie)).location).toBeNull();
    },
    'POST /m/:m/c/back/:handle': async () => {
      const headers = { cookie: `page=${mine('wechatpay').token}` };
      const sent = { method: 'POST', headers, body: 'page=other', redirect: 'manual' } as const;
      const answer = await court.fetch(`${NOODLE}/c/back/AAAAAAAAAA`, sent);
      expect([answer.status, answer.headers.get('location')]).toEqual([200, null]);
    },
    'ALL /m/:m/c/*': async () => expect((await get(`${NOODLE}/c/a/b/c`)).status).toBe(404),
    'GET /m/:m/approvals': shown('/approvals'),
    'GET /m/:m/approvals/sign-in': shown('/approvals/sign-in'),
    'POST /m/:m/approvals/sign-in': async () => {
      const secret = SECRETS['tea-shop'];
      const answer = await told(await court.fetch(`${NOODLE}/approvals/sign-in`, form({ secret })));
      expect(answer.status).toBe(403);
    },
    // At an address of numbers nobody has a passkey.
    'POST /m/:m/approvals/sign-in/options': async () => {
      expect((await court.fetch(`${NOODLE}/approvals/sign-in/options`, form({}))).status).toBe(403);
    },
    'GET /m/:m/approvals/join': shown('/approvals/join'),
    'POST /m/:m/approvals/join': async () => {
      const { stdout } = await court.command(
        ['operator', 'add', 'erin', '--role', 'rule', '--merchant', 'tea-shop', '--json'],
        { CASHIER_OPERATOR_SECRET: SECRETS['tea-shop'] },
      );
      const { code } = JSON.parse(stdout) as { code: string };
      const wanted = { password: 'a pot of jasmine', again: 'a pot of jasmine' };
      const join = async (at: string, given: string) =>
        told(await court.fetch(`${at}/approvals/join`, form({ ...wanted, code: given })));
      const tried = await join(NOODLE, code);
      const { body, ...invented } = await join(NOODLE, 'AAAAA');
      expect(tried).toEqual({ ...invented, body: body.replace('value="AAAAA"', `value="${code}"`) });
      expect((await join(TEA, code)).status).toBe(303);
      const secret = { name: 'erin', secret: wanted.password };
      expect((await court.fetch(`${NOODLE}/approvals/sign-in`, form(secret))).status).toBe(403);
    },
    'POST /m/:m/approvals/join/options': async () => {
      expect((await court.fetch(`${NOODLE}/approvals/join/options`, form({}))).status).toBe(403);
    },
    'GET /m/:m/approvals/me': shown('/approvals/me'),
    'POST /m/:m/approvals/me/options': done('/approvals/me/options'),
    'POST /m/:m/approvals/me/passkey': done('/approvals/me/passkey'),
    'POST /m/:m/approvals/me/remove': done('/approvals/me/remove', { id: 'x' }),
    'POST /m/:m/approvals/me/password': done('/approvals/me/password', { password: 'a pot of tea' }),
    'POST /m/:m/approvals/me/end': done('/approvals/me/end'),
    'POST /m/:m/approvals/sign-out': done('/approvals/sign-out'),
    'POST /m/:m/approvals/freeze': async () => {
      await done('/approvals/freeze')();
      const sold = await court.as('carol').call('create-payment', {
        ...{ provider: 'wechatpay', amountYuan: '5.00', title: 'noodles' },
      });
      expect(structured(sold).state).toBe('NOTPAY');
    },
    'POST /m/:m/approvals/unfreeze': done('/approvals/unfreeze'),
    'GET /m/:m/approvals/:id': async () => {
      const { approval } = mine('alipay');
      await shown(`/approvals/${approval}`)();
      const { cookie } = await signIn('noodle-bar');
      const tried = await get(`${NOODLE}/approvals/${approval}`, cookie);
      expect(tried.status).toBe(404);
      const invented = await get(`${NOODLE}/approvals/${INVENTED.approval}`, cookie);
      expect(tried.body.replaceAll(approval, '…')).toBe(invented.body.replaceAll(INVENTED.approval, '…'));
      const hersThere = await get(`${TEA}/approvals/${approval}`, (await signIn('tea-shop')).cookie);
      expect(hersThere.body).toContain(TITLE);
    },
    'POST /m/:m/approvals/:id': async () => {
      const { approval } = mine('alipay');
      await done(`/approvals/${approval}`, { decision: 'approve' })();
      const { cookie, csrf } = await signIn('noodle-bar');
      const decide = (id: string) =>
        court.fetch(`${NOODLE}/approvals/${id}`, form({ csrf, decision: 'approve' }, cookie)).then(told);
      const [tried, invented] = [await decide(approval), await decide(INVENTED.approval)];
      expect(tried.status).toBe(invented.status);
      insistSilent(tried.body);
      const refund = { outTradeNo: mine('alipay').order, outRefundNo: mine('alipay').refund };
      expect(structured(await court.as('alice').call('query-refund', refund)).state).toBe('PENDING_APPROVAL');
    },
    'ALL /m/:m/approvals/*': shown('/approvals/a/b'),
    'GET /m/:m/console': shown('/console'),
    'GET /m/:m/console/news': shown('/console/news'),
    'GET /m/:m/console/days.csv': shown('/console/days.csv'),
    'GET /m/:m/console/orders': async () => {
      await shown('/console/orders')();
      const { order } = mine('alipay');
      const { cookie } = await signIn('noodle-bar');
      const tried = await get(`${NOODLE}/console/orders?q=${order}`, cookie);
      expect(tried.body).not.toContain(TITLE);
      const hersThere = await get(`${TEA}/console/orders?q=${order}`, (await signIn('tea-shop')).cookie);
      expect(hersThere.body).toContain(TITLE);
    },
    'GET /m/:m/console/bills': shown('/console/bills'),
    'POST /m/:m/console/bills': done('/console/bills', { date: '2026-01-01' }),
    'GET /m/:m/console/channels': shown('/console/channels'),
    'GET /m/:m/console/rules': shown('/console/rules'),
    'GET /m/:m/console/orders.csv': shown('/console/orders.csv'),
    'GET /m/:m/console/orders/:number': async () => {
      const { order } = mine('alipay');
      await shown(`/console/orders/${order}`)();
      const { cookie } = await signIn('noodle-bar');
      for (const more of ['', '/refund', '/close']) {
        const tried = await get(`${NOODLE}/console/orders/${order}${more}`, cookie);
        const invented = await get(`${NOODLE}/console/orders/${INVENTED.order}${more}`, cookie);
        expect(tried.status).toBe(404);
        expect(tried.body.replaceAll(order, '…')).toBe(invented.body.replaceAll(INVENTED.order, '…'));
      }
      const hersThere = await get(`${TEA}/console/orders/${order}`, (await signIn('tea-shop')).cookie);
      expect(hersThere.body).toContain(TITLE);
    },
    'GET /m/:m/console/orders/:number/refund': shown('/console/orders/ORDER_1/refund'),
    'POST /m/:m/console/orders/:number/refund': async () => {
      const { order } = mine('alipay');
      const fields = { number: 'RTHEIRS', fen: '1' };
      await done(`/console/orders/${order}/refund`, fields)();
      const { cookie, csrf } = await signIn('noodle-bar');
      const path = `${NOODLE}/console/orders/${order}/refund`;
      const tried = await told(await court.fetch(path, form({ csrf, ...fields }, cookie)));
      expect(tried.status).toBe(409);
      insistSilent(tried.body);
    },
    'GET /m/:m/console/orders/:number/close': shown('/console/orders/ORDER_1/close'),
    'POST /m/:m/console/orders/:number/close': async () => {
      const { order } = mine('alipay');
      await done(`/console/orders/${order}/close`)();
      const { cookie, csrf } = await signIn('noodle-bar');
      const path = `${NOODLE}/console/orders/${order}/close`;
      expect((await told(await court.fetch(path, form({ csrf }, cookie)))).status).toBe(404);
    },
    'GET /m/:m/console/subscriptions': shown('/console/subscriptions'),
    'GET /m/:m/console/subscriptions/:contract': async () => {
      const { contract } = mine('alipay');
      await shown(`/console/subscriptions/${contract}`)();
      const { cookie } = await signIn('noodle-bar');
      for (const more of ['', '/cancel']) {
        const tried = await get(`${NOODLE}/console/subscriptions/${contract}${more}`, cookie);
        expect(tried.status).toBe(404);
        insistSilent(tried.body);
      }
      const hersThere = await get(
        `${TEA}/console/subscriptions/${contract}`,
        (await signIn('tea-shop')).cookie,
      );
      expect(hersThere.body).toContain(TITLE);
    },
    'GET /m/:m/console/subscriptions/:contract/cancel': shown('/console/subscriptions/GYM0001/cancel'),
    'POST /m/:m/console/subscriptions/:contract/cancel': async () => {
      const { contract } = mine('alipay');
      await done(`/console/subscriptions/${contract}/cancel`)();
      const { cookie, csrf } = await signIn('noodle-bar');
      const path = `${NOODLE}/console/subscriptions/${contract}/cancel`;
      expect((await told(await court.fetch(path, form({ csrf }, cookie)))).status).toBe(404);
    },
    'ALL /m/:m/console/*': shown('/console/a/b'),
    'GET /metrics': async () => {
      const headers = { authorization: `Bearer ${court.tokens.carol}`, 'x-forwarded-for': '203.0.113.9' };
      expect((await court.fetch('/metrics', { headers })).status).toBe(403);
    },
    'GET /': async () => insistSilent((await get('/')).body),
    'GET /readyz': async () => expect((await get('/readyz')).body).not.toMatch(/tea-shop|noodle-bar/),
    'GET /livez': nothing,
    'ALL /.well-known/*': nothing,
    // The tools above.
    'ALL /mcp': nothing,
  };

  it('all have a row', async () => {
    const configs = await readConfigs(court.env, court.home);
    const apps = await openApps(configs, () => systemPorts, {
      ...{ publicUrl: court.origin, localUrl: court.origin },
    });
    const named = /\/(tea-shop|noodle-bar)(?=\/|$)/;
    const found = (await apps.routes()).routes.map(
      ({ method, path }) => `${method} ${path.replace(named, '/:m')}`,
    );
    await apps.close();
    const source = readFileSync(new URL('../../src/transports/http.ts', import.meta.url), 'utf8');
    const own = [...source.matchAll(/routes\.(get|post|all)\(\s*'([^']+)'/g)].map(
      ([, method = '', path = '']) => `${method.toUpperCase()} ${path}`,
    );
    expect([...new Set([...found, ...own])].toSorted()).toEqual(Object.keys(ROWS).toSorted());
  });

  it.each(Object.keys(ROWS))('%s', async (row) => {
    await ROWS[row]?.();
  });
});

it('receipts are in the name of the address at which a merchant’s keys are', async () => {
  const { order } = mine('alipay');
  const named = { CASHIER_PUBLIC_URL: 'https://pay.example.com' };
  const apps = await openApps(await readConfigs({ ...court.env, ...named }, court.home), () => systemPorts, {
    ...{ publicUrl: court.origin, localUrl: court.origin },
  });
  const given = await Promise.all([...apps.each.values()].map(({ receipts }) => receipts.claims(order)));
  await apps.close();
  const iss = 'https://pay.example.com/m/tea-shop';
  expect(given.flat()).toMatchObject([{ iss, order_id: order, merchant: '茶铺' }]);
  const typed = ['receipts', 'show', order, '--merchant', 'tea-shop', '--realm', 'simulator', '--json'];
  const { stdout } = await court.command(typed, named);
  expect(JSON.parse(stdout).receipts).toMatchObject([{ claims: given.flat()[0] }]);
});

describe('commands', () => {
  const LINES = Object.entries(USES as Readonly<Record<string, Use>>).flatMap(([name, { actions }]) =>
    Object.entries(actions).map(([action, use]) => [`${name} ${action}`.trim(), use] as const),
  );
  const takes = ({ options = {} }: ActionUse, option: string) => Object.hasOwn(options, option);
  /** They serve until they are stopped, look at the process they run in, or keep no merchant's books. */
  const NOT_HERE = [
    'stdio',
    'alipay',
    'http',
    'demo',
    'simulator',
    'init',
    'doctor',
    'approvals page',
    'console',
  ];
  /** They work on all of them unless one is named. */
  const ON_ALL = ['freeze', 'merchants list', 'tokens list', 'tokens revoke'];
  const OPTIONS: Readonly<Record<string, readonly string[]>> = {
    reconcile: ['--date', '2026-01-01'],
    'operator add': ['--role', 'see'],
  };
  const wordsOf = ({ args = '' }: ActionUse, n: typeof INVENTED) =>
    args
      .split(' ')
      .filter(Boolean)
      .map((word) => {
        const known: Readonly<Record<string, string>> = {
          ...{
            ORDER: n.order,
            CONTRACT: n.contract,
            REFUND: n.refund,
            ID: n.approval,
            CALLER: 'alice',
            YUAN: '5.00',
            NAME: 'dave',
          },
          FILE: join(court.home, 'cwd', 'copy.db'),
        };
        const value = known[word.replace(/[[\]]/g, '')];
        if (value === undefined) throw new Error(`${word} has no row`);
        return value;
      });
  const here = LINES.filter(([line]) => !NOT_HERE.includes(line));

  it('take --merchant wherever they take a ledger or a home', () => {
    const without = LINES.filter(
      ([, use]) => (takes(use, 'ledger') || takes(use, 'home')) && !takes(use, 'merchant'),
    );
    expect(without.map(([line]) => line)).toEqual(['simulator']);
    expect(here.filter(([, use]) => !takes(use, 'merchant')).map(([line]) => line)).toEqual([]);
  });

  it.each(here.filter(([line]) => !ON_ALL.includes(line)))(
    '%s asks whose, where nobody is named',
    async (line, use) => {
      const args = [...line.split(' '), ...wordsOf(use, INVENTED), ...(OPTIONS[line] ?? [])];
      const { code, stdout, stderr } = await court.command(args);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toContain('--merchant: tea-shop, noodle-bar');
    },
  );

  it.each(here)('%s says nothing of another merchant’s', async (line, use) => {
    const own = mine('unnamed');
    const run = (n: typeof INVENTED) =>
      court.command(
        [
          ...line.split(' '),
          ...wordsOf(use, n),
          ...(OPTIONS[line] ?? []),
          ...['--merchant', 'noodle-bar'],
          ...(takes(use, 'realm') ? ['--realm', 'simulator'] : []),
        ],
        { CASHIER_OPERATOR_SECRET: SECRETS['noodle-bar'] },
      );
    const tried = await run(own);
    const said = tried.stdout + tried.stderr;
    insistSilent(said);
    expect(said).not.toMatch(/tea-shop|茶铺|\bbob\b/);
    if (!/ORDER|ID|CONTRACT/.test(use.args ?? '')) return;
    const nobodys = { ...INVENTED, order: 'NEVER_000002' };
    const invented = await run(nobodys);
    expect(tried.code).toBe(invented.code);
    // What was refused of either before is on record, each at its time.
    const undated = (text: string) => text.replace(/^[\d-]+ [\d:]+ +\d+ +(?=operator )/gm, '');
    expect(undated(without(said, own))).toBe(undated(without(invented.stdout + invented.stderr, nobodys)));
  });

  it('freeze one merchant, and not the other', async () => {
    const frozen = async (merchant: Merchant) => {
      const { stdout } = await court.command(['freeze', '--merchant', merchant, '--json']);
      return (JSON.parse(stdout) as { ledgers: { merchant: string; already: boolean }[] }).ledgers;
    };
    const thaw = (merchant: Merchant) =>
      court.command(['unfreeze', '--merchant', merchant], { CASHIER_OPERATOR_SECRET: SECRETS[merchant] });
    await thaw('noodle-bar');
    expect(await frozen('noodle-bar')).toMatchObject([{ merchant: 'noodle-bar', already: false }]);
    const sold = { provider: 'wechatpay', amountYuan: '5.00', title: 'soup' };
    expect((await court.as('carol').call('create-payment', sold)).text).toContain('FROZEN');
    expect(structured(await court.as('bob').call('create-payment', sold)).state).toBe('NOTPAY');
    expect((await thaw('noodle-bar')).code).toBe(0);
    const { stdout } = await court.command(['freeze', '--json']);
    const { ledgers } = JSON.parse(stdout) as { ledgers: { merchant: string; frozen: boolean }[] };
    expect(ledgers.map(({ merchant, frozen: so }) => [merchant, so]).toSorted()).toEqual([
      ['noodle-bar', true],
      ['tea-shop', true],
    ]);
    for (const merchant of ['tea-shop', 'noodle-bar'] as const) expect((await thaw(merchant)).code).toBe(0);
  });
});
