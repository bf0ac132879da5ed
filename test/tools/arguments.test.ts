import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CashierError } from '../../src/domain/errors.ts';
import type { ToolAnswer } from '../../src/tools/answer.ts';
import type { Tool } from '../../src/tools/define-tool.ts';
import { ALIPAY_TOOLS, UNIFIED_TOOLS, WECHATPAY_TOOLS } from '../../src/tools/index.ts';
import { CALL } from '../support/world.ts';
import { Counter } from './counter.ts';

const ALL = [...UNIFIED_TOOLS, ...ALIPAY_TOOLS, ...WECHATPAY_TOOLS];

let counter: Counter;
beforeAll(async () => {
  counter = await Counter.open();
});
afterAll(() => counter.end());

function run(tool: Tool, args: unknown): Promise<ToolAnswer> {
  const { till, deps } = counter;
  return tool.run({ till, call: CALL, setting: deps.setting, present: deps.present }, args);
}
const toolNamed = (name: string) => {
  const tool = ALL.find((each) => each.name === name);
  if (!tool) throw new Error(`no tool ${name}`);
  return tool;
};
/** What a call is refused with. */
async function refusal(name: string, args: unknown): Promise<CashierError> {
  try {
    await run(toolNamed(name), args);
  } catch (error) {
    return error as CashierError;
  }
  throw new Error(`${name} took ${JSON.stringify(args)}`);
}
const said = async (name: string, args: unknown) => {
  const { code, text, details } = await refusal(name, args);
  expect(code).toBe('INVALID_ARGUMENT');
  return { zh: text.zh, en: text.en, argument: details.argument };
};
const sale = { amountYuan: '1.00', title: 'arguments' };

describe.each(ALL.map((tool) => [tool.name, tool] as const))('%s', (name, tool) => {
  const { properties, required = [] } = tool.inputSchema({
    language: 'zh',
    providers: ['alipay'],
    scenes: ['qr', 'web'],
  });

  it.each(Object.keys(properties))(
    'says of a wrong %s what it must be, in both languages',
    async (argument) => {
      const rest = Object.fromEntries(required.map((other) => [other, 'x'.repeat(8)]));
      const { zh, en, argument: about } = await said(name, { ...rest, [argument]: { not: 'this' } });
      expect(about).toBe(argument);
      expect(zh).toMatch(new RegExp(`^${argument} (须为|只能是).*。没有资金变动。$`));
      expect(en).toMatch(new RegExp(`^${argument} must be .*\\. No money moved\\.$`));
      for (const dump of [/Invalid/, /expected/, /received/, /undefined/, /NaN/])
        expect(zh + en).not.toMatch(dump);
      expect(zh.replaceAll(argument, '')).not.toMatch(/[a-z]{6,}(?<!wechatpay|alipay)/);
    },
  );

  if (required.length > 0) {
    it('says what is missing, and the unknown name beside it', async () => {
      const [first] = required;
      const nothing = await said(name, {});
      expect(nothing).toMatchObject({ argument: first });
      expect(nothing.zh).toBe(`缺少参数 ${required.join('、')}。没有资金变动。`);
      const both = await said(name, { naem: '1' });
      expect(both.zh).toMatch(new RegExp(`^缺少参数 ${required.join('、')}。不认识的参数：naem。`));
      expect(both.en).toMatch(/(is|are) missing\. Unknown: naem\. Known: /);
    });
  }

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('knows no argument %s', async (key) => {
    const rest = Object.fromEntries(required.map((other) => [other, '1']));
    const args = JSON.parse(
      `{${JSON.stringify(rest).slice(1, -1)}${required.length ? ',' : ''}"${key}":"1"}`,
    );
    const { zh, en } = await said(name, args);
    expect(zh).toContain(`不认识的参数：${key}。`);
    expect(en).toContain(`Unknown: ${key}.`);
  });
});

describe('what models write', () => {
  it('nothing, in three ways: absent, null, and for what is optional an empty text', async () => {
    for (const nothing of [null, '']) {
      const optional = {
        outTradeNo: nothing,
        scene: nothing,
        buyer: nothing,
        expiresInMinutes: nothing,
        provider: nothing,
      };
      const { structured } = await run(toolNamed('create-payment'), { ...sale, ...optional });
      expect(structured).toMatchObject({ state: 'NOTPAY', scene: 'qr' });
      const listed = {
        from: nothing,
        to: nothing,
        state: nothing,
        provider: nothing,
        limit: nothing,
        cursor: nothing,
      };
      expect((await run(toolNamed('list-payments'), listed)).structured).toMatchObject({ totals: {} });
    }
    for (const nothing of [undefined, null, {}, []]) {
      expect((await run(toolNamed('list-payments'), nothing)).structured).toMatchObject({ totals: {} });
    }
    expect((await said('create-payment', { ...sale, title: '' })).argument).toBe('title');
    expect((await said('query-payment', { outTradeNo: '' })).argument).toBe('outTradeNo');
    expect((await said('create-payment', { ...sale, amount: '' })).argument).toBe('amount');
  });

  it('whole numbers as text, within the same bounds', async () => {
    const { structured } = await run(toolNamed('create-payment'), { ...sale, expiresInMinutes: '30' });
    const { createdAt, expiresAt } = structured as { createdAt: string; expiresAt: string };
    expect(Date.parse(expiresAt) - Date.parse(createdAt)).toBe(30 * 60_000);
    expect((await run(toolNamed('list-payments'), { limit: ' 2 ' })).structured).toMatchObject({
      items: [{}, {}],
    });
    for (const limit of ['0', '101', '1.5', '1e1', 'ten', '0x10', '١']) {
      expect(await said('list-payments', { limit })).toMatchObject({
        argument: 'limit',
        zh: 'limit 须为 1–100 的整数。没有资金变动。',
      });
    }
  });

  it('amounts as text and as numbers, in every toolset', async () => {
    for (const amountYuan of ['9.90', 9.9, '9.9']) {
      const { structured } = await run(toolNamed('create-payment'), { ...sale, amountYuan });
      expect(structured).toMatchObject({ amountYuan: '9.90' });
    }
    for (const [i, totalAmount] of [9.9, '9.90'].entries()) {
      const args = { outTradeNo: `FORMS_${i}`, totalAmount, orderTitle: 't' };
      await run(toolNamed('create-web-page-alipay-payment'), args);
      const order = await counter.till.ledger.read((book) => book.orders.get(args.outTradeNo));
      expect(order?.amountFen).toBe(990);
    }
    expect((await said('create-payment', { ...sale, amountYuan: 0.1 + 0.2 })).argument).toBe('amountYuan');
  });

  it('numbers with a character or a length too many, which is named', async () => {
    const of = async (outTradeNo: unknown) => (await said('query-payment', { outTradeNo })).zh;
    expect(await of('ABC-DEF')).toBe('outTradeNo 须为 6–32 位字母、数字、_，不能有 U+002D。没有资金变动。');
    expect(await of('ABCDEF\n')).toContain('不能有 U+000A');
    expect(await of('ABC')).toContain('现为 3 位');
    expect(await of('A'.repeat(33))).toContain('现为 33 位');
    expect(await of(123456)).toBe('outTradeNo 须为文本。没有资金变动。');
  });
});

describe('what nobody can see', () => {
  const FACES = [
    ['create-payment', (text: string) => ({ ...sale, title: text }), 'title'],
    ['create-native-payment', (text: string) => ({ amount_yuan: '1.00', title: text }), 'title'],
    [
      'create-web-page-alipay-payment',
      (text: string) => ({ outTradeNo: 'UNSEEN', totalAmount: 1, orderTitle: text }),
      'orderTitle',
    ],
    [
      'refund-payment',
      (text: string) => ({ outTradeNo: 'UNSEEN', refundYuan: '1.00', reason: text }),
      'reason',
    ],
    [
      'refund-order',
      (text: string) => ({ out_trade_no: 'UNSEEN', refund_yuan: '1.00', reason: text }),
      'reason',
    ],
    [
      'refund-alipay-payment',
      (text: string) => ({ outTradeNo: 'UNSEEN', refundAmount: 1, outRequestNo: 'R', refundReason: text }),
      'refundReason',
    ],
  ] as const;

  describe.each(FACES)('in the words of %s', (tool, args, argument) => {
    it.each([
      ['\u202e', '202A 202B 202C 202D 202E 2066 2067 2068 2069 200E 200F 061C'],
      ['\u200b', '200B 2060 2061 FEFF 00AD 180E FFF9 FFFB'],
      ['\ue000', 'E000 F8FF FFFE FFFF 0085 2028 2029'],
    ])('is refused by its name (%j and its like)', async (_first, points) => {
      for (const point of points.split(' ')) {
        const refused = await said(tool, args(`ab${String.fromCodePoint(Number.parseInt(point, 16))}cd`));
        expect(refused).toMatchObject({ argument, zh: expect.stringContaining(`U+${point}`) });
      }
    });

    it.each([
      ' ',
      '\u3000\u3000',
      '\u200d',
      '\u200c ',
      '\u3164',
      '\u2800\u2800',
      '\u115f',
      '\ufe0f',
      '\uffa0',
    ])('is not all there is (%j)', async (blank) => {
      expect(await said(tool, args(blank))).toMatchObject({
        argument,
        zh: expect.stringMatching(/只有空白或不可见字符（U\+[0-9A-F]{4}）/),
      });
    });
  });

  it('is no buyer: two buyers must never be taken for one', async () => {
    for (const buyer of [' ', '\u200d', '\u3000']) {
      expect(await said('create-payment', { ...sale, buyer })).toMatchObject({ argument: 'buyer' });
    }
  });

  it('is no reason to refuse what can be seen', async () => {
    for (const title of ['红烧肉菜谱', 'می\u200cخواهم', 'Ω≈ç√', '한글 김치', 'a b', '葛\ufe00城']) {
      const { structured } = await run(toolNamed('create-payment'), { ...sale, title });
      expect(structured).toMatchObject({ title });
    }
  });
});

it('names what there is to choose from where that is missing', async () => {
  const { till, deps } = counter;
  const setting = { ...deps.setting, providers: ['alipay', 'wechatpay'] } as const;
  const asked = { till, call: CALL, setting, present: deps.present };
  const refused = await toolNamed('create-payment')
    .run(asked, sale)
    .catch((error: unknown) => error);
  expect(refused).toMatchObject({
    text: {
      zh: expect.stringMatching(/^缺少参数 provider（alipay、wechatpay 之一）。/),
      en: expect.stringMatching(/^provider \(one of alipay, wechatpay\) is missing\. /),
    },
  });
});
