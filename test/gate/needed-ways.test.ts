import { describe, expect, it } from 'vitest';
import { insistOnWays } from '../../src/gate/needed-ways.ts';
import type { PaymentProvider } from '../../src/providers/contract.ts';
import { price } from './gate-here.ts';

/** A till with a wallet that sells so, or with none. */
const till = (sells: Pick<PaymentProvider, 'a2m' | 'x402'>) => ({
  providers: new Map([['alipay', sells as PaymentProvider]]) as never,
});
type More = Parameters<typeof price>[1];
const FACES = [
  ['http', (more: More) => ({ http: [{ prices: [price('GET /weather', more)] }], mcp: [] }) as never],
  [
    'mcp',
    (more: More) => ({ http: [], mcp: [{ prices: new Map([['GET /weather', price('', more)]]) }] }) as never,
  ],
] as const;
const [byProof, byCode] = [{ a2m: {} as never }, { x402: {} as never }];

describe.each(FACES)('a price of %s that is to be paid', (_face, priced) => {
  it.each([
    ['by proof', { a2mServiceId: 'API_1' }, byProof, ['AP_SELLER_ID', 'CASHIER_MERCHANT_NAME']],
    ['by code', { skillId: 'poster' }, byCode, ['WXPAY_SKILLHUB_DEVELOPER_ID', 'WXPAY_SKILLHUB_KEY']],
  ] as const)(
    '%s is refused at the start without a wallet for that',
    async (_way, more, sells, variables) => {
      await insistOnWays(priced(more), async () => till(sells));
      const other = sells === byProof ? byCode : byProof;
      for (const without of [{}, other]) {
        const refusal: unknown = await insistOnWays(priced(more), async () => till(without)).catch((e) => e);
        expect(refusal).toMatchObject({ code: 'CONFIGURATION', details: { variable: variables[0] } });
        const { text, next } = refusal as { text: Record<string, string>; next: Record<string, string> };
        for (const language of ['zh', 'en']) {
          expect(text[language]).toContain('GET /weather');
          for (const variable of variables) expect(next[language]).toContain(variable);
        }
      }
    },
  );

  it('on its page alone needs neither, and nobody is asked', async () => {
    await insistOnWays(priced({}), () => Promise.reject(new Error('asked')));
  });
});
