import { createHmac } from 'node:crypto';
import { CashierError } from '../../../src/domain/errors.ts';
import type { Fen } from '../../../src/domain/money.ts';
import {
  type Bill,
  type DeclineReason,
  GatewayDeclined,
  GatewayUnavailable,
  type Known,
  NotifyRejected,
  OutcomeUnknown,
  type PaymentProvider,
  type RefundSnapshot,
  type TradeSnapshot,
  type VerifiedNotify,
} from '../../../src/providers/contract.ts';
import type { ProviderPorts } from '../../../src/providers/wallet.ts';

interface Config {
  readonly merchant: string;
  readonly secret: string;
  readonly gateway: string;
  readonly notifyUrl: string | undefined;
}
type Env = Readonly<Record<string, string | undefined>>;
type Answer = Readonly<Record<string, unknown>>;

export function readToypayConfig(env: Env): Config | undefined {
  const { TOYPAY_MERCHANT: merchant, TOYPAY_SECRET: secret } = env;
  if (merchant === undefined && secret === undefined) return undefined;
  if (merchant === undefined) throw missing('TOYPAY_MERCHANT');
  if (secret === undefined) throw missing('TOYPAY_SECRET');
  const { TOYPAY_GATEWAY: gateway = 'https://toypay.example/gateway', CASHIER_PUBLIC_URL: base } = env;
  return { merchant, secret, gateway, notifyUrl: env.TOYPAY_NOTIFY_URL ?? (base && `${base}/notify/toypay`) };
}

function missing(variable: string): CashierError {
  const next = { zh: `设置 ${variable}。`, en: `Set ${variable}.` };
  const text = { zh: `${variable} 没有设置。`, en: `${variable} is not set.`, next };
  return new CashierError('CONFIGURATION', { ...text, details: { variable } });
}

const REASONS: Readonly<Record<string, DeclineReason>> = {
  NOT_EXIST: 'not-exist',
  PAID: 'already-paid',
  CLOSED: 'closed',
  OTHER_TERMS: 'number-conflict',
  NOT_PAID: 'not-paid',
  NO_MONEY: 'balance',
  TOO_MUCH: 'refund-not-allowed',
  NO_SUCH_MERCHANT: 'credentials',
  FORBIDDEN: 'permission',
};

const seal = (secret: string, body: string | Buffer) =>
  createHmac('sha256', secret).update(body).digest('hex');

export function createToypayProvider(config: Config, { http }: Pick<ProviderPorts, 'http'>): PaymentProvider {
  const { merchant, secret, gateway } = config;
  const accountOf = (said: unknown) => `${gateway} ${said}`;

  async function ask(body: string): Promise<Answer> {
    const headers = { 'content-type': 'application/json', 'toypay-seal': seal(secret, body) };
    const {
      status,
      headers: heard,
      body: raw,
    } = await http.send({ method: 'POST', url: gateway, headers, body });
    if (status !== 200) throw new OutcomeUnknown(`http-${status}`);
    const isSealed = heard['toypay-seal'] === seal(secret, raw);
    const answer = read(raw);
    if (!answer) throw new OutcomeUnknown('unreadable');
    if (typeof answer.code === 'string') {
      if (/^(SYSTEM|BUSY)$/.test(answer.code)) throw new OutcomeUnknown(answer.code.toLowerCase());
      throw new GatewayDeclined(REASONS[answer.code] ?? 'other', answer.code, isSealed);
    }
    if (!isSealed) throw new OutcomeUnknown('bad-signature');
    return answer;
  }
  const question = (call: string, more: object) => ask(JSON.stringify({ call, merchant, ...more }));

  function tradeIn(answer: Answer, outTradeNo: string): Extract<TradeSnapshot, { exists: true }> {
    const { state, number, sentAt, amountFen, paidAt, tradeNo, merchant: said } = answer;
    if (number !== outTradeNo) throw new OutcomeUnknown('other-number');
    return {
      ...{ exists: true, account: accountOf(said), outTradeNo, gatewayState: String(state) },
      state: state === 'NOTPAY' || state === 'PAID' || state === 'CLOSED' ? state : 'UNKNOWN',
      ...{ amountFen: amountFen as Fen, sentAt: Number(sentAt) },
      ...(typeof paidAt === 'number' ? { paidAt } : {}),
      ...(typeof tradeNo === 'string' ? { gatewayTradeNo: tradeNo } : {}),
    };
  }

  function refundIn(answer: Answer, outTradeNo: string, outRefundNo: string): RefundSnapshot {
    if (answer.refundNumber !== outRefundNo) throw new OutcomeUnknown('other-number');
    const { state } = answer;
    return {
      ...{ exists: true, outTradeNo, outRefundNo, gatewayState: String(state) },
      state: state === 'SUCCESS' || state === 'PROCESSING' || state === 'CLOSED' ? state : 'UNKNOWN',
      ...{ refundFen: answer.refundFen as Fen, sentAt: Number(answer.sentAt) },
    };
  }

  async function orAbsent<T>(asked: Promise<T>): Promise<T | { exists: false }> {
    return asked.catch((error: unknown) => {
      if (error instanceof GatewayDeclined && error.reason === 'not-exist' && error.proven)
        return { exists: false };
      throw error;
    });
  }

  return {
    id: 'toypay',
    account: accountOf(merchant),
    scenes: new Set(['qr', 'web']),
    returnsMark: false,
    timedNumbers: { refundSentAt: (plan) => timeOf({ plan }) },
    refundRules: {
      ...{ minIntervalMs: 0, maxPerOrder: 50, windowMs: 365 * 86_400_000, numberUniquePerMerchant: false },
      ...{ askAfterMs: [1_000], finalTradeStates: new Set<string>(), byGatewayNo: true },
    },
    planPayment: ({ outTradeNo: number, amountFen, title, sentAt, expiresAt }) =>
      JSON.stringify({
        call: 'create',
        merchant,
        number,
        sentAt,
        amountFen,
        title,
        expiresAt,
        notifyUrl: config.notifyUrl,
      }),
    async sendPayment({ scene }, plan) {
      if (scene === 'qr') return { qrCode: String((await ask(plan)).code_url) };
      const action = gateway.replace(/gateway$/, 'form');
      return { handOffForm: { action, fields: { plan, seal: seal(secret, plan) } } };
    },
    async queryTrade(number, { sentAt } = {}) {
      if (sentAt === undefined) throw new GatewayUnavailable('no-time');
      return orAbsent(question('query', { number, sentAt }).then((answer) => tradeIn(answer, number)));
    },
    planRefund: ({ gatewayTradeNo: tradeNo, outRefundNo: refundNumber, sentAt, refundFen, reason }) =>
      JSON.stringify({
        call: 'refund',
        merchant,
        tradeNo,
        sentAt,
        refundNumber,
        refundFen,
        reason,
        notifyUrl: config.notifyUrl,
      }),
    sendRefund: async ({ outTradeNo, outRefundNo }, plan) =>
      refundIn(await ask(plan), outTradeNo, outRefundNo),
    async queryRefund(number, refundNumber, known = {}) {
      const sentAt = timeOf(known);
      return orAbsent(
        question('query-refund', { refundNumber, sentAt }).then((answer) =>
          refundIn(answer, number, refundNumber),
        ),
      );
    },
    async parseNotify({ headers, body }): Promise<VerifiedNotify> {
      if (headers['toypay-seal'] !== seal(secret, body)) throw new NotifyRejected('bad-signature');
      const message = read(body) ?? {};
      if (message.merchant !== merchant) throw new NotifyRejected('other-account');
      const [id, number] = [String(message.id), String(message.number)];
      if (typeof message.refundNumber !== 'string')
        return { kind: 'trade', id, trade: tradeIn(message, number) };
      const refund = refundIn(message, '', message.refundNumber);
      if (!refund.exists) throw new NotifyRejected('unreadable');
      return { kind: 'refund', id, refund, gatewayTradeNo: String(message.tradeNo) };
    },
    acknowledge: (accepted) => ({
      ...{ status: accepted ? 200 : 400, contentType: 'text/plain', body: accepted ? 'taken' : 'refused' },
    }),
    async downloadBill(date) {
      const { lines } = await question('bill', { date });
      return { date, lines: lines as Bill['lines'] };
    },
    async checkCredentials() {
      await orAbsent(question('query', { number: 'NOBODYS_NUMBER', sentAt: 0 }));
      return [];
    },
  };
}

function read(body: Buffer): Answer | undefined {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function timeOf({ plan, sentAt }: Known): number {
  return sentAt ?? Number((JSON.parse(plan ?? '{}') as Answer).sentAt);
}
