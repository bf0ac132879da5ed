import { sign } from 'node:crypto';
import { beijingIso } from '../../domain/clock.ts';
import { configuration } from '../../domain/errors.ts';
import { fenFromYuan, toYuan } from '../../domain/money.ts';
import {
  type A2m,
  type A2mBill,
  GatewayDeclined,
  OutcomeUnknown,
  type PaymentProof,
  type ProofRefusal,
  ProofRefused,
  type ProvenCall,
} from '../contract.ts';
import { type A2mSeller, SANDBOX_SERVICE } from './a2m-seller.ts';
import { readWord } from './codes.ts';
import type { AlipayConfig } from './config.ts';
import { accepted, requireNumber } from './errors.ts';
import type { AlipayGateway } from './gateway.ts';
import { requireTitle } from './payment.ts';
import { bizContent } from './plan.ts';
import { readProof, secretsOf } from './proof.ts';

const VERIFY = 'alipay.aipay.agent.payment.verify';
const CONFIRM = 'alipay.aipay.agent.fulfillment.confirm';

/**
 * Alipay's words for a proof that buys nothing. Whatever else it says proves nothing of the proof.
 *
 * @see https://github.com/antgroup/ACT/blob/main/profiles/alipay-ai-pay/error-mapping.md
 */
const REFUSALS: ReadonlyMap<string, ProofRefusal> = new Map<string, ProofRefusal>([
  ['INVALID_PARAMETER', 'malformed'],
  ['TRADE_NO_EMPTY', 'malformed'],
  ['TRADE_NO_INVALID', 'malformed'],
  ['PAYMENT_PROOF_EMPTY', 'malformed'],
  ['CLIENT_SESSION_IS_EMPTY', 'client-too-old'],
  ['PAYMENT_PROOF_INVALID', 'forged'],
  ['PAYMENT_PROOF_ID_MISMATCH', 'forged'],
  ['PAYMENT_PROOF_TRADE_NO_MISMATCH', 'forged'],
  ['PAYMENT_PROOF_AGENT_MISMATCH', 'forged'],
  ['PAYMENT_PROOF_BUYER_MISMATCH', 'forged'],
  ['PAYMENT_PROOF_NOT_FOUND', 'not-found'],
  ['PAYMENT_PROOF_STATUS_INVALID', 'consumed'],
  ['TRADE_NOT_FOUND', 'not-found'],
  ['TRADE_STATUS_UNPAID', 'not-paid'],
  ['TRADE_STATUS_CLOSED', 'closed'],
]);
const NOT_OPEN = 'TRADE_STATUS_INVALID';

/** What Alipay takes of a number or a name of ours in an answer: words that are compared, never shown. */
const NAMED = /^[\x21-\x7e]{1,1024}$/;

/**
 * Pay per call (AI 按量付费, A2M 智能收); undefined where it is not configured.
 *
 * @see https://github.com/alipay/ai (A2M智能收产品对接文档)
 */
export function a2mOf(config: AlipayConfig, gateway: AlipayGateway): A2m | undefined {
  const { a2m } = config;
  if (a2m === undefined) return undefined;
  return {
    hasService: a2m.serviceId !== undefined,
    bill: (bill) => base64url(signedBill(bill, config, a2m)),
    readProof,
    verifyProof: (proof, billed) =>
      verifyProof(gateway, proof, config.realm === 'sandbox' ? billed : undefined),
    confirmFulfilment: (tradeNo) => confirmFulfilment(gateway, tradeNo),
    validation: ({ tradeNo, outTradeNo, resourceId }) =>
      base64url({
        ...{ trade_no: tradeNo, out_trade_no: outTradeNo },
        ...{ validated: true, resource_id: resourceId },
      }),
  };
}

/**
 * What is asked for a call, with the merchant's signature over eight of its members: `name=value` joined by `&` in the
 * order of their names, nothing escaped.
 */
function signedBill(
  bill: A2mBill,
  { appId, appPrivateKey, realm }: AlipayConfig,
  { sellerId, sellerName, serviceId: own }: A2mSeller,
): object {
  requireTitle(bill.goodsName);
  const serviceId = realm === 'sandbox' ? SANDBOX_SERVICE : (bill.serviceId ?? own);
  if (serviceId === undefined) throw noService();
  const signed = {
    amount: toYuan(bill.amountFen),
    currency: 'CNY',
    goods_name: bill.goodsName,
    out_trade_no: bill.outTradeNo,
    pay_before: beijingIso(bill.payBefore),
    resource_id: bill.resourceId,
    seller_id: sellerId,
    service_id: serviceId,
  };
  const text = Object.entries(signed)
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  const { amount, currency, goods_name, out_trade_no, pay_before, resource_id } = signed;
  return {
    protocol: {
      ...{ out_trade_no, amount, currency, resource_id, pay_before },
      seller_signature: sign('RSA-SHA256', Buffer.from(text), appPrivateKey).toString('base64'),
      seller_sign_type: 'RSA2',
      seller_unique_id: sellerId,
    },
    method: {
      seller_name: sellerName,
      seller_id: sellerId,
      seller_app_id: appId,
      goods_name,
      seller_unique_id_key: 'seller_id',
      service_id: serviceId,
    },
  };
}

/**
 * Asks what a proof is worth. Its answer is not said to be repeatable: whoever has it keeps it.
 * @param billed stands in for what a sandbox leaves out
 */
async function verifyProof(
  gateway: AlipayGateway,
  proof: PaymentProof,
  billed: Pick<A2mBill, 'outTradeNo' | 'resourceId'> | undefined,
): Promise<ProvenCall> {
  const { paymentProof, clientSession } = secretsOf(proof);
  const asked = gateway.call({
    method: VERIFY,
    biz_content: bizContent({
      payment_proof: paymentProof,
      trade_no: proof.tradeNo,
      ...(clientSession === undefined ? {} : { client_session: clientSession }),
    }),
  });
  const answer = await accepted(asked, 'verify', undefined).catch((error: unknown) => {
    const word = provenWord(error);
    const reason = word && REFUSALS.get(word);
    if (reason) throw new ProofRefused(reason, word);
    // A gateway that says back what it was told says nothing that may be repeated.
    const echoes = error instanceof GatewayDeclined && paymentProof.includes(error.gatewayCode);
    throw echoes ? new OutcomeUnknown('unreadable', error.requestId) : error;
  });
  const { fields, flags, requestId } = answer;
  requireNumber(answer, 'trade_no', proof.tradeNo);
  // A boolean by the documents; its Java and form relatives write the word.
  const active = String(flags.get('active') ?? fields.get('active') ?? '');
  if (active === '') throw new OutcomeUnknown('active-missing', requestId);
  if (active !== 'true') throw new ProofRefused('not-paid');
  const amountFen = fenFromYuan(fields.get('amount') ?? '');
  if (amountFen === undefined) throw new OutcomeUnknown('amount-unreadable', requestId);
  const outTradeNo = fields.get('out_trade_no') ?? billed?.outTradeNo ?? '';
  const resourceId = fields.get('resource_id') ?? billed?.resourceId ?? '';
  // Without them nobody can say what was paid for.
  if (!NAMED.test(outTradeNo)) throw new OutcomeUnknown('order-number-missing', requestId);
  if (!NAMED.test(resourceId)) throw new OutcomeUnknown('resource-missing', requestId);
  return { outTradeNo, resourceId, tradeNo: proof.tradeNo, amountFen };
}

async function confirmFulfilment(gateway: AlipayGateway, tradeNo: string): Promise<'confirmed' | 'not-open'> {
  const asked = gateway.call({ method: CONFIRM, biz_content: bizContent({ trade_no: tradeNo }) });
  try {
    requireNumber(await accepted(asked, 'confirm', undefined), 'trade_no', tradeNo);
    return 'confirmed';
  } catch (error) {
    if (provenWord(error) === NOT_OPEN) return 'not-open';
    throw error;
  }
}

/** Alipay's own word in a refusal that it has signed, without what it may put before it, as in `ACQ.TRADE_NOT_EXIST`. */
function provenWord(error: unknown): string | undefined {
  if (!(error instanceof GatewayDeclined) || !error.proven) return undefined;
  return readWord(error.gatewayCode.slice(error.gatewayCode.lastIndexOf('.') + 1))?.toUpperCase();
}

/** Base64url without padding of compact JSON. */
function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function noService() {
  return configuration('AP_A2M_SERVICE_ID', {
    zh: '没有设置 AP_A2M_SERVICE_ID，这项价格也没有写 a2mServiceId：支付宝按量付费要用登记服务时得到的 serviceId（API_…）。',
    en: 'AP_A2M_SERVICE_ID is not set and this price names no a2mServiceId: paying per call through Alipay takes the serviceId (API_…) of a registered service.',
    next: { zh: '设置其中之一。', en: 'Set either of them.' },
  });
}
