// The mutants that may live, each with the reason. `same`: no behaviour is another, so nobody could tell.

export const SURVIVORS = [
  {
    file: 'src/providers/alipay/states.ts',
    code: "return fenFromYuan(fields.get('refund_fee') ?? '') ? 'PAID' : 'CLOSED';",
    to: '"Stryker was here!"',
    why: 'same',
    reason: 'No text that is not an amount is one, whichever it is.',
  },
];
