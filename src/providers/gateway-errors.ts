import type { Text } from '../domain/errors.ts';

/** Why a gateway said no, in the house's words. */
export type DeclineReason =
  | 'not-exist'
  | 'already-paid'
  | 'closed'
  | 'number-conflict'
  | 'not-paid'
  | 'balance'
  | 'refund-not-allowed'
  | 'bad-parameter'
  | 'credentials'
  | 'permission'
  | 'rate-limited'
  | 'other';

/**
 * The gateway answered no. It ends the call; only when `proven` (validly signed) does it say anything about the
 * order or refund itself (Law 2).
 */
export class GatewayDeclined extends Error {
  override readonly name = 'GatewayDeclined';
  readonly reason: DeclineReason;
  readonly gatewayCode: string;
  readonly proven: boolean;
  readonly requestId: string | undefined;
  /** What this very code asks of the merchant, in the adapter's own words. */
  readonly advice: Text | undefined;

  constructor(
    reason: DeclineReason,
    gatewayCode: string,
    proven: boolean,
    requestId?: string,
    advice?: Text,
  ) {
    super(`gateway declined: ${gatewayCode}`);
    this.advice = advice;
    this.reason = reason;
    this.gatewayCode = gatewayCode;
    this.proven = proven;
    this.requestId = requestId;
  }
}

/** Provably not sent: no connection was made, so nothing can have happened. */
export class GatewayUnavailable extends Error {
  override readonly name = 'GatewayUnavailable';
  readonly detail: string;

  /** @param detail a word of ours such as `ECONNREFUSED`; never gateway text. */
  constructor(detail: string) {
    super(`gateway unavailable: ${detail}`);
    this.detail = detail;
  }
}

/** Provably not sent: it was not to go out any more. */
export class Stopped extends GatewayUnavailable {
  constructor() {
    super('stopped');
  }
}

/** It may have happened: a timeout, a cut connection, a 5xx, an unreadable or badly signed success. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown';
  readonly detail: string;
  readonly requestId: string | undefined;

  /** @param detail a word of ours such as `timeout`, `bad-signature`, `http-502`; never gateway text. */
  constructor(detail: string, requestId?: string) {
    super(`outcome unknown: ${detail}`);
    this.detail = detail;
    this.requestId = requestId;
  }
}
