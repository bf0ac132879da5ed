import type { Incoming } from '../http.ts';
import { digits, token } from '../numbers.ts';
import { openFromQuery, openPage } from '../pages/open-page.ts';
import type { KeyPair } from '../state/identity.ts';
import { AGREEMENT_DEEDS, type FakeWallet, type World } from '../world.ts';
import { A2M_CASHIER, payBill } from './a2m-cashier.ts';
import { SERVICE } from './a2m-words.ts';
import { ALIPAY_AGENT } from './agent.ts';
import { agreementMessage } from './agreement-notify.ts';
import { AGREEMENT, agreementAddress, pressOnAgreement, rulesOf, showAgreement } from './agreement-page.ts';
import { actOn, openAgreement, signLinkIn, signWithPayment } from './agreement-signing.ts';
import { serveBill } from './bill-calls.ts';
import { certificatesOf } from './certificates.ts';
import { alipayGateway } from './gateway.ts';
import { openCode, openLink } from './links.ts';
import { alipayMessage, returnAddress } from './notify.ts';
import { AlipayRefusal } from './refusal.ts';
import { type AuthorisingMerchant, LINK_METHODS, parametersOf, SIGN_METHOD } from './request.ts';
import { newTradeNo } from './terms.ts';

declare module '../state/identity.ts' {
  interface Numbers {
    readonly appId: string;
    readonly sellerId: string;
    /** An ISV's app with the keys of the merchant's, and the merchants who have authorised it. */
    readonly isv: {
      readonly appId: string;
      readonly merchants: readonly AuthorisingMerchant[];
    };
  }
  interface KeyNames {
    app: true;
    alipay: true;
  }
}

export const ALIPAY: FakeWallet = {
  id: 'alipay',
  name: { zh: '支付宝', en: 'Alipay' },
  ...{ mark: '支', accent: '#1168ea', tone: 'blue', tradeNoWord: '支付宝交易号' },
  numbers: (randomBytes) => ({
    appId: `2021${digits(randomBytes, 12)}`,
    sellerId: `2088${digits(randomBytes, 12)}`,
    isv: {
      appId: `2021${digits(randomBytes, 12)}`,
      merchants: [1, 2].map(() => ({
        appId: `2021${digits(randomBytes, 12)}`,
        sellerId: `2088${digits(randomBytes, 12)}`,
        token: token(randomBytes),
      })),
    },
  }),
  keys: ['app', 'alipay'],
  env: ({ appId, sellerId, keys }, origin) => ({
    AP_APP_ID: appId,
    AP_APP_KEY: barePrivateKey(keys.app),
    AP_PUB_KEY: barePublicKey(keys.alipay),
    AP_SELLER_ID: sellerId,
    AP_GATEWAY: `${origin}/gateway.do`,
    AP_A2M_SERVICE_ID: SERVICE,
    AP_SIGN_SCENE: 'INDUSTRY|DIGITAL_MEDIA',
    // Read by people of either language.
    CASHIER_MERCHANT_NAME: 'Simulated Shop',
  }),
  certificateEnv(identity, origin) {
    const { AP_PUB_KEY: _, ...env } = this.env(identity, origin);
    const { app, alipay, root } = certificatesOf(identity);
    return { ...env, AP_APP_CERT: app.pem, AP_ALIPAY_CERT: alipay.pem, AP_ROOT_CERT: root.pem };
  },
  platformEnvs(identity, origin) {
    return identity.isv.merchants.map((merchant) => ({
      ...this.env(identity, origin),
      ...{
        AP_APP_ID: identity.isv.appId,
        AP_SELLER_ID: merchant.sellerId,
        AP_INVOKE_AUTH_TOKEN: merchant.token,
      },
    }));
  },
  routes: [
    { method: 'GET', path: '/gateway.do', handle: openFromQuery },
    {
      // The same address takes servers' calls and, as a form that a merchant's page submits, payers.
      ...{ method: 'POST', path: '/gateway.do' },
      handle(world, incoming) {
        const form = incoming.body.toString('utf8');
        const query = incoming.target.split('?').slice(1).join('?');
        const method = new URLSearchParams(`${query}&${form}`).get('method') ?? '';
        if (!LINK_METHODS.includes(method)) return alipayGateway(world, incoming);
        return openPage(world, [query, form].filter((part) => part !== '').join('&'));
      },
    },
    { method: 'POST', path: A2M_CASHIER, handle: payBill },
    { method: 'GET', path: `${AGREEMENT}/:token`, handle: showAgreement },
    ...AGREEMENT_DEEDS.map((deed) => ({
      ...({ method: 'POST', path: `${AGREEMENT}/:token/${deed}` } as const),
      handle: (world: World, incoming: Incoming) => pressOnAgreement(world, incoming, deed),
    })),
    { method: 'GET', path: '/alipay/bill', handle: serveBill },
    { method: 'GET', path: '/alipay/qr/:code', handle: openFromQuery },
    {
      ...{ method: 'POST', path: '/alipay/app' },
      handle: (world, { body }) => openPage(world, body.toString('utf8')),
    },
  ],
  message: (world, delivery) =>
    delivery.agreement
      ? agreementMessage(world, delivery, delivery.agreement)
      : alipayMessage(world, delivery),
  open(world, shown, late) {
    const url = URL.canParse(shown) ? new URL(shown) : undefined;
    if (url?.pathname === '/gateway.do' && url.searchParams.get('method') !== SIGN_METHOD)
      return openLink(world, parametersOf([url.search.slice(1)]), late);
    return !url && shown.includes('sign=') ? openLink(world, parametersOf([shown]), late) : undefined;
  },
  openCode,
  whyNot: (error) => (error instanceof AlipayRefusal ? { zh: error.subMsg, en: error.subCode } : undefined),
  returnAddress,
  agent: ALIPAY_AGENT,
  newTradeNo,
  paid: signWithPayment,
  agreesTo: ({ signs }) => (signs ? rulesOf(signs) : []),
  agreements: {
    open(world, shown) {
      const link = signLinkIn(shown);
      return link && openAgreement(world, link);
    },
    act: actOn,
    pageOf: agreementAddress,
  },
  booksRefundsWhenDone: true,
};

/** A private key as Alipay's key tool hands it out: bare base64 of PKCS8. */
function barePrivateKey(pair: KeyPair): string {
  return pair.privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64');
}

/** A public key as Alipay's console shows it: bare base64 of SPKI. */
function barePublicKey(pair: KeyPair): string {
  return pair.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
}
