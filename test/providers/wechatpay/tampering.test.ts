import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GatewayResponse } from '../../../src/providers/gateway-http.ts';
import { closeAt } from '../../support/close.ts';
import {
  NOW,
  OPERATIONS,
  OUT_REFUND_NO,
  OUT_TRADE_NO,
  outcome,
  PAID_TRADE,
  platform,
  REFUNDED,
  refund,
  world,
} from './merchant.ts';
import { signedAnswer } from './platform.ts';

/** Whatever is done to an answer on its way, it never says PAID, SUCCESS or closed, nor that nothing is there. */

const SIGNED_HEADERS = [
  'wechatpay-timestamp',
  'wechatpay-nonce',
  'wechatpay-serial',
  'wechatpay-signature',
] as const;

type Tampering =
  | { readonly kind: 'flip' | 'drop' | 'insert'; readonly at: number; readonly byte: number }
  | {
      readonly kind: 'header';
      readonly name: (typeof SIGNED_HEADERS)[number];
      readonly at: number;
      readonly byte: number;
    };

const tampering: fc.Arbitrary<Tampering> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('flip', 'drop', 'insert'),
    at: fc.nat(),
    byte: fc.integer({ min: 1, max: 255 }),
  }),
  fc.record({
    kind: fc.constant('header'),
    name: fc.constantFrom(...SIGNED_HEADERS),
    at: fc.nat(),
    byte: fc.integer({ min: 1, max: 127 }),
  }),
);

function tamper(answer: GatewayResponse, change: Tampering): GatewayResponse {
  if (change.kind === 'header') {
    const bytes = Buffer.from(answer.headers[change.name] ?? '', 'latin1');
    const at = change.at % bytes.length;
    bytes.writeUInt8(bytes.readUInt8(at) ^ change.byte, at);
    return { ...answer, headers: { ...answer.headers, [change.name]: bytes.toString('latin1') } };
  }
  const { body } = answer;
  const at = change.at % Math.max(body.length, 1);
  const middle = {
    flip: () => Buffer.from([(body[at] ?? 0) ^ change.byte]),
    drop: () => Buffer.alloc(0),
    insert: () => Buffer.from([change.byte, ...body.subarray(at, at + 1)]),
  }[change.kind]();
  return { ...answer, body: Buffer.concat([body.subarray(0, at), middle, body.subarray(at + 1)]) };
}

const HONEST: readonly [string, GatewayResponse][] = [
  ['queryTrade', signedAnswer(200, PAID_TRADE, platform, NOW)],
  ['queryTrade', signedAnswer(404, { code: 'ORDER_NOT_EXIST' }, platform, NOW)],
  ['closeTrade', signedAnswer(204, '', platform, NOW)],
  ['sendRefund', signedAnswer(200, REFUNDED, platform, NOW)],
  ['queryRefund', signedAnswer(200, REFUNDED, platform, NOW)],
  ['queryRefund', signedAnswer(404, { code: 'RESOURCE_NOT_EXISTS' }, platform, NOW)],
];

describe.each(HONEST)('%s', (name, answer) => {
  let current = answer;
  const { provider } = world(() => current);
  const call = OPERATIONS[name] ?? (() => Promise.resolve());

  it('is satisfied by the answer as it was signed', async () => {
    current = answer;
    expect(await outcome(call(provider))).toBe('resolved');
  });

  it('is satisfied by no change of a byte', async () => {
    await fc.assert(
      fc.asyncProperty(tampering, async (change) => {
        current = tamper(answer, change);
        fc.pre(change.kind === 'header' || !current.body.equals(answer.body));
        expect(await outcome(call(provider))).toBe('unknown bad-signature');
      }),
      { numRuns: 120 },
    );
  });
});

describe('any answer without a good signature', () => {
  it('never says PAID or SUCCESS, whatever its words', async () => {
    let current = signedAnswer(200, PAID_TRADE, platform, NOW);
    const { provider } = world(() => current);
    const asked = refund();
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 200, max: 599 }),
        fc.constantFrom<object>(PAID_TRADE, REFUNDED, { code: 'ORDER_NOT_EXIST' }, { code: 'ORDER_CLOSED' }),
        fc.dictionary(fc.constantFrom(...SIGNED_HEADERS, 'request-id'), fc.string()),
        async (status, body, headers) => {
          current = { status, headers, body: Buffer.from(JSON.stringify(body)) };
          const calls = [
            provider.queryTrade(OUT_TRADE_NO),
            closeAt(provider, OUT_TRADE_NO),
            provider.sendRefund(asked, provider.planRefund(asked)),
            provider.queryRefund(OUT_TRADE_NO, OUT_REFUND_NO),
          ];
          for (const result of await Promise.allSettled(calls)) expect(result.status).toBe('rejected');
        },
      ),
      { numRuns: 80 },
    );
  });
});
