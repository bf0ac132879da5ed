import { z } from 'zod';
import { checkText } from '../params.ts';

/** The official server's limits, which are wider than ours. */
export const outTradeNo = z
  .string()
  .regex(/^[A-Za-z0-9_]{1,64}$/)
  .describe('商户订单号，1–64 位字母、数字、_');
export const outRefundNo = z
  .string()
  .regex(/^[A-Za-z0-9_]{1,64}$/)
  .describe('退款请求号，1–64 位字母、数字、_');
/** To ask about, also what other systems made: Alipay itself leaves the characters of a refund's number open. */
export const anyTradeNo = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/)
  .describe('商户订单号，1–64 位字母、数字、_、-');
export const anyRefundNo = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/)
  .describe('退款请求号，1–64 位字母、数字、_、-');
/** A number, or the same in a string: models write both. */
export const amount = z.union([z.number(), z.string()]);

const MAX_TITLE_CHARACTERS = 256;
const MAX_REASON_CHARACTERS = 256;

/** Throws INVALID_ARGUMENT. */
export function checkOrderTitle(title: string): void {
  checkText('title', title, { min: 1, max: MAX_TITLE_CHARACTERS });
}

/** Throws INVALID_ARGUMENT. */
export function checkRefundReason(reason: string): void {
  checkText('reason', reason, { min: 0, max: MAX_REASON_CHARACTERS });
}
