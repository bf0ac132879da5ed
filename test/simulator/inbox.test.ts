import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Simulator } from '../../src/simulator/index.ts';
import { type Inbox, openInbox } from '../events/inbox.ts';
import { NOW } from '../events/telling.ts';

let inbox: Inbox;
let simulator: Simulator;
beforeAll(async () => {
  inbox = await openInbox();
  ({ simulator } = inbox);
});
afterAll(() => inbox.close());

const JSON_TYPE = { 'content-type': 'application/json' };
async function post(url: string, body: unknown, headers: Readonly<Record<string, string>> = JSON_TYPE) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(url, { method: 'POST', headers, body: text });
  return { status: response.status, said: await response.text() };
}
const newest = async () => (await inbox.messages())[0];
const page = async () => (await fetch(`${simulator.origin}/inbox`)).text();
const number = ({ said }: { said: string }) => /"(?:errcode|code)":(-?\d+)/.exec(said)?.[1];

/** As its documents say, and as nobody here sends: key first, nothing signed. */
function feishu(
  message: object,
  { box = 'boss', ms = inbox.at, key }: { box?: string; ms?: number; key?: string } = {},
) {
  const { url, secret } = simulator.inboxOf('feishu', box);
  const timestamp = String(Math.floor(ms / 1000));
  const sign = createHmac('sha256', `${timestamp}\n${key ?? secret}`).digest('base64');
  return post(url, { timestamp, sign, ...message });
}
const CARD = {
  schema: '2.0',
  header: { template: 'green', title: { tag: 'plain_text', content: '收款 ¥19.90' } },
  body: {
    elements: [
      { tag: 'markdown', content: '订单 **o-1** · 支付宝 · 10:00' },
      {
        tag: 'button',
        type: 'primary',
        text: { tag: 'plain_text', content: '打开' },
        behaviors: [{ type: 'open_url', default_url: 'https://pay.shop.example/o/o-1' }],
      },
    ],
  },
};
const ofFeishu = (card: object) => feishu({ msg_type: 'interactive', card });

function dingtalk(message: object, box = 'boss', ms = inbox.at) {
  const { url, secret = '' } = simulator.inboxOf('dingtalk', box);
  const sign = createHmac('sha256', secret).update(`${ms}\n${secret}`).digest('base64');
  return post(`${url}&timestamp=${ms}&sign=${encodeURIComponent(sign)}`, message);
}
const wecom = (message: object, box = 'boss') => post(simulator.inboxOf('wecom', box).url, message);

describe('a robot of Feishu', () => {
  it('takes a signed card, and shows it as a phone does', async () => {
    const answer = await ofFeishu(CARD);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.said)).toMatchObject({ code: 0, msg: 'success', StatusCode: 0 });
    expect(await newest()).toMatchObject({
      kind: 'feishu',
      box: 'boss',
      shown: {
        tone: 'green',
        title: '收款 ¥19.90',
        buttons: [{ text: '打开', url: 'https://pay.shop.example/o/o-1' }],
      },
    });
    const shown = await page();
    for (const part of ['<b>o-1</b>', '收款 ¥19.90', 'href="https://pay.shop.example/o/o-1"']) {
      expect(shown).toContain(part);
    }
  });

  it.each([
    ['another key', () => feishu({ msg_type: 'interactive', card: CARD }, { key: 'another' }), '19021'],
    [
      'no signature',
      () => post(simulator.inboxOf('feishu', 'boss').url, { msg_type: 'text', content: { text: 'x' } }),
      '19021',
    ],
    [
      'a clock that is off',
      () => feishu({ msg_type: 'text', content: { text: 'x' } }, { ms: inbox.at - 3_700_000 }),
      '19021',
    ],
    [
      'the key of another robot',
      () =>
        feishu(
          { msg_type: 'text', content: { text: 'x' } },
          { box: 'shop', key: simulator.inboxOf('feishu', 'boss').secret ?? '' },
        ),
      '19021',
    ],
    [
      'no JSON',
      () => post(simulator.inboxOf('feishu', 'boss').url, 'text', { 'content-type': 'text/plain' }),
      '9499',
    ],
    ['a type that is none', () => feishu({ msg_type: 'card', card: CARD }), '9499'],
    ['a card of another kind', () => ofFeishu({ ...CARD, schema: '1.0' }), '9499'],
    ['a card without a head', () => ofFeishu({ ...CARD, header: {} }), '9499'],
    [
      'a part that is none',
      () => ofFeishu({ ...CARD, body: { elements: [{ tag: 'note', content: 'x' }] } }),
      '9499',
    ],
    [
      'a button that calls back',
      () =>
        ofFeishu({
          ...CARD,
          body: {
            elements: [
              { tag: 'button', text: { content: '批准' }, behaviors: [{ type: 'callback', value: {} }] },
            ],
          },
        }),
      '9499',
    ],
    [
      'a button that runs a script',
      () =>
        ofFeishu({
          ...CARD,
          body: {
            elements: [
              {
                tag: 'button',
                text: { content: '批准' },
                behaviors: [{ type: 'open_url', default_url: 'javascript:1' }],
              },
            ],
          },
        }),
      '9499',
    ],
    [
      'too much',
      () => ofFeishu({ ...CARD, body: { elements: [{ tag: 'markdown', content: '长'.repeat(7_000) }] } }),
      '9499',
    ],
    [
      'a keyword that it wants',
      () => feishu({ msg_type: 'text', content: { text: 'x' } }, { box: 'keyword' }),
      '19024',
    ],
    [
      'somebody who has gone',
      () => feishu({ msg_type: 'text', content: { text: 'x' } }, { box: 'removed' }),
      '19001',
    ],
  ] as const)('refuses %s', async (_, send, code) => {
    inbox.at += 60_000;
    expect(number(await send())).toBe(code);
    expect((await newest())?.refused).toBeDefined();
  });

  it('takes five a second and a hundred a minute', async () => {
    const text = (i: number) => feishu({ msg_type: 'text', content: { text: String(i) } }, { box: 'fast' });
    const codes: (string | undefined)[] = [];
    for (let i = 0; i < 6; i += 1) codes.push(number(await text(i)));
    expect(codes).toEqual(['0', '0', '0', '0', '0', '11232']);
    inbox.at += 1_001;
    expect(number(await text(6))).toBe('0');
    inbox.at = NOW;
  });
});

describe('a robot of DingTalk', () => {
  const card = {
    title: '待批准退款',
    text: '### 待批准退款\n- 订单 o-1\n- ¥19.90',
    singleTitle: '查看',
    singleURL: 'https://pay.shop.example/a/x1',
  };
  it('takes a signed card', async () => {
    const answer = await dingtalk({ msgtype: 'actionCard', actionCard: card });
    expect(answer).toEqual({ status: 200, said: '{"errcode":0,"errmsg":"ok"}' });
    expect(await page()).toContain('<p class="item">订单 o-1</p>');
  });

  it.each([
    [
      'no signature',
      () => post(simulator.inboxOf('dingtalk', 'boss').url, { msgtype: 'markdown', markdown: card }),
      '310000',
    ],
    [
      'an old one',
      () => dingtalk({ msgtype: 'markdown', markdown: card }, 'boss', inbox.at - 3_700_000),
      '310000',
    ],
    ['a type that is none', () => dingtalk({ msgtype: 'card', card }), '400105'],
    ['half a message', () => dingtalk({ msgtype: 'markdown', markdown: { title: 'x' } }), '40035'],
    [
      'a button to nowhere',
      () => dingtalk({ msgtype: 'actionCard', actionCard: { ...card, singleURL: '/a' } }),
      '40035',
    ],
    [
      'too much',
      () => dingtalk({ msgtype: 'markdown', markdown: { title: 'x', text: 'x'.repeat(20_000) } }),
      '460101',
    ],
    ['a busy day', () => dingtalk({ msgtype: 'markdown', markdown: card }, 'busy'), '-1'],
  ] as const)('refuses %s, with status 200', async (_, send, code) => {
    const answer = await send();
    expect([answer.status, number(answer)]).toEqual([200, code]);
  });

  it('silences who is too fast for ten minutes', async () => {
    const send = async () => number(await dingtalk({ msgtype: 'text', text: { content: 'x' } }, 'fast'));
    for (let i = 0; i < 20; i += 1) expect(await send()).toBe('0');
    expect(await send()).toBe('130101');
    inbox.at += 61_000;
    expect(await send()).toBe('130101');
    inbox.at += 600_001;
    expect(await send()).toBe('0');
    inbox.at = NOW;
  });
});

describe('a robot of WeCom', () => {
  const card = {
    card_type: 'text_notice',
    source: { desc: 'mcp-cashier' },
    main_title: { title: '收款成功', desc: '微信支付' },
    horizontal_content_list: [{ keyname: '时间', value: '10:00' }],
    jump_list: [{ type: 1, title: '打开', url: 'https://pay.shop.example/o/o-1' }],
    card_action: { type: 1, url: 'https://pay.shop.example/o/o-1' },
  };
  const ofCard = (change: object) =>
    wecom({ msgtype: 'template_card', template_card: { ...card, ...change } });

  it('takes a card and a text', async () => {
    expect(number(await ofCard({}))).toBe('0');
    expect(number(await wecom({ msgtype: 'text', text: { content: '长'.repeat(682) } }))).toBe('0');
  });

  it.each([
    ['a card that leads nowhere', () => ofCard({ card_action: {} }), '40058'],
    ['a card without a head', () => ofCard({ main_title: {} }), '40058'],
    [
      'seven facts',
      () => ofCard({ horizontal_content_list: Array(7).fill({ keyname: 'k', value: 'v' }) }),
      '40058',
    ],
    ['four links', () => ofCard({ jump_list: Array(4).fill(card.jump_list[0]) }), '40058'],
    [
      'a text that is too long',
      () => wecom({ msgtype: 'text', text: { content: '长'.repeat(683) } }),
      '40058',
    ],
    ['a type that is none', () => wecom({ msgtype: 'card' }), '93008'],
    ['somebody who has gone', () => wecom({ msgtype: 'text', text: { content: 'x' } }, 'removed'), '93000'],
  ] as const)('refuses %s', async (_, send, code) => expect(number(await send())).toBe(code));
});

describe('a phone, and a system of one’s own', () => {
  it('Bark wants a device, and no more than Apple takes', async () => {
    const url = `${simulator.origin}/inbox/bark/push`;
    const push = (more: object) => post(url, { device_key: 'phone-1', title: 't', body: 'b', ...more });
    expect((await push({})).status).toBe(200);
    expect((await push({ device_key: '' })).status).toBe(500);
    expect((await push({ body: 'x'.repeat(4_050) })).said).toContain('PayloadTooLarge');
    expect((await push({ url: 'javascript:1' })).status).toBe(400);
  });

  it('ServerChan wants a title that is not too long', async () => {
    const { url } = simulator.inboxOf('serverchan', 'SCT1');
    expect(number(await post(url, { title: '长'.repeat(32), desp: '### a' }))).toBe('0');
    expect((await post(url, { title: '长'.repeat(33) })).status).toBe(400);
    expect((await post(url, { desp: 'x' })).status).toBe(400);
  });

  it('a system takes what is signed by Standard Webhooks', async () => {
    const { url, secret = '' } = simulator.inboxOf('webhook', 'erp');
    const body = '{"type":"payment.paid","timestamp":"2026-11-28T10:00:00+08:00","data":{"outTradeNo":"o1"}}';
    const send = (id: string, ms: number, key = secret) => {
      const stamp = String(Math.floor(ms / 1000));
      const signed = createHmac('sha256', Buffer.from(key.slice(6), 'base64')).update(
        `${id}.${stamp}.${body}`,
      );
      const headers = { 'webhook-id': id, 'webhook-timestamp': stamp };
      return post(url, body, {
        ...JSON_TYPE,
        ...headers,
        'webhook-signature': `v1,no v1,${signed.digest('base64')}`,
      });
    };
    expect((await send('msg_1', inbox.at)).status).toBe(204);
    expect(await newest()).toMatchObject({ kind: 'webhook', id: 'msg_1' });
    expect((await send('msg_1', inbox.at - 301_000)).status).toBe(401);
    expect((await send('msg.1', inbox.at)).status).toBe(401);
    expect((await send('msg_1', inbox.at, simulator.inboxOf('webhook', 'other').secret)).status).toBe(401);
  });
});

describe('the page', () => {
  it('shows whatever was sent as words and never as markup of its own', async () => {
    const evil = '<script>alert(1)</script>"><img src=x onerror=alert(1)>';
    await feishu({ msg_type: 'text', content: { text: evil } });
    await dingtalk({
      msgtype: 'markdown',
      markdown: {
        title: evil,
        text: `### ${evil}\n> ${evil}\n[x](javascript:1) [y](https://a.example/"onclick=1)`,
      },
    });
    await post(`${simulator.origin}/inbox/bark/push`, { device_key: 'phone-1', title: evil, body: evil });
    const shown = await page();
    expect(shown).not.toMatch(/<script>|<img|href="javascript|"onclick/);
    expect(shown).toContain('&lt;script&gt;');
  });

  it('says what an app would make a link of, and whom it would call', async () => {
    await wecom({ msgtype: 'text', text: { content: '看 https://evil.example/a 或 evil.com @所有人 9.90' } });
    expect((await newest())?.shown).toMatchObject({
      links: ['https://evil.example/a', 'evil.com'],
      mentions: ['@所有人'],
    });
  });

  it('says what was not taken, and why', async () => {
    await feishu({ msg_type: 'text', content: { text: 'x' } }, { key: 'another' });
    expect(await page()).toContain('没有送达：签名不对');
  });

  it('loads nothing, is framed by nobody, and looks anew only at itself', async () => {
    const response = await fetch(`${simulator.origin}/inbox`);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(
      /^default-src 'none'; style-src 'nonce-[^']+'; script-src 'nonce-[^']+'; connect-src 'self';/,
    );
    expect(await response.text()).not.toMatch(/<link|<iframe|<img|<script [^>]*src/);
    expect(await (await fetch(simulator.origin)).text()).toContain('href="/inbox"');
  });

  it('gives a file of channels that lead here', async () => {
    const shown = await page();
    for (const kind of ['feishu', 'lark', 'dingtalk', 'wecom', 'bark', 'serverchan', 'webhook']) {
      expect(shown).toContain(simulator.inboxOf(kind, 'boss').url.replaceAll('&', '&amp;'));
    }
    expect(simulator.inbox).toEqual(simulator.inboxOf('feishu', 'merchant'));
  });

  it('is no way in for others: boxes have names, and bodies are bounded', async () => {
    expect((await post(`${simulator.origin}/inbox/webhook/${encodeURIComponent('../x')}`, {})).status).toBe(
      410,
    );
    expect((await post(simulator.inboxOf('wecom', 'boss').url, 'x'.repeat(65_537))).status).toBe(413);
    expect((await fetch(`${simulator.origin}/control/inbox`)).status).toBe(403);
  });
});
