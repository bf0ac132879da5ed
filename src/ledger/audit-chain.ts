import { createHash } from 'node:crypto';

/** What a link's hash covers, besides the link before it. Instants in ms. */
export interface Link {
  readonly seq: number;
  readonly at: number;
  readonly kind: string;
  readonly caller: string;
  readonly tool: string | undefined;
  readonly call: string | undefined;
  readonly outTradeNo: string | undefined;
  readonly outRefundNo: string | undefined;
  /** The bytes as they are stored. */
  readonly detailJson: string;
}

/**
 * The hash of a link, hex. JSON keeps the members apart, so that no two links have the same text.
 * @param before hash of the link before; the ledger's id for the first
 */
export function linkHash(before: string, link: Link): string {
  const { seq, at, kind, caller, tool, call, outTradeNo, outRefundNo, detailJson } = link;
  return createHash('sha256')
    .update(JSON.stringify([before, seq, at, kind, caller, tool, call, outTradeNo, outRefundNo, detailJson]))
    .digest('hex');
}
