import { join } from 'node:path';
import type { Page } from 'playwright-core';

/** Set to a folder, it gets a picture of everything, to be looked at by a person. */
export const PICTURES = process.env.CASHIER_PICTURES;
/** Small phone, phone, laptop, desktop. */
const SIZES = [
  { width: 320, height: 568 },
  { width: 390, height: 844 },
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
];

/** The file of a picture; `name` may hold anything. */
export function pictureFile(name: string): string {
  return join(PICTURES ?? '', `${name.replace(/[^\w=]+/g, '-')}.png`);
}

/** Where pictures are wanted: the page as it stands, in every size, by day and by night, and then as it was. */
export async function photograph(page: Page, name: string): Promise<void> {
  if (PICTURES === undefined) return;
  const before = page.viewportSize() ?? { width: 1280, height: 800 };
  const wasDark = await page.evaluate(`matchMedia('(prefers-color-scheme: dark)').matches`);
  for (const size of SIZES) {
    await page.setViewportSize(size);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.screenshot({ path: pictureFile(`${name} ${size.width} ${colorScheme}`), fullPage: true });
    }
  }
  await page.setViewportSize(before);
  await page.emulateMedia({ colorScheme: wasDark ? 'dark' : 'light' });
}
