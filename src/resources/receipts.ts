import {
  type ReadResourceResult,
  ResourceNotFoundError,
  type ResourceTemplateType,
} from '@modelcontextprotocol/server';
import { CashierError, type Text } from '../domain/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { ownOrderIn } from '../payments/results.ts';
import type { Call } from '../payments/till.ts';
import type { Receipts } from '../receipts/receipts.ts';
import type { Language } from '../tools/answer.ts';

const URI = /^payment:\/\/receipts\/([A-Za-z0-9_]{1,64})$/;
const MIME_TYPE = 'application/json';

const WORDS: Readonly<Record<'title' | 'description', Text>> = {
  title: { zh: '收据', en: 'Receipt' },
  description: {
    zh: '已付款订单的签名收据（JWS）及其退款收据，可交给买家核对；不是发票',
    en: 'Signed receipt (JWS) of a paid order and those of its refunds, for the buyer to check; no tax invoice',
  },
};

export interface ReceiptResourceDeps {
  readonly ledger: Ledger;
  readonly receipts: Receipts;
  readonly language: Language;
  readonly call: Pick<Call, 'caller' | 'ownOrdersOnly'>;
}

export function receiptTemplate(language: Language): ResourceTemplateType {
  return {
    name: 'receipt',
    uriTemplate: 'payment://receipts/{outTradeNo}',
    title: WORDS.title[language],
    description: WORDS.description[language],
    mimeType: MIME_TYPE,
  };
}

/**
 * `payment://receipts/{outTradeNo}`: each receipt as it is signed, and what it says. Of what is not proven, and of
 * another caller's order, there is none: throws ResourceNotFoundError. Undefined for any other URI.
 */
export async function readReceipts(
  { ledger, receipts, call }: ReceiptResourceDeps,
  uri: string,
): Promise<ReadResourceResult | undefined> {
  const outTradeNo = URI.exec(uri)?.[1];
  if (outTradeNo === undefined) return undefined;
  const known = await ledger.read((book) => ownOrderIn(book, call, outTradeNo)).catch(notFound(uri));
  const [payment, ...refunds] = await receipts.of(known.outTradeNo);
  if (!payment) throw new ResourceNotFoundError(uri);
  const { simulated, trial } = payment.claims;
  const text = JSON.stringify({
    ...{ outTradeNo, ...(simulated && { simulated }), ...(trial && { trial }) },
    ...{ receipt: payment.jws, claims: payment.claims },
    refunds: refunds.map(({ jws, claims }) => ({ receipt: jws, claims })),
  });
  return { contents: [{ uri, mimeType: MIME_TYPE, text }] };
}

function notFound(uri: string): (error: unknown) => never {
  return (error) => {
    throw error instanceof CashierError ? new ResourceNotFoundError(uri) : error;
  };
}
