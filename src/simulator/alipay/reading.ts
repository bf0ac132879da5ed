import type { z } from 'zod';
import { type Fen, fenFromYuan, MAX_FEN } from '../../domain/money.ts';
import { parseOrNull } from '../http.ts';
import { invalidParameter } from './refusal.ts';
import type { AlipayCall } from './request.ts';

/** Reads `biz_content` strictly; what does not fit is `ACQ.INVALID_PARAMETER`. */
export function readBusiness<T>(call: AlipayCall, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(parseOrNull(call.bizContent));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue?.code === 'unrecognized_keys' ? issue.keys.join() : issue?.path.join('.');
  throw invalidParameter(where ?? 'biz_content');
}

/** A price in yuan: at most two decimals, 0.01–100000000.00. */
export function readPrice(price: string): Fen {
  const amount = fenFromYuan(price);
  if (amount === undefined || amount < 1 || amount > MAX_FEN) throw invalidParameter('金额');
  return amount;
}

/** An address that is a parameter of the call itself. */
export function addressIn(call: AlipayCall, parameter: string, name: 'notifyUrl' | 'returnUrl') {
  const url = call.parameters.get(parameter);
  if (!url) return {};
  if (url.length > 256 || /\s/.test(url) || !/^https?:\/\//.test(url)) throw invalidParameter(parameter);
  return { [name]: url };
}
