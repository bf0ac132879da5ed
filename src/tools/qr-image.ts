import { deflateSync } from 'node:zlib';
import { crc32 } from '../domain/crc32.ts';

/** Modules of white around a code, and pixels to a module: what phones read from any chat background. */
const QUIET_ZONE = 4;
const SCALE = 8;
/** From so many bytes on a code is kept as coarse as it can be; more than the most it cannot hold. */
const MUCH = 600;
const MOST_BYTES = 2953;

/** The latest, by their content: a repeated call shows the same code again. */
const drawn = new Map<string, Promise<string>>();
const MOST_KEPT = 100;

/** Whether a code can be made of it. */
export function fitsCode(content: string): boolean {
  return Buffer.byteLength(content) <= MOST_BYTES;
}

/** PNG, base64: black on white in one bit a pixel, which is a tenth of the work and size of colours. */
export function qrImage(content: string): Promise<string> {
  const image = drawn.get(content) ?? draw(content);
  drawn.delete(content);
  drawn.set(content, image);
  for (const [oldest] of drawn) if (drawn.size > MOST_KEPT) drawn.delete(oldest);
  return image;
}

async function draw(content: string): Promise<string> {
  const { default: QRCode } = await import('qrcode');
  const bytes = Buffer.from(content);
  const errorCorrectionLevel = bytes.length < MUCH ? 'M' : 'L';
  const { size, data } = QRCode.create([{ data: bytes, mode: 'byte' }], { errorCorrectionLevel }).modules;
  const width = (size + 2 * QUIET_ZONE) * SCALE;
  // A module is as wide as a byte, and each row begins with its filter, none.
  const row = 1 + width / 8;
  const pixels = Buffer.alloc(row * width, 0xff);
  for (let y = 0; y < width; y += 1) pixels[y * row] = 0;
  for (const [i, dark] of data.entries()) {
    if (!dark) continue;
    const x = 1 + QUIET_ZONE + (i % size);
    const y = (QUIET_ZONE + Math.floor(i / size)) * SCALE;
    for (let line = y; line < y + SCALE; line += 1) pixels[line * row + x] = 0;
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(width, 4);
  header[8] = 1;
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(pixels)),
    chunk('IEND', Buffer.alloc(0)),
  ]).toString('base64');
}

/** @see https://www.w3.org/TR/png-3/#5Chunk-layout */
function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
