import { dayOf, digits, token } from '../numbers.ts';
import { errorPage } from '../pages/cashier-page.ts';
import { openFromQuery, openPage } from '../pages/open-page.ts';
import { CannotOpen, openIssued } from '../scanner.ts';
import type { IssuedCode } from '../state/codes.ts';
import { type Trade, tradeState } from '../state/trades.ts';
import type { FakeWallet, World } from '../world.ts';
import { WECHATPAY_AGENT } from './agent.ts';
import { isFrontEnd, prepayIdOf } from './front-end.ts';
import { wechatPayGateway } from './gateway.ts';
import { h5Refusal } from './h5-page.ts';
import { wechatPayMessage } from './notify.ts';
import { AGENT_PAY, PREORDER, payByCode, preorder } from './preorder.ts';
import { WechatPayRefusal } from './refusal.ts';

declare module '../state/identity.ts' {
  interface Numbers {
    readonly wechatAppId: string;
    /** A service provider with the merchant's keys, and those for whom it orders; the merchant may use its app as well. */
    readonly serviceProvider: {
      readonly mchId: string;
      readonly appId: string;
      readonly serial: string;
      readonly subMerchants: readonly { readonly mchId: string; readonly appId: string }[];
    };
    readonly mchId: string;
    readonly mchSerial: string;
    readonly apiV3Key: string;
    readonly publicKeyId: string;
    /** Who sells to agents, as SkillHub knows them. */
    readonly developer: { readonly id: string; readonly keyId: string };
  }
  interface KeyNames {
    merchant: true;
    wechatpay: true;
    skillhub: true;
  }
}

/** Path of the page that an `h5_url` names. */
const H5_PATH = '/cgi-bin/mmpayweb-bin/checkmweb';

export const WECHATPAY: FakeWallet = {
  id: 'wechatpay',
  name: { zh: '微信支付', en: 'WeChat Pay' },
  ...{ mark: '微', accent: '#058045', tone: 'green', tradeNoWord: '微信支付单号' },
  numbers: (randomBytes) => ({
    wechatAppId: appIdFrom(randomBytes),
    serviceProvider: {
      mchId: `1800${digits(randomBytes, 6)}`,
      appId: appIdFrom(randomBytes),
      serial: randomBytes(20).toString('hex').toUpperCase(),
      subMerchants: [1, 2].map((n) => ({
        mchId: `170${n}${digits(randomBytes, 6)}`,
        appId: appIdFrom(randomBytes),
      })),
    },
    mchId: `1900${digits(randomBytes, 6)}`,
    mchSerial: randomBytes(20).toString('hex').toUpperCase(),
    apiV3Key: token(randomBytes),
    publicKeyId: `PUB_KEY_ID_${digits(randomBytes, 30)}`,
    developer: {
      id: `sh-${digits(randomBytes, 8)}`,
      keyId: `PUB_KEY_${token(randomBytes).toUpperCase()}`,
    },
  }),
  keys: ['merchant', 'wechatpay', 'skillhub'],
  env: ({ keys, ...identity }, origin) => ({
    WXPAY_APP_ID: identity.wechatAppId,
    WXPAY_MCH_ID: identity.mchId,
    WXPAY_MCH_KEY: String(keys.merchant.privateKey.export({ type: 'pkcs8', format: 'pem' })),
    WXPAY_MCH_SERIAL: identity.mchSerial,
    WXPAY_API_V3_KEY: identity.apiV3Key,
    WXPAY_PUB_KEY: String(keys.wechatpay.publicKey.export({ type: 'spki', format: 'pem' })),
    WXPAY_PUB_KEY_ID: identity.publicKeyId,
    WXPAY_NOTIFY_URL: `${origin}/merchant/notify`,
    WXPAY_GATEWAY: origin,
    WXPAY_SKILLHUB_DEVELOPER_ID: identity.developer.id,
    WXPAY_SKILLHUB_KEY: String(keys.skillhub.privateKey.export({ type: 'pkcs8', format: 'pem' })),
    WXPAY_SKILLHUB_KEY_ID: identity.developer.keyId,
    WXPAY_X402_GATEWAY: origin,
  }),
  certificateEnv(identity, origin) {
    const { WXPAY_PUB_KEY, WXPAY_PUB_KEY_ID, ...env } = this.env(identity, origin);
    return env;
  },
  // The second one has no app of its own.
  platformEnvs(identity, origin) {
    const { mchId, appId, serial, subMerchants } = identity.serviceProvider;
    return subMerchants.map((sub, at) => ({
      ...this.env(identity, origin),
      ...{ WXPAY_APP_ID: appId, WXPAY_MCH_ID: mchId, WXPAY_MCH_SERIAL: serial },
      WXPAY_SUB_MCH_ID: sub.mchId,
      ...(at === 0 ? { WXPAY_SUB_APP_ID: sub.appId } : {}),
    }));
  },
  routes: [
    { method: 'ALL', path: '/v3/*', handle: wechatPayGateway },
    { method: 'POST', path: PREORDER, handle: preorder },
    { method: 'POST', path: AGENT_PAY, handle: payByCode },
    {
      // The H5 page asks a browser from which site it comes, and opens in no app's own.
      ...{ method: 'GET', path: H5_PATH },
      handle(world, incoming) {
        const why = h5Refusal(incoming.headers);
        return why ? errorPage(world, 'wechatpay', why.zh, why.en) : openFromQuery(world, incoming);
      },
    },
    {
      ...{ method: 'POST', path: '/wechatpay/app' },
      handle: (world, { body }) => openPage(world, body.toString('utf8')),
    },
  ],
  message: wechatPayMessage,
  open(world, shown, late) {
    if (isFrontEnd(shown)) return openIssued(world, prepayIdOf(world, shown), late);
    const url = URL.canParse(shown) ? new URL(shown) : undefined;
    if (url?.pathname !== H5_PATH) return undefined;
    const back = url.searchParams.get('redirect_url');
    return openIssued(world, url.searchParams.get('prepay_id') ?? '', late).then((trade) =>
      rememberReturn(world, trade, back),
    );
  },
  openCode,
  whyNot: (error) => (error instanceof WechatPayRefusal ? { zh: error.message, en: error.code } : undefined),
  returnAddress: (_world, trade) => trade.returnUrl,
  agent: WECHATPAY_AGENT,
  newTradeNo: transactionId,
  booksRefundsWhenDone: false,
};

function appIdFrom(randomBytes: World['randomBytes']): string {
  return `wx${randomBytes(8).toString('hex')}`;
}

/** The order exists already; its code must be alive and the order unpaid or just paid. */
function openCode(world: World, issued: IssuedCode, late: boolean): Promise<Trade> {
  return world.database.write(() => {
    const now = world.clock.now();
    const trade = world.trades.of(issued.space).byNumber('wechatpay', issued.outTradeNo);
    if (!trade) throw new CannotOpen('订单不存在', 'No such order');
    const { outTradeNo, title } = trade;
    const steered = world.steering.take({ provider: 'wechatpay', operation: 'open', outTradeNo, title });
    const over = now >= issued.diesAt || tradeState(trade, now) === 'CLOSED';
    if (trade.paidAt === undefined && over && !late && !steered.has('pay-after-close')) {
      throw new CannotOpen('二维码或订单已失效', 'The code or the order is no longer valid');
    }
    return trade;
  });
}

/** An H5 link may carry where to send the payer back to. */
function rememberReturn(world: World, trade: Trade, address: string | null): Promise<Trade> | Trade {
  if (!address || !/^https?:\/\//.test(address) || trade.returnUrl === address) return trade;
  return world.database.write(() => {
    const remembered = { ...trade, returnUrl: address };
    world.trades.save(remembered);
    return remembered;
  });
}

/** 28 digits: `42000` and the day. */
function transactionId(world: World): string {
  const day = dayOf(world.clock.now());
  return `42000${digits(world.randomBytes, 5)}${day}${digits(world.randomBytes, 10)}`;
}
