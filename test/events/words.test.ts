import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVENT_TYPES, type EventType, type OwnType } from '../../src/events/event.ts';
import { footerOf, lineOf, type Words, wordsOf } from '../../src/events/message.ts';
import { inMarkdown, lineInMarkdown, theirs } from '../../src/events/their-words.ts';
import { asked, EVERYTHING, message, NOW, telling } from './telling.ts';

const ALL: readonly (EventType | OwnType)[] = [...EVENT_TYPES, 'channel.disabled', 'channel.test'];
const LANGUAGES = ['zh', 'en'] as const;
const textOf = (words: Words, language: 'zh' | 'en' = 'zh') => {
  const { title, facts, rows, advice, button } = words;
  return [
    title,
    ...facts.map((fact) => lineOf(fact, language)),
    ...rows,
    advice ?? '',
    button?.text ?? '',
    footerOf(words),
  ].join('\n');
};

describe('the words of an event', () => {
  it.each(LANGUAGES.flatMap((language) => ALL.map((type) => [language, type] as const)))(
    'leave no gap, and the other language out: %s %s',
    (language, type) => {
      for (const data of [EVERYTHING, { simulated: true }]) {
        for (const messages of [
          [message({ type }, data)],
          [message({ type }, data), message({ type }, data)],
        ] as const) {
          const text = textOf(wordsOf(telling(messages, { language, payee: undefined }), NOW), language);
          expect(text).not.toMatch(/\{\w*\}|undefined|NaN|\[object/);
          expect(text).not.toMatch(/[：:，,] *$/m);
          if (language === 'en')
            expect(text.replaceAll(/红烧肉菜谱|买家不要了/g, '')).not.toMatch(/\p{Script=Han}/u);
        }
      }
    },
  );

  it('say what was paid, for what, where and when, each sum with its unit', () => {
    const words = wordsOf(telling([message()]), NOW);
    expect(words).toMatchObject({ tone: 'good', title: '收款 ¥19.90', advice: undefined, button: undefined });
    expect(words.facts.map((fact) => lineOf(fact, 'zh'))).toEqual([
      '订单号：ORDER_1',
      '支付方式：微信支付',
      '来源：cursor',
      '时间：09:59（北京时间）',
      '商品名称（智能体填写，未经核实）：红烧肉菜谱',
    ]);
    const english = wordsOf(telling([message()], { language: 'en' }), NOW);
    expect(english.title).toBe('Paid ¥19.90');
    expect(english.facts.map((fact) => lineOf(fact, 'en'))).toContain('Time: 09:59 (Beijing time)');
  });

  it('tell simulated money from real, the merchant, and which message it is', () => {
    const id = 'evt_7_0123456789abcdef';
    const words = wordsOf(telling([message({ seq: 7 }, { simulated: true })]), NOW);
    expect(words.title).toBe('【模拟】收款 ¥19.90');
    expect(words).toMatchObject({ sender: '茶铺 · mcp-cashier', id });
    const trial = wordsOf(telling([message({}, { trial: true })]), NOW);
    expect(trial.title).toBe('【体验版】收款 ¥19.90');
    expect(wordsOf(telling([message({ seq: 7 })], { attempt: 2 }), NOW).id).toBe(`${id} · 重发`);
  });

  it('of a day say what it came to, and what waits', () => {
    const day = {
      ...{
        date: '2026-11-27',
        paidYuan: '1234.50',
        paidCount: 12,
        refundedYuan: '2000.00',
        refundedCount: 1,
      },
      ...{ netYuan: '-765.50', openApprovals: 2, inDoubt: 0 },
      bills: [{ provider: 'alipay', differences: 0 }, { provider: 'wechatpay' }] as const,
    };
    const change = { outTradeNo: undefined, amountYuan: undefined, title: undefined } as object;
    const said = (language: 'zh' | 'en') => {
      const one = message({ type: 'daily.summary' }, { ...change, provider: undefined as never, ...day });
      const { title, facts } = wordsOf(telling([one], { language }), NOW);
      return [title, ...facts.map((fact) => lineOf(fact, language))];
    };
    expect(said('zh')).toEqual([
      ...['2026-11-27 收款 ¥1,234.50（12 笔）', '来源：cursor', '退款：¥2,000.00（1 笔）', '净额：-¥765.50'],
      ...['待审批：2', '结果待确认：0', '对账：支付宝 一致、微信支付 账单未出', '时间：09:59（北京时间）'],
    ]);
    expect(said('en')).toContain('2026-11-27: ¥1,234.50 from 12 payments');
    expect(said('en')).toContain('Bills: Alipay agree, WeChat Pay not out yet');
  });

  it('of an approval say until when, why, and where a person decides', () => {
    const words = wordsOf(telling([asked()]), NOW);
    expect(words).toMatchObject({
      tone: 'ask',
      title: '待审批：退款 ¥5.00',
      button: { text: '查看并决定', url: 'https://pay.shop.example/approvals/A1' },
    });
    const lines = words.facts.map((fact) => lineOf(fact, 'zh'));
    expect(lines).toContain('适用规则：退款 · 须审批');
    expect(lines).toContain('有效期至：10:15（北京时间）');
    expect(lines).toContain('退款原因（智能体填写，未经核实）：买家不要了');
  });

  it('of an approval without a page that can be reached say how to decide all the same', () => {
    const { link: _, ...unreachable } = asked();
    const words = wordsOf(telling([unreachable]), NOW);
    expect(words.button).toBeUndefined();
    expect(words.advice).toContain('mcp-cashier approvals');
  });

  it.each([
    ['approved', '已批准：退款 ¥5.00'],
    ['denied', '已拒绝：退款 ¥5.00'],
    ['failed', '批准后没有执行：退款 ¥5.00'],
    ['expired', '审批已过期：退款 ¥5.00'],
  ] as const)('of a decision say which: %s', (state, title) => {
    const approval = { id: 'A1', kind: 'refund', state, expiresAt: '2026-11-28T10:15:00+08:00' } as const;
    expect(wordsOf(telling([asked({ approval }, { type: 'approval.decided' })]), NOW).title).toBe(title);
  });

  it('take a person’s reason for a person’s, and an agent’s for an agent’s', () => {
    const approval = {
      id: 'A1',
      kind: 'refund',
      state: 'denied',
      expiresAt: '2026-11-28T10:15:00+08:00',
    } as const;
    const denied = wordsOf(
      telling([asked({ approval, reason: '已发货' }, { type: 'approval.decided' })]),
      NOW,
    );
    expect(denied.facts).toContainEqual({ label: '原因', value: '已发货' });
    const words = wordsOf(telling([asked()]), NOW);
    expect(words.facts.filter(({ byAgent }) => byAgent).map(({ value }) => value)).toEqual([
      '红烧肉菜谱',
      '买家不要了',
    ]);
  });

  it('sum up several with what they come to, exactly', () => {
    const many = Array.from({ length: 12 }, (_, i) =>
      message({}, { outTradeNo: `O_${i}`, amountYuan: '0.10' }),
    );
    const [first, ...others] = many;
    const words = wordsOf(telling([first ?? message(), ...others]), NOW);
    expect(words.title).toBe('12 笔收款，共 ¥1.20');
    expect(words.facts).toEqual([]);
    expect(words.rows).toHaveLength(11);
    expect(words.rows[0]).toBe('09:59 ¥0.10 O_0');
    expect(words.rows.at(-1)).toBe('另有 2 条');
    expect(words.id).toBe(`${first?.id} … ${others.at(-1)?.id}`);
  });

  it('name another day where it is another one', () => {
    const at = Date.parse('2026-11-27T23:59:00+08:00');
    const words = wordsOf(telling([message({ at })]), NOW);
    expect(words.facts).toContainEqual({ label: '时间', value: '11-27 23:59（北京时间）' });
  });

  it('count what was counted already', () => {
    const denied = (count: number) =>
      message({ type: 'policy.denied' }, { count, rules: { 'payments.maxYuan': count } });
    expect(wordsOf(telling([denied(7)]), NOW)).toMatchObject({
      title: '规则拒绝了 7 次请求',
      facts: expect.arrayContaining([{ label: '适用规则', value: '收款 · 单笔上限 × 7' }]),
    });
    expect(wordsOf(telling([denied(7), denied(5)]), NOW).title).toBe('规则拒绝了 12 次请求');
  });
});

/** What an app would make a link of, or call somebody by. */
const ALIVE = /:\/\/|[\p{L}\p{N}_-][.．｡][\p{L}]|[@＠]/u;

describe('words of the agent', () => {
  it.each([
    ['咖啡 9.90 元 v1.2', '咖啡 9.90 元 v1.2'],
    ['see https://evil.example/a?b=1', 'see https[:]//evil[.]example/a?b=1'],
    ['evil.com', 'evil[.]com'],
    ['付款到 例子.中国', '付款到 例子[.]中国'],
    ['3.cn ｅｖｉｌ．ｃｏｍ evil。com', '3[.]cn ｅｖｉｌ[.]ｃｏｍ evil[.]com'],
    ['weixin://dl/x mailto:a@b.cn', 'weixin[:]//dl/x mailto:a(at)b[.]cn'],
    ['@所有人 <at id=all></at>', '(at)所有人 ＜at id=all＞＜/at＞'],
    ['＠所有人 a＠b', '(at)所有人 a(at)b'],
    ['abc\u202egnp.exe', 'abc[U+202E]gnp[.]exe'],
    ['a\u200bb\u2066c\u0000d', 'a[U+200B]b[U+2066]c[U+0000]d'],
    ['two\nlines\r\n\u2028three', 'two lines three'],
    ['好的。谢谢', '好的。谢谢'],
  ])('%j are shown as %j', (text, shown) => expect(theirs(text)).toBe(shown));

  it('are cut where they are too long, and not within a character', () => {
    expect([...theirs('长'.repeat(300))]).toHaveLength(100);
    expect(theirs('𠮷'.repeat(300))).toBe(`${'𠮷'.repeat(99)}…`);
  });

  it('never come alive, whatever they are', () => {
    const nasty = fc.constantFrom(
      'https://',
      '@',
      '.',
      '。',
      '．',
      'com',
      '中国',
      '\u202e',
      '\u200d',
      ' ',
      '[a](b)',
      '<at>',
      '1',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(nasty, fc.string({ unit: 'binary' })), { maxLength: 30 }), (parts) => {
        const shown = theirs(parts.join(''));
        expect(shown).not.toMatch(ALIVE);
        expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        expect(inMarkdown(shown)).not.toMatch(/[\\`*_~#|!&[\]()<>$]/);
      }),
      { numRuns: 500 },
    );
  });

  it('mark nothing up, while numbers of ours stay as they are typed', () => {
    expect(inMarkdown('**b** [x](y) <font> `c` # ~~')).toBe('＊＊b＊＊ ［x］（y） ＜font＞ ｀c｀ ＃ ～～');
    expect(lineInMarkdown('09:59 ¥0.10 O_0_x')).toBe('09:59 ¥0.10 O_0_x');
    expect(lineInMarkdown('来源：[a](b)')).toBe('来源：［a］(b)');
  });

  it.each(['title', 'caller', 'reason', 'outTradeNo', 'budget', 'channel', 'date', 'code', 'by'] as const)(
    'do nothing as %s of whatever event',
    (name) => {
      const evil = '\u202e@all [x](https://evil.example) evil.com';
      for (const type of ALL) {
        const data = { ...EVERYTHING, [name]: evil };
        const sum = [message({ type }, data), message({ type }, data)] as const;
        for (const messages of [[message({ type }, data)] as const, sum]) {
          const text = textOf(wordsOf(telling(messages, { payee: evil }), NOW));
          expect(text).not.toMatch(ALIVE);
          expect(text).not.toContain('\u202e');
        }
      }
    },
  );
});
