import { beijingDateTime } from '../domain/clock.ts';
import { type Fen, toYuan } from '../domain/money.ts';
import type { OrderRecord } from '../ledger/records.ts';

/** One line of a sheet of orders: its refunds are a sum. */
export interface SheetRow {
  readonly order: OrderRecord;
  readonly refundedFen: Fen;
}

/** The columns of a sheet of orders, named as by the tools. Money without a sign or unit, so that a sheet can add it up. */
export const ORDER_COLUMNS: readonly (readonly [name: string, of: (row: SheetRow) => string | undefined])[] =
  [
    ['outTradeNo', ({ order }) => order.outTradeNo],
    ['provider', ({ order }) => order.provider],
    ['state', ({ order }) => order.state],
    ['amountYuan', ({ order }) => toYuan(order.amountFen)],
    ['refundedYuan', ({ refundedFen }) => toYuan(refundedFen)],
    ['title', ({ order }) => order.title],
    ['caller', ({ order }) => order.caller],
    ['createdAt', ({ order }) => beijingDateTime(order.createdAt)],
    ['paidAt', ({ order }) => (order.paidAt === undefined ? undefined : beijingDateTime(order.paidAt))],
    ['gatewayTradeNo', ({ order }) => order.gatewayTradeNo],
  ];
