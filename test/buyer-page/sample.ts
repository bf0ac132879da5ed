import type { Hono } from 'hono';
import { type BuyerView, buyerRoutes } from '../../src/buyer-page/index.ts';
import type { Clock } from '../../src/domain/clock.ts';

/** 2026-11-21T14:30:00+08:00, in ms. */
export const OPENED = Date.parse('2026-11-21T14:30:00+08:00');
export const TOKEN = 'Vx3_q-0aZ9LmNpQrStUvWA';
export const QR_TEXT = 'https://qr.alipay.com/bax03431ljhokirwl38f00a7';

const SAMPLE: BuyerView = {
  provider: 'alipay',
  scene: 'qr',
  state: 'NOTPAY',
  amountYuan: '9.90',
  title: '手冲咖啡',
  outTradeNo: 'ORDER_000001',
  expiresAt: OPENED + 30 * 60_000,
  closing: false,
  late: false,
  given: true,
  qrCode: QR_TEXT,
  simulated: false,
};

/** A payable Alipay order with 30 minutes left at OPENED, but for what `changes` says. */
export function sampleView(changes: Partial<BuyerView> = {}): BuyerView {
  return { ...SAMPLE, ...changes };
}

/** The same order paid by a link instead of a code. */
export function linkView(payUrl: string, changes: Partial<BuyerView> = {}): BuyerView {
  const { qrCode: _none, ...rest } = SAMPLE;
  return { ...rest, scene: 'h5', payUrl, ...changes };
}

/** A page with one order under TOKEN, whose view and clock a test moves, and that counts its lookups. */
export class SamplePage {
  view: BuyerView | undefined;
  now = OPENED;
  readonly asked: string[] = [];
  readonly clock: Clock = { now: () => this.now, sleep: () => Promise.resolve() };
  readonly routes: Hono;

  constructor(view: BuyerView | undefined = sampleView()) {
    this.view = view;
    this.routes = buyerRoutes({ lookup: this.lookup, clock: this.clock });
  }

  readonly lookup = async (token: string): Promise<BuyerView | undefined> => {
    this.asked.push(token);
    return token === TOKEN ? this.view : undefined;
  };

  async page(): Promise<string> {
    return (await this.routes.request(`/c/${TOKEN}`)).text();
  }

  async state(): Promise<unknown> {
    return (await this.routes.request(`/c/${TOKEN}/state`)).json();
  }
}

/** What a person reads on a page: tags, style and script taken away, entities undone. */
export function readable(page: string): string {
  return page
    .replace(/<(style|script)>[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, '&')
    .replace(/\s+/g, ' ')
    .trim();
}
