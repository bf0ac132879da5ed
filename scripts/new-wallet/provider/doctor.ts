import { serverComplaints } from '../complaints.ts';
import { GatewayDeclined } from '../contract.ts';
import { declined, type WalletDoctor } from '../examination.ts';
import { coveredBy, ok } from '../finding.ts';
import { CREDENTIALS, readNewpayConfig } from './config.ts';

// To do 25: what each refusal of the self-test means and what a merchant does about it, in both languages
export const DOCTOR: WalletDoctor = {
  async examine({ values, isGiven, findings }) {
    if (!CREDENTIALS.some(isGiven))
      return [ok('newpay.absent', { zh: '没有配置 Newpay。', en: 'Newpay is not configured.' })];
    return serverComplaints('newpay', values, coveredBy(findings), readNewpayConfig, (variable) =>
      /_(URL|GATEWAY)$/.test(variable) ? 'https://example.com' : '1000000000',
    );
  },
  advise(thrown) {
    if (!(thrown instanceof GatewayDeclined)) return undefined;
    const advice = {
      ...{ id: 'declined', zh: 'Newpay 拒绝了自检请求。', en: 'Newpay declined the self-test.' },
      remedy: ['核对商户号与密钥。', 'Compare merchant number and key.'],
    } as const;
    return declined('newpay', advice, thrown, 'request');
  },
  unproven: {
    NEWPAY_NOTIFY_URL: ['通知能否送达', 'whether notifications arrive'],
  },
};
