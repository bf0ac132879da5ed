import { isLoopbackName } from '../../domain/names.ts';
import type { Credential } from '../../domain/order.ts';
import type { BuyerPage, Voice } from './voice.ts';
import * as words from './words.ts';

/** The order's page, and who can open it. */
export function pageLine(
  { say }: Voice,
  { url, endsWithUs }: BuyerPage,
  { qrCode, handOffUrl, handOffForm }: Credential,
): string {
  const reach = isOnThisMachine(url) ? say(words.ON_THIS_MACHINE[endsWithUs ? 0 : 1]) : '';
  // It is the only way to pay.
  if (handOffUrl ?? handOffForm) return `[${say(words.PAY_NOW)}](${url})${reach}`;
  const [zh, en] = qrCode ? ['打开收银台扫码', 'open to scan'] : ['打开收银台', 'open to pay'];
  return say({ zh: `收银台：[${zh}](${url})${reach}`, en: `Checkout page: [${en}](${url})${reach}` });
}

/** Whether only this machine can open an address. */
export function isOnThisMachine(url: string): boolean {
  return isLoopbackName(new URL(url).hostname);
}
