// The mutants that may live, each with the reason. `same`: no behaviour is another, so nobody could tell.

const same = (reason, file, code, to, from) => ({
  file,
  code,
  to,
  ...(from && { from }),
  why: 'same',
  reason,
});
const TYPE = 'It is there for the compiler: what follows is false of everything else, too.';

export const SURVIVORS = [
  same(
    'No text that is not an amount is one, whichever it is.',
    'src/providers/alipay/states.ts',
    "return fenFromYuan(fields.get('refund_fee') ?? '') ? 'PAID' : 'CLOSED';",
    '"Stryker was here!"',
  ),
  same(
    TYPE,
    'src/policy/decide.ts',
    "if (rule.kind === 'approve' && request.amountFen > rule.aboveFen)",
    'true',
    "rule.kind === 'approve'",
  ),
  same(
    'What is no entry has no sum, and nothing fits where there is none.',
    'src/policy/decide.ts',
    'for (const entry of used.entries ?? []) {',
    '["Stryker was here"]',
  ),
  same(
    'No two clients have one name.',
    'src/policy/read-policy.ts',
    'const sorted = stated.sort(([a], [b]) => (a < b ? -1 : 1));',
    'a <= b',
  ),
  same(
    TYPE,
    'src/policy/read-policy.ts',
    "if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;",
    'true',
    "typeof value === 'number'",
  ),
];
