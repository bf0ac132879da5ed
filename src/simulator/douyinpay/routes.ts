import { z } from 'zod';
import { type Incoming, parseOrNull } from '../http.ts';
import type { Operation } from '../scenarios.ts';
import type { Trade } from '../state/trades.ts';
import type { Occasion, Steered } from '../steering.ts';
import { pathSegment } from '../v3/request-body.ts';
import type { World } from '../world.ts';
import { tradeBill } from './bill-calls.ts';
import { createRefund, queryRefund } from './refunds.ts';
import { DouyinPayRefusal, parameterError } from './refusal.ts';
import { closeOrder, createOrder, isOrderKind, queryOrder } from './transactions.ts';

/** One call: what it is about (for scenarios and the log) and how it is carried out. */
export interface Route {
  readonly operation: Operation;
  about(): Omit<Occasion, 'provider' | 'operation'>;
  handle(steered: Steered): { readonly status: number; readonly value?: unknown };
}

const TRADES = '/v1/trade/transactions/';
const BY_NUMBER = `${TRADES}out-trade-no/`;
const BY_ID = `${TRADES}id/`;
const REFUNDS = '/v1/trade/refund/domestic/refunds';
const BILL = '/v1/bill/billapply';

/** Enough of any body to know what it is about, before anything is checked. */
const hints = z.object({
  out_trade_no: z.string().default(''),
  transaction_id: z.string().optional(),
  out_refund_no: z.string().optional(),
  description: z.string().optional(),
  reason: z.string().optional(),
});

/** Finds the call behind a method and path. */
export function routeOf(world: World, { method, target, body }: Incoming): Route {
  const [path = '', query] = target.split('?', 2);
  const hint = hints.safeParse(parseOrNull(body.toString('utf8'))).data ?? { out_trade_no: '' };
  const ok = (value: unknown) => ({ status: 200, value });
  if (method === 'POST') {
    const kind = path.startsWith(TRADES) ? path.slice(TRADES.length) : '';
    if (isOrderKind(kind)) {
      return {
        operation: 'create',
        about: () => ({ outTradeNo: hint.out_trade_no, title: hint.description }),
        handle: (steered) => ok(createOrder(world, kind, body, steered)),
      };
    }
    if (path.startsWith(BY_NUMBER) && path.endsWith('/close')) {
      const outTradeNo = segment(path, BY_NUMBER, '/close');
      return {
        operation: 'close',
        about: () => ({ outTradeNo, title: world.trades.byNumber('douyinpay', outTradeNo)?.title }),
        handle: () => {
          closeOrder(world, outTradeNo, body);
          return { status: 200 };
        },
      };
    }
    if (path === REFUNDS) {
      return {
        operation: 'refund',
        about: () => {
          const trade = world.trades.byNumber('douyinpay', hint.out_trade_no);
          const { out_refund_no: outRefundNo, reason } = hint;
          return { outTradeNo: hint.out_trade_no, outRefundNo, title: trade?.title, reason };
        },
        handle: (steered) => ok(createRefund(world, body, steered)),
      };
    }
  }
  if (method === 'GET') {
    if (path === BILL) {
      return {
        operation: 'bill',
        about: () => ({ outTradeNo: '' }),
        handle: (steered) => ok(tradeBill(world, ownQuery(world, query), steered)),
      };
    }
    if (path.startsWith(BY_NUMBER) || path.startsWith(BY_ID)) {
      const byNumber = path.startsWith(BY_NUMBER);
      const number = segment(path, byNumber ? BY_NUMBER : BY_ID);
      const find = (): Trade | undefined =>
        byNumber ? world.trades.byNumber('douyinpay', number) : world.trades.byTradeNo('douyinpay', number);
      return {
        operation: 'query',
        about: () => {
          const trade = find();
          return { outTradeNo: trade?.outTradeNo ?? number, title: trade?.title };
        },
        handle: (steered) => {
          ownQuery(world, query);
          return ok(queryOrder(world, find(), steered));
        },
      };
    }
    if (path.startsWith(`${REFUNDS}/`)) {
      const outRefundNo = segment(path, `${REFUNDS}/`);
      const find = () => {
        const trade = world.trades.byRefundNumber('douyinpay', outRefundNo);
        return { trade, refund: trade?.refunds.find((one) => one.outRefundNo === outRefundNo) };
      };
      return {
        operation: 'query-refund',
        about: () => {
          const { trade, refund } = find();
          const [outTradeNo, title] = [trade?.outTradeNo ?? '', trade?.title];
          return { outTradeNo, outRefundNo, title, reason: refund?.reason };
        },
        handle: (steered) => {
          ownQuery(world, query);
          const { trade, refund } = find();
          if (!trade || !refund) throw new DouyinPayRefusal('RESOURCE_NOT_EXISTS', '退款单不存在');
          return ok(queryRefund(world, trade, refund, steered));
        },
      };
    }
  }
  throw new DouyinPayRefusal('RESOURCE_NOT_EXISTS', '请求的接口不存在');
}

/** The parameters of a question, which must name the merchant that signs. */
function ownQuery({ identity }: World, query: string | undefined): URLSearchParams {
  const parameters = new URLSearchParams(query);
  if (parameters.get('mchid') !== identity.douyin.mchId)
    throw parameterError('mchid', '缺少商户号，或与签名的商户号不一致', 'query');
  return parameters;
}

function segment(path: string, prefix: string, suffix = ''): string {
  return pathSegment(path, prefix, suffix, () => parameterError('path', '路径参数有误', 'path'));
}
