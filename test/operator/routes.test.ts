import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { speaker } from '../../src/cli/speaker.ts';
import { fen } from '../../src/domain/money.ts';
import { runApproved } from '../../src/payments/carry-out.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import { APPROVAL_TTL_MS } from '../../src/policy/approvals.ts';
import { freeze } from '../../src/policy/decisions.ts';
import type { Policy } from '../../src/policy/policy.ts';
import type { Fault } from '../support/bank.ts';
import { cheapGuesses } from '../support/guess-cost.ts';
import { payment, refund } from '../support/world.ts';
import { Desk, ORDER, readable, SECRET } from './desk.ts';

cheapGuesses();

const open: Desk[] = [];
async function desk(options?: Parameters<typeof Desk.open>[0]): Promise<Desk> {
  const opened = await Desk.open(options);
  open.push(opened);
  return opened;
}
/** With an order of 88.00 yuan sold, a refund of 30.00 proposed, and a person signed in. */
async function refundDesk(options?: Parameters<typeof Desk.open>[0]) {
  const d = await desk(options);
  await d.sold();
  const { id } = await d.proposeRefund();
  await d.signIn();
  return { d, id };
}
const AGENT = { caller: 'shop-agent' };
const again = (d: Desk) =>
  refundPayment(d.till, AGENT, refund({ outTradeNo: ORDER, refundFen: fen(3_000), outRefundNo: 'R1' }));

afterEach(async () => {
  await Promise.all(open.splice(0).map((d) => d.close()));
});

describe('without a session', () => {
  it('every page leads to sign-in and back to the approval, never elsewhere', async () => {
    const d = await desk();
    await d.sold();
    const { id } = await d.proposeRefund();
    expect(await d.get('')).toMatchObject({ status: 303, location: '/approvals/sign-in' });
    expect(await d.get(`/${id}`)).toMatchObject({ status: 303, location: `/approvals/sign-in?next=${id}` });
    expect(await d.get(`/${id}?lang=en`)).toMatchObject({
      location: `/approvals/sign-in?lang=en&next=${id}`,
    });
    for (const next of [
      '//evil.example',
      'https://evil.example/',
      '..%2F..%2Fc',
      `${id}/x`,
      `${id}%0d%0aX:y`,
    ]) {
      const { page, status } = await d.get(`/sign-in?next=${next}`);
      expect([status, page.includes('name="next"')]).toEqual([200, false]);
      expect(page).not.toContain('evil');
    }
    expect((await d.get(`/sign-in?next=${id}`)).page).toContain(`name="next" value="${id}"`);
    expect((await d.get('/no/such/page')).status).toBe(303);
  });

  it('shows nothing of any order or approval', async () => {
    const { d, id } = await refundDesk();
    d.cookie = undefined;
    for (const path of ['', `/${id}`, '/sign-in', `/sign-in?next=${id}`, '/AAAAAAAAAAAAA', '/x/y']) {
      const { page } = await d.get(path);
      expect(page).not.toMatch(/ORDER_|30\.00|菜谱|shop-agent/);
    }
  });

  it('a decision does nothing and says so', async () => {
    const { d, id } = await refundDesk();
    d.cookie = undefined;
    const answer = await d.post(`/${id}`, { decision: 'approve' });
    expect(answer.status).toBe(401);
    expect(readable(answer.page)).toContain('没有执行：您尚未登录');
    expect(answer.page).toContain(`name="next" value="${id}"`);
    expect((await d.approval(id))?.state).toBe('pending');
  });

  it('a link from another site takes one step from our own page first, so that the strict cookie comes along', async () => {
    const { d, id } = await refundDesk();
    const { cookie } = d;
    d.cookie = undefined;
    const answer = await d.get(`/${id}`, { 'sec-fetch-site': 'cross-site' });
    expect(answer.status).toBe(200);
    expect(answer.page).toContain(`<meta http-equiv="refresh" content="0;url=/approvals/${id}">`);
    expect(answer.page).not.toMatch(/ORDER_|30\.00/);
    expect((await d.get(`/${id}`, { 'sec-fetch-site': 'same-origin' })).status).toBe(303);
    d.cookie = cookie;
    expect((await d.get(`/${id}`, { 'sec-fetch-site': 'cross-site' })).page).toContain(ORDER);
  });
});

describe('without an operator secret', () => {
  it('says it by a command that runs as it stands', async () => {
    const { runnable } = speaker('en', { program: 'npx -y mcp-cashier', spec: undefined, home: '/srv/till' });
    const d = await desk({ secret: false, runnable });
    await d.sold();
    expect(readable((await d.get('/sign-in')).page)).toContain(
      'npx -y mcp-cashier operator set-secret --home /srv/till',
    );
  });

  it.each(['simulator', 'sandbox', 'live'] as const)(
    '%s: says how to set one, and lets nobody in',
    async (realm) => {
      const d = await desk({ secret: false, realm });
      await d.sold();
      const { id } = await d.proposeRefund();
      for (const path of ['/sign-in', `/sign-in?next=${id}`]) {
        const { status, page } = await d.get(path);
        expect([status, readable(page)]).toEqual([
          200,
          expect.stringContaining('mcp-cashier operator set-secret'),
        ]);
        expect(page).not.toContain('<input');
      }
      expect((await d.post('/sign-in', { secret: '' })).status).toBe(403);
      expect((await d.post('/sign-in', { secret: 'anything' })).cookie).toBeNull();
      await d.signIn();
      expect((await d.post(`/${id}`, { decision: 'approve' })).status).toBe(401);
      expect((await d.approval(id))?.state).toBe('pending');
    },
  );
});

describe('signing in', () => {
  it('gives a strict cookie and leads back to the approval', async () => {
    const d = await desk();
    await d.sold();
    const { id } = await d.proposeRefund();
    const answer = await d.post('/sign-in', { secret: SECRET, next: id });
    expect(answer).toMatchObject({ status: 303, location: `/approvals/${id}` });
    expect(answer.cookie).toMatch(
      /^operator-[0-9a-f]{12}=[\w-]{43}; Path=\/approvals; Max-Age=1800; HttpOnly; SameSite=Strict$/,
    );
    d.cookie = answer.cookie?.split(';')[0];
    expect((await d.get(`/${id}`)).page).toContain(ORDER);
    expect(await d.get(`/sign-in?next=${id}`)).toMatchObject({ status: 303, location: `/approvals/${id}` });
    expect(await d.recorded('operator-signed-in')).toBe(1);
  });

  it('is Secure where the public address is https, below its path, and only there', async () => {
    const d = await desk({ publicUrl: 'https://pay.example/till' });
    const sent = await d.post('http://pay.example/approvals/sign-in', { secret: SECRET });
    expect(sent.location).toBe('/till/approvals');
    expect(sent.cookie).toMatch(/^__Host-operator-[0-9a-f]{12}=[\w-]{43}; Path=\/; .*; Secure$/);
    d.cookie = sent.cookie?.split(';')[0];
    const { page } = await d.get('http://pay.example/approvals');
    for (const [, address = ''] of page.matchAll(/(?:href|action)="(\/[^"]*)"/g)) {
      expect(address).toMatch(/^\/till\/(approvals|console)/);
    }
    d.cookie = undefined;
    expect((await d.get('')).location).toBe('/approvals/sign-in');
  });

  it('refuses a wrong secret, keeping where the person wanted to go, and tells nobody what was typed', async () => {
    const d = await desk();
    await d.sold();
    const { id } = await d.proposeRefund();
    const answer = await d.post('/sign-in', { secret: 'hunter2-hunter2', next: id });
    expect([answer.status, answer.cookie]).toEqual([403, null]);
    expect(readable(answer.page)).toContain('口令不正确。');
    expect(answer.page).toContain(`name="next" value="${id}"`);
    const records = await d.till.ledger.read((book) => book.audit.after(0, 1000));
    expect(JSON.stringify([answer.page, records, d.logged])).not.toContain('hunter2');
    expect(d.logged).toEqual(['operator sign-in failed {"failuresInLastMinute":1}']);
    expect(await d.recorded('operator-sign-in-failed')).toBe(1);
  });

  it('lets ten fail within a minute, however they come, then makes everybody wait', async () => {
    const d = await desk();
    const guesses = await Promise.all(
      Array.from({ length: 25 }, (_, i) => d.post('/sign-in', { secret: `guess number ${i}` })),
    );
    const statuses = guesses.map(({ status }) => status);
    expect(statuses.filter((status) => status === 403)).toHaveLength(10);
    expect(statuses.filter((status) => status === 429)).toHaveLength(15);
    d.world.clock.advance(20_000);
    const right = await d.post('/sign-in', { secret: SECRET });
    expect([right.status, right.cookie, right.headers.get('retry-after')]).toEqual([429, null, '40']);
    expect(readable(right.page)).toContain('可重试的时间（秒）：40');
    d.world.clock.advance(40_000);
    expect((await d.post('/sign-in', { secret: SECRET })).status).toBe(303);
    expect(await d.recorded('operator-sign-in-failed')).toBe(10);
  });

  it('does not count those who know it', async () => {
    const d = await desk();
    for (let i = 0; i < 12; i++) expect((await d.post('/sign-in', { secret: SECRET })).status).toBe(303);
  });

  it('ends by signing out, by time, and when the secret changes', async () => {
    const { d, id } = await refundDesk();
    const isIn = async () => (await d.get(`/${id}`)).status === 200;
    expect(await isIn()).toBe(true);
    const out = await d.post('/sign-out');
    expect(out).toMatchObject({ status: 303, location: '/approvals/sign-in' });
    expect(out.cookie).toMatch(/^operator-[0-9a-f]{12}=; Path=\/approvals; Max-Age=0;/);
    expect(await isIn()).toBe(false);

    await d.signIn();
    d.world.clock.advance(30 * 60_000 - 1);
    expect(await isIn()).toBe(true);
    d.world.clock.advance(1);
    expect(await isIn()).toBe(false);

    await d.signIn();
    await d.till.ledger.write((book) => book.setMeta('operator_secret', 'c2FsdA==$aGFzaA=='));
    expect(await isIn()).toBe(false);
    expect((await d.post(`/${id}`, { decision: 'approve' })).status).toBe(401);
  });

  it('takes no forged, foreign or malformed cookie', async () => {
    const { d, id } = await refundDesk();
    const { cookie = '' } = d;
    const [name, value = ''] = cookie.split('=');
    const other = await refundDesk();
    for (const forged of [
      `${name}=`,
      `${name}=${value.slice(0, -1)}`,
      `${name}=${value}A`,
      `${name}=${'A'.repeat(43)}`,
      `${name}="${value}"`,
      `${name}x=${value}`,
      `session=${value}`,
      `${name}=${other.d.cookie?.split('=')[1]}`,
      `${name}=' OR 1=1 --`,
      other.d.cookie,
    ]) {
      d.cookie = forged;
      expect([forged, (await d.get(`/${id}`)).status]).toEqual([forged, 303]);
    }
    d.cookie = `theme=dark; ${cookie}; x=y`;
    expect((await d.get(`/${id}`)).status).toBe(200);
  });
});

describe('an approval, before it is decided', () => {
  it('shows a refund with everything that a person should know', async () => {
    const { d, id } = await refundDesk();
    const { status, page } = await d.get(`/${id}?lang=en`);
    const text = readable(page);
    expect(status).toBe(200);
    for (const words of [
      'Approve this refund?',
      '¥30.00',
      'Order number ORDER_000001',
      'Refund number R1',
      'Title written by the agent, not checked 菜谱 recipe',
      'The agent gave no reason.',
      'Caller shop-agent',
      'Program says it is Cursor <b>9</b> (not checked)',
      'Every refund needs approval',
      'Asked at 14:30 (Beijing time)',
      'refunds.approveAboveYuan',
      'Paid by the buyer ¥88.00',
      'Refunded so far ¥0.00',
      'Left to refund ¥88.00',
      'Left after this one ¥58.00',
      'The buyer has paid (proven by the gateway)',
      'Time left 15:00',
      'Approve the refund of ¥30.00',
    ]) {
      expect(text).toContain(words);
    }
    const story = ['asked for a payment', 'was sent', 'has paid', 'asked for a refund', 'Approval was asked'];
    const places = story.map((part) => text.indexOf(part));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(Math.min(...places)).toBeGreaterThan(0);
  });

  it('shows a payment whose number the server made, and who asked', async () => {
    const d = await desk();
    const { id } = await d.proposePayment({ outTradeNo: undefined });
    await d.signIn();
    const text = readable((await d.get(`/${id}`)).page);
    for (const words of [
      '批准这笔收款吗？',
      '¥800.00',
      '人民币捌佰元整',
      '自称 Cursor <b>9</b> （未经核实）',
    ]) {
      expect(text).toContain(words);
    }
    expect(text).toContain('收款超过此金额须审批：¥500.00');
    expect(text).not.toContain('还可退');
  });

  it('counts what was refunded before, and warns when more is asked than is left', async () => {
    const { d, id } = await refundDesk();
    await d.post(`/${id}`, { decision: 'approve' });
    const { id: second } = await d.proposeRefund({
      outRefundNo: 'R2',
      refundFen: fen(6_000),
      reason: '买错了',
    });
    await again(d);
    const text = readable((await d.get(`/${second}?lang=en`)).page);
    expect(text).toContain('Refunded so far ¥30.00');
    expect(text).toContain('Left to refund ¥58.00');
    expect(text).toContain('More than is left');
    expect(text).toContain('Reason for the refund written by the agent, not checked 买错了');
  });

  it('has no such page for an id that does not exist', async () => {
    const { d, id } = await refundDesk();
    for (const path of ['/AAAAAAAAAAAAA', `/${id.toLowerCase()}`, '/nothing', `/${id}/more`, '/%00']) {
      const { status, page } = await d.get(path);
      expect([path, status]).toEqual([path, 404]);
      expect(readable(page)).toContain('没有这个审批');
    }
    expect((await d.post('/AAAAAAAAAAAAA', { decision: 'approve' })).status).toBe(404);
  });

  it('says when what it is about was withdrawn', async () => {
    const d = await desk();
    const { id } = await d.proposePayment();
    await d.till.ledger.write(async (book) => {
      const order = await book.orders.get(ORDER);
      if (order) await book.orders.move(order, 'withdrawn');
    });
    await d.signIn();
    expect(readable((await d.get(`/${id}`)).page)).toContain('这次请求已不再等待审批');
  });
});

describe('deciding', () => {
  it('a yes is carried out by the agent’s next identical call as well, once', async () => {
    const { d, id } = await refundDesk();
    expect(d.world.bank.refundedFen(ORDER)).toBe(0);
    const answer = await d.post(`/${id}`, { decision: 'approve' });
    expect(answer).toMatchObject({ status: 303, location: `/approvals/${id}` });
    expect(await d.approval(id)).toMatchObject({ state: 'approved', decidedBy: 'page', reason: undefined });
    expect(readable((await d.get(`/${id}`)).page)).toContain('已批准，正在执行 几秒内发往支付平台。');
    expect(d.world.bank.refundedFen(ORDER)).toBe(0);
    expect((await again(d)).refund.state).toBe('SUCCESS');
    expect(d.world.bank.refundedFen(ORDER)).toBe(3_000);
    expect(readable((await d.get(`/${id}`)).page)).toContain('退款成功，原路退回（银行卡可能晚几天到账）');
    const records = await d.till.ledger.read((book) => book.audit.after(0, 1000));
    expect(records.find(({ kind }) => kind === 'approval-approved')).toMatchObject({
      ...{ caller: 'operator', tool: 'page', outTradeNo: ORDER, outRefundNo: 'R1' },
    });
  });

  it('a no with a reason is final for that number', async () => {
    const { d, id } = await refundDesk();
    await d.post(`/${id}`, { decision: 'deny', reason: '  买家\r\n没有 <退货>\u0007  ' });
    expect(await d.approval(id)).toMatchObject({ state: 'denied', reason: '买家 没有 <退货>' });
    const text = readable((await d.get(`/${id}`)).page);
    expect(text).toContain('拒绝原因 买家 没有 <退货>');
    expect(text).toContain('没有资金变动。');
    expect((await again(d)).refund.state).toBe('DENIED');
  });

  it('a payment that was approved is sent by the next call', async () => {
    const d = await desk();
    const { id } = await d.proposePayment();
    await d.signIn();
    await d.post(`/${id}`, { decision: 'approve' });
    const wanted = payment({ outTradeNo: ORDER, amountFen: fen(80_000) });
    expect((await createPayment(d.till, AGENT, wanted)).order.state).toBe('NOTPAY');
    expect(readable((await d.get(`/${id}`)).page)).toContain('已批准，等待买家付款');
  });

  it('double clicks, two tabs and replays decide once, and the others are told', async () => {
    const { d, id } = await refundDesk();
    const clicks = await Promise.all([
      d.post(`/${id}`, { decision: 'approve' }),
      d.post(`/${id}`, { decision: 'deny' }),
      d.post(`/${id}`, { decision: 'approve' }),
    ]);
    expect(clicks.map(({ status }) => status).sort()).toEqual([303, 409, 409]);
    const decided = await d.approval(id);
    for (const decision of ['approve', 'deny']) {
      const late = await d.post(`/${id}`, { decision });
      expect(late.status).toBe(409);
      expect(readable(late.page)).toContain('您刚才的操作没有改变什么');
    }
    expect(await d.approval(id)).toEqual(decided);
    expect((await d.recorded('approval-approved')) + (await d.recorded('approval-denied'))).toBe(1);
  });

  it('one that has run out says so and is not decided', async () => {
    const { d, id } = await refundDesk();
    d.world.clock.advance(APPROVAL_TTL_MS - 1);
    expect(readable((await d.get(`/${id}`)).page)).toContain('剩余时间 00:01');
    d.world.clock.advance(1);
    const late = await d.post(`/${id}`, { decision: 'approve' });
    expect(late.status).toBe(409);
    expect(readable(late.page)).toContain('已过期，没有人决定');
    expect(late.page).not.toContain('value="approve"');
    expect((await d.approval(id))?.state).toBe('pending');
    expect((await again(d)).refund.state).toBe('PENDING_APPROVAL');
  });

  it('one that was not carried out in time has lapsed, for want of a server', async () => {
    const { d, id } = await refundDesk();
    await d.post(`/${id}`, { decision: 'approve' });
    d.world.clock.advance(APPROVAL_TTL_MS);
    expect(readable((await d.get(`/${id}`)).page)).toContain(
      '已批准，但有效期内没有执行 没有能执行它的服务器在运行：请启动 AI 客户端或 mcp-cashier http。',
    );
  });

  it.each([
    ['no decision', {}],
    ['an unknown decision', { decision: 'yes' }],
    ['a decision in other letters', { decision: 'APPROVE' }],
    ['a reason that is too long', { decision: 'deny', reason: '字'.repeat(201) }],
  ])('%s decides nothing', async (_name, fields: Record<string, string>) => {
    const { d, id } = await refundDesk();
    expect((await d.post(`/${id}`, fields)).status).toBe(400);
    expect((await d.approval(id))?.state).toBe('pending');
  });
});

describe('what came of a yes', () => {
  const approved = async () => {
    const { d, id } = await refundDesk();
    await d.post(`/${id}`, { decision: 'approve' });
    const page = async (lang = 'zh') => readable((await d.get(`/${id}?lang=${lang}`)).page);
    const carryOut = async () => {
      const stop = new AbortController();
      const running = runApproved(d.till, () => 'unknown', stop.signal);
      await d.world.clock.sleep(1_000);
      stop.abort();
      await running;
      await d.signIn();
    };
    return { d, id, page, carryOut };
  };

  it('is told without the agent calling again', async () => {
    const { d, page, carryOut } = await approved();
    await carryOut();
    expect(d.world.bank.refundedFen(ORDER)).toBe(3_000);
    expect(await page()).toContain('退款成功，原路退回（银行卡可能晚几天到账）');
    expect(await page('en')).toContain('Refunded; bank cards may take days');
  });

  it('is that no server is running, a few seconds later', async () => {
    const { d, page } = await approved();
    d.world.clock.advance(6_000);
    expect(await page()).toContain('已批准，还没有执行 没有能执行它的服务器在运行');
    expect(await page('en')).toContain('No server that can send it is running');
  });

  it('is that everything is paused', async () => {
    const { d, page } = await approved();
    await d.post('/freeze');
    expect(await page()).toContain('已批准，还没有执行 收款和退款已暂停，等您恢复。');
  });

  it.each<[Fault, string]>([
    ['unavailable', '已批准，还没有执行 暂时连不上支付平台，正在重试。'],
    ['lost-before', '已批准，退款结果待确认 支付平台还没有给出结果'],
    ['declined', '已批准，但没有执行 支付平台拒绝了这次请求。没有资金变动。'],
  ])('where the gateway was %s', async (fault, words) => {
    const { d, page, carryOut } = await approved();
    d.world.bank.fault = () => fault;
    await carryOut();
    expect(await page()).toContain(words);
    if (fault === 'declined') expect(await page()).toContain('BANK_SAYS_NO');
  });

  it('is that the rules forbid it by now', async () => {
    const { d, page, carryOut } = await approved();
    const stricter: Policy = { payments: {}, refunds: { maxFen: fen(1) } };
    await d.till.ledger.write((book) => book.operator.insertPolicy(JSON.stringify(stricter), 'terminal'));
    await carryOut();
    expect(await page()).toContain('已批准，但没有执行 规则不允许。没有资金变动。');
    expect(await page('en')).toContain('Approved, but not carried out The rules forbid it. No money moved.');
  });

  it('is that the refund is under way', async () => {
    const { d, page, carryOut } = await approved();
    d.world.bank.refundsProcessFirst = true;
    await carryOut();
    expect(await page()).toContain('已批准，退款处理中');
  });
});

describe('the payee', () => {
  it('stands on an approval as the merchant calls it, and nobody else’s words beside it', async () => {
    const d = await desk({ merchantName: '铺子 & <b>Co</b>' });
    const { id } = await d.proposePayment();
    await d.signIn();
    expect(readable((await d.get(`/${id}`)).page)).toContain('收款方 铺子 & <b>Co</b>');
  });
});

describe('forms of somebody else', () => {
  it('decide nothing without the token, with a wrong one, or with another session’s', async () => {
    const { d, id } = await refundDesk();
    const own = d.csrf;
    const cookie = d.cookie;
    await d.signIn();
    const others = d.csrf;
    d.cookie = cookie;
    for (const csrf of ['', 'wrong', others, own.slice(0, -1), `${own}A`, own.toUpperCase()]) {
      const answer = await d.post(`/${id}`, { csrf, decision: 'approve' });
      expect([csrf, answer.status]).toEqual([csrf, 403]);
    }
    expect((await d.postRaw(`/${id}`, 'decision=approve')).status).toBe(403);
    for (const path of ['/freeze', '/unfreeze', '/sign-out']) {
      expect((await d.post(path, { csrf: 'wrong' })).status).toBe(403);
    }
    expect((await d.approval(id))?.state).toBe('pending');
    expect(await d.recorded('operator-froze')).toBe(0);
    expect((await d.post(`/${id}`, { csrf: own, decision: 'approve' })).status).toBe(303);
  });

  it('are refused by where the browser says they come from, and by their kind', async () => {
    const { d, id } = await refundDesk();
    const body = `csrf=${d.csrf}&decision=approve`;
    for (const from of ['cross-site', 'same-site', 'none', '']) {
      expect((await d.postRaw(`/${id}`, body, { 'sec-fetch-site': from })).status).toBe(403);
    }
    for (const type of ['text/plain', 'application/json', 'multipart/form-data; boundary=x', '']) {
      expect((await d.postRaw(`/${id}`, body, { 'content-type': type })).status).toBe(400);
    }
    for (const twice of [`${body}&decision=approve`, `${body}&csrf=${d.csrf}`, `${body}&decision=deny`]) {
      expect((await d.postRaw(`/${id}`, twice)).status).toBe(400);
    }
    // By GET, with everything right.
    expect((await d.get(`/${id}?${body}`)).status).toBe(200);
    expect((await d.approval(id))?.state).toBe('pending');
    expect((await d.postRaw(`/${id}`, body, { 'sec-fetch-site': 'same-origin' })).status).toBe(303);
  });

  it('are not read beyond 8 KB, whatever they say of their length', async () => {
    const { d, id } = await refundDesk();
    const long = `csrf=${d.csrf}&decision=approve&x=`;
    expect((await d.postRaw(`/${id}`, long + 'x'.repeat(8 * 1024))).status).toBe(413);
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(4096).fill(120));
      },
    });
    expect((await d.postRaw(`/${id}`, endless)).status).toBe(413);
    expect(pulled).toBeLessThan(10);
    expect((await d.postRaw('/sign-in', `secret=${'x'.repeat(9_000)}`)).status).toBe(413);
    expect((await d.approval(id))?.state).toBe('pending');
  });

  it.each(['PUT', 'PATCH', 'DELETE', 'OPTIONS'])('%s is refused', async (method) => {
    const { d, id } = await refundDesk();
    for (const path of ['', `/${id}`, '/freeze']) {
      const answer = await d.request(path, { method });
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST']);
    }
  });
});

describe('the list', () => {
  it('shows what waits, then what was decided or ran out lately, newest first', async () => {
    const { d, id } = await refundDesk();
    d.world.clock.advance(1_000);
    const { id: denied } = await d.proposeRefund({ outRefundNo: 'R2' });
    await d.post(`/${denied}`, { decision: 'deny' });
    d.world.clock.advance(1_000);
    const { id: expired } = await d.proposeRefund({ outRefundNo: 'R3' });
    d.world.clock.advance(APPROVAL_TTL_MS);
    await d.signIn();
    const { id: waiting } = await d.proposeRefund({ outRefundNo: 'R4', refundFen: fen(1_234) });
    const { page } = await d.get('');
    expect([...page.matchAll(/id="a-([A-Z0-9]+)"/g)].map((match) => match[1])).toEqual([
      waiting,
      expired,
      denied,
      id,
    ]);
    expect(readable(page)).toContain('待审批 1 退款 ¥12.34');
    expect(page).toContain('<title>(1) 审批 · mcp-cashier</title>');
  });

  it('is calm when nothing waits', async () => {
    const d = await (await desk()).signIn();
    expect(readable((await d.get('?lang=en')).page)).toContain('Nothing waits for you now.');
  });
});

describe('the freeze', () => {
  it('stops everything from here and is lifted from here', async () => {
    const { d, id } = await refundDesk();
    expect(await d.post('/freeze', { reason: '可疑 <b>' })).toMatchObject({ status: 303 });
    for (const path of ['', `/${id}`]) {
      const text = readable((await d.get(path)).page);
      expect(text).toContain('收款和退款已暂停');
      expect(text).toContain('在本页面 · 原因：可疑 <b>');
    }
    expect(readable((await d.get(`/${id}`)).page)).toContain('也要等恢复后才会执行');
    // Who froze first is not overwritten.
    await d.post('/freeze', { reason: 'again' });
    expect(await d.till.ledger.read((book) => book.operator.freeze())).toMatchObject({
      reason: '可疑 <b>',
    });
    await d.post(`/${id}`, { decision: 'approve' });
    await expect(again(d)).rejects.toMatchObject({ code: 'FROZEN' });
    expect((await d.post('/unfreeze')).status).toBe(303);
    await d.post('/unfreeze');
    expect([await d.recorded('operator-froze'), await d.recorded('operator-unfroze')]).toEqual([1, 1]);
    expect((await again(d)).refund.state).toBe('SUCCESS');
    expect(readable((await d.get('')).page)).not.toContain('收款和退款已暂停');
  });

  it('shows who froze, whoever that was', async () => {
    const d = await (await desk()).signIn();
    await d.till.ledger.write((book) => freeze(book, 'cron<1>', undefined));
    expect(readable((await d.get('')).page)).toContain('cron<1>');
  });

  it('is not lifted from a restored ledger that has not made up for what it forgot, and says what that is', async () => {
    const d = await (await desk()).signIn();
    const at = d.world.clock.now();
    const since = at - 2 * 86_400_000;
    await d.till.ledger.write(async (book) => {
      await freeze(book, 'restore', undefined);
      await book.operator.setRestored({ at, since, providers: ['alipay'], reconciled: {} });
    });
    const { status, page } = await d.post('/unfreeze');
    expect(status).toBe(409);
    const [first] = (await d.till.ledger.read((book) => book.operator.due()))?.days ?? [];
    expect(readable(page)).toContain(`alipay ${first?.date}`);
    expect(readable(page)).toContain('reconcile --date');
    expect(await d.till.ledger.read((book) => book.operator.freeze())).toBeDefined();
    expect(await d.recorded('operator-unfroze')).toBe(0);
  });

  it('is lifted by nobody who is not signed in', async () => {
    const d = await desk();
    await d.till.ledger.write((book) => freeze(book, 'terminal', undefined));
    expect((await d.post('/unfreeze')).status).toBe(401);
    expect((await d.post('/freeze')).status).toBe(401);
    expect(await d.till.ledger.read((book) => book.operator.freeze())).toBeDefined();
  });
});

describe('hostile text', () => {
  const hostile = [
    '</script><img src=x onerror=alert(1)>',
    '</bdi></blockquote><form action=//evil><button>批准</button>',
    '"><svg onload=alert(1)>',
    "' autofocus onfocus='alert(1)",
    '&lt;b&gt; &amp;amp; <!-- -->',
    '已批准：无需操作 Approved',
    '字'.repeat(42),
  ];

  it.each(hostile)('%j stays text, set apart and labelled', async (words) => {
    const tagsOf = (page: string) => page.match(/<\/?[a-z!][^>]*>/gi);
    const pages = async (title: string, reason: string) => {
      const d = await desk();
      await d.sold(ORDER, { title, provider: 'alipay' });
      const { id } = await d.proposeRefund({ reason });
      await d.signIn();
      return [(await d.get(`/${id}`)).page, (await d.get('')).page];
    };
    const given = await pages(words, words.slice(0, 80));
    const plain = await pages('plain', 'plain');
    for (const [i, page] of given.entries()) {
      const ids = (tags: string[] | null) => tags?.map((tag) => tag.replace(/A[2-9A-HJ-NP-Z]{12}/g, 'ID'));
      expect(ids(tagsOf(page.replace(/value="[^"]*"|data-mark="[^"]*"/g, '')))).toEqual(
        ids(tagsOf((plain[i] ?? '').replace(/value="[^"]*"|data-mark="[^"]*"/g, ''))),
      );
      expect(readable(page)).toContain(words.replace(/\s+/g, ' '));
      expect(page.match(/<title>[^<]*/)?.[0]).not.toContain(words.slice(0, 5));
    }
    expect(readable(given[0] ?? '')).toContain(`智能体填写，未经核实 ${words}`.slice(0, 20));
  });

  it('shows what could not be seen', async () => {
    const d = await desk();
    await d.sold();
    await d.proposeRefund({ reason: 'a\u202Eb\u2066c\u200Dd\u0007e\u3164f\u00ADg\uFEFFh\u{E0041}i\uFE0Fj' });
    const [record] = (await d.till.ledger.read((book) => book.approvals.open())) ?? [];
    await d.signIn();
    const { page } = await d.get(`/${record?.id}`);
    expect(readable(page)).toContain('aU+202EbU+2066cU+200DdU+0007eU+3164fU+00ADgU+FEFFhU+E0041ij');
    expect(page).toContain('<span class="odd">U+202E</span>');
    expect(page).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u200b-\u200f]/);
  });
});

describe('every answer', () => {
  const CSP = [
    "default-src 'none'",
    expect.stringMatching(/^script-src 'sha256-[A-Za-z0-9+/]{43}='$/),
    expect.stringMatching(/^style-src 'sha256-[A-Za-z0-9+/]{43}='$/),
    'img-src data:',
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ];

  it('carries the strict headers', async () => {
    const { d, id } = await refundDesk();
    const answers = [
      await d.get(''),
      await d.get(`/${id}`),
      await d.get('/AAAAAAAAAAAAA'),
      await d.request(`/${id}`, { method: 'HEAD' }),
      await d.request('', { method: 'DELETE' }),
      await d.post(`/${id}`, { csrf: 'wrong' }),
      await d.postRaw(`/${id}`, 'x'.repeat(9_000)),
      await d.post(`/${id}`, { decision: 'approve' }),
      await d.post(`/${id}`, { decision: 'approve' }),
      await d.post('/sign-in', { secret: 'wrong' }),
      await d.post('/sign-out'),
      await d.get(''),
      await d.get('/sign-in'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([
      200, 200, 404, 200, 405, 403, 413, 303, 409, 403, 303, 303, 200,
    ]);
    for (const { headers } of answers) {
      expect((headers.get('content-security-policy') ?? '').split('; ')).toEqual(CSP);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('referrer-policy')).toBe('same-origin');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('allows exactly the script and the style that stand in the page, and has nothing else inline', async () => {
    const { d, id } = await refundDesk();
    for (const path of ['', `/${id}`, '/AAAAAAAAAAAAA']) {
      const { page, headers } = await d.get(path);
      for (const tag of ['script', 'style']) {
        const inline = [...page.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, 'g'))];
        expect(inline).toHaveLength(1);
        const hash = createHash('sha256')
          .update(inline[0]?.[1] ?? '')
          .digest('base64');
        expect(headers.get('content-security-policy')).toContain(`${tag}-src 'sha256-${hash}'`);
      }
      expect(page).not.toMatch(/\s(?:style|on[a-z]+)="/);
      expect(page).not.toMatch(/<(?:iframe|object|embed|base|img)\b|@import|url\(/);
    }
  });

  it('is 503 without detail when the ledger cannot be read, and logs why', async () => {
    const { d, id } = await refundDesk();
    d.till.ledger.read = () => Promise.reject(new Error('/secret/path is locked'));
    for (const answer of [await d.get(`/${id}`), await d.post(`/${id}`, { decision: 'approve' })]) {
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
      expect(answer.page).not.toContain('secret/path');
      expect(answer.headers.get('x-frame-options')).toBe('DENY');
    }
    expect(d.logged[0]).toContain('/secret/path is locked');
  });
});

describe('languages', () => {
  it('follow the address, then the browser, then the service, and offer the other', async () => {
    const d = await (await desk({ language: 'en' })).signIn();
    const languageOf = async (path: string, accepted?: string) => {
      const { page } = await d.get(path, accepted === undefined ? {} : { 'accept-language': accepted });
      return /<html lang="([^"]+)"/.exec(page)?.[1];
    };
    expect(await languageOf('')).toBe('en');
    expect(await languageOf('', 'zh-CN,zh;q=0.9,en;q=0.8')).toBe('zh-CN');
    expect(await languageOf('', 'fr, en;q=0.3, zh-TW;q=0.7')).toBe('zh-CN');
    expect(await languageOf('', 'de, zh;q=0')).toBe('en');
    expect(await languageOf('?lang=zh', 'en')).toBe('zh-CN');
    expect(await languageOf('?lang=<script>', 'en')).toBe('en');
    const { page } = await d.get('?lang=zh');
    expect(page).toContain('lang="en" hreflang="en" href="/approvals?lang=en"');
    expect(page).toContain('action="/approvals/freeze?lang=zh"');
  });

  it('say the same things: every sentence exists in both', async () => {
    const { d, id } = await refundDesk();
    const texts = await Promise.all(
      ['en', 'zh'].map(async (lang) => readable((await d.get(`/${id}?lang=${lang}`)).page)),
    );
    expect(texts[0]?.replace('菜谱', '').replace('中文', '')).not.toMatch(/[\u4e00-\u9fff]/);
    expect(texts[1]).toContain('您的决定');
  });
});
