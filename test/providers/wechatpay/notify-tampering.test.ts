import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RawNotify, VerifiedNotify } from '../../../src/providers/contract.ts';
import { readUnambiguous } from '../../../src/providers/v3/answer.ts';
import { ACCOUNT, NOW, PAID_TRADE, world } from './merchant.ts';
import { NOTIFIED_REFUND, paymentNotify, refundNotify, verdictOf } from './notifier.ts';
import { unsignedAnswer } from './platform.ts';

/** Whatever is done to a notification on its way, and whatever WeChat Pay itself may come to say. */

const { provider } = world(() => unsignedAnswer(500, ''));
const parse = (raw: RawNotify) => provider.parseNotify(raw, NOW);

const SIGNED_HEADERS = ['timestamp', 'nonce', 'serial', 'signature'].map((name) => `wechatpay-${name}`);

interface Edit {
  readonly kind: 'flip' | 'drop' | 'insert' | 'swap';
  readonly at: number;
  readonly byte: number;
}
const edit: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom('flip', 'drop', 'insert', 'swap'),
  at: fc.nat(),
  byte: fc.integer({ min: 1, max: 255 }),
});

function edited(bytes: Buffer, { kind, at, byte }: Edit): Buffer {
  const index = at % Math.max(bytes.length, 1);
  const here = bytes.subarray(index, index + 1);
  const next = bytes.subarray(index + 1, index + 2);
  const middle = {
    flip: [Buffer.from([(here[0] ?? 0) ^ byte]), next],
    drop: [next],
    insert: [here, Buffer.from([byte]), next],
    swap: [next, here],
  }[kind];
  return Buffer.concat([bytes.subarray(0, index), ...middle, bytes.subarray(index + 2)]);
}

describe.each([
  ['payment', paymentNotify()],
  ['refund', refundNotify()],
  ['self-test', paymentNotify({ eventType: 'SECURITY_ECHO.SUCCESS', plaintext: { echo_message: 'hello' } })],
])('a %s', (_name, genuine) => {
  it('is believed in no body but its own', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
        const body = edits.reduce(edited, genuine.body);
        fc.pre(!body.equals(genuine.body));
        expect(await verdictOf(parse({ ...genuine, body }))).toBe('bad-signature');
      }),
      { numRuns: 200 },
    );
  });

  it('is believed under no headers but its own', async () => {
    const refusals = ['missing-header', 'stale', 'unknown-serial', 'bad-signature'];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...SIGNED_HEADERS), edit, async (name, change) => {
        const before = genuine.headers[name] ?? '';
        const after = edited(Buffer.from(before, 'latin1'), change).toString('latin1');
        fc.pre(after !== before);
        const headers = { ...genuine.headers, [name]: after };
        expect(refusals).toContain(await verdictOf(parse({ ...genuine, headers })));
      }),
      { numRuns: 200 },
    );
  });

  it('means the same whatever headers come along', async () => {
    const meant = await parse(genuine);
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.string()), async (more) => {
        expect(await parse({ ...genuine, headers: { ...more, ...genuine.headers } })).toEqual(meant);
      }),
      { numRuns: 50 },
    );
  });
});

it('nothing made up is believed, and nothing but a rejection is thrown', async () => {
  const headers = fc.dictionary(fc.constantFrom(...SIGNED_HEADERS), fc.string());
  await fc.assert(
    fc.asyncProperty(headers, fc.uint8Array(), async (made, bytes) => {
      expect(await verdictOf(parse({ headers: made, body: Buffer.from(bytes) }))).not.toBe('accepted');
    }),
  );
});

describe('what WeChat Pay really signed and sealed', () => {
  /** An object with one field, at any depth of two, replaced by any JSON. */
  const changed = <T extends object>(object: T): fc.Arbitrary<object> =>
    fc.tuple(fc.constantFrom(...Object.keys(object)), fc.jsonValue()).map(([field, value]) => ({
      ...object,
      [field]: value,
    }));

  function expectSound(verified: VerifiedNotify): void {
    expect(verified.id).toMatch(/^[A-Za-z0-9_-]{1,36}$/);
    if (verified.kind === 'other') expect(verified.type).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
    if (verified.kind === 'trade' && verified.trade.state === 'PAID') {
      const { trade } = verified;
      expect(Number.isSafeInteger(trade.amountFen) && (trade.amountFen ?? 0) > 0).toBe(true);
      expect(trade.paidAt).toEqual(expect.any(Number));
      expect(trade.gatewayTradeNo).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
      expect(trade.account.startsWith(ACCOUNT.split(' ')[0] ?? '-')).toBe(true);
    }
    if (verified.kind === 'refund') {
      const { refund } = verified;
      expect(['SUCCESS', 'CLOSED', 'ABNORMAL']).toContain(refund.state);
      expect(Number.isSafeInteger(refund.refundFen) && (refund.refundFen ?? 0) > 0).toBe(true);
    }
  }

  const sayings: readonly [string, fc.Arbitrary<RawNotify>][] = [
    ['any payment', changed(PAID_TRADE).map((plaintext) => paymentNotify({ plaintext }))],
    [
      'any amount',
      fc.jsonValue().map((total) => paymentNotify({ plaintext: { ...PAID_TRADE, amount: { total } } })),
    ],
    ['any refund', changed(NOTIFIED_REFUND).map((plaintext) => refundNotify({ plaintext }))],
    ['any plaintext', fc.jsonValue().map((value) => paymentNotify({ plaintext: JSON.stringify(value) }))],
    ['any bytes', fc.uint8Array().map((bytes) => refundNotify({ plaintext: Buffer.from(bytes) }))],
    ['any event', fc.string().map((eventType) => paymentNotify({ eventType }))],
    ['any envelope', fc.jsonValue().map((value) => paymentNotify({ envelope: () => JSON.stringify(value) }))],
    [
      'any field of the envelope',
      fc
        .tuple(fc.constantFrom('id', 'resource_type', 'event_type', 'resource'), fc.jsonValue())
        .map(([field, value]) => paymentNotify({ envelope: (e) => ({ ...e, [field]: value }) })),
    ],
    [
      'any field of the resource',
      fc
        .tuple(
          fc.constantFrom('original_type', 'algorithm', 'ciphertext', 'nonce', 'associated_data'),
          fc.jsonValue(),
        )
        .map(([field, value]) => paymentNotify({ resource: (r) => ({ ...r, [field]: value }) })),
    ],
  ];

  it.each(sayings)('%s is either sound or refused', async (_name, messages) => {
    await fc.assert(
      fc.asyncProperty(messages, async (raw) => {
        if ((await verdictOf(parse(raw))) === 'accepted') expectSound(await parse(raw));
      }),
      { numRuns: 100 },
    );
  });
});

describe('a JSON object', () => {
  it('is read as it is, however it is written', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.constantFrom('', '  ', '\t'),
        (object, indent) => {
          const text = JSON.stringify(object, null, indent);
          expect(readUnambiguous(Buffer.from(text))).toEqual(JSON.parse(text));
        },
      ),
    );
  });

  it('is not read when a key stands twice, at whatever depth', () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), fc.jsonValue(), fc.nat(5), (key, one, other, depth) => {
        const [name, a, b] = [key, one, other].map((value) => JSON.stringify(value));
        let text = `{${name}:${a},"x y":[],${name} : ${b}}`;
        for (let i = 0; i < depth; i += 1) text = i % 2 ? `{"a":${text}}` : `{"b":[1,${text}]}`;
        expect(readUnambiguous(Buffer.from(text))).toBeUndefined();
      }),
    );
  });

  it('may be nested as deep as it likes', () => {
    const deep = `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
    expect(() => readUnambiguous(Buffer.from(deep))).not.toThrow();
  });
});
