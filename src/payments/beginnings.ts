import { beijingIso, type Clock } from '../domain/clock.ts';
import type { OrderRecord } from '../ledger/records.ts';
import { RELEASED } from './sending.ts';
import type { Till } from './till.ts';

/** What an order and a refund start with: recorded, nothing sent, counted or asked about yet. */
export const NEVER_SENT = {
  gatewayState: undefined,
  plan: undefined,
  sentAt: undefined,
  declinedCode: undefined,
  askAt: undefined,
  asked: 0,
  countedAt: undefined,
  countedBy: undefined,
  client: undefined,
  ...RELEASED,
} as const;

/** An order of which nothing is known but this. */
export function newOrder(
  till: Till,
  known: Pick<
    OrderRecord,
    'outTradeNo' | 'provider' | 'account' | 'caller' | 'scene' | 'amountFen' | 'title'
  > &
    Pick<OrderRecord, 'source' | 'inputHash' | 'terms'> &
    Partial<OrderRecord>,
): OrderRecord {
  const now = till.clock.now();
  return {
    ...NEVER_SENT,
    state: 'PENDING_APPROVAL',
    ...{ buyerHash: undefined, payerOpenid: undefined, payerClientIp: undefined, payerSalt: undefined },
    credential: {},
    pageToken: till.randomBytes(16).toString('base64url'),
    createdAt: now,
    updatedAt: now,
    expiresAt: undefined,
    paidAt: undefined,
    late: false,
    closing: false,
    gatewayTradeNo: undefined,
    gatewayRefunded: undefined,
    ...known,
  };
}

/** A letter, the Beijing time to the second, ten random characters: sortable for people, never the same twice. */
export function newNumber(
  till: Pick<Till, 'randomBytes'> & { readonly clock: Pick<Clock, 'now'> },
  letter: 'C' | 'R' | 'S',
): string {
  const time = beijingIso(till.clock.now()).slice(0, 19).replace(/\D/g, '');
  return `${letter}${time}${till.randomBytes(5).toString('hex').toUpperCase()}`;
}

/** Whether it looks like one of {@link newNumber}'s. */
export function isNewNumber(number: string, letter: 'C' | 'R'): boolean {
  return number.startsWith(letter) && /^\d{14}[0-9A-F]{10}$/.test(number.slice(1));
}
