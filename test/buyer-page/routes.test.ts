import { createHash } from 'node:crypto';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { buyerRoutes } from '../../src/buyer-page/index.ts';
import { OPENED, readable, SamplePage, sampleView, TOKEN } from './sample.ts';

const STRICT: Record<string, string> = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

describe('every answer', () => {
  const answers: [string, string, RequestInit, number][] = [
    ['the page', `/c/${TOKEN}`, {}, 200],
    ['the state', `/c/${TOKEN}/state`, {}, 200],
    ['a page that does not exist', '/c/AAAAAAAAAAAAAAAAAAAAAA', {}, 404],
    ['a malformed token', '/c/nothing', {}, 404],
    ['a deeper path', `/c/${TOKEN}/state/more`, {}, 404],
    ['a refused method', `/c/${TOKEN}`, { method: 'POST' }, 405],
    ['a HEAD', `/c/${TOKEN}`, { method: 'HEAD' }, 200],
  ];

  it.each(answers)('%s carries the strict headers', async (_name, path, init, status) => {
    const answer = await new SamplePage().routes.request(path, init);
    expect(answer.status).toBe(status);
    for (const [name, value] of Object.entries(STRICT)) expect(answer.headers.get(name)).toBe(value);
    const policy = (answer.headers.get('content-security-policy') ?? '').split('; ');
    expect(policy).toEqual([
      "default-src 'none'",
      expect.stringMatching(/^script-src 'sha256-[A-Za-z0-9+/]{43}='$/),
      expect.stringMatching(/^style-src 'sha256-[A-Za-z0-9+/]{43}='$/),
      'img-src data:',
      "connect-src 'self'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ]);
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    expect(answer.headers.get('set-cookie')).toBeNull();
  });

  it('allows exactly the script and the style that stand in the page', async () => {
    const answer = await new SamplePage().routes.request(`/c/${TOKEN}`);
    const policy = answer.headers.get('content-security-policy');
    const page = await answer.text();
    for (const tag of ['script', 'style']) {
      const inline = [...page.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, 'g'))];
      expect(inline).toHaveLength(1);
      const hash = createHash('sha256')
        .update(inline[0]?.[1] ?? '')
        .digest('base64');
      expect(policy).toContain(`${tag}-src 'sha256-${hash}'`);
    }
  });
});

describe('methods', () => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])(
    'refuses %s before looking anything up',
    async (method) => {
      const sample = new SamplePage();
      for (const path of [`/c/${TOKEN}`, `/c/${TOKEN}/state`]) {
        const answer = await sample.routes.request(path, { method });
        expect(answer.status).toBe(405);
        expect(answer.headers.get('allow')).toBe('GET, HEAD');
      }
      expect(sample.asked).toEqual([]);
    },
  );

  it('answers HEAD like GET, without a body', async () => {
    const answer = await new SamplePage().routes.request(`/c/${TOKEN}`, { method: 'HEAD' });
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await answer.text()).toBe('');
  });
});

describe('tokens', () => {
  const malformed = [
    TOKEN.slice(0, 21),
    `${TOKEN}A`,
    `${TOKEN.slice(0, 21)}B`, // would decode to the very same 16 bytes
    `${TOKEN.slice(0, 20)}=A`,
    `${TOKEN.slice(0, 20)}+A`,
    `${TOKEN.slice(0, 20)}%00A`,
    `${TOKEN}%0A`,
    '..%2F..%2Fetc%2Fpasswd',
    '%E0%A4%A',
    "'%20OR%201=1--",
  ];

  it.each(malformed)('%s is looked up by nobody', async (token) => {
    const sample = new SamplePage();
    for (const path of [`/c/${token}`, `/c/${token}/state`]) {
      expect((await sample.routes.request(path)).status).toBe(404);
    }
    expect(sample.asked).toEqual([]);
  });

  it('a guessed, an altered and a malformed one get the very same answer, on page and state', async () => {
    const sample = new SamplePage();
    const altered = `W${TOKEN.slice(1)}`;
    const bodies = new Set<string>();
    for (const token of ['AAAAAAAAAAAAAAAAAAAAAA', altered, 'short', TOKEN.toLowerCase()]) {
      for (const path of [`/c/${token}`, `/c/${token}/state`]) {
        const answer = await sample.routes.request(path);
        bodies.add(JSON.stringify([answer.status, [...answer.headers], await answer.text()]));
      }
    }
    expect(bodies.size).toBe(1);
    expect([...bodies].join()).not.toMatch(/script>|ORDER_|9\.90/);
    expect(readable([...bodies].join())).toContain('没有这个页面');
  });
});

describe('the state', () => {
  it('tells four things and no more', async () => {
    const sample = new SamplePage(sampleView({ closing: true, payUrl: 'https://example.com/' }));
    expect(await sample.state()).toEqual({ state: 'NOTPAY', closing: true, late: false, secondsLeft: 1800 });
  });

  it('counts down by the clock it was given, to what dies first, and never below 0', async () => {
    const sample = new SamplePage(sampleView({ linkExpiresAt: OPENED + 90_000 }));
    const left = async (now: number) => {
      sample.now = now;
      return ((await sample.state()) as { secondsLeft: number }).secondsLeft;
    };
    expect(await left(OPENED)).toBe(90);
    expect(await left(OPENED + 89_001)).toBe(1);
    expect(await left(OPENED + 90_000)).toBe(0);
    expect(await left(OPENED + 86_400_000)).toBe(0);
  });

  it.each(['PAID', 'CLOSED', 'DENIED', 'UNKNOWN', 'PENDING_APPROVAL'] as const)(
    '%s leaves no time to pay',
    async (state) => {
      const told = await new SamplePage(sampleView({ state })).state();
      expect(told).toEqual({ state, closing: false, late: false, secondsLeft: 0 });
    },
  );

  it('follows the order from unpaid to paid late', async () => {
    const sample = new SamplePage();
    expect(await sample.state()).toMatchObject({ state: 'NOTPAY', late: false });
    sample.view = sampleView({ state: 'PAID', late: true });
    expect(await sample.state()).toMatchObject({ state: 'PAID', late: true });
  });
});

describe('a lookup that fails', () => {
  const failing = () =>
    buyerRoutes({
      lookup: () => Promise.reject(new Error('ledger /secret/path is locked')),
      clock: new SamplePage().clock,
    });

  it('is 503 without detail', async () => {
    const answer = await failing().request(`/c/${TOKEN}`);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const page = await answer.text();
    expect(page).not.toContain('ledger');
    expect(readable(page)).toContain('请勿重复付款');
    // Nothing moves under whoever reads it, or has it read out.
    expect(page).not.toContain('http-equiv');
  });

  it.each(['', '/state', '/receipt', '/receipt/R1'])('leads back to the page from %j', async (below) => {
    const routes = buyerRoutes({
      lookup: () => Promise.reject(new Error('locked')),
      receipt: () => Promise.reject(new Error('locked')),
      clock: new SamplePage().clock,
    });
    const shop = new Hono().route('/m/tea', routes);
    const here = `http://127.0.0.1/m/tea/c/${TOKEN}${below}`;
    const [, link] = /href="([^"]*)">重新打开本页/.exec(await (await shop.request(here)).text()) ?? [];
    expect(new URL(link ?? 'none:', here).pathname).toBe(`/m/tea/c/${TOKEN}`);
  });

  it('leaves its error to the app it is mounted in, and the other routes alone', async () => {
    const errors: string[] = [];
    const app = new Hono();
    app.use('*', async (c, next) => {
      await next();
      if (c.error) errors.push(c.error.message);
    });
    app.route('/', failing());
    app.post('/notify/alipay', (c) => c.text('success'));
    expect((await app.request(`/c/${TOKEN}/state`)).status).toBe(503);
    expect(errors).toEqual(['ledger /secret/path is locked']);
    const other = await app.request('/notify/alipay', { method: 'POST' });
    expect([other.status, other.headers.get('content-security-policy')]).toEqual([200, null]);
  });
});
