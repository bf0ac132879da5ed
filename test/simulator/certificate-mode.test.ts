import { X509Certificate } from 'node:crypto';
import { AlipaySdk } from 'alipay-sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import type { OrderTerms } from '../../src/domain/order.ts';
import { systemRandom } from '../../src/platform/system.ts';
import type { PaymentProvider } from '../../src/providers/contract.ts';
import { gatewayHttp } from '../../src/providers/gateway-http.ts';
import { WALLETS, walletOf } from '../../src/providers/registry.ts';
import { type Bench, freshNumber, openBench, openReceiver, until } from './bench.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const order = (outTradeNo: string): OrderTerms => ({
  outTradeNo,
  scene: 'qr',
  amountFen: fen(990),
  title: '咖啡',
  sentAt: Math.floor(bench.clock.now() / 1000) * 1000,
  expiresAt: Math.floor(bench.clock.now() / 1000) * 1000 + 1_800_000,
});

describe('the simulated gateways towards a merchant in certificate mode', () => {
  it.each(WALLETS)('serve the adapter of $id', async ({ id, configure }) => {
    const ports = { clock: bench.clock, randomBytes: systemRandom, http: gatewayHttp() };
    const provider = (await configure(bench.simulator.certificateEnv, ports)) as PaymentProvider;
    const terms = order(`CERT${id}`);
    expect(await provider.sendPayment(terms, provider.planPayment(terms))).toHaveProperty('qrCode');
    const { sentAt } = terms;
    expect(await provider.queryTrade('CERTNOBODYS', { sentAt })).toEqual({ exists: false });
    expect(await provider.checkCredentials?.()).toBeDefined();
  });

  it('notify by the certificate while WeChat Pay moves to its public key, and the adapter takes either', async () => {
    const merchant = await openReceiver();
    const ports = { clock: bench.clock, randomBytes: systemRandom, http: gatewayHttp() };
    const env = { ...bench.env, WXPAY_NOTIFY_URL: merchant.url };
    const provider = (await walletOf('wechatpay').configure(env, ports)) as PaymentProvider;
    for (const token of ['', ' sim:notify-by-certificate']) {
      const terms = { ...order(freshNumber()), title: `咖啡 sim:auto-pay${token}` };
      await provider.sendPayment(terms, provider.planPayment(terms));
      const before = merchant.received.length;
      await until(() => merchant.received.length > before);
      const { headers = {}, body = '' } = merchant.received.at(-1) ?? {};
      const isCertificate = headers['wechatpay-serial'] !== bench.env.WXPAY_PUB_KEY_ID;
      expect(isCertificate).toBe(token !== '');
      const raw = { headers, body: Buffer.from(body) };
      expect(await provider.parseNotify(raw, bench.clock.now())).toMatchObject({
        kind: 'trade',
        trade: { outTradeNo: terms.outTradeNo, state: 'PAID' },
      });
    }
    await merchant.close();
  });

  it("agree with Alipay's own SDK about every number", async () => {
    const env = bench.simulator.certificateEnv;
    const sdk = new AlipaySdk({
      appId: env.AP_APP_ID ?? '',
      privateKey: env.AP_APP_KEY ?? '',
      keyType: 'PKCS8',
      appCertContent: env.AP_APP_CERT ?? '',
      alipayPublicCertContent: env.AP_ALIPAY_CERT ?? '',
      alipayRootCertContent: env.AP_ROOT_CERT ?? '',
      gateway: env.AP_GATEWAY ?? '',
    });
    const answer = await sdk.exec(
      'alipay.trade.query',
      { bizContent: { outTradeNo: 'CERT_NOBODYS' } },
      { validateSign: true },
    );
    expect(answer).toMatchObject({ subCode: 'ACQ.TRADE_NOT_EXIST' });
  });

  it('refuse numbers that are not theirs', async () => {
    const { AP_APP_CERT = '', AP_ROOT_CERT = '', ...env } = bench.simulator.certificateEnv;
    const ports = { clock: bench.clock, randomBytes: systemRandom, http: gatewayHttp() };
    const other = await openBench();
    const provider = await walletOf('alipay').configure(
      {
        ...env,
        AP_APP_CERT,
        AP_ROOT_CERT: `${AP_ROOT_CERT}${other.simulator.certificateEnv.AP_ALIPAY_CERT}`,
      },
      ports,
    );
    await other.close();
    await expect(provider?.queryTrade('CERT_NOBODYS')).rejects.toMatchObject({
      gatewayCode: 'isv.invalid-alipay-root-cert-sn',
      reason: 'credentials',
    });
  });

  it('have certificates that hold', () => {
    const { AP_APP_CERT = '', AP_ALIPAY_CERT = '', AP_ROOT_CERT = '' } = bench.simulator.certificateEnv;
    const root = new X509Certificate(AP_ROOT_CERT);
    for (const text of [AP_APP_CERT, AP_ALIPAY_CERT]) {
      const certificate = new X509Certificate(text);
      expect(certificate.checkIssued(root) && certificate.verify(root.publicKey)).toBe(true);
    }
  });
});
