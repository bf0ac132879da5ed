import type { Result } from '@modelcontextprotocol/server';
import { beijingIso } from '../../domain/clock.ts';
import type { Text } from '../../domain/errors.ts';
import { toYuan } from '../../domain/money.ts';
import { isLoopbackName } from '../../domain/names.ts';
import { IN_TRIAL, SIMULATED } from '../../domain/words.ts';
import type { PaidCallRecord } from '../../ledger/records.ts';
import type { Problem } from '../problems.ts';
import type { PageOf } from '../receipt-link.ts';
import type { ShownWays } from '../ways.ts';
import * as words from './words.ts';

/** How what the gate itself says is said. */
export interface Speech {
  readonly language: words.Language;
  readonly simulated: boolean;
  /** Whether whatever is paid goes back the next day. */
  readonly trial?: boolean;
  /** Where a buyer chooses a wallet; empty where no page can be served just now. */
  readonly pageOf: PageOf;
  /** PNG, base64. */
  readonly qrImage: (content: string) => Promise<string>;
}

/** Who pays at the page: one of x402's schemes, named by us. */
const SCHEME = 'cny-order';
const NETWORK = 'cashier:cny';

/**
 * The answer to a call that is not paid for, for people, models and programs: text and code to scan, and x402's
 * PaymentRequired with more in it.
 * @param argument that carries the number
 * @param ways to pay besides the page
 * @param problem with what was shown for a payment
 * @see https://github.com/coinbase/x402/blob/main/specs/transports-v2/mcp.md
 */
export async function billAnswer(
  speech: Speech,
  call: PaidCallRecord,
  argument: string,
  ways: ShownWays,
  problem?: Problem,
): Promise<Result> {
  const { language, simulated, trial } = speech;
  const head = simulated ? SIMULATED : trial ? IN_TRIAL : undefined;
  const { number, priced, title, amountFen } = call;
  const cashierUrl = await speech.pageOf(call);
  const amountYuan = toYuan(amountFen);
  const expiresAt = beijingIso(call.expiresAt);
  const nextStep = words.payThenCall(priced, argument, number)[language];
  const label = (name: Text, said: string) => `${name[language]}${language === 'zh' ? '：' : ': '}${said}`;
  const reach = isOnThisMachine(cashierUrl) ? words.ON_THIS_MACHINE[language] : '';
  const { 'Payment-Needed': needed, 'WeixinPay-Required': code } = ways.headers;
  const text = [
    ...(head ? [head[language]] : []),
    ...(problem ? [problem.text[language]] : []),
    words.unpaid(priced, title, amountYuan)[language],
    ...(cashierUrl === '' ? [] : [`[${words.PAY[language]}](${cashierUrl})${reach}`]),
    ...(code === undefined ? [] : [label(words.CODE, code)]),
    label(words.NUMBER, `${number} (${argument})`),
    label(words.EXPIRES, expiresAt),
    label(words.NEXT, nextStep),
  ].join('\n');
  return {
    isError: true,
    content: [{ type: 'text', text }, ...(cashierUrl === '' ? [] : [await imageOf(speech, cashierUrl)])],
    structuredContent: {
      x402Version: 2,
      error: 'PAYMENT_REQUIRED',
      resource: { url: resourceOf(priced), description: title },
      accepts: [
        accepted(call, SCHEME, { outTradeNo: number, amountYuan, cashierUrl, expiresAt }),
        ...(needed === undefined ? [] : [accepted(call, 'a2m', { paymentNeeded: needed })]),
        ...(code === undefined
          ? []
          : [accepted(call, 'weixinpay-x402', { outTradeNo: number, paymentCode: code })]),
      ],
      ...ways.members,
      ...{ code: 'PAYMENT_REQUIRED', outTradeNo: number, amountYuan, currency: 'CNY', title, cashierUrl },
      ...(problem ? { problem: { code: problem.code, message: problem.text[language] } } : {}),
      ...{ expiresAt, nextStep, simulated },
      ...(trial ? { trial } : {}),
    },
  };
}

async function imageOf({ qrImage }: Speech, url: string) {
  return { type: 'image', data: await qrImage(url), mimeType: 'image/png' };
}

function isOnThisMachine(url: string): boolean {
  return URL.canParse(url) && isLoopbackName(new URL(url).hostname);
}

/** What x402's payment shows: the number, where it was paid by page or code, or a wallet's proof. */
export function paymentIn(meta: unknown): { readonly outTradeNo?: string; readonly paymentProof?: string } {
  const payment = membersOf(membersOf(meta)['x402/payment']);
  const { paymentProof, outTradeNo = membersOf(membersOf(payment.accepted).extra).outTradeNo } = membersOf(
    payment.payload,
  );
  return {
    ...(typeof outTradeNo === 'string' ? { outTradeNo } : {}),
    ...(typeof paymentProof === 'string' ? { paymentProof } : {}),
  };
}

/** What a tool is called by who pays for it. */
export function resourceOf(tool: string): string {
  return `mcp://tool/${encodeURIComponent(tool)}`;
}

/** One way to pay, as x402 has them; the amount is in fen. */
function accepted({ amountFen, expiresAt, createdAt }: PaidCallRecord, scheme: string, extra: object) {
  const maxTimeoutSeconds = Math.round((expiresAt - createdAt) / 1_000);
  const money = { network: NETWORK, amount: String(amountFen), asset: 'CNY', payTo: 'merchant' };
  return { scheme, ...money, maxTimeoutSeconds, extra };
}

/**
 * A result with what proves that it was paid for: the address of its receipt, and, for clients that have paid x402's
 * way, what those expect.
 */
export function withReceipt(
  result: Result,
  { number }: PaidCallRecord,
  meta: unknown,
  receipt: string | undefined,
): Result {
  const isX402 = 'x402/payment' in membersOf(meta);
  if (!isX402 && receipt === undefined) return result;
  const response = { success: true, transaction: number, network: NETWORK };
  return {
    ...result,
    _meta: {
      ...result._meta,
      ...(receipt === undefined ? {} : { 'cashier/receipt': receipt }),
      ...(isX402 ? { 'x402/payment-response': response } : {}),
    },
  };
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
}
