import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import { ALIPAY_TOOLS, UNIFIED_TOOLS } from '../../src/tools/index.ts';
import { Counter } from './counter.ts';

const TEXT_TOKENS = 150;
/** The contract's fields alone, with two numbers and three times among them, are 130 to 160. */
const STRUCTURE_TOKENS = 190;
const ERROR_TOKENS = 100;

/** Links and codes are as long as their signature; what is said around them is ours. */
const tokens = (said: string) => encode(said.replace(/(https?|bank):\/\/[^\s)"，。；]+/g, '')).length;

describe.each(['zh', 'en'] as const)('to a model that is spoken to in %s', (language) => {
  let counter: Counter;
  let call: (name: string, args: object) => Promise<{ text: string; structured: unknown; isError: boolean }>;
  beforeAll(async () => {
    counter = await Counter.open({
      language,
      tools: [...UNIFIED_TOOLS, ...ALIPAY_TOOLS],
      policy: {
        payments: { maxFen: fen(500_000) },
        refunds: { maxFen: fen(50_000), approveAboveFen: fen(1000) },
      },
    });
    const client = await counter.legacy('counting');
    call = async (name, args) => {
      const result = await client.callTool({ name, arguments: { ...args } });
      const texts = (result.content as { text?: string }[]).map(({ text }) => text ?? '');
      return {
        text: texts.join('\n'),
        structured: result.structuredContent,
        isError: result.isError === true,
      };
    };
  });
  afterAll(() => counter.end());

  const sale = { amountYuan: '365.00', title: '红烧肉菜谱定制 recipe' };
  const refund = { outTradeNo: 'C20261121143005A1B2C3D4E5', refundYuan: '5.00', reason: '不想要了' };
  const { outTradeNo } = refund;
  const paid = () => counter.world.bank.pay(outTradeNo);

  it(`a typical result costs at most ${TEXT_TOKENS} tokens as text, ${STRUCTURE_TOKENS} as a structure`, async () => {
    const created = await call('create-payment', { ...sale, outTradeNo });
    const linked = await call('create-payment', { ...sale, scene: 'web' });
    const queried = await call('query-payment', { outTradeNo });
    paid();
    const said = {
      ...{ created, linked, queried },
      paid: await call('query-payment', { outTradeNo }),
      refunded: await call('refund-payment', { ...refund, outRefundNo: 'R20261121143005A1B2C3D4E5' }),
      proposed: await call('refund-payment', { ...refund, refundYuan: '12.00' }),
      refundQueried: await call('query-refund', { outTradeNo, outRefundNo: 'R20261121143005A1B2C3D4E5' }),
    };
    const over = Object.entries(said).flatMap(([what, { text, structured, isError }]) => {
      expect(isError, text).toBe(false);
      const costs = { what, text: tokens(text), structure: tokens(JSON.stringify(structured)) };
      return costs.text > TEXT_TOKENS || costs.structure > STRUCTURE_TOKENS ? [costs] : [];
    });
    expect(over).toEqual([]);
  });

  it(`an error costs at most ${ERROR_TOKENS} tokens`, async () => {
    paid();
    const bank = counter.world.bank;
    const withFault = async (fault: 'declined' | 'lost-before' | 'unavailable' | 'declined-unsigned') => {
      bank.fault = () => fault;
      const reply = await call('query-payment', { outTradeNo: 'UNPAID_0001' });
      bank.fault = () => 'none';
      return reply;
    };
    await call('create-payment', { ...sale, outTradeNo });
    await call('create-payment', { ...sale, outTradeNo: 'UNPAID_0001' });
    const said = {
      unknownArgument: await call('create-payment', { ...sale, amount: 1 }),
      amount: await call('create-payment', { ...sale, amountYuan: 0.1 + 0.2 }),
      title: await call('create-payment', { ...sale, title: '长'.repeat(60) }),
      limit: await call('create-payment', { ...sale, amountYuan: '5000.01' }),
      conflict: await call('create-payment', { ...sale, outTradeNo, amountYuan: '1.00' }),
      notFound: await call('query-payment', { outTradeNo: 'MADE_UP_0001' }),
      notPaid: await call('refund-payment', { ...refund, outTradeNo: 'UNPAID_0001' }),
      exceeds: await call('refund-payment', { ...refund, refundYuan: '365.01' }),
      refundNotFound: await call('query-refund', { outTradeNo, outRefundNo: 'R9' }),
      paid: await call('close-payment', { outTradeNo }),
      declined: await withFault('declined'),
      credentials: await withFault('declined-unsigned'),
      unknown: await withFault('lost-before'),
      unavailable: await withFault('unavailable'),
    };
    const costs = Object.entries(said).map(([what, { text, isError }]) => {
      expect(isError, what).toBe(true);
      return [what, tokens(text)] as const;
    });
    expect(costs.filter(([, cost]) => cost > ERROR_TOKENS)).toEqual([]);
  });

  it("an error of Alipay's tools costs twice that, for it is said in two ways", async () => {
    const said = [
      await call('refund-alipay-payment', { outTradeNo, outRequestNo: 'R8', refundAmount: '365.01' }),
      await call('query-alipay-payment', { outTradeNo: 'MADE_UP_0001' }),
    ];
    for (const { text, isError } of said) {
      expect(isError).toBe(true);
      expect(tokens(text)).toBeLessThanOrEqual(2 * ERROR_TOKENS);
    }
  });
});
