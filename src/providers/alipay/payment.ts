import { beijingDateTime, type Clock, wholeSecond } from '../../domain/clock.ts';
import { invalidArgument } from '../../domain/errors.ts';
import { toYuan } from '../../domain/money.ts';
import type { Credential, OrderTerms, Scene } from '../../domain/order.ts';
import { OutcomeUnknown } from '../contract.ts';
import type { AlipayConfig } from './config.ts';
import { accepted, requireOrderNumber } from './errors.ts';
import type { AlipayGateway } from './gateway.ts';
import { bizContent, type Plan, readPlan, writePlan } from './plan.ts';
import type { RequestSigner } from './signer.ts';

const CREATE_METHODS = [
  'alipay.trade.precreate',
  'alipay.trade.page.pay',
  'alipay.trade.wap.pay',
  'alipay.trade.app.pay',
] as const;

interface Product {
  readonly method: (typeof CREATE_METHODS)[number];
  readonly productCode: string;
  /** Whether the payer's browser is sent back to AP_RETURN_URL. */
  readonly returns: boolean;
}

const LINK_PRODUCTS: Partial<Readonly<Record<Scene, Product>>> = {
  web: { method: 'alipay.trade.page.pay', productCode: 'FAST_INSTANT_TRADE_PAY', returns: true },
  h5: { method: 'alipay.trade.wap.pay', productCode: 'QUICK_WAP_WAY', returns: true },
  app: { method: 'alipay.trade.app.pay', productCode: 'QUICK_MSECURITY_PAY', returns: false },
};

export const ALIPAY_SCENES: ReadonlySet<Scene> = new Set<Scene>(['qr', 'web', 'h5', 'app']);

/** How long the sandbox lets a payment last. */
export const SANDBOX_EXPIRY_MINUTES = 15 * 60;

/** How long a precreated code can be scanned, whatever the order's own expiry. ms */
const QR_CODE_LIFETIME_MS = 2 * 3_600_000;

/** A code is a URL in printable ASCII; anything else in its place is not handed to a payer. */
const QR_CODE = /^https?:\/\/[\x21-\x7e]{1,500}$/;

/** Plans an order: product, absolute expiry and notify address are fixed here for every later send. */
export function planPayment(order: OrderTerms, config: AlipayConfig): string {
  const product = productOf(order.scene, config);
  requireTitle(order.title);
  return writePlan({
    method: product.method,
    notify_url: config.notifyUrl,
    return_url: product.returns ? config.returnUrl : undefined,
    biz_content: bizContent({
      out_trade_no: order.outTradeNo,
      total_amount: toYuan(order.amountFen),
      subject: order.title,
      product_code: product.productCode,
      time_expire: beijingDateTime(order.expiresAt),
    }),
  });
}

/**
 * Turns a plan into what the payer acts on. Links and order strings are signed here and no trade exists until the
 * payer opens them; only the QR code is asked for.
 *
 * @see https://opendocs.alipay.com/open/59da99d0_alipay.trade.page.pay
 * @see https://opendocs.alipay.com/open/29ae8cb6_alipay.trade.wap.pay
 * @see https://opendocs.alipay.com/open/cd12c885_alipay.trade.app.pay
 */
export async function sendPayment(
  order: OrderTerms,
  planText: string,
  ports: {
    readonly config: AlipayConfig;
    readonly signer: RequestSigner;
    readonly gateway: AlipayGateway;
    readonly clock: Clock;
  },
): Promise<Credential> {
  const plan = readPlan(planText, CREATE_METHODS, { outTradeNo: order.outTradeNo });
  switch (plan.method) {
    case 'alipay.trade.precreate':
      return precreate(order, plan, ports.gateway, ports.clock);
    case 'alipay.trade.page.pay':
    case 'alipay.trade.wap.pay':
      return { payUrl: `${ports.config.gateway}?${await ports.signer.sign(plan)}` };
    case 'alipay.trade.app.pay':
      return { orderString: await ports.signer.sign(plan) };
  }
}

/**
 * Asks for a QR code. Repeating it with the same plan is safe: a trade is made only when somebody scans.
 *
 * @see https://opendocs.alipay.com/open/8ad49e4a_alipay.trade.precreate
 */
async function precreate(
  order: OrderTerms,
  plan: Plan,
  gateway: AlipayGateway,
  clock: Clock,
): Promise<Credential> {
  // Taken before the call: a slow answer must not make the code look younger than it is.
  const codeExpiresAt = wholeSecond(clock.now()) + QR_CODE_LIFETIME_MS;
  const answer = await accepted(gateway.call(plan), 'create', order.outTradeNo, order.scene);
  requireOrderNumber(answer, order.outTradeNo);
  const qrCode = answer.fields.get('qr_code') ?? '';
  if (!QR_CODE.test(qrCode)) throw new OutcomeUnknown('qr-code-unreadable', answer.requestId);
  return codeExpiresAt < order.expiresAt ? { qrCode, linkExpiresAt: codeExpiresAt } : { qrCode };
}

function productOf(scene: Scene, config: AlipayConfig): Product {
  if (scene === 'qr') {
    return { method: 'alipay.trade.precreate', productCode: config.precreateProductCode, returns: false };
  }
  const product = LINK_PRODUCTS[scene];
  if (product) return product;
  throw invalidArgument(
    'scene',
    { zh: `支付宝没有 ${scene} 这种支付场景。`, en: `Alipay has no ${scene} scene.` },
    { zh: '改用 qr、web、h5 或 app。', en: 'Use qr, web, h5 or app.' },
  );
}

/** Alipay refuses these in `subject`; for links it would tell only the payer's browser, so it is said here. */
export function requireTitle(title: string): void {
  const character = /[/=&]/.exec(title)?.[0];
  if (character === undefined) return;
  throw invalidArgument(
    'title',
    {
      zh: `title 含有支付宝不接受的字符 "${character}"。`,
      en: `title contains "${character}", which Alipay does not take.`,
    },
    { zh: '去掉标题中的 / = & 后重试。', en: 'Remove / = & from the title and call again.' },
    { character },
  );
}
