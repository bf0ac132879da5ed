import { expect } from 'vitest';
import type { Shop } from '../journeys/shop.ts';

/** Makes a token with the command for it, and keeps it among what must never be seen again. */
export async function addToken(shop: Shop, name: string, ...options: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await shop.command(['tokens', 'add', name, '--json', ...options]);
  expect([stderr, code]).toEqual(['', 0]);
  const { token } = JSON.parse(stdout) as { token: string };
  return token;
}
