import { beijingIso } from '../../src/domain/clock.ts';
import type { Shop } from '../journeys/shop.ts';

/** ms; processes under test have the machine's clock, so their tests need it too. */
export function now(): number {
  return Date.now();
}

/** `YYYY-MM-DD` in Shanghai. */
export function today(): string {
  return beijingIso(now()).slice(0, 10);
}

/** The simulator's control API. */
export async function control(shop: Shop, method: string, what: string, body?: object): Promise<void> {
  const response = await fetch(`${shop.simulator.origin}/control/${what}`, {
    method,
    headers: { 'x-simulator-control': '1' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  if (!response.ok) throw new Error(`control ${what}: ${response.status} ${await response.text()}`);
}
