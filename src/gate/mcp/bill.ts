import type { Result } from '@modelcontextprotocol/server';
import { beijingIso } from '../../domain/clock.ts';
import type { Text } from '../../domain/errors.ts';
import { toYuan } from '../../domain/money.ts';
import { isLoopbackName } from '../../domain/names.ts';
import type { PaidCallRecord } from '../../ledger/records.ts';
import * as words from './words.ts';

/** How what the gate itself says is said. */
export interface Speech {
  readonly language: words.Language;
  readonly simulated: boolean;
  /** Where a buyer chooses a wallet. */
  readonly pageOf: (call: PaidCallRecord) => Promise<string>;
  /** PNG, base64. */
  readonly qrImage: (content: string) => Promise<string>;
}

/** Who pays at the page: one of x402's schemes, named by us. */
const SCHEME = 'cny-order';
const NETWORK = 'cashier:cny';
const SIMULATED: Text = { zh: '【模拟环境，不是真钱】', en: '[SIMULATED, no real money]' };

/**
 * The answer to a call that is not paid for, for people, models and programs: text and code to scan, and x402's
 * PaymentRequired with more in it.
 * @param argument that carries the number
 * @param problem with what was shown instead of a payment
 * @see https://github.com/coinbase/x402/blob/main/specs/transports-v2/mcp.md
 */
export async function billAnswer(
  speech: Speech,
  call: PaidCallRecord,
  argument: string,
  problem?: Text,
): Promise<Result> {
  const { language, simulated } = speech;
  const { number, priced, title, amountFen, createdAt } = call;
  const cashierUrl = await speech.pageOf(call);
  const amountYuan = toYuan(amountFen);
  const expiresAt = beijingIso(call.expiresAt);
  const nextStep = words.payThenCall(priced, argument, number)[language];
  const label = (name: Text, said: string) => `${name[language]}${language === 'zh' ? '：' : ': '}${said}`;
  const reach = isLoopbackName(new URL(cashierUrl).hostname) ? words.ON_THIS_MACHINE[language] : '';
  const text = [
    ...(simulated ? [SIMULATED[language]] : []),
    ...(problem ? [problem[language]] : []),
    words.unpaid(priced, title, amountYuan)[language],
    `[${words.PAY[language]}](${cashierUrl})${reach}`,
    label(words.NUMBER, `${number} (${argument})`),
    label(words.EXPIRES, expiresAt),
    label(words.NEXT, nextStep),
  ].join('\n');
  return {
    isError: true,
    content: [
      { type: 'text', text },
      { type: 'image', data: await speech.qrImage(cashierUrl), mimeType: 'image/png' },
    ],
    structuredContent: {
      x402Version: 2,
      error: 'PAYMENT_REQUIRED',
      resource: { url: `mcp://tool/${encodeURIComponent(priced)}`, description: title },
      accepts: [
        {
          ...{ scheme: SCHEME, network: NETWORK, amount: String(amountFen), asset: 'CNY', payTo: 'merchant' },
          maxTimeoutSeconds: Math.round((call.expiresAt - createdAt) / 1_000),
          extra: { outTradeNo: number, amountYuan, cashierUrl, expiresAt },
        },
      ],
      ...{ code: 'PAYMENT_REQUIRED', outTradeNo: number, amountYuan, currency: 'CNY', title, cashierUrl },
      ...{ expiresAt, nextStep, simulated },
    },
  };
}

/** The number that x402's payment shows, where it was paid at the page: whatever else it is, it is no proof for us. */
export function numberInPayment(meta: unknown): string | undefined {
  const payment = membersOf(membersOf(meta)['x402/payment']);
  const { outTradeNo = membersOf(membersOf(payment.accepted).extra).outTradeNo } = membersOf(payment.payload);
  return typeof outTradeNo === 'string' ? outTradeNo : undefined;
}

/** A result as x402's clients want it, where they have paid their way. */
export function withReceipt(result: Result, { number }: PaidCallRecord, meta: unknown): Result {
  if (!('x402/payment' in membersOf(meta))) return result;
  const receipt = { success: true, transaction: number, network: NETWORK };
  return { ...result, _meta: { ...result._meta, 'x402/payment-response': receipt } };
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
}
