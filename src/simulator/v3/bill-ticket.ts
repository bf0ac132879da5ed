import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { keepBill } from '../bill-lines.ts';
import type { Answer, Incoming } from '../http.ts';
import type { Steered } from '../steering.ts';
import type { World } from '../world.ts';
import { cutText } from './bill-text.ts';

/**
 * Keeps a bill and says where it is, with the SHA-1 of its text, unpacked.
 * @param path of the gateway's files
 */
export function billTicket(
  world: World,
  text: Buffer,
  steered: Steered,
  { path, packed }: { readonly path: string; readonly packed: boolean },
): Record<string, string> {
  const token = keepBill(world, packed ? gzipSync(text) : text, steered);
  const origin = steered.has('bill-elsewhere') ? 'https://bill.example.com' : world.origin;
  const hashed = steered.has('bill-wrong-hash') ? Buffer.concat([text, Buffer.from('\n')]) : text;
  return {
    hash_type: 'SHA1',
    hash_value: createHash('sha1').update(hashed).digest('hex'),
    download_url: `${origin}${path}?token=${token}`,
  };
}

/** The file that a ticket names, as its fault has it; undefined once the address is no good any more. */
export function billFile(
  world: World,
  { target }: Incoming,
  { path, type }: { readonly path: string; readonly type: string },
): Answer | undefined {
  const token = new URLSearchParams(target.split('?')[1]).get('token') ?? '';
  const file = world.billFiles.find(token, world.clock.now());
  if (!file) return undefined;
  if (file.fault === 'redirect') {
    return { status: 302, headers: { location: `${world.origin}${path}` }, body: '' };
  }
  const bytes = Buffer.from(file.content, 'base64');
  const body = file.fault === 'truncated' ? cutText(bytes) : bytes;
  return { status: 200, headers: { 'content-type': type }, body };
}
