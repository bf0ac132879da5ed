import { describe, expect, it } from 'vitest';
import { readAnswer } from '../../../src/providers/alipay/answer.ts';
import { OutcomeUnknown } from '../../../src/providers/contract.ts';
import {
  alipayKeys,
  forged,
  type Node,
  nodeKey,
  signed,
  signText,
  strangerKeys,
  unsigned,
} from './fake-gateway.ts';

const METHOD = 'alipay.trade.query';
const KEY = nodeKey(METHOD);
const PAID: Node = {
  code: '10000',
  msg: 'Success',
  out_trade_no: 'ORDER_0001',
  trade_status: 'TRADE_SUCCESS',
};
const UNPAID: Node = { ...PAID, trade_status: 'WAIT_BUYER_PAY' };
const config = { alipayPublicKey: alipayKeys.publicKey, signType: 'RSA2' } as const;

const read = (body: string | Buffer) => readAnswer(Buffer.from(body), METHOD, config);

/** The detail of the OutcomeUnknown that reading throws. */
function failure(body: string | Buffer): string {
  try {
    read(body);
  } catch (error) {
    if (error instanceof OutcomeUnknown) return error.detail;
    throw error;
  }
  throw new Error('the answer was read');
}

const unpaidText = JSON.stringify(UNPAID);
const paidText = JSON.stringify(PAID);
const unpaidSign = signText(unpaidText);

describe('readAnswer', () => {
  it('reads a signed answer', () => {
    const answer = read(signed(METHOD, PAID));
    expect(answer.proven).toBe(true);
    expect(Object.fromEntries(answer.fields)).toEqual(PAID);
  });

  it('reads fields with slashes, quotes, braces, Chinese and the sign key inside strings', () => {
    const node = {
      ...PAID,
      store_name: '店/铺 "\\" {[}] ,"sign":"x"},',
      [`x"${KEY}`]: `"${KEY}":{"code":"10000"}`,
    };
    const answer = read(signed(METHOD, node));
    expect(answer.proven).toBe(true);
    expect(Object.fromEntries(answer.fields)).toEqual(node);
  });

  it('reads an answer with sign first, blanks between and another member', () => {
    const text = `\n{ "sign" : ${unpaidSign} , "alipay_cert_sn":"abc", "${KEY}" : ${unpaidText} }\n`;
    expect(read(text).proven).toBe(true);
  });

  it('reads a nested node and keeps only its text fields', () => {
    const node = {
      ...PAID,
      fund_bill_list: [{ amount: '1.00', a: ']}' }],
      total_amount: 9.9,
      empty: '',
      nothing: null,
    };
    expect(Object.fromEntries(read(signed(METHOD, node)).fields)).toEqual(PAID);
  });

  it('reads flags and lists apart: of lists the objects, with their text fields', () => {
    const list = [{ a: '1', b: 2, c: '' }, 'text', null, ['x'], { a: '3' }];
    const { fields, flags, lists } = read(
      signed(METHOD, { ...PAID, yes: true, no: false, list, none: [], object: { a: '1' } }),
    );
    expect(Object.fromEntries(fields)).toEqual(PAID);
    expect(Object.fromEntries(flags)).toEqual({ yes: true, no: false });
    const found = [...lists].map(([name, items]) => [name, items.map((item) => Object.fromEntries(item))]);
    expect(Object.fromEntries(found)).toEqual({ list: [{ a: '1' }, { a: '3' }], none: [] });
  });

  it('reads an unsigned answer as unproven', () => {
    expect(read(unsigned(METHOD, PAID)).proven).toBe(false);
    expect(read('{"error_response":{"code":"40002"}}').fields.get('code')).toBe('40002');
  });

  it('reads a signed error_response', () => {
    const text = '{"code":"40002"}';
    expect(read(`{"error_response":${text},"sign":${signText(text)}}`).proven).toBe(true);
  });

  it('verifies RSA (SHA-1) only when that is configured', () => {
    const old = { ...config, signType: 'RSA' } as const;
    const body = Buffer.from(signed(METHOD, PAID, alipayKeys.privateKey, 'RSA-SHA1'));
    expect(readAnswer(body, METHOD, old).proven).toBe(true);
    expect(failure(body)).toBe('bad-signature');
    expect(() => readAnswer(Buffer.from(signed(METHOD, PAID)), METHOD, old)).toThrow(OutcomeUnknown);
  });

  const badSignature: Readonly<Record<string, string>> = {
    'a stranger’s key': forged(METHOD, PAID),
    'an unpaid signature on a paid node': `{"${KEY}":${paidText},"sign":${unpaidSign}}`,
    'a changed blank inside the node': `{"${KEY}": ${unpaidText.replace(',', ', ')},"sign":${unpaidSign}}`,
    'an empty sign': `{"${KEY}":${paidText},"sign":""}`,
    'sign null': `{"${KEY}":${paidText},"sign":null}`,
    'sign as an object': `{"${KEY}":${paidText},"sign":{"a":${unpaidSign}}}`,
    'sign with something that is no base64': `{"${KEY}":${unpaidText},"sign":${unpaidSign.replace('"', '" ')}}`,
    'sign under an escaped key': `{"${KEY}":${paidText},"\\u0073ign":${unpaidSign}}`,
    'a signature of the other node’s text': `{"error_response":${paidText},"sign":${unpaidSign}}`,
    'an algorithm named in the message': `{"${KEY}":${paidText},"sign_type":"RSA","sign":${signText(paidText, alipayKeys.privateKey, 'RSA-SHA1')}}`,
    'a key sent along': `{"${KEY}":${paidText},"alipay_public_key":"x","sign":${signText(paidText, strangerKeys.privateKey)}}`,
  };
  for (const [name, body] of Object.entries(badSignature)) {
    it(`does not read: ${name}`, () => expect(failure(body)).toBe('bad-signature'));
  }

  const unreadable: Readonly<Record<string, string | Buffer>> = {
    'two nodes, signed one first': `{"${KEY}":${unpaidText},"${KEY}":${paidText},"sign":${unpaidSign}}`,
    'two nodes, signed one last': `{"${KEY}":${paidText},"${KEY}":${unpaidText},"sign":${unpaidSign}}`,
    'two nodes, one escaped': `{"${KEY}":${unpaidText},"\\u0061${KEY.slice(1)}":${paidText},"sign":${unpaidSign}}`,
    'node and error_response': `{"error_response":${unpaidText},"${KEY}":${paidText},"sign":${unpaidSign}}`,
    'two signs': `{"${KEY}":${unpaidText},"sign":"AAAA","sign":${unpaidSign}}`,
    'the node only inside a string': `{"note":${JSON.stringify(`"${KEY}":${paidText}`)},"sign":${unpaidSign}}`,
    'the node one level deeper': `{"wrap":{"${KEY}":${unpaidText}},"sign":${unpaidSign}}`,
    'another call’s node': signed('alipay.trade.close', PAID),
    'trailing garbage': `${signed(METHOD, PAID)}x`,
    'a second object': `${signed(METHOD, PAID)}{}`,
    'leading garbage': `x${signed(METHOD, PAID)}`,
    'a byte order mark': `\ufeff${signed(METHOD, PAID)}`,
    'a trailing comma': signed(METHOD, PAID).replace(/}$/, ',}'),
    'an unclosed object': signed(METHOD, PAID).slice(0, -1),
    'an unclosed string': `{"${KEY}":${unpaidText},"sign":"AAAA`,
    'an array': `[${signed(METHOD, PAID)}]`,
    'a node that is text': `{"${KEY}":"10000","sign":${signText('"10000"')}}`,
    'a node that is null': `{"${KEY}":null,"sign":${signText('null')}}`,
    'a node that is a list': `{"${KEY}":[],"sign":${signText('[]')}}`,
    'a signed node that is no JSON': `{"${KEY}":{]},"sign":${signText('{]')}}`,
    'no value': `{"${KEY}":,"sign":${unpaidSign}}`,
    'no colon': `{"${KEY}" ${unpaidText}}`,
    'an empty object': '{}',
    HTML: '<html><body>502 Bad Gateway</body></html>',
    nothing: '',
    GBK: Buffer.concat([
      Buffer.from(`{"${KEY}":{"code":"40004","sub_msg":"`),
      Buffer.from([0xbd, 0xbb]),
      Buffer.from('"}}'),
    ]),
    'ten thousand braces': `{"${KEY}":${'['.repeat(10_000)}`,
  };
  for (const [name, body] of Object.entries(unreadable)) {
    it(`does not read: ${name}`, () => expect(failure(body)).toBe('unreadable'));
  }
});
