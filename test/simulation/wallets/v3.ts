import type { GatewayRequest } from '../../../src/providers/gateway-http.ts';
import { digestOf, membersOf, type PlayedWallet, type Subject } from './wallet.ts';

/*
 * What the gateways have in common that speak like WeChat Pay's APIv3.
 */

interface Fields {
  readonly out_trade_no?: string;
  readonly out_refund_no?: string;
  readonly amount?: { readonly total: number; readonly refund?: number };
}

/** @param refunds the path of their refunds */
export function v3Subject({ url, method, body = '' }: GatewayRequest, refunds: string): Subject {
  const path = new URL(url).pathname;
  const fields = (body === '' ? {} : JSON.parse(body)) as Fields;
  const { out_trade_no: outTradeNo, out_refund_no: outRefundNo = '', amount } = fields;
  const digest = digestOf(body);
  if (path === refunds) {
    const amountFen = amount?.refund ?? 0;
    return { operation: 'refund', outTradeNo: outTradeNo ?? '', outRefundNo, amountFen, digest };
  }
  if (path.startsWith(`${refunds}/`))
    return {
      operation: 'query-refund',
      outTradeNo: '',
      outRefundNo: path.slice(refunds.length + 1),
      digest,
    };
  const number = /\/out-trade-no\/([^/]+)(\/close)?$/.exec(path);
  if (number) return { operation: number[2] ? 'close' : 'query', outTradeNo: number[1] ?? '', digest };
  if (method === 'POST' && outTradeNo !== undefined)
    return { operation: 'create', outTradeNo, amountFen: amount?.total ?? 0, digest };
  return { operation: 'other', outTradeNo: '', digest };
}

/** @param name with which their headers begin, in lower case */
export function v3Said(name: string): PlayedWallet['saidIn'] {
  return (answer) => {
    const members = membersOf(answer);
    if (!members) return { said: `http ${answer.status}`, proven: false };
    const proven = answer.headers[`${name}-signature`] !== undefined;
    return { said: answer.status < 300 ? 'ok' : String(members.code), proven };
  };
}
