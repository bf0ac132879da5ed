import { serverComplaints } from '../../../src/providers/complaints.ts';
import { GatewayDeclined } from '../../../src/providers/contract.ts';
import type { WalletDoctor } from '../../../src/providers/examination.ts';
import { coveredBy, error, ok } from '../../../src/providers/finding.ts';
import { readToypayConfig } from './index.ts';

export const TOYPAY_DOCTOR: WalletDoctor = {
  async examine({ values, isGiven, findings }) {
    if (!['TOYPAY_MERCHANT', 'TOYPAY_SECRET'].some(isGiven))
      return [ok('toypay.absent', { zh: '没有配置玩具支付。', en: 'Toy Pay is not configured.' })];
    return serverComplaints('toypay', values, coveredBy(findings), readToypayConfig, () => 'x');
  },
  advise(thrown) {
    if (!(thrown instanceof GatewayDeclined)) return undefined;
    return error('toypay.declined', {
      ...{ zh: '玩具支付拒绝了自检请求。', en: 'Toy Pay declined the self-test.', variable: 'TOYPAY_SECRET' },
      remedy: ['核对密钥。', 'Compare the secret.'],
    });
  },
  unproven: {},
};
