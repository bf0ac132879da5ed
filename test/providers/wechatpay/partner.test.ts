import { createVerify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { OrderTerms, Scene } from '../../../src/domain/order.ts';
import { isHome, isSameAccount } from '../../../src/providers/contract.ts';
import type { GatewayRequest } from '../../../src/providers/gateway-http.ts';
import { closeAt } from '../../support/close.ts';
import {
  ACCOUNT,
  configOf,
  merchantKeys,
  NOW,
  ORIGIN,
  OUT_REFUND_NO,
  OUT_TRADE_NO,
  order,
  outcome,
  PAID_TRADE,
  platform,
  REFUNDED,
  refund,
  world,
} from './merchant.ts';
import { NOTIFIED_REFUND, paymentNotify, refundNotify, verdictOf } from './notifier.ts';
import { signedAnswer, unsignedAnswer } from './platform.ts';

/* A service provider (服务商) collects for a sub-merchant: the provider signs, the sub-merchant is paid. */

const SP = { appid: 'wxd678efh567hg6787', mchid: '1900000109' };
const SUB = { mchid: '1900000211', appid: 'wx5555666677778888' };
const PAIR = `${SP.mchid}/${SUB.mchid}`;
const OPENID = 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o';

/** Without an app of the sub-merchant's own, and with one. */
const MODES = {
  "the provider's app": {
    env: { WXPAY_SUB_MCH_ID: SUB.mchid },
    account: `${ORIGIN} ${PAIR} ${SP.appid}`,
    app: SP.appid,
    payer: { sp_openid: OPENID },
    ids: {},
  },
  "the sub-merchant's app": {
    env: { WXPAY_SUB_MCH_ID: SUB.mchid, WXPAY_SUB_APP_ID: SUB.appid },
    account: `${ORIGIN} ${PAIR} ${SP.appid} ${SUB.appid}`,
    app: SUB.appid,
    payer: { sub_openid: OPENID },
    ids: { sub_appid: SUB.appid },
  },
} as const;

const { appid: _appid, mchid: _mchid, payer: _payer, ...PAID } = PAID_TRADE;
/** A paid trade as it is told to a service provider. */
const PARTNER_TRADE = {
  ...PAID,
  sp_appid: SP.appid,
  sp_mchid: SP.mchid,
  sub_appid: SUB.appid,
  sub_mchid: SUB.mchid,
  payer: { sp_openid: OPENID, sub_openid: OPENID },
};

const pathOf = ({ url }: GatewayRequest) => url.slice(ORIGIN.length);
const said = ({ body }: GatewayRequest) => JSON.parse(body ?? '') as unknown;

describe.each(Object.entries(MODES))('through %s', (_name, { env, account, app, payer, ids }) => {
  const config = configOf(env);
  const at = (status: number, body: unknown) =>
    world(() => signedAnswer(status, body, platform, NOW), config);
  const { provider } = at(200, {});

  it('is an account of its own, whose orders are told from all others', () => {
    expect(provider.account).toBe(account);
    const others = [
      ACCOUNT,
      `${ORIGIN} ${SP.mchid} ${SP.appid}`,
      `${ORIGIN} ${SP.mchid}/1900000212 ${SP.appid}`,
      `${ORIGIN} 1900000110/${SUB.mchid} ${SP.appid}`,
      `${ORIGIN} ${SUB.mchid} ${SUB.appid}`,
      `https://other.example ${PAIR} ${SP.appid}`,
      `${ORIGIN} ${PAIR}1 ${SP.appid}`,
    ];
    for (const other of others) {
      expect(isHome(provider, other), other).toBe(false);
      expect(isSameAccount(account, other), other).toBe(false);
    }
    const further = [`${ORIGIN} ${PAIR} wxearlier`, `${ORIGIN} ${PAIR} ${SP.appid} wxearlier`];
    for (const own of [account, ...further]) expect(isHome(provider, own), own).toBe(true);
    const { provider: directly } = world(() => unsignedAnswer(500, ''), configOf());
    expect(isHome(directly, account)).toBe(false);
  });

  const SCENES: Readonly<Record<string, [OrderTerms, string, object]>> = {
    native: [order(), 'native', {}],
    h5: [
      order({ scene: 'h5', payerClientIp: '14.23.150.211' }),
      'h5',
      { scene_info: { payer_client_ip: '14.23.150.211', h5_info: { type: 'Wap' } } },
    ],
    jsapi: [order({ scene: 'jsapi', payerOpenid: OPENID }), 'jsapi', { payer }],
    app: [order({ scene: 'app' }), 'app', {}],
  };
  it.each(Object.entries(SCENES))('orders %s', (_scene, [terms, product, extra]) => {
    const [path, body = ''] = provider.planPayment(terms).split('\n');
    expect(path).toBe(`/v3/pay/partner/transactions/${product}`);
    expect(JSON.parse(body)).toEqual({
      sp_appid: SP.appid,
      sp_mchid: SP.mchid,
      sub_mchid: SUB.mchid,
      ...ids,
      description: '咨询服务 30 分钟',
      out_trade_no: OUT_TRADE_NO,
      time_expire: '2026-11-21T15:00:05+08:00',
      notify_url: 'https://pay.example.com/notify/wechatpay',
      amount: { total: 990, currency: 'CNY' },
      ...extra,
    });
  });

  const answered: Readonly<Record<string, [number, unknown]>> = {
    create: [200, { code_url: 'weixin://wxpay/bizpayurl?pr=p4lpSuKzz' }],
    query: [200, PARTNER_TRADE],
    close: [204, ''],
    refund: [200, REFUNDED],
    'query-refund': [200, REFUNDED],
    bill: [400, { code: 'NO_STATEMENT_EXIST' }],
  };
  const calls: Readonly<Record<string, (of: typeof provider) => Promise<unknown>>> = {
    create: (of) => of.sendPayment(order(), of.planPayment(order())),
    query: (of) => of.queryTrade(OUT_TRADE_NO),
    close: (of) => closeAt(of, OUT_TRADE_NO),
    refund: (of) => of.sendRefund(refund(), of.planRefund(refund())),
    'query-refund': (of) => of.queryRefund(OUT_TRADE_NO, OUT_REFUND_NO),
    bill: (of) => of.downloadBill('2026-11-20'),
  };
  const both = `sp_mchid=${SP.mchid}&sub_mchid=${SUB.mchid}`;
  const trades = '/v3/pay/partner/transactions';
  const refunds = '/v3/refund/domestic/refunds';
  it.each([
    ['create', 'POST', `${trades}/native`],
    ['query', 'GET', `${trades}/out-trade-no/${OUT_TRADE_NO}?${both}`],
    ['close', 'POST', `${trades}/out-trade-no/${OUT_TRADE_NO}/close`],
    ['refund', 'POST', refunds],
    ['query-refund', 'GET', `${refunds}/${OUT_REFUND_NO}?sub_mchid=${SUB.mchid}`],
    [
      'bill',
      'GET',
      `/v3/bill/tradebill?bill_date=2026-11-20&bill_type=ALL&tar_type=GZIP&sub_mchid=${SUB.mchid}`,
    ],
  ])("sends %s with the provider's signature over what is sent", async (operation, method, path) => {
    const [status, body] = answered[operation] ?? [500, ''];
    const { provider: of, requests } = at(status, body);
    await calls[operation]?.(of);
    const [request] = requests;
    if (!request) throw new Error('nothing was sent');
    expect([request.method, pathOf(request)]).toEqual([method, path]);
    const authorization = request.headers.Authorization ?? '';
    const field = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(authorization)?.[1] ?? '';
    expect(field('mchid')).toBe(SP.mchid);
    const signed = [method, path, field('timestamp'), field('nonce_str'), request.body ?? '', ''].join('\n');
    const verify = createVerify('RSA-SHA256').update(signed);
    expect(verify.verify(merchantKeys.publicKey, field('signature'), 'base64')).toBe(true);
  });

  it('says who sells in the bodies of a close and a refund', async () => {
    const closing = at(204, '');
    await closeAt(closing.provider, OUT_TRADE_NO);
    expect(closing.requests.map(said)).toEqual([{ sp_mchid: SP.mchid, sub_mchid: SUB.mchid }]);
    const refunding = at(200, REFUNDED);
    await calls.refund?.(refunding.provider);
    expect(refunding.requests.map(said)).toEqual([
      {
        sub_mchid: SUB.mchid,
        out_trade_no: OUT_TRADE_NO,
        out_refund_no: OUT_REFUND_NO,
        reason: '少发一件',
        notify_url: 'https://pay.example.com/notify/wechatpay',
        amount: { refund: 330, total: 990, currency: 'CNY' },
      },
    ]);
  });

  it.each<[Scene, string[]]>([
    ['jsapi', ['prepay_id=wx20']],
    ['app', ['wx20']],
  ])('hands %s over as it was ordered, whatever is configured by then', async (scene, last) => {
    const terms = order({ scene, payerOpenid: OPENID });
    const plan = provider.planPayment(terms);
    const moved = configOf({ ...env, WXPAY_APP_ID: 'wxmoved', WXPAY_SUB_APP_ID: 'wxmovedsub' });
    const now = world(() => signedAnswer(200, { prepay_id: 'wx20' }, platform, NOW), moved);
    const { jsapiParams, appParams } = await now.provider.sendPayment(terms, plan);
    const { appId, timeStamp, nonceStr, paySign, sign, ...rest } = (jsapiParams ?? appParams) as Record<
      string,
      string
    >;
    expect(appId).toBe(app);
    expect(rest).toEqual(
      scene === 'jsapi'
        ? { package: 'prepay_id=wx20', signType: 'RSA' }
        : { partnerId: SP.mchid, prepayId: 'wx20', packageValue: 'Sign=WXPay' },
    );
    const lines = [appId, timeStamp, nonceStr, ...last, ''].join('\n');
    const signature = String(paySign ?? sign);
    expect(createVerify('RSA-SHA256').update(lines).verify(merchantKeys.publicKey, signature, 'base64')).toBe(
      true,
    );
  });

  it.each<[string, Record<string, unknown>, boolean]>([
    ['all of it', {}, true],
    ['no sub_appid', { sub_appid: undefined }, true],
    ['an empty sub_appid', { sub_appid: '' }, true],
    ['another provider', { sp_mchid: '1900000110' }, false],
    ['another sub-merchant', { sub_mchid: '1900000212' }, false],
    ["another app of the provider's", { sp_appid: 'wx0000000000000001' }, false],
    ["another app of the sub-merchant's", { sub_appid: 'wx0000000000000002' }, app === SP.appid],
    ['a sentence for an app', { sub_appid: 'pay me instead' }, app === SP.appid],
  ])('reads %s of an answer and a notification alike', async (_case, change, same) => {
    const trade = { ...PARTNER_TRADE, ...change };
    const asked = await at(200, trade).provider.queryTrade(OUT_TRADE_NO);
    const told = await provider.parseNotify(paymentNotify({ plaintext: trade }), NOW);
    if (!asked.exists || told.kind !== 'trade') throw new Error('not read');
    expect(told.trade).toEqual(asked);
    expect(isSameAccount(account, asked.account)).toBe(same);
  });

  it.each(['sp_appid', 'sp_mchid', 'sub_mchid'])('believes nothing that has no %s', async (field) => {
    const trade = { ...PARTNER_TRADE, [field]: undefined };
    expect(await outcome(at(200, trade).provider.queryTrade(OUT_TRADE_NO))).toBe('unknown unreadable-answer');
    const told = provider.parseNotify(paymentNotify({ plaintext: trade }), NOW);
    expect(await verdictOf(told)).toBe('unreadable-resource');
  });

  it("takes no trade of a merchant's own for a sub-merchant's, nor the other way round", async () => {
    const own = provider.parseNotify(paymentNotify(), NOW);
    expect(await verdictOf(own)).toBe('unreadable-resource');
    const { provider: directly } = world(() => unsignedAnswer(500, ''), configOf());
    const subs = [PARTNER_TRADE, { ...PAID_TRADE, sub_mchid: SUB.mchid }];
    for (const plaintext of subs) {
      expect(await verdictOf(directly.parseNotify(paymentNotify({ plaintext }), NOW))).toBe(
        'unreadable-resource',
      );
    }
  });

  it.each<[string, Record<string, unknown>, string]>([
    [
      'both by their partner names',
      { mchid: undefined, sp_mchid: SP.mchid, sub_mchid: SUB.mchid },
      'accepted',
    ],
    ['the provider as mchid', { mchid: SP.mchid }, 'accepted'],
    ['all three', { mchid: SP.mchid, sp_mchid: SP.mchid, sub_mchid: SUB.mchid }, 'accepted'],
    ['no provider', { mchid: undefined, sub_mchid: SUB.mchid }, 'unreadable-resource'],
    ['another mchid', { mchid: '1900000110', sub_mchid: SUB.mchid }, 'other-account'],
    ['another sp_mchid', { mchid: SP.mchid, sp_mchid: '1900000110' }, 'other-account'],
    ['another sub_mchid', { mchid: SP.mchid, sub_mchid: '1900000212' }, 'other-account'],
    ['the sub-merchant as mchid', { mchid: SUB.mchid }, 'other-account'],
    ['a number for a sub-merchant', { mchid: SP.mchid, sub_mchid: 1900000211 }, 'unreadable-resource'],
  ])('reads a refund notification with %s', async (_case, change, verdict) => {
    const plaintext = { ...NOTIFIED_REFUND, ...change };
    expect(await verdictOf(provider.parseNotify(refundNotify({ plaintext }), NOW))).toBe(verdict);
  });
});

it('takes no refund of a sub-merchant for its own', async () => {
  const { provider } = world(() => unsignedAnswer(500, ''), configOf());
  for (const change of [
    { sub_mchid: SUB.mchid },
    { sp_mchid: SP.mchid },
    { mchid: undefined, sp_mchid: SP.mchid },
  ]) {
    const plaintext = { ...NOTIFIED_REFUND, ...change };
    expect(await verdictOf(provider.parseNotify(refundNotify({ plaintext }), NOW))).toBe('other-account');
  }
});

describe('what WeChat Pay says no to', () => {
  const config = configOf(MODES["the provider's app"].env);
  const refused = (code: string, number: string, signed = true) =>
    world(() => {
      const headers = { 'request-id': `08F7-${number}` };
      const answer = signedAnswer(
        code === 'NO_AUTH' ? 403 : 400,
        { code, message: '…' },
        platform,
        NOW,
        headers,
      );
      return signed ? answer : { ...answer, headers };
    }, config).provider;

  it.each(['268443701', '268443704', '268443705', '268447845'])(
    'names what to set up: %s',
    async (number) => {
      for (const code of ['PARAM_ERROR', 'NO_AUTH', 'INVALID_REQUEST', number]) {
        const asked = closeAt(refused(code, number), OUT_TRADE_NO);
        await expect(asked, code).rejects.toMatchObject({
          name: 'GatewayDeclined',
          advice: { en: expect.stringContaining('WXPAY_SUB_MCH_ID') },
        });
      }
    },
  );

  it('an order of another sub-merchant is there, and nothing more is proven of it', async () => {
    const conflict = 'declined number-conflict';
    const asked = (code: string, signed?: boolean) =>
      outcome(refused(code, '268447845', signed).queryTrade(OUT_TRADE_NO));
    expect(await asked('INVALID_REQUEST')).toBe(`${conflict} INVALID_REQUEST unproven`);
    expect(await asked('INVALID_REQUEST', false)).toBe(`${conflict} INVALID_REQUEST unproven`);
    expect(await asked('268447845')).toBe(`${conflict} 268447845 proven`);
  });
});

describe('WXPAY_SUB_MCH_ID and WXPAY_SUB_APP_ID', () => {
  const configured = (change: Record<string, string | undefined>) =>
    outcome((async () => configOf(change))());

  it.each<[string, Record<string, string | undefined>, string]>([
    ['an app without a merchant', { WXPAY_SUB_APP_ID: SUB.appid }, 'CONFIGURATION WXPAY_SUB_MCH_ID'],
    ['the provider itself', { WXPAY_SUB_MCH_ID: SP.mchid }, 'CONFIGURATION WXPAY_SUB_MCH_ID'],
    ['an AppID for a merchant', { WXPAY_SUB_MCH_ID: SUB.appid }, 'CONFIGURATION WXPAY_SUB_MCH_ID'],
    [
      'a malformed app',
      { WXPAY_SUB_MCH_ID: SUB.mchid, WXPAY_SUB_APP_ID: 'wx 1' },
      'CONFIGURATION WXPAY_SUB_APP_ID',
    ],
    ['a merchant alone', { WXPAY_SUB_MCH_ID: ` ${SUB.mchid} ` }, 'resolved'],
    ['neither', { WXPAY_SUB_MCH_ID: ' ', WXPAY_SUB_APP_ID: '' }, 'resolved'],
    [
      'a sub-merchant without a provider',
      { WXPAY_SUB_MCH_ID: SUB.mchid, WXPAY_MCH_ID: undefined },
      'CONFIGURATION WXPAY_MCH_ID',
    ],
  ])('%s', async (_case, change, expected) => {
    expect(await configured(change)).toBe(expected);
  });
});
