import jsqr from 'jsqr';
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { SamplePage, sampleView } from './sample.ts';

const SCALE = 4;

/** Paints the page's inline SVG into a PNG (runs `M x y`, `m dx dy`, `h length`) and reads it back like a phone. */
function scan(page: string): { text: string | undefined; margin: number } {
  const svg = /<svg xmlns[\s\S]*?<\/svg>/.exec(page)?.[0] ?? '';
  const size = Number(/viewBox="0 0 (\d+) \1"/.exec(svg)?.[1]);
  const png = new PNG({ width: size * SCALE, height: size * SCALE });
  png.data.fill(255);
  let [x, y, margin] = [0, 0, size];
  for (const [, verb, first, second] of (/stroke="#000000" d="([^"]*)"/.exec(svg)?.[1] ?? '').matchAll(
    /([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?/g,
  )) {
    if (verb === 'M') [x, y] = [Number(first), Math.floor(Number(second))];
    else if (verb === 'm') x += Number(first);
    else {
      margin = Math.min(margin, x, y, size - x - Number(first), size - y - 1);
      paint(png, x, y, Number(first));
      x += Number(first);
    }
  }
  return { text: jsqr.default(new Uint8ClampedArray(png.data), png.width, png.height)?.data, margin };
}

function paint(png: PNG, x: number, y: number, length: number): void {
  for (let row = y * SCALE; row < (y + 1) * SCALE; row += 1) {
    for (let column = x * SCALE; column < (x + length) * SCALE; column += 1) {
      png.data.fill(0, (row * png.width + column) * 4, (row * png.width + column) * 4 + 3);
    }
  }
}

describe('the code on the page', () => {
  it.each([
    'https://qr.alipay.com/bax03431ljhokirwl38f00a7',
    'weixin://wxpay/bizpayurl?pr=p4lpSuKzz',
    'weixin://wxpay/bizpayurl/up?pr=NwY5Mz9&groupid=00',
    `https://qr.alipay.com/${'x'.repeat(480)}?a=1&b="'<>`,
    '模拟支付 https://127.0.0.1:4000/pay/1',
  ])('decodes to exactly %j', async (qrCode) => {
    expect(scan(await new SamplePage(sampleView({ qrCode })).page())).toEqual({ text: qrCode, margin: 4 });
  });

  it('is black on white, named for those who cannot see it', async () => {
    const page = await new SamplePage().page();
    expect(page).toContain('<path fill="#ffffff"');
    expect(page).toContain('role="img" aria-label="付款二维码"');
  });
});
