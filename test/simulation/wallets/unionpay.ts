import { createUnionpayProvider, readUnionpayConfig } from '../../../src/providers/unionpay/index.ts';
import { unionpayGateway } from '../../../src/simulator/unionpay/gateway.ts';
import type { Operation } from '../plan.ts';
import { digestOf, type PlayedWallet } from './wallet.ts';

const GATEWAY = 'https://gateway.95516.com/';
/** A refund is asked for as a payment is. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  '01/07': 'create',
  '00/00': 'query',
  '04/00': 'refund',
};
/** Codes of two characters, in words. */
const CODES: Readonly<Record<string, string>> = { '00': 'ok', '34': '34 NOT_EXIST', '36': '36 REFUND_AMT' };
/** ms before another system's order under a number of ours, which has a time of its own by whatever clock. */
const EARLIER_MS = 7 * 86_400_000;

export const UNIONPAY: PlayedWallet = {
  id: 'unionpay',
  scenes: ['qr', 'qr', 'web'],
  operations: ['create', 'query', 'refund', 'query-refund'],
  configured(env) {
    const config = readUnionpayConfig(env);
    return config && ((ports) => createUnionpayProvider(config, ports));
  },
  subjectOf({ url, body = '' }) {
    if (!url.startsWith(GATEWAY)) return undefined;
    const fields = new URLSearchParams(body);
    const [number, amount] = [fields.get('orderId') ?? '', fields.get('txnAmt')];
    const operation = OPERATIONS[`${fields.get('txnType')}/${fields.get('txnSubType')}`] ?? 'other';
    const isRefund = operation === 'refund';
    return {
      ...{ operation, outTradeNo: isRefund ? '' : number, digest: digestOf(body) },
      ...(isRefund ? { outRefundNo: number, tradeNo: fields.get('origQryId') ?? '' } : {}),
      ...(amount === null ? {} : { amountFen: Number(amount) }),
    };
  },
  answer: unionpayGateway,
  saidIn({ status, body }) {
    const fields = new Map(
      body
        .toString('utf8')
        .split('&')
        .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
    );
    const code = fields.get('respCode');
    if (code === undefined) return { said: `http ${status}`, proven: false };
    return { said: CODES[code] ?? code, proven: fields.has('signature') };
  },
  numberOf: (name) => name.replaceAll('_', '').padEnd(8, '0'),
  foreign: (world) => ({ sentAt: Math.floor((world.clock.now() - EARLIER_MS) / 1_000) * 1_000 }),
  isTakenByCode: true,
};
