import { describe, expect, it } from 'vitest';
import { CashierError } from '../../../src/domain/errors.ts';
import { createWechatpayProvider } from '../../../src/providers/wechatpay/index.ts';
import { configOf, order, TestClock } from './merchant.ts';

/** What is sent to WeChat Pay as the payer's address, or the argument that was refused. */
function sent(payerClientIp: string | undefined, env: Readonly<Record<string, string>> = {}): string {
  const http = { send: () => Promise.reject(new Error('nothing is sent')) };
  const provider = createWechatpayProvider(configOf(env), {
    clock: new TestClock(),
    http,
    randomBytes: (n) => Buffer.alloc(n),
  });
  const terms = order({ scene: 'h5', ...(payerClientIp === undefined ? {} : { payerClientIp }) });
  try {
    const plan = provider.planPayment(terms);
    return JSON.parse(plan.slice(plan.indexOf('\n'))).scene_info.payer_client_ip;
  } catch (error) {
    if (error instanceof CashierError) return `${error.code} ${error.details.argument}`;
    throw error;
  }
}
const SIMULATED = { WXPAY_GATEWAY: 'http://127.0.0.1:4000' };
const REFUSED = 'INVALID_ARGUMENT payerClientIp';

describe('payerClientIp', () => {
  it.each(['14.23.150.211', '8.8.8.8', '172.15.0.1', '172.32.0.1', '100.63.0.1', '240e:3b7::1'])(
    '%s is sent as it is',
    (ip) => expect(sent(ip)).toBe(ip),
  );

  it.each([
    ['::ffff:14.23.150.211', '14.23.150.211'],
    ['::FFFF:14.23.150.211', '14.23.150.211'],
    ['::ffff:0e17:96d3', '14.23.150.211'],
    ['0:0:0:0:0:ffff:14.23.150.211', '14.23.150.211'],
  ])('%s is %s', (ip, plain) => expect(sent(ip)).toBe(plain));

  it.each([
    ...['127.0.0.1', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.1.1', '100.64.0.1'],
    ...['0.0.0.0', '224.0.0.1', '255.255.255.255', '::1', '::', 'fe80::1', 'fd00::1', 'fec0::1', 'ff02::1'],
    ...['::ffff:10.0.0.1', '::ffff:127.0.0.1', '::ffff:a00:1', '::ffff:192.168.0.9'],
  ])('%s is nobody who pays, in live', (ip) => {
    expect(sent(ip)).toBe(REFUSED);
    expect(sent(ip, SIMULATED)).not.toBe(REFUSED);
  });

  it.each([undefined, '', '1.2.3', '1.2.3.4.5', 'fe80::1%eth0', 'localhost', '1.2.3.4, 5.6.7.8'])(
    '%j is none',
    (ip) => {
      expect(sent(ip)).toBe(REFUSED);
      expect(sent(ip, SIMULATED)).toBe(REFUSED);
    },
  );
});
