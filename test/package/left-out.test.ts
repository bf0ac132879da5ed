import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LEFT_OUT, leftOut } from '../../scripts/left-out.mjs';
import { sdkPackages } from '../../scripts/third-party.mjs';
import { readAlipayConfig } from '../../src/providers/alipay/index.ts';
import * as alipaySigner from '../../src/providers/alipay/signer.ts';
import { readWechatpayConfig } from '../../src/providers/wechatpay/index.ts';
import * as wechatpaySigner from '../../src/providers/wechatpay/signer.ts';
import { PAIRS, pem } from '../support/rsa.ts';
import { VirtualClock } from '../support/virtual-time.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const [mine, theirs] = PAIRS;
const ALIPAY = {
  AP_APP_ID: '2021004100000001',
  AP_APP_KEY: pem(mine.privateKey),
  AP_PUB_KEY: pem(theirs.publicKey),
};
const WECHATPAY = {
  WXPAY_APP_ID: 'wxd678efa567ab6787',
  WXPAY_MCH_ID: '1900000109',
  WXPAY_MCH_KEY: pem(mine.privateKey),
  WXPAY_MCH_SERIAL: '1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C',
  WXPAY_API_V3_KEY: 'Q7vXoZt2LrKp9SwB4nYcM1dHgE6uJf8T',
  WXPAY_PUB_KEY: pem(theirs.publicKey),
  WXPAY_PUB_KEY_ID: 'PUB_KEY_ID_0114232134912410000000000001',
  WXPAY_NOTIFY_URL: 'https://pay.shop.cn/hook',
};

/** Behind what is left out, and known for their age. */
const BEHIND = ['formidable', 'unescape', '@fidm/asn1', 'undici', 'qs', 'form-data', 'ylru', 'debug'];

let folder: string;
let bundled: {
  readonly requestSigner: typeof alipaySigner.requestSigner;
  readonly merchantSigner: typeof wechatpaySigner.merchantSigner;
  readonly AlipaySdk: new (config: object) => { exec(method: string): Promise<unknown> };
};
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'left-out-'));
  const outfile = join(folder, 'signers.mjs');
  await build({
    absWorkingDir: ROOT,
    stdin: {
      contents: `
        export { requestSigner } from './src/providers/alipay/signer.ts';
        export { merchantSigner } from './src/providers/wechatpay/signer.ts';
        export { AlipaySdk } from 'alipay-sdk';`,
      resolveDir: ROOT,
    },
    bundle: true,
    format: 'esm',
    platform: 'node',
    outfile,
    logLevel: 'error',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    plugins: [leftOut],
  });
  bundled = await import(pathToFileURL(outfile).href);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('without what the SDKs never needed', () => {
  it('Alipay requests are signed to the byte as with it', async () => {
    const config = readAlipayConfig({
      ...ALIPAY,
      AP_INVOKE_AUTH_TOKEN: '202611BB0123456789',
      AP_SELLER_ID: '2088000000000001',
    });
    if (config === undefined) throw new Error('no configuration');
    const plan = {
      method: 'alipay.trade.precreate',
      notify_url: 'https://pay.shop.cn/notify/alipay',
      biz_content: JSON.stringify({ out_trade_no: 'A_000001', total_amount: '1.99', subject: '红烧肉 (大)' }),
    };
    const sign = (make: typeof alipaySigner.requestSigner) =>
      make(config, new VirtualClock()).sign(plan as never);
    const signed = await sign(bundled.requestSigner);
    expect(signed).toBe(await sign(alipaySigner.requestSigner));
    expect(signed).toMatch(/(^|&)sign=[\w%]{300,}/);
    expect(signed).toContain('timestamp=2026-11-21%2014%3A30%3A05');
  });

  it('WeChat Pay requests are signed to the byte as with it', async () => {
    const config = readWechatpayConfig(WECHATPAY);
    if (config === undefined) throw new Error('no configuration');
    const request = { method: 'POST', path: '/v3/pay/transactions/native', body: '{"a":"中"}' } as const;
    const authorization = (make: typeof wechatpaySigner.merchantSigner) =>
      make(config).authorization({ ...request, nonce: 'n'.repeat(32), timestamp: '1764000000' });
    const signed = await authorization(bundled.merchantSigner);
    expect(signed).toBe(await authorization(wechatpaySigner.merchantSigner));
    expect(signed).toContain('WECHATPAY2-SHA256-RSA2048');
  });

  it('an SDK that would go out by itself cannot', async () => {
    const sdk = new bundled.AlipaySdk({ appId: '1', privateKey: ALIPAY.AP_APP_KEY, keyType: 'PKCS8' });
    await expect(sdk.exec('alipay.trade.query')).rejects.toThrow('left out');
  });
});

describe('the bundle', () => {
  const { components } = JSON.parse(readFileSync(join(ROOT, 'dist/sbom.cdx.json'), 'utf8'));
  const names: string[] = components.map(({ name }: { name: string }) => name);

  it('holds neither them nor what stands behind them', () => {
    expect(names).toContain('alipay-sdk');
    expect(names.filter((name) => [...LEFT_OUT, ...BEHIND].includes(name))).toEqual([]);
  });

  it('holds of the SDKs what the document lists', async () => {
    const rows = [
      ...readFileSync(join(ROOT, 'docs/third-party.md'), 'utf8').matchAll(
        /^\| ([^|]+) \| (\d[^|]+) \| ([^|]+) \|/gm,
      ),
    ];
    const listed = rows.map(([, name, version, licence]) => ({ name, version, licence }));
    expect(listed).toEqual(await sdkPackages());
    expect(listed.filter(({ name }) => !names.includes(name ?? ''))).toEqual([]);
  });
});
