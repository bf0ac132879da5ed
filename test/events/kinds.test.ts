import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EVENT_TYPES } from '../../src/events/event.ts';
import { type Answer, CHANNEL_KINDS, type KindId } from '../../src/events/kinds/kind.ts';
import { KINDS } from '../../src/events/kinds/registry.ts';
import { type Inbox, openAt, openInbox } from './inbox.ts';
import { asked, EVERYTHING, message, NOW, telling } from './telling.ts';

let inbox: Inbox;
beforeAll(async () => {
  inbox = await openInbox();
});
afterAll(() => inbox.close());

const ROBOTS = CHANNEL_KINDS.filter((kind) => kind !== 'webhook');
const EVIL = '\u202e@所有人 [免费](https://evil.example/x) <at id=all></at> **evil.com** <@all>';
let boxes = 0;
const fresh = () => {
  boxes += 1;
  return `box-${boxes}`;
};
/** As a secret that a file could have, and not the robot's. */
const another = (kind: KindId) => openSecret(kind, 'another');
const openSecret = (kind: KindId, box: string) => inbox.simulator.inboxOf(kind, box).secret;

describe.each(CHANNEL_KINDS)('%s', (kind) => {
  it('delivers every event there is, alone and summed up, in both languages', async () => {
    for (const type of [...EVENT_TYPES, 'channel.disabled', 'channel.test'] as const) {
      for (const language of ['zh', 'en'] as const) {
        const one = message({ type, link: 'https://pay.shop.example/x/(1)' }, EVERYTHING);
        const bare = message({ type }, { simulated: true });
        for (const messages of [[one], [bare], [bare, one]] as const) {
          if (messages.length > 1 && !KINDS[kind].sumsUp) continue;
          const shown = inbox.shown(kind, telling(messages, { language }));
          expect([type, shown]).toEqual([type, expect.objectContaining({ links: [], mentions: [] })]);
        }
      }
    }
    expect(await inbox.tell(kind, fresh(), telling([message()]))).toEqual({ is: 'delivered' });
  });

  it('keeps within what the platform takes, however long the words are', async () => {
    const long = '长'.repeat(5_000);
    const data = {
      ...EVERYTHING,
      title: long,
      reason: long,
      caller: long,
      outTradeNo: long,
      channel: long,
      budget: long,
    };
    const messages = Array.from({ length: 300 }, () => asked(data));
    const [first = asked(), ...others] = messages;
    const { link: _, ...bare } = first;
    for (const many of [[first], [bare], [first, ...others], [bare, ...others]] as const) {
      if (!KINDS[kind].sumsUp && many.length > 1) continue;
      const what = telling(many, { payee: long });
      // What is sent to programs is theirs to read, and bounded where titles and numbers are.
      if (kind === 'webhook') continue;
      expect(
        Buffer.byteLength(openAt(inbox.simulator, kind, 'anybody').compose(what, NOW).body),
      ).toBeLessThanOrEqual(KINDS[kind].limits.bytes);
      expect(await inbox.tell(kind, fresh(), what)).toEqual({ is: 'delivered' });
    }
  });

  it('shows neither address nor key of its own in what it says', async () => {
    const box = fresh();
    const { secret = 'none' } = inbox.simulator.inboxOf(kind, box);
    const { body, headers } = openAt(inbox.simulator, kind, box).compose(telling([asked()]), NOW);
    const said = `${kind === 'bark' ? body.replace(`"device_key":"${box}"`, '') : body}${JSON.stringify(headers)}`;
    expect(said).not.toContain(secret);
    expect(said).not.toContain(box);
  });
});

describe.each(ROBOTS)('%s', (kind) => {
  it('shows amount, order, the agent’s words as such, and one button to our page', async () => {
    await inbox.tell(kind, fresh(), telling([asked()]));
    const [{ shown } = {}] = await inbox.messages();
    const text = JSON.stringify(shown);
    for (const part of [
      '待审批：退款 ¥5.00',
      'ORDER_1',
      '红烧肉菜谱',
      '智能体填写，未经核实',
      'mcp-cashier',
      'evt_',
    ]) {
      expect(text).toContain(part);
    }
    const links = [...text.matchAll(/https?:\/\/[^"\\)\s]+/g)].map(([link]) => link);
    expect(new Set(links)).toEqual(new Set(['https://pay.shop.example/approvals/A1']));
    expect(text).toMatch(/查看并决定|打开/);
  });

  it('shows no link and calls nobody, whatever the agent writes', async () => {
    for (const link of ['https://pay.shop.example/approvals/A1', undefined]) {
      const { link: _, ...bare } = asked({ title: EVIL, reason: EVIL, caller: EVIL });
      await inbox.tell(
        kind,
        fresh(),
        telling([link === undefined ? bare : { ...bare, link }], { payee: EVIL }),
      );
      const [{ shown } = {}] = await inbox.messages();
      expect(shown?.mentions).toEqual([]);
      expect(shown?.links).toEqual([]);
      expect(JSON.stringify(shown)).not.toContain('\u202e');
      const marks = shown?.marked ? (shown.text.match(/\]\(|\*\*|<at|<@/g) ?? []) : [];
      // The one link that Markdown has is our own.
      expect(marks).toEqual(kind === 'serverchan' && link !== undefined ? [']('] : []);
    }
  });

  it('has to be told to wait, and waits', async () => {
    expect(await inbox.tell(kind, 'limited', telling([message()]))).toMatchObject({ is: 'again' });
    const judged = await inbox.tell(kind, 'limited', telling([message()]));
    expect('afterMs' in judged && judged.afterMs).toBeGreaterThanOrEqual(60_000);
  });

  it.each(['busy', 'flaky'])('tries again where the platform is %s', async (box) => {
    expect(await inbox.tell(kind, box, telling([message()]))).toMatchObject({ is: 'again' });
    if (box === 'flaky')
      expect(await inbox.tell(kind, box, telling([message()]))).toEqual({ is: 'delivered' });
  });

  it('ends where the robot is gone', async () => {
    expect(await inbox.tell(kind, 'removed', telling([message()]))).toMatchObject({ is: 'disable' });
  });

  it('takes a lost answer for none, though the message has arrived', async () => {
    await expect(inbox.tell(kind, 'cut', telling([message()]))).rejects.toMatchObject({ code: 'network' });
    const [newest] = await inbox.messages();
    expect(newest).toMatchObject({ kind, box: 'cut' });
    expect(newest?.refused).toBeUndefined();
  });
});

describe.each(CHANNEL_KINDS.filter((kind) => ['feishu', 'lark', 'dingtalk', 'webhook'].includes(kind)))(
  '%s is signed',
  (kind) => {
    it('with the key of this robot and no other', async () => {
      const box = fresh();
      expect(await inbox.tell(kind, box, telling([message()]), inbox.at, another(kind))).not.toMatchObject({
        is: 'delivered',
      });
      expect((await inbox.messages())[0]).toMatchObject({ box, refused: 'signature' });
      expect(await inbox.tell(kind, box, telling([message()]))).toEqual({ is: 'delivered' });
    });

    it('at a time that is not far off', async () => {
      const box = fresh();
      const [near, far] = kind === 'webhook' ? [280_000, 400_000] : [3_500_000, 3_700_000];
      for (const sign of [1, -1]) {
        expect(await inbox.tell(kind, box, telling([message()]), NOW + sign * near)).toEqual({
          is: 'delivered',
        });
        expect(await inbox.tell(kind, box, telling([message()]), NOW + sign * far)).not.toEqual({
          is: 'delivered',
        });
        expect((await inbox.messages())[0]).toMatchObject({ box, refused: 'clock' });
      }
    });
  },
);

describe('a wrong key', () => {
  it.each([
    ['feishu', { is: 'disable', why: 'wrong-key', code: '19021' }],
    ['lark', { is: 'disable', why: 'wrong-key', code: '19021' }],
    ['dingtalk', { is: 'disable', why: 'wrong-key', code: '310000' }],
  ] as const)('ends %s', async (kind, judged) => {
    expect(await inbox.tell(kind, fresh(), telling([message()]), inbox.at, another(kind))).toEqual(judged);
  });

  it.each([
    ['feishu', '19024'],
    ['dingtalk', '310000'],
  ] as const)('is no keyword that %s misses', async (kind, code) => {
    const judged = await inbox.tell(kind, 'keyword', telling([message()]));
    expect(judged).toEqual({ is: 'disable', why: 'refused', code });
  });
});

describe('limits of a platform', () => {
  it.each(['feishu', 'lark', 'dingtalk', 'wecom'] as const)(
    '%s takes all that a minute of ours holds',
    async (kind) => {
      const box = fresh();
      const { perMinute = 0, perSecond = perMinute } = KINDS[kind].limits;
      const start = inbox.at;
      for (let i = 0; i < perMinute; i += 1) {
        inbox.at = start + Math.floor(i / perSecond) * 1_000;
        expect(await inbox.tell(kind, box, telling([message()]))).toEqual({ is: 'delivered' });
      }
      const verdicts: string[] = [];
      for (let i = 0; i < 20; i += 1) verdicts.push((await inbox.tell(kind, box, telling([message()]))).is);
      expect(verdicts).toContain('again');
      inbox.at = NOW;
    },
  );
});

/** As the platforms' documents have it; what stands in none of them is never success. */
const answer = (status: number, body: unknown, headers: Answer['headers'] = {}): Answer => ({
  ...{ status, headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const DELIVERED = { is: 'delivered' };
const again = (code: string, afterMs?: number) => ({
  is: 'again',
  code,
  ...(afterMs === undefined ? {} : { afterMs }),
});
const disable = (why: string, code?: string) => ({
  is: 'disable',
  why,
  ...(code === undefined ? {} : { code }),
});
const bug = (code: string) => ({ is: 'bug', code });
const feishu = (code: number) => ({ code, msg: 'words', data: {} });
const errcode = (code: number, errmsg = 'words') => ({ errcode: code, errmsg });

describe('what an answer means', () => {
  it.each<[KindId, Answer, object]>([
    ['feishu', answer(200, { code: 0, msg: 'success' }), DELIVERED],
    ['feishu', answer(200, { StatusCode: 0, StatusMessage: 'success' }), DELIVERED],
    ['feishu', answer(400, feishu(9499)), bug('9499')],
    ['feishu', answer(200, feishu(11232)), again('11232', 60_000)],
    ['feishu', answer(200, feishu(19001)), disable('wrong-key', '19001')],
    ['feishu', answer(200, feishu(19021)), disable('wrong-key', '19021')],
    ['feishu', answer(200, feishu(19022)), disable('refused', '19022')],
    ['feishu', answer(200, feishu(19024)), disable('refused', '19024')],
    ['dingtalk', answer(200, errcode(-1)), again('-1', 30_000)],
    ['dingtalk', answer(200, errcode(130101)), again('130101', 600_000)],
    ['dingtalk', answer(200, errcode(410100)), again('410100', 600_000)],
    ...[300001, 300005, 400101].map(
      (code) =>
        ['dingtalk', answer(200, errcode(code)), disable('wrong-key', String(code))] as [
          KindId,
          Answer,
          object,
        ],
    ),
    ...[400013, 400102, 400106].map(
      (code) =>
        ['dingtalk', answer(200, errcode(code)), disable('removed', String(code))] as [
          KindId,
          Answer,
          object,
        ],
    ),
    ['dingtalk', answer(200, errcode(310000, 'keywords not in content, more')), disable('refused', '310000')],
    ['dingtalk', answer(200, errcode(310000, 'sign not match, more')), disable('wrong-key', '310000')],
    ['dingtalk', answer(200, errcode(310000, 'ip 1.2.3.4 not in whitelist')), disable('refused', '310000')],
    ...[40035, 43002, 43004, 400105].map(
      (code) => ['dingtalk', answer(200, errcode(code)), bug(String(code))] as [KindId, Answer, object],
    ),
    ['wecom', answer(200, errcode(45009)), again('45009', 60_000)],
    ['wecom', answer(200, errcode(45033)), again('45033', 60_000)],
    ['wecom', answer(200, errcode(93000)), disable('removed', '93000')],
    ['wecom', answer(200, errcode(93004)), disable('removed', '93004')],
    ...[93008, 93017, 40058, 44004].map(
      (code) => ['wecom', answer(200, errcode(code)), bug(String(code))] as [KindId, Answer, object],
    ),
    ['bark', answer(200, { code: 200, message: 'success', timestamp: 1 }), DELIVERED],
    [
      'bark',
      answer(400, { code: 400, message: 'failed to get device token: x' }),
      disable('wrong-key', '400'),
    ],
    ['bark', answer(400, { code: 400, message: 'request bind failed' }), bug('400')],
    ['bark', answer(500, { code: 500, message: 'push failed: BadDeviceToken' }), disable('removed')],
    ['bark', answer(500, { code: 500, message: 'push failed: PayloadTooLarge' }), bug('PayloadTooLarge')],
    ['serverchan', answer(200, { code: 0, message: '', data: {} }), DELIVERED],
    ['serverchan', answer(400, { code: 40001, message: '[AUTH]错误的Key' }), disable('wrong-key', '40001')],
    [
      'serverchan',
      answer(400, { code: 40001, message: '[AUTH]超过当天的发送次数限制[5]' }),
      again('40001', 3_600_000),
    ],
  ])('%s %j', (kind, given, judged) => {
    expect(openAt(inbox.simulator, kind, 'anybody').judge(given, NOW)).toEqual(judged);
  });

  const success = { feishu: { code: 0 }, lark: { code: 0 }, dingtalk: { errcode: 0 }, wecom: { errcode: 0 } };
  it.each(ROBOTS)('of %s is success only by its own number and a status that says so', (kind) => {
    const { judge } = openAt(inbox.simulator, kind, 'anybody');
    const ok = { ...success, bark: { code: 200 }, serverchan: { code: 0 }, webhook: {} }[kind];
    const [[name = '', code] = []] = Object.entries(ok);
    expect(judge(answer(200, ok), NOW)).toEqual(DELIVERED);
    const others: Answer[] = [
      ...[300, 400, 404, 500, 502].map((status) => answer(status, ok)),
      ...[
        { [name]: String(code) },
        { [name]: null },
        { [name]: true },
        { [name]: 77_777 },
        {},
        [],
        'ok',
        null,
      ].map((body) => answer(200, body)),
      ...['', 'ok', '<html></html>', '{"errcode":0,'].map((body) => answer(200, body)),
    ];
    for (const other of others) expect(judge(other, NOW)).toMatchObject({ is: 'again' });
    expect(judge(answer(429, '', { 'retry-after': '120' }), NOW)).toEqual(again('HTTP 429', 120_000));
    expect(judge(answer(503, '', { 'retry-after': '9999999999' }), NOW)).toEqual(again('HTTP 503'));
    expect(judge(answer(429, ''), NOW)).toEqual(again('HTTP 429', 60_000));
  });
});

describe('an address of something else', () => {
  const WRONG: readonly [KindId, string, string?][] = [
    ['feishu', 'https://open.larksuite.com/open-apis/bot/v2/hook/x'],
    ['lark', 'https://open.feishu.cn/open-apis/bot/v2/hook/x'],
    ['feishu', 'https://open.feishu.cn/open-apis/bot/hook/x'],
    ['feishu', 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=secret-key'],
    ['dingtalk', 'https://oapi.dingtalk.com/robot/send'],
    ['dingtalk', 'https://oapi.dingtalk.com/robot/send?access_token=secret-key', 'secret-key'],
    ['wecom', 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send'],
    ['bark', 'https://api.day.app/'],
    ['bark', 'https://api.day.app/AbCdEf123456', 'secret-key'],
    ['wecom', 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=a', 'secret-key'],
    ['serverchan', 'https://sctapi.ftqq.com/SCT1234abcd.send', 'secret-key'],
    ['serverchan', 'https://sctapi.ftqq.com/secret-key'],
  ];
  it.each(WRONG)('is none of %s: %s', (kind, url, secret) => {
    const opened = KINDS[kind].open({ url: new URL(url), secret });
    expect(opened).toHaveProperty('wrong', secret === undefined ? 'url' : 'secret');
    expect(JSON.stringify(opened)).not.toContain('secret-key');
    // It stands inside a sentence.
    expect(JSON.stringify(opened)).not.toMatch(/[。.]"/);
  });

  it.each<[KindId, string]>([
    ['feishu', 'https://open.feishu.cn/open-apis/bot/v2/hook/8b5c1f0e-aaaa-bbbb'],
    ['lark', 'https://open.larksuite.com/open-apis/bot/v2/hook/8b5c1f0e-aaaa-bbbb'],
    ['dingtalk', 'https://oapi.dingtalk.com/robot/send?access_token=abc'],
    ['wecom', 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7xxx'],
    ['bark', 'https://api.day.app/AbCdEf123456/'],
    ['bark', 'https://bark.shop.example/sub/AbCdEf123456'],
    ['serverchan', 'https://sctapi.ftqq.com/SCT1234abcd.send'],
    ['serverchan', 'https://12.push.ft07.com/send/sctp12tabcd.send'],
  ])('is not taken for the right one of %s: %s', (kind, url) => {
    expect(KINDS[kind].open({ url: new URL(url), secret: undefined })).not.toHaveProperty('wrong');
  });
});

describe('the documents’ own examples', () => {
  const first = message();
  it('a signature of Feishu', () => {
    const url = new URL('https://open.feishu.cn/open-apis/bot/v2/hook/x');
    const opened = KINDS.feishu.open({ url, secret: 'demo-secret' });
    if ('wrong' in opened) throw new Error('refused');
    const { body } = opened.compose(telling([first]), 1_795_831_200_000);
    expect(JSON.parse(body)).toMatchObject({
      timestamp: '1795831200',
      sign: 'fWrUsitdaAZjk/tZRxSyO3wi0g9ty8BPubpdOz9UvIQ=',
      msg_type: 'interactive',
    });
  });

  it('a signature of DingTalk', () => {
    const url = new URL('https://oapi.dingtalk.com/robot/send?access_token=t');
    const opened = KINDS.dingtalk.open({ url, secret: 'SECdemo' });
    if ('wrong' in opened) throw new Error('refused');
    expect(opened.compose(telling([first]), 1_795_831_200_000).url).toBe(
      'https://oapi.dingtalk.com/robot/send?access_token=t&timestamp=1795831200000&sign=XWWZn0jaS5lVc2rc2Kb61E3LvUYdnlFD2NEbQaVjVz0%3D',
    );
  });

  it('Bark is told where it takes messages, and wakes nobody for a payment', () => {
    const opened = KINDS.bark.open({ url: new URL('https://api.day.app/AbCdEf123456/'), secret: undefined });
    if ('wrong' in opened) throw new Error('refused');
    const paid = opened.compose(telling([message()]), NOW);
    expect(paid.url).toBe('https://api.day.app/push');
    expect(JSON.parse(paid.body)).toMatchObject({
      device_key: 'AbCdEf123456',
      title: '收款 ¥19.90',
      level: 'active',
    });
    expect(JSON.parse(opened.compose(telling([asked()]), NOW).body)).toMatchObject({
      level: 'timeSensitive',
    });
  });
});
