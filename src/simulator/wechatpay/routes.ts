import { z } from 'zod';
import { type Incoming, parseOrNull } from '../http.ts';
import type { Operation } from '../scenarios.ts';
import type { Trade } from '../state/trades.ts';
import type { Occasion, Steered } from '../steering.ts';
import { pathSegment } from '../v3/request-body.ts';
import type { World } from '../world.ts';
import { tradeBill } from './bill-calls.ts';
import { isOrderKind, type OrderKind } from './parameters.ts';
import { type OrderCall, requireOwn, type Side, sellerOf } from './parties.ts';
import { createRefund, queryRefund } from './refunds.ts';
import { notExist, parameterError, WechatPayRefusal } from './refusal.ts';
import { closeOrder, createOrder, queryOrder } from './transactions.ts';

/** One call: what it is about (for scenarios and the log) and how it is carried out. */
export interface Route {
  readonly operation: Operation;
  about(): Omit<Occasion, 'provider' | 'operation'>;
  handle(steered: Steered): { readonly status: number; readonly value?: unknown };
}

/** Of merchants, and of service providers. */
const ORDER = /^\/v3\/pay\/(partner\/)?transactions\//;
const BY_NUMBER = 'out-trade-no/';
const BY_ID = 'id/';
const REFUNDS = '/v3/refund/domestic/refunds';

/** Enough of any body to know what it is about, before anything is checked. */
const hints = z.object({
  out_trade_no: z.string().optional(),
  transaction_id: z.string().optional(),
  out_refund_no: z.string().optional(),
  description: z.string().optional(),
  reason: z.string().optional(),
});

/** Finds the call behind a method and path; RESOURCE_NOT_EXISTS when there is none. */
export function routeOf(world: World, side: Side, { method, target, body }: Incoming): Route {
  const [path = '', query] = target.split('?', 2);
  const [prefix, partner] = ORDER.exec(path) ?? [];
  const call = { side, isPartner: partner !== undefined };
  const order = prefix === undefined ? '' : path.slice(prefix.length);
  if (method === 'POST') {
    if (isOrderKind(order)) return orderRoute(world, call, order, body);
    if (path === REFUNDS) return refundRoute(world, side, body);
    if (order.startsWith(BY_NUMBER) && order.endsWith('/close')) {
      return closeRoute(world, call, segment(order, BY_NUMBER, '/close'), body);
    }
  }
  if (method === 'GET') {
    if (path === '/v3/bill/tradebill') {
      return {
        operation: 'bill',
        about: () => ({ outTradeNo: '' }),
        handle: (steered) => ({ status: 200, value: tradeBill(world, side, query, steered) }),
      };
    }
    if (order.startsWith(BY_NUMBER)) {
      const number = segment(order, BY_NUMBER);
      return queryRoute(world, call, number, query, () => world.trades.byNumber('wechatpay', number));
    }
    if (order.startsWith(BY_ID)) {
      const id = segment(order, BY_ID);
      return queryRoute(world, call, id, query, () => world.trades.byTradeNo('wechatpay', id));
    }
    if (path.startsWith(`${REFUNDS}/`)) {
      return refundQueryRoute(world, side, segment(path, `${REFUNDS}/`), query);
    }
  }
  throw new WechatPayRefusal('RESOURCE_NOT_EXISTS', '请求的接口不存在');
}

function orderRoute(world: World, call: OrderCall, kind: OrderKind, body: Buffer): Route {
  return {
    operation: 'create',
    about: () => {
      const { out_trade_no = '', description } = hintsIn(body);
      return { outTradeNo: out_trade_no, title: description };
    },
    handle: (steered) => ({ status: 200, value: createOrder(world, call, kind, body, steered) }),
  };
}

function queryRoute(
  world: World,
  { side, isPartner }: OrderCall,
  number: string,
  query: string | undefined,
  find: () => Trade | undefined,
): Route {
  return {
    operation: 'query',
    about: () => {
      const trade = find();
      return { outTradeNo: trade?.outTradeNo ?? number, title: trade?.title };
    },
    handle: (steered) => {
      const given = Object.fromEntries(new URLSearchParams(query));
      const seller = sellerOf(world, side, given, 'query');
      const name = isPartner ? 'sp_mchid' : 'mchid';
      if (!given[name]) throw parameterError(name, '缺少商户号', 'query');
      if (given[name] !== side.mchId) throw parameterError(name, '与签名的商户号不一致', 'query');
      return { status: 200, value: queryOrder(world, requireOwn(find() ?? notExist(), seller), steered) };
    },
  };
}

function closeRoute(world: World, call: OrderCall, outTradeNo: string, body: Buffer): Route {
  const find = () => world.trades.byNumber('wechatpay', outTradeNo);
  return {
    operation: 'close',
    about: () => ({ outTradeNo, title: find()?.title }),
    handle: () => {
      closeOrder(world, call, find, body);
      return { status: 204 };
    },
  };
}

function refundRoute(world: World, side: Side, body: Buffer): Route {
  return {
    operation: 'refund',
    about: () => {
      const hint = hintsIn(body);
      const trade = hint.transaction_id
        ? world.trades.byTradeNo('wechatpay', hint.transaction_id)
        : world.trades.byNumber('wechatpay', hint.out_trade_no ?? '');
      return {
        outTradeNo: trade?.outTradeNo ?? hint.out_trade_no ?? '',
        outRefundNo: hint.out_refund_no,
        title: trade?.title,
        reason: hint.reason,
      };
    },
    handle: (steered) => ({ status: 200, value: createRefund(world, side, body, steered) }),
  };
}

function refundQueryRoute(world: World, side: Side, outRefundNo: string, query: string | undefined): Route {
  const find = () => {
    const trade = world.trades.byRefundNumber('wechatpay', outRefundNo);
    return { trade, refund: trade?.refunds.find((known) => known.outRefundNo === outRefundNo) };
  };
  return {
    operation: 'query-refund',
    about: () => {
      const { trade, refund } = find();
      return {
        outTradeNo: trade?.outTradeNo ?? '',
        outRefundNo,
        title: trade?.title,
        reason: refund?.reason,
      };
    },
    handle: (steered) => {
      const { trade, refund } = find();
      const seller = sellerOf(world, side, Object.fromEntries(new URLSearchParams(query)), 'query');
      if (!trade || !refund || trade.seller !== seller)
        throw new WechatPayRefusal('RESOURCE_NOT_EXISTS', '退款单不存在');
      return { status: 200, value: queryRefund(world, trade, refund, steered) };
    },
  };
}

/** What stands in a path between a prefix and a suffix, decoded; one segment, nothing that climbs. */
function segment(path: string, prefix: string, suffix = ''): string {
  return pathSegment(path, prefix, suffix, () => parameterError('path', '路径参数有误', 'path'));
}

function hintsIn(body: Buffer): z.infer<typeof hints> {
  return hints.safeParse(parseOrNull(body.toString('utf8'))).data ?? {};
}
