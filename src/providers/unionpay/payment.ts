import { invalidArgument } from '../../domain/errors.ts';
import type { Credential, OrderTerms, Scene } from '../../domain/order.ts';
import { OutcomeUnknown } from '../contract.ts';
import type { UnionpayConfig } from './config.ts';
import type { UnionpayGateway } from './gateway.ts';
import { COMMON, ownWords, readPlan, requireNumber, writePlan } from './plan.ts';
import { timeText } from './times.ts';

export const SCENES: ReadonlySet<Scene> = new Set<Scene>(['qr', 'web']);

/** A consumption: scanned by the buyer, or paid with a card on UnionPay's own page. */
const PRODUCTS: Partial<Readonly<Record<Scene, Readonly<Record<string, string>>>>> = {
  qr: { txnSubType: '07', bizType: '000000', channelType: '08' },
  web: { txnSubType: '01', bizType: '000201', channelType: '07' },
};

/** A code is printable ASCII; anything else in its place is not handed to a payer. */
const QR_CODE = /^[\x21-\x7e]{8,512}$/;
/** The longest number that the bill has room for. */
const MAX_ORDER_ID = 32;

/** Plans an order: the time that its number goes with, and until when it can be paid, are fixed here. */
export function planPayment(order: OrderTerms, config: UnionpayConfig): string {
  const { outTradeNo, scene, amountFen, title, sentAt, expiresAt } = order;
  const product = PRODUCTS[scene];
  if (product === undefined || outTradeNo.length > MAX_ORDER_ID) throw noSuchScene(scene);
  requireNumber('outTradeNo', outTradeNo);
  return writePlan({
    ...COMMON,
    txnType: '01',
    ...product,
    merId: config.merId,
    orderId: outTradeNo,
    txnTime: timeText(sentAt),
    txnAmt: String(amountFen),
    currencyCode: '156',
    payTimeout: timeText(expiresAt),
    backUrl: config.notifyUrl,
    ...(scene === 'web' ? { frontUrl: config.frontUrl } : {}),
    reqReserved: ownWords('pay', title),
  });
}

/**
 * Asks for a code, or signs the form that the buyer's browser posts. UnionPay takes an order once: a code whose answer
 * was lost cannot be had again.
 *
 * @see https://open.unionpay.com/tjweb/acproduct/list?apiSvcId=468
 */
export async function sendPayment(
  { outTradeNo, scene }: OrderTerms,
  plan: string,
  { config, gateway }: { readonly config: UnionpayConfig; readonly gateway: UnionpayGateway },
): Promise<Credential> {
  const fields = readPlan(plan, '01', outTradeNo);
  if (scene === 'web') {
    const action = `${config.gateway}/gateway/api/frontTransReq.do`;
    return { handOffForm: { action, fields: Object.fromEntries(gateway.signed(fields)) } };
  }
  const answer = await gateway.call('create', '/gateway/api/backTransReq.do', fields);
  const qrCode = answer.get('qrCode') ?? '';
  if (!QR_CODE.test(qrCode)) throw new OutcomeUnknown('qr-code-unreadable');
  return { qrCode };
}

function noSuchScene(scene: Scene): Error {
  return invalidArgument(
    'scene',
    { zh: `银联没有 ${scene} 这种支付场景。`, en: `UnionPay has no ${scene} scene.` },
    { zh: '改用 qr 或 web。', en: 'Use qr or web.' },
  );
}
