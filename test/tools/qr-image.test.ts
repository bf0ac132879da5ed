import jsqr from 'jsqr';
import { PNG } from 'pngjs';
import { expect, it } from 'vitest';
import { fitsCode, qrImage } from '../../src/tools/qr-image.ts';

it.each([
  'https://qr.alipay.com/bax00000000000000001',
  'weixin://wxpay/bizpayurl?pr=p4lpSuKzz',
  `https://qr.example/${'x'.repeat(480)}`,
  '支付 😀',
])('the image of %j is a PNG of a few hundred bytes that is read back', async (content) => {
  const bytes = Buffer.from(await qrImage(content), 'base64');
  const { width, height, data } = PNG.sync.read(bytes, { checkCRC: true });
  expect(height).toBe(width);
  expect(jsqr.default(new Uint8ClampedArray(data), width, height)?.data).toBe(content);
  expect(bytes.length).toBeLessThan(300 + content.length * 6);
  // Four modules of white all around, eight pixels each; the finder's corner is the first that is black.
  const dark = (x: number, y: number) => data[(y * width + x) * 4] === 0;
  const edge = Array.from({ length: width }, (_, i) => i);
  const near = Array.from({ length: 32 }, (_, i) => [i, width - 1 - i]).flat();
  expect(edge.some((x) => near.some((y) => dark(x, y) || dark(y, x)))).toBe(false);
  expect(dark(32, 32)).toBe(true);
});

it('of as long a link as is asked to be signed is read back as well, up to the most that a code can hold', async () => {
  for (const length of [1_800, 2_953]) {
    const content = 'https://openapi.alipay.com/gateway.do?'.padEnd(length, 'sign=AbC%2F9');
    expect(fitsCode(content)).toBe(true);
    const { width, height, data } = PNG.sync.read(Buffer.from(await qrImage(content), 'base64'));
    expect(jsqr.default(new Uint8ClampedArray(data), width, height)?.data).toBe(content);
  }
  expect(fitsCode('x'.repeat(2_954))).toBe(false);
});
