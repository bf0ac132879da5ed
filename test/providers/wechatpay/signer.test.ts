import { describe, expect, it } from 'vitest';
import { Formatter, Rsa } from 'wechatpay-axios-plugin';
import type { GatewayRequest } from '../../../src/providers/gateway-http.ts';
import {
  configOf,
  ENV,
  merchantKeys,
  NOW,
  OPERATIONS,
  order,
  PUB_KEY_ID,
  platform,
  world,
} from './merchant.ts';
import { signedAnswer } from './platform.ts';

/** wechatpay-axios-plugin is an independent implementation: here it is the judge of our signatures. */

const AUTHORIZATION =
  /^WECHATPAY2-SHA256-RSA2048 mchid="(\d+)",nonce_str="([0-9a-f]{32})",timestamp="(\d+)",serial_no="([0-9A-F]+)",signature="([A-Za-z0-9+/=]+)"$/;

function judge(request: GatewayRequest): { nonce: string; genuine: boolean } {
  const match = AUTHORIZATION.exec(request.headers.Authorization ?? '');
  if (!match) throw new Error('malformed Authorization');
  const [, mchid, nonce = '', timestamp = '', serial, signature = ''] = match;
  expect(mchid).toBe('1900000109');
  expect(serial).toBe(ENV.WXPAY_MCH_SERIAL);
  expect(timestamp).toBe(String(Math.floor(NOW / 1000)));
  const { pathname, search } = new URL(request.url);
  const message = Formatter.request(request.method, pathname + search, timestamp, nonce, request.body ?? '');
  return { nonce, genuine: Rsa.verify(message, signature, merchantKeys.publicKey) };
}

async function send(name: string, config = configOf()): Promise<GatewayRequest> {
  const { provider, requests } = world(() => signedAnswer(200, {}, platform, NOW), config);
  await OPERATIONS[name]?.(provider).catch(() => undefined); // only what was sent matters here
  const request = requests.at(-1);
  if (!request) throw new Error('nothing was sent');
  return request;
}

describe('requests', () => {
  it.each(Object.keys(OPERATIONS))('%s is signed as the oracle expects', async (name) => {
    expect(judge(await send(name)).genuine).toBe(true);
  });

  it.each(Object.keys(OPERATIONS))('%s carries the headers WeChat Pay wants', async (name) => {
    expect((await send(name)).headers).toMatchObject({
      Accept: 'application/json',
      'Content-Type': 'application/json',
      'User-Agent': 'mcp-cashier',
      'Wechatpay-Serial': PUB_KEY_ID,
    });
  });

  it('never uses a nonce twice', async () => {
    const first = judge(await send('queryTrade'));
    const second = judge(await send('queryTrade'));
    expect(first.nonce).not.toBe(second.nonce);
  });

  it('escapes numbers that have to be', async () => {
    const { provider, requests } = world(() => signedAnswer(200, {}, platform, NOW));
    await provider.queryTrade('A|B*C-1').catch(() => undefined);
    expect(requests[0]?.url).toContain('/out-trade-no/A%7CB*C-1?mchid=1900000109');
    expect(judge(requests[0] as GatewayRequest).genuine).toBe(true);
  });
});

describe('pay-sign', () => {
  const prepay = { prepay_id: 'wx201410272009395522657a690389285100' };

  it('of jsapi is what the oracle accepts', async () => {
    const { provider } = world(() => signedAnswer(200, prepay, platform, NOW));
    const terms = order({ scene: 'jsapi', payerOpenid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' });
    const { jsapiParams } = await provider.sendPayment(terms, provider.planPayment(terms));
    expect(Object.keys(jsapiParams ?? {})).toEqual([
      'appId',
      'timeStamp',
      'nonceStr',
      'package',
      'signType',
      'paySign',
    ]);
    const {
      appId = '',
      timeStamp = '',
      nonceStr = '',
      package: bundle = '',
      paySign = '',
    } = jsapiParams ?? {};
    expect(bundle).toBe(`prepay_id=${prepay.prepay_id}`);
    expect(jsapiParams?.signType).toBe('RSA');
    expect(timeStamp).toBe(String(Math.floor(NOW / 1000)));
    const message = Formatter.joinedByLineFeed(appId, timeStamp, nonceStr, bundle);
    expect(Rsa.verify(message, paySign, merchantKeys.publicKey)).toBe(true);
  });

  it('of an app signs the bare prepay id', async () => {
    const { provider } = world(() => signedAnswer(200, prepay, platform, NOW));
    const terms = order({ scene: 'app' });
    const { appParams } = await provider.sendPayment(terms, provider.planPayment(terms));
    const { appId = '', timeStamp = '', nonceStr = '', prepayId = '', sign = '' } = appParams ?? {};
    expect(appParams).toMatchObject({
      appId: 'wxd678efh567hg6787',
      partnerId: '1900000109',
      prepayId: prepay.prepay_id,
      packageValue: 'Sign=WXPay',
    });
    const message = Formatter.joinedByLineFeed(appId, timeStamp, nonceStr, prepayId);
    expect(Rsa.verify(message, sign, merchantKeys.publicKey)).toBe(true);
  });
});
