/** PNG, base64: black on white with a quiet zone, so that phones read it from any chat background. */
export async function qrImage(content: string): Promise<string> {
  const { default: QRCode } = await import('qrcode');
  const png = await QRCode.toBuffer(content, { type: 'png', errorCorrectionLevel: 'M', margin: 4, scale: 8 });
  return png.toString('base64');
}
