import type { Text } from '../../domain/errors.ts';
import type { Credential, Scene } from '../../domain/order.ts';

/** What the buyer holds, by the scene: a sentence must never speak of a link or code that is not there. */
export const HELD: Readonly<Record<Scene, Text>> = {
  qr: { zh: '付款码', en: 'code' },
  web: { zh: '链接', en: 'link' },
  h5: { zh: '链接', en: 'link' },
  jsapi: { zh: '支付参数', en: 'parameters' },
  app: { zh: '支付参数', en: 'parameters' },
  a2m: { zh: '账单', en: 'bill' },
  agreement: { zh: '扣款', en: 'charge' },
};

const UNTIL_PAID: Text = {
  zh: 'query-payment（waitSeconds）查到 PAID 才交付。',
  en: 'deliver only when query-payment (waitSeconds) says PAID.',
};

/** What to do with a payment that waits for its buyer. */
export function handOver(credential: Credential): Text {
  const { zh, en } = handingOver(credential);
  return { zh: `${zh}；${UNTIL_PAID.zh}`, en: `${en}; ${UNTIL_PAID.en}` };
}

function handingOver(credential: Credential): Text {
  const { qrCode, handOffUrl, handOffForm, jsapiParams, appParams, orderString } = credential;
  const link = credential.payUrl ?? handOffUrl ?? handOffForm;
  if (qrCode !== undefined) return { zh: '把二维码给买家扫', en: 'Give the buyer the code to scan' };
  if (link !== undefined) return { zh: '把链接给买家', en: 'Give the buyer the link' };
  if (jsapiParams !== undefined)
    return {
      zh: '把 jsapiParams 原样交给商家在该支付 App 里的网页或小程序，由它调起支付',
      en: "Hand jsapiParams as they are to the merchant's page or mini program inside the wallet's app, which opens the payment",
    };
  if (appParams !== undefined || orderString !== undefined) {
    const what = appParams === undefined ? 'orderString' : 'appParams';
    return {
      zh: `把 ${what} 原样交给商家的 App，由它调起支付`,
      en: `Hand ${what} as it is to the merchant's app, which opens the payment`,
    };
  }
  return {
    zh: '这里没有可以付款的凭据；若它由 create-payment 下单，用相同参数和这个 outTradeNo 再次调用可换新',
    en: 'There is nothing here to pay with; where create-payment made it, the same arguments and this outTradeNo renew it',
  };
}
