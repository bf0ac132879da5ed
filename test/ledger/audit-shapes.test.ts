import { describe, expect, it } from 'vitest';
import { Shape, type Shaped, shaped, shapeless, shapeWord } from '../../src/ledger/audit-shapes.ts';
import { seeded } from '../support/virtual-time.ts';

const TOLD = { at: 1_795_266_292_080, caller: 'wechat-clerk' };
const DIGEST = '0a1b2c3d4e5f60718293a4b5';

function read({ shape, hex }: Shaped) {
  const one = new Shape(shapeWord('create-payment', shape));
  const bytes = Buffer.from(`ff${hex}ff`, 'hex');
  const values = one.values(bytes, 1, bytes.length - 1, TOLD);
  return { one, values, text: values && one.text(values) };
}

describe('a detail in a shape', () => {
  it.each([
    ['{}', 0],
    ['{"state":"NOTPAY","replayed":false}', 0],
    [`{"from":"UNKNOWN","to":"NOTPAY","credential":"${DIGEST}"}`, 12],
    [`{"countedAt":${TOLD.at},"caller":"${TOLD.caller}"}`, 0],
    ['{"amountFen":444,"none":0,"most":999999999999999}', 2 + 1 + 8],
  ])('%s takes few bytes', (detail, bytes) => {
    const stored = shaped(detail, TOLD);
    expect(stored.hex.length / 2).toBe(bytes);
    expect(read(stored).text).toBe(detail);
  });

  const odd = [
    '{"a":"","b":"\\"\\\\\\u0001","c":"\\ud83d\\ude00 😀 中文","d":[1,-2,3.5,1e21,0.1,12345678901234567890],"e":{"f":"7x"}}',
    '{"from":"UNKNOWN", "to" : "NOTPAY"}',
    '{"\\u0041":"1:2","x:":"y:","z":"a\\":1"}',
    '{"deep":{"meta":["some-model-4",7,{"n":null,"t":true}]}}',
    'no JSON 12 "',
    `{"reason":"${'多'.repeat(300)}"}`,
    `{"${'long'.repeat(200)}":1}`,
  ];
  it.each(odd)('is read back to the byte: %s', (detail) => {
    for (const stored of [shaped(detail, TOLD), shapeless(detail)]) {
      const { one, values, text } = read(stored);
      expect(text).toBe(detail);
      expect(`"${one.quoted(values ?? [])}"`).toBe(JSON.stringify(detail));
    }
  });

  it('tells its members without being parsed', () => {
    const random = seeded(7);
    for (let i = 0; i < 500; i++) {
      const text = String.fromCodePoint(...Array.from({ length: 5 }, () => 32 + Math.floor(random() * 400)));
      const detail = { text, n: Math.floor(random() * 1e12), list: [text], word: 'PAID', digest: DIGEST };
      const flat = i % 2 === 0 ? { ...detail, list: ['a'] } : detail;
      const { one, values } = read(shaped(JSON.stringify(flat), TOLD));
      for (const [name, is] of Object.entries(flat)) expect(one.member(values ?? [], name)).toEqual(is);
      expect(one.member(values ?? [], 'other')).toBeUndefined();
    }
  });

  it('is none where a byte is missing or too many', () => {
    const { shape, hex } = shaped(`{"a":"${DIGEST}","b":"x1","c":7}`, TOLD);
    const one = new Shape(shapeWord(undefined, shape));
    const bytes = Buffer.from(hex, 'hex');
    expect(one.values(bytes, 0, bytes.length, TOLD)).toBeDefined();
    for (let end = 0; end < bytes.length; end++) expect(one.values(bytes, 0, end, TOLD)).toBeUndefined();
    const more = Buffer.concat([bytes, Buffer.of(0)]);
    expect(one.values(more, 0, more.length, TOLD)).toBeUndefined();
  });
});
