import { AlipaySdk } from 'alipay-sdk';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { VerifiedNotify } from '../../../src/providers/contract.ts';
import { pem } from '../../support/rsa.ts';
import { alipayKeys, appKeys, ENV, setUp } from './fake-gateway.ts';
import {
  type Entries,
  encode,
  meaningOf,
  PAYMENT,
  type Parameters,
  REFUND,
  tampered,
  withSignature,
} from './notification.ts';

const { provider } = setUp();
const bare = (text: string): string => text.replace(/-----[^-]+-----|\s/g, '');
const sdk = new AlipaySdk({
  appId: ENV.AP_APP_ID,
  privateKey: bare(pem(appKeys.privateKey)),
  keyType: 'PKCS8',
  alipayPublicKey: bare(pem(alipayKeys.publicKey)),
});
const sdkBelieves = (entries: Entries): boolean => sdk.checkNotifySignV2(Object.fromEntries(entries));

const payment = Buffer.from(encode(withSignature(PAYMENT)));
const refund = Buffer.from(encode(withSignature(REFUND)));
let paid: VerifiedNotify | undefined;
beforeAll(async () => {
  paid = await meaningOf(provider, payment);
  expect(paid).toMatchObject({ kind: 'trade', trade: { state: 'PAID' } });
});

/** A changed body is refused, or says exactly what it said before. Answers which. */
async function harmless(body: Buffer | string): Promise<'refused' | 'same'> {
  const meaning = await meaningOf(provider, body);
  if (meaning === undefined) return 'refused';
  expect(meaning).toEqual(paid);
  return 'same';
}

const byte = fc.integer({ min: 0, max: 255 });
const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('genuine messages', () => {
  const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.-]{0,30}$/);
  const unknown = name.filter((word) => !(word in REFUND) && !['sign', '__proto__'].includes(word));
  const text = fc.oneof(fc.string({ unit: 'binary', minLength: 1 }), fc.string({ minLength: 1 }));

  it('with any further parameters are read, and the SDK agrees', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(unknown, text), text, async (extra, subject) => {
        const entries = withSignature({ ...PAYMENT, subject, ...extra });
        expect(await meaningOf(provider, encode(entries))).toEqual(paid);
        expect(sdkBelieves(entries)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it('with empty values are read whether those are signed or not; the SDK reads only signed ones', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(unknown, { minLength: 1 }), fc.boolean(), async (names, empties) => {
        const parameters: Parameters = { ...PAYMENT, ...Object.fromEntries(names.map((word) => [word, ''])) };
        const entries = withSignature(parameters, { empties });
        expect(await meaningOf(provider, encode(entries))).toEqual(paid);
        expect(sdkBelieves(entries)).toBe(empties);
      }),
      { numRuns: 60 },
    );
  });

  it('changed in a value are refused, and the SDK agrees', async () => {
    const signed = withSignature(PAYMENT);
    const names = signed.map(([word]) => word).filter((word) => word !== 'sign_type');
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), text, async (changed, value) => {
        fc.pre(value !== Object.fromEntries(signed)[changed]);
        const body = tampered({ [changed]: value });
        expect(await harmless(body)).toBe('refused');
        expect(sdkBelieves([...new URLSearchParams(body)])).toBe(false);
      }),
      { numRuns: 150 },
    );
  });
});

describe('a changed body never says anything else', () => {
  it('one bit of every byte', async () => {
    const seen = new Set<string>();
    for (let at = 0; at < payment.length; at += 1) {
      const body = Buffer.from(payment);
      body[at] = (body[at] ?? 0) ^ (1 << (at % 8));
      seen.add(await harmless(body));
    }
    expect(seen).toContain('refused');
  });

  it('the case of every letter: only escapes may have either', async () => {
    const outcomes = { refused: 0, same: 0 };
    for (let at = 0; at < payment.length; at += 1) {
      const body = Buffer.from(payment);
      body[at] = (body[at] ?? 0) ^ 0x20;
      outcomes[await harmless(body)] += 1;
    }
    const escapes = payment.toString().match(/%../g) ?? [];
    expect(outcomes.same).toBe(escapes.join('').replaceAll(/[^A-F]/g, '').length);
  });

  it('any byte changed, put in, left out or doubled', async () => {
    const change = fc.constantFrom('change', 'insert', 'delete', 'double');
    await fc.assert(
      fc.asyncProperty(change, place, byte, async (how, where, value) => {
        const at = Math.floor(where * payment.length);
        const kept = how === 'change' || how === 'delete' ? at + 1 : at;
        const put = { change: [value], insert: [value], delete: [], double: [payment[at] ?? 0] }[how];
        await harmless(Buffer.concat([payment.subarray(0, at), Buffer.from(put), payment.subarray(kept)]));
      }),
      { numRuns: 600 },
    );
  });

  it('a piece exchanged for another of the same message, or cut off', async () => {
    const from = fc.nat(payment.length - 1);
    await fc.assert(
      fc.asyncProperty(from, from, fc.nat(40), async (at, source, size) => {
        const piece = payment.subarray(source, source + size);
        await harmless(Buffer.concat([payment.subarray(0, at), piece, payment.subarray(at + size)]));
        await harmless(payment.subarray(0, at));
      }),
      { numRuns: 200 },
    );
  });

  it('pieces with names and values that decide', async () => {
    const deciding = fc.constantFrom(...Object.keys(REFUND), 'sign');
    const value = fc.constantFrom('', '0.01', '999.00', 'TRADE_CLOSED', 'ORDER_0002', 'RSA', ENV.AP_APP_ID);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(deciding, value), { maxLength: 5 }),
        fc.boolean(),
        async (extra, replace) => {
          const change = Object.fromEntries(extra);
          await harmless(replace ? tampered(change) : `${payment}&${encode(extra)}`);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('parameters cut together or apart at every seam of the signed text', async () => {
    const seams = async (original: Parameters): Promise<(VerifiedNotify | undefined)[]> => {
      const names = Object.keys(original)
        .filter((word) => word !== 'sign_type')
        .sort();
      return Promise.all(
        names.slice(1).map((right, i) => {
          const left = names[i] ?? '';
          const joined = { [left]: `${original[left]}&${right}=${original[right]}`, [right]: undefined };
          return meaningOf(provider, tampered(joined, original));
        }),
      );
    };
    for (const meaning of await seams(PAYMENT)) if (meaning) expect(meaning).toEqual(paid);
    for (const meaning of await seams(REFUND))
      if (meaning) expect(meaning).toMatchObject({ kind: 'refunded' });
  });

  it('a refund never becomes a payment', async () => {
    const from = fc.nat(refund.length - 1);
    await fc.assert(
      fc.asyncProperty(from, fc.nat(60), byte, async (at, size, value) => {
        const changed = Buffer.from(refund);
        changed[at] = value;
        const cut = Buffer.concat([refund.subarray(0, at), refund.subarray(at + size)]);
        for (const body of [changed, cut]) expect((await meaningOf(provider, body))?.kind).not.toBe('trade');
      }),
      { numRuns: 200 },
    );
  });

  it('any text at all is refused with a word of ours', async () => {
    const anything = fc.oneof(
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      fc.string(),
      fc.webQueryParameters(),
    );
    await fc.assert(
      fc.asyncProperty(anything, async (body) => {
        expect(await harmless(body)).toBe('refused');
      }),
      { numRuns: 300 },
    );
  });
});
