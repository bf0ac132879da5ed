import { z } from 'zod';
import { invalidArgument } from '../../domain/errors.ts';
import { parseJson } from '../../domain/json.ts';
import { GatewayUnavailable } from '../contract.ts';
import type { Fields } from './message.ts';

const Plan = z.record(z.string().regex(/^[A-Za-z0-9_]{1,64}$/), z.string().min(1));

/** What every message begins with. */
export const COMMON = {
  version: '5.1.0',
  encoding: 'UTF-8',
  signMethod: '01',
  accessType: '0',
} as const;

/** What is sent, but for who signs it: that is found out when it is sent. */
export function writePlan(fields: Readonly<Record<string, string>>): string {
  return JSON.stringify(fields);
}

/**
 * Reads a plan back from the ledger. One that is damaged, or of another order or kind of call, is not sent:
 * {@link GatewayUnavailable}, because then provably nothing has left.
 */
export function readPlan(text: string, txnType: '01' | '04', orderId: string): Fields {
  const fields = readFields(text);
  if (fields === undefined) throw new GatewayUnavailable('plan-unreadable');
  if (fields.get('txnType') !== txnType || fields.get('orderId') !== orderId)
    throw new GatewayUnavailable('plan-of-another-order');
  return fields;
}

/** Of a plan; undefined where it is damaged. */
export function readFields(text: string): Fields | undefined {
  const fields = Plan.safeParse(parseJson(text)).data;
  return fields && new Map(Object.entries(fields));
}

/** The merchant's own words, which come back with the answer: marked, so that a payment's never are a refund's. */
export function ownWords(kind: 'pay' | 'refund', words: string): string {
  return Buffer.from(`${kind} ${words}`, 'utf8').toString('base64');
}

/** UnionPay's limits for numbers, which are narrower than ours. Throws INVALID_ARGUMENT. */
export function requireNumber(argument: 'outTradeNo' | 'outRefundNo', number: string): void {
  const character = /[^A-Za-z0-9]/.exec(number)?.[0];
  if (character !== undefined) {
    throw invalidArgument(
      argument,
      {
        zh: `${argument} 含有银联不接受的字符 "${character}"。`,
        en: `${argument} contains "${character}", which UnionPay does not take.`,
      },
      {
        zh: '只用字母和数字，8 到 32 位；或省略它。',
        en: 'Use 8 to 32 letters and digits, or leave it out.',
      },
      { character },
    );
  }
  if (number.length >= 8 && number.length <= 40) return;
  throw invalidArgument(
    argument,
    {
      zh: `${argument} 有 ${number.length} 位，银联只接受 8 到 40 位。`,
      en: `${argument} has ${number.length} characters; UnionPay takes 8 to 40.`,
    },
    { zh: '换一个长度合适的号码，或省略它。', en: 'Use a number of such a length, or leave it out.' },
  );
}
