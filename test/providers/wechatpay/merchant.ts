import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../src/domain/clock.ts';
import { CashierError } from '../../../src/domain/errors.ts';
import { type Fen, fen } from '../../../src/domain/money.ts';
import type { OrderTerms, RefundTerms } from '../../../src/domain/order.ts';
import {
  GatewayDeclined,
  GatewayUnavailable,
  type MayStill,
  OutcomeUnknown,
  type PaymentProvider,
} from '../../../src/providers/contract.ts';
import type { GatewayHttp, GatewayRequest, GatewayResponse } from '../../../src/providers/gateway-http.ts';
import {
  createWechatpayProvider,
  readWechatpayConfig,
  type WechatpayConfig,
} from '../../../src/providers/wechatpay/index.ts';
import { closeAt } from '../../support/close.ts';
import { PAIRS, pem } from '../../support/rsa.ts';
import { signedAnswer } from './platform.ts';

export const [merchantKeys, platformKeys, strangerKeys] = PAIRS;

export const API_V3_KEY = '0123456789abcdefghijklmnopqrstuv';
export const PUB_KEY_ID = 'PUB_KEY_ID_0114232134912410000000000000';
export const ORIGIN = 'https://api.mch.weixin.qq.com';
export const ACCOUNT = `${ORIGIN} 1900000109 wxd678efh567hg6787`;
/** ms; not a whole second, as real clocks are. */
export const NOW = Date.parse('2026-11-21T14:30:05.250+08:00');

export const platform = { serial: PUB_KEY_ID, privateKey: platformKeys.privateKey };

export const privatePem = pem(merchantKeys.privateKey);
export const platformPem = pem(platformKeys.publicKey);

export const ENV: Readonly<Record<string, string>> = {
  WXPAY_APP_ID: 'wxd678efh567hg6787',
  WXPAY_MCH_ID: '1900000109',
  WXPAY_MCH_KEY: privatePem,
  WXPAY_MCH_SERIAL: '1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C',
  WXPAY_API_V3_KEY: API_V3_KEY,
  WXPAY_PUB_KEY: platformPem,
  WXPAY_PUB_KEY_ID: PUB_KEY_ID,
  WXPAY_NOTIFY_URL: 'https://pay.example.com/notify/wechatpay',
};

export function configOf(overrides: Readonly<Record<string, string | undefined>> = {}): WechatpayConfig {
  const config = readWechatpayConfig({ ...ENV, ...overrides });
  if (!config) throw new Error('nothing is configured');
  return config;
}

/** A clock that stands until it is moved; ms. */
export class TestClock implements Clock {
  private ms: number;
  constructor(ms = NOW) {
    this.ms = ms;
  }
  now(): number {
    return this.ms;
  }
  async sleep(): Promise<void> {}
  pass(ms: number): void {
    this.ms += ms;
  }
}

export type Answerer = (request: GatewayRequest) => GatewayResponse | Promise<GatewayResponse>;

/** A gateway in memory: records what it is sent and answers as told. */
export interface FakeGateway {
  readonly http: GatewayHttp;
  readonly requests: GatewayRequest[];
}

export function fakeGateway(answer: Answerer): FakeGateway {
  const requests: GatewayRequest[] = [];
  return {
    requests,
    http: {
      async send(request) {
        requests.push(request);
        return answer(request);
      },
    },
  };
}

export interface World {
  readonly provider: PaymentProvider;
  readonly clock: TestClock;
  readonly requests: GatewayRequest[];
}

/** The adapter in front of a gateway that answers as told. */
export function world(answer: Answerer, config: WechatpayConfig = configOf()): World {
  const clock = new TestClock();
  const { http, requests } = fakeGateway(answer);
  return { provider: createWechatpayProvider(config, { clock, http, randomBytes }), clock, requests };
}

/** The same, with WeChat Pay's good signature under a body. */
export function honest(status: number, body: unknown): World {
  return world(() => signedAnswer(status, body, platform, NOW));
}

export const OUT_TRADE_NO = 'ORDER_20261121_0001';
export const OUT_REFUND_NO = 'REFUND_0001';
export const AMOUNT: Fen = fen(990);

export function order(overrides: Partial<OrderTerms> = {}): OrderTerms {
  return {
    outTradeNo: OUT_TRADE_NO,
    scene: 'qr',
    amountFen: AMOUNT,
    title: '咨询服务 30 分钟',
    sentAt: Date.parse('2026-11-21T14:30:05+08:00'),
    expiresAt: Date.parse('2026-11-21T15:00:05+08:00'),
    ...overrides,
  };
}

export function refund(overrides: Partial<RefundTerms> = {}): RefundTerms {
  return {
    outTradeNo: OUT_TRADE_NO,
    outRefundNo: OUT_REFUND_NO,
    sentAt: Date.parse('2026-11-21T14:40:05+08:00'),
    refundFen: fen(330),
    totalFen: AMOUNT,
    reason: '少发一件',
    ...overrides,
  };
}

/** A paid trade as WeChat Pay tells it. */
export const PAID_TRADE = {
  appid: 'wxd678efh567hg6787',
  mchid: '1900000109',
  out_trade_no: OUT_TRADE_NO,
  transaction_id: '4200001234202611210123456789',
  trade_type: 'NATIVE',
  trade_state: 'SUCCESS',
  trade_state_desc: '支付成功',
  bank_type: 'OTHERS',
  attach: '',
  success_time: '2026-11-21T14:29:40+08:00',
  payer: { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' },
  amount: { total: 990, payer_total: 990, currency: 'CNY', payer_currency: 'CNY' },
};

/** A refund as WeChat Pay tells it once the money has gone. */
export const REFUNDED = {
  refund_id: '50300001234202611210123456789',
  out_refund_no: OUT_REFUND_NO,
  transaction_id: '4200001234202611210123456789',
  out_trade_no: OUT_TRADE_NO,
  channel: 'ORIGINAL',
  user_received_account: '支付用户零钱',
  create_time: '2026-11-21T14:30:04+08:00',
  success_time: '2026-11-21T14:30:05+08:00',
  status: 'SUCCESS',
  funds_account: 'UNSETTLED',
  amount: { total: 990, refund: 330, payer_total: 990, payer_refund: 330, currency: 'CNY' },
};

/** What a call was rejected with, in one comparable line. */
export async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'resolved';
  } catch (error) {
    if (error instanceof GatewayDeclined) {
      return `declined ${error.reason} ${error.gatewayCode} ${error.proven ? 'proven' : 'unproven'}`;
    }
    if (error instanceof OutcomeUnknown) return `unknown ${error.detail}`;
    if (error instanceof GatewayUnavailable) return `unavailable ${error.detail}`;
    if (error instanceof CashierError)
      return `${error.code} ${error.details.argument ?? error.details.variable}`;
    throw error;
  }
}

/** Every call that talks to the gateway, by name. */
export const OPERATIONS: Readonly<
  Record<string, (provider: PaymentProvider, mayStill?: MayStill) => Promise<unknown>>
> = {
  sendPayment: (provider, mayStill) => provider.sendPayment(order(), provider.planPayment(order()), mayStill),
  queryTrade: (provider) => provider.queryTrade(OUT_TRADE_NO),
  closeTrade: (provider, mayStill) => closeAt(provider, OUT_TRADE_NO, mayStill),
  sendRefund: (provider, mayStill) => provider.sendRefund(refund(), provider.planRefund(refund()), mayStill),
  queryRefund: (provider) => provider.queryRefund(OUT_TRADE_NO, OUT_REFUND_NO),
};
