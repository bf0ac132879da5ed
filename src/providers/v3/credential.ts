import type { Credential, OrderTerms } from '../../domain/order.ts';
import { OutcomeUnknown } from '../contract.ts';
import { readAnswer, textAt } from './answer.ts';
import type { VerifiedAnswer } from './exchange.ts';

/** What an answer gives the payer to act on, by the first of the fields that is there. Throws OutcomeUnknown. */
export function givenBy(
  { body, requestId }: VerifiedAnswer,
  fields: readonly string[],
  form: RegExp,
): string {
  const answer = readAnswer(body);
  const value = fields.map((field) => textAt(answer, field)).find((text) => text !== undefined);
  if (value === undefined || !form.test(value)) throw new OutcomeUnknown('unreadable-answer', requestId);
  return value;
}

/**
 * When a credential dies, where that is before the order does.
 * @param askedAt ms; it is younger than this, so it never outlives what we say
 * @param ms how long it lives
 */
export function lives(
  { expiresAt }: OrderTerms,
  askedAt: number,
  ms: number,
): Pick<Credential, 'linkExpiresAt'> {
  return askedAt + ms < expiresAt ? { linkExpiresAt: askedAt + ms } : {};
}

/** Forms of what is given. */
export const CODE = /^[\x21-\x7e]{1,512}$/;
export const LINK = /^https?:\/\/[\x21-\x7e]{1,1024}$/;
export const PREPAY_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** The same address with `( ) ! * '` percent-encoded: chat clients cut links at them. */
export function clickable(url: string): string {
  return url.replace(/[()!*']/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
