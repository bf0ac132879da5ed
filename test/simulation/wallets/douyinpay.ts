import { createDouyinpayProvider, readDouyinpayConfig } from '../../../src/providers/douyinpay/index.ts';
import { douyinPayGateway } from '../../../src/simulator/douyinpay/gateway.ts';
import { v3Said, v3Subject } from './v3.ts';
import type { PlayedWallet } from './wallet.ts';

const ORIGIN = 'https://api.douyinpay.com/';
const CERTIFICATES = '/v1/merchant/certificates/getPlatformCertificates';
/** What may become of the question for the certificates, without which nothing is verified. */
const TROUBLES = ['lost-request', 'lost-answer', 'unavailable', 'slow', 'late'] as const;

export const DOUYINPAY: PlayedWallet = {
  id: 'douyinpay',
  scenes: ['qr', 'qr', 'jsapi', 'app'],
  titles: ['tea sim:new-certificate'],
  troubles: [
    ...TROUBLES.map((what) => ({ on: 'certificates', what }) as const),
    { on: 'create', what: 'unlisted-decline' },
    { on: 'refund', what: 'unlisted-decline' },
  ],
  operations: ['create', 'query', 'close', 'refund', 'query-refund', 'certificates'],
  configured(env) {
    const config = readDouyinpayConfig(env);
    return config && ((ports) => createDouyinpayProvider(config, ports));
  },
  subjectOf(request) {
    if (!request.url.startsWith(ORIGIN)) return undefined;
    const subject = v3Subject(request, '/v1/trade/refund/domestic/refunds');
    return request.url.endsWith(CERTIFICATES) ? { ...subject, operation: 'certificates' } : subject;
  },
  answer: douyinPayGateway,
  saidIn: v3Said('douyinpay'),
};
