import { type Markup, trusted } from './markup.ts';

/**
 * Draws the QR code of a string as inline SVG: error level M, a quiet zone of 4 modules, pure black on white, which
 * is what phones read best. The library is loaded with the first code, so that a start without one stays cheap.
 */
export async function drawQr(text: string): Promise<Markup> {
  const { default: qrcode } = await import('qrcode');
  const svg = await qrcode.toString(text, {
    type: 'svg',
    errorCorrectionLevel: 'M',
    margin: 4,
    color: { dark: '#000000', light: '#ffffff' },
  });
  return trusted(svg.trim());
}
