import { describe, expect, it } from 'vitest';
import { setUp } from './fake-gateway.ts';
import {
  type Entries,
  encode,
  meaningOf,
  PAYMENT,
  reasonFor,
  signatureOf,
  signedForm,
  tampered,
} from './notification.ts';

const { provider } = setUp();
const genuine = signedForm(PAYMENT);

describe('every field', () => {
  const unsigned: Readonly<Record<string, string>> = { sign_type: 'sign-type' };
  for (const [name, value] of Object.entries(PAYMENT)) {
    it(`${name} cannot be changed, emptied, removed, renamed or encoded again`, async () => {
      const expected = unsigned[name] ?? 'bad-signature';
      const badCharset = name === 'charset' ? 'charset' : expected;
      expect(await reasonFor(provider, tampered({ [name]: `${value}1` }))).toBe(badCharset);
      expect(await reasonFor(provider, tampered({ [name]: '' }))).toBe(badCharset);
      expect(await reasonFor(provider, tampered({ [name]: undefined, [name.toUpperCase()]: value }))).toBe(
        'bad-signature',
      );
      const again = encodeURIComponent(value);
      if (again !== value)
        expect(await reasonFor(provider, tampered({ [name]: again }))).toBe('bad-signature');
      const removed = tampered({ [name]: undefined });
      if (name === 'sign_type')
        expect(await meaningOf(provider, removed)).toEqual(await meaningOf(provider, genuine));
      else expect(await reasonFor(provider, removed)).toBe('bad-signature');
    });
  }

  it('none can be added', async () => {
    for (const name of ['extra', '__proto__', 'constructor', 'refund_fee', 'TOTAL_AMOUNT', 'gmt_close']) {
      expect(await reasonFor(provider, `${genuine}&${name}=1`)).toBe('bad-signature');
    }
  });

  it('an empty one that is added says nothing', async () => {
    expect(await meaningOf(provider, `${genuine}&refund_fee=&gmt_refund=`)).toEqual(
      await meaningOf(provider, genuine),
    );
  });

  it('a signed __proto__ is a name like any other', async () => {
    const entries: Entries = [...Object.entries(PAYMENT), ['__proto__', 'x']];
    expect(await meaningOf(provider, encode([...entries, ['sign', signatureOf(entries)]]))).toEqual(
      await meaningOf(provider, genuine),
    );
    expect(Object.prototype).not.toHaveProperty('x');
  });
});
