import { NotifyRejected, type NotifyReply, type RawNotify, type VerifiedNotify } from '../contract.ts';
import type { SignerOf } from './certificates.ts';
import { isDone, readWord } from './codes.ts';
import { signedByUnionpay } from './gateway.ts';
import { readForm } from './message.ts';
import { refundIn } from './refund.ts';
import { readQueryId, tradeIn } from './trade.ts';

/**
 * A notification: a form, signed as answers are. UnionPay tells of what was done; a card that was refused is no news of
 * an order that can still be paid.
 *
 * @see https://open.unionpay.com/tjweb/acproduct/list?apiSvcId=448
 */
export function parseNotify(
  { body }: RawNotify,
  now: number,
  {
    merId,
    account,
    signerOf,
  }: { readonly merId: string; readonly account: string; readonly signerOf: SignerOf },
): VerifiedNotify {
  const fields = readForm(body);
  if (fields === undefined) throw new NotifyRejected('unreadable');
  if (!fields.has('signature')) throw new NotifyRejected('no-signature');
  if (fields.get('signMethod') !== '01') throw new NotifyRejected('sign-type');
  if (!signedByUnionpay(fields, signerOf, now)) throw new NotifyRejected('bad-signature');
  if (fields.get('merId') !== merId) throw new NotifyRejected('other-account');
  const code = readWord(fields.get('respCode'));
  const queryId = readQueryId(fields.get('queryId'));
  if (code === undefined || queryId === undefined) throw new NotifyRejected('id-unreadable');
  const id = `${queryId} ${code}`;
  const type = fields.get('txnType') ?? '';
  if (type === '01' && isDone(code)) {
    const trade = tradeIn(fields, account, code, false);
    if (trade === undefined) throw new NotifyRejected('amount-unreadable');
    return { kind: 'trade', id, trade };
  }
  if (type === '04') {
    const refund = refundIn(fields, '', code);
    const gatewayTradeNo = readQueryId(fields.get('origQryId'));
    if (refund === undefined || gatewayTradeNo === undefined)
      throw new NotifyRejected('order-number-unreadable');
    return { kind: 'refund', id, refund, gatewayTradeNo };
  }
  return { kind: 'other', id, type: `${readWord(type) ?? 'unreadable'} ${code}` };
}

/** Any body does; with another status it is sent again. */
export function acknowledge(accepted: boolean): NotifyReply {
  return { status: accepted ? 200 : 400, contentType: 'text/plain', body: accepted ? 'ok' : 'refused' };
}
