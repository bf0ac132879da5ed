import jsqr from 'jsqr';
import type { Locator } from 'playwright-core';
import { PNG } from 'pngjs';

/** What a phone reads off a code as it is drawn on a page; undefined where none can be read. */
export async function scanned(drawing: Locator): Promise<string | undefined> {
  const { data, width, height } = PNG.sync.read(await drawing.screenshot());
  return jsqr.default(new Uint8ClampedArray(data), width, height)?.data;
}
