import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parsePolicy } from '../../src/policy/policy-file.ts';

it('brings about nothing but an error of its own, whatever the text', async () => {
  const piece = fc.constantFrom(
    ...'version: 1|\n|payments:|  |maxYuan: "5"|{|}|[|]|"|*a|&a|!!x|: |- |\t|refunds: {}|---|\u0000|clients'.split(
      '|',
    ),
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(piece).map((pieces) => pieces.join('')),
  );
  await fc.assert(
    fc.asyncProperty(text, async (any) => {
      const thrown = await parsePolicy(any, '/etc/policy.yaml').then(
        () => undefined,
        (error: unknown) => error,
      );
      if (thrown !== undefined) {
        expect(thrown).toMatchObject({ code: 'CONFIGURATION', details: { variable: 'CASHIER_POLICY' } });
      }
    }),
    { numRuns: 1000 },
  );
});
