import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import type { GatewayResponse } from '../../../src/providers/gateway-http.ts';
import { outcome } from '../wechatpay/merchant.ts';
import { unsignedAnswer } from '../wechatpay/platform.ts';
import { configOf, DouyinWorld, ENV, ORIGIN, signed } from './merchant.ts';

const DAY = '2026-11-20';
const HEADER =
  '交易时间,应用ID,商户号,抖音支付订单号,商户订单号,交易状态,商户退款单号,退款状态,商品名称,商户数据包,手续费,订单金额,申请退款金额';
const line = (...cells: string[]) => cells.map((cell) => `\`${cell}`).join(',');
const [mch, app] = [ENV.DYPAY_MCH_ID ?? '', ENV.DYPAY_APP_ID ?? ''];
const PAYMENT = line(
  `${DAY} 10:00:00`,
  app,
  mch,
  'TP1',
  'ORDER_1',
  'SUCCESS',
  '0',
  '',
  '茶,`杯',
  '',
  '0.06',
  '9.90',
  '0.00',
);
const REFUND = line(
  `${DAY} 11:00:00`,
  app,
  mch,
  'TP1',
  'ORDER_1',
  'REFUND',
  'R_1',
  'SUCCESS',
  '茶',
  '',
  '-0.02',
  '0.00',
  '3.30',
);
const TEXT = `\ufeff${[HEADER, PAYMENT, REFUND, '总交易单数,订单总金额', '`2,`9.90'].join('\r\n')}\r\n`;
const FILE = 'https://bills.bytedance.example/f?token=1';

let world: DouyinWorld;
beforeEach(() => {
  world = new DouyinWorld();
});
function told(text = TEXT, more: Readonly<Record<string, unknown>> = {}, file?: GatewayResponse): void {
  const body = gzipSync(Buffer.from(text));
  const hash_value = createHash('sha1').update(Buffer.from(text)).digest('hex');
  world.answer = ({ url }) =>
    url.includes('/v1/bill/billapply')
      ? signed(200, { hash_type: 'SHA1', hash_value, download_url: FILE, ...more })
      : (file ?? { status: 200, headers: {}, body });
}
const asked = () => outcome(world.provider.downloadBill(DAY));

describe('a bill', () => {
  it('is what the signed answer names and hashes, unzipped, and had without our signature', async () => {
    told();
    const { lines } = await world.provider.downloadBill(DAY);
    expect(lines).toMatchObject([
      {
        kind: 'payment',
        outTradeNo: 'ORDER_1',
        gatewayTradeNo: 'TP1',
        amountFen: 990,
        feeFen: 6,
        state: 'PAID',
      },
      { kind: 'refund', outRefundNo: 'R_1', amountFen: 330, feeFen: -2, state: 'SUCCESS' },
    ]);
    const [apply, file] = world.requests.slice(1);
    expect(apply?.url).toBe(
      `${ORIGIN}/v1/bill/billapply?mchid=${mch}&bill_date=${DAY}&bill_type=TRADE&tar_type=GZIP`,
    );
    expect(file?.url).toBe(FILE);
    expect(JSON.stringify(file?.headers)).not.toMatch(/authorization/i);
  });

  it.each<[string, () => void, string]>([
    ['with another hash', () => told(TEXT, { hash_value: '0'.repeat(40) }), 'unknown bill-hash'],
    ['by another algorithm', () => told(TEXT, { hash_type: 'MD5' }), 'unknown bill-hash'],
    ['over http', () => told(TEXT, { download_url: 'http://bills.example/f' }), 'unknown bill-address'],
    [
      'with a name and a password',
      () => told(TEXT, { download_url: 'https://a:b@bills.example/f' }),
      'unknown bill-address',
    ],
    [
      'that redirects',
      () => told(TEXT, {}, { status: 302, headers: { location: '/x' }, body: Buffer.alloc(0) }),
      'unknown bill-http-302',
    ],
    [
      'cut off',
      () => told(TEXT, {}, { status: 200, headers: {}, body: gzipSync(TEXT).subarray(0, 60) }),
      'unknown bill-gzip',
    ],
    [
      'of another merchant',
      () => told(TEXT.replaceAll(mch, '6020230307609999')),
      'unknown bill-of-another-merchant',
    ],
    ['of another day', () => told(TEXT.replaceAll(DAY, '2026-10-01')), 'unknown bill-of-another-day'],
    [
      'of columns that nobody has told us',
      () => told(TEXT.replace('商户订单号', '外部单号')),
      'unknown bill-column-missing 商户订单号',
    ],
    ['with a line too short', () => told(TEXT.replace(',`3.30', '')), 'unknown bill-line-unreadable 3'],
  ])('%s is none', async (_, tell, expected) => {
    tell();
    expect(await asked()).toBe(expected);
  });

  it('of a simulated gateway is at that gateway', async () => {
    world = new DouyinWorld(configOf({ DYPAY_GATEWAY: 'http://127.0.0.1:4000' }));
    told();
    expect(await asked()).toBe('unknown bill-address');
    told(TEXT, { download_url: 'http://127.0.0.1:4000/v1/bill/file?token=1' });
    expect(await asked()).toBe('resolved');
  });

  it('that is not there is an empty day only where that is signed', async () => {
    world.answer = () => signed(400, { code: 'NO_STATEMENT_EXIST' });
    expect(await world.provider.downloadBill(DAY)).toEqual({ date: DAY, lines: [] });
    world.answer = () => unsignedAnswer(400, { code: 'NO_STATEMENT_EXIST' });
    expect(await asked()).toBe('declined not-exist NO_STATEMENT_EXIST unproven');
    world.answer = () => signed(400, { code: 'STATEMENT_CREATING' });
    expect(await asked()).toBe('declined other STATEMENT_CREATING proven');
  });
});
