import { createWechatpayProvider, readWechatpayConfig } from '../../../src/providers/wechatpay/index.ts';
import { wechatPayGateway } from '../../../src/simulator/wechatpay/gateway.ts';
import { PREORDER, preorder } from '../../../src/simulator/wechatpay/preorder.ts';
import { v3Said, v3Subject } from './v3.ts';
import { digestOf, type PlayedWallet } from './wallet.ts';

const ORIGIN = /^https:\/\/api2?\.mch\.weixin\.qq\.com/;

export const WECHATPAY: PlayedWallet = {
  id: 'wechatpay',
  scenes: ['qr', 'qr', 'jsapi'],
  operations: ['create', 'query', 'close', 'refund', 'query-refund', 'preorder'],
  settings: { WXPAY_X402_GATEWAY: undefined, WXPAY_KEY_MODE: 'public-key' },
  configured(env) {
    const config = readWechatpayConfig(env);
    return config && ((ports) => createWechatpayProvider(config, ports));
  },
  subjectOf(request) {
    const { url, body = '' } = request;
    if (url.endsWith(PREORDER)) return { operation: 'preorder', outTradeNo: '', digest: digestOf(body) };
    return ORIGIN.test(url) ? v3Subject(request, '/v3/refund/domestic/refunds') : undefined;
  },
  answer: async (world, incoming) =>
    incoming.target === PREORDER ? preorder(world, incoming) : wechatPayGateway(world, incoming),
  saidIn: v3Said('wechatpay'),
  tellsRefundsElsewhere: true,
};
