import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { PaymentProvider } from '../../src/providers/contract.ts';
import type { ProviderPorts, Wallet } from '../../src/providers/wallet.ts';

/** A wallet says of itself what its adapter is. */
export async function expectDescribed(wallet: Wallet, provider: PaymentProvider, ports: ProviderPorts) {
  expect(provider.id).toBe(wallet.id);
  expect(provider.scenes).toEqual(new Set(wallet.scenes));
  expect(provider.fromPageOnly === undefined).toBe(wallet.page.handOff === undefined);
  const names = wallet.settings.map(({ name }) => name);
  for (const name of names) expect(name).toMatch(new RegExp(`^${wallet.prefix}_`));
  expect(names).toEqual(expect.arrayContaining([wallet.gatewayVariable, wallet.notify.variable]));
  for (const name of [wallet.sandboxVariable, wallet.page.handOff?.variable].filter(Boolean))
    expect(names).toContain(name);
  expect(await wallet.configure({}, ports)).toBeUndefined();
}

/** What the folders of a wallet say is still to be done, in the order in which it is done. */
export function toDoList(root: string, id: string): string[] {
  return ['src/simulator', 'src/providers']
    .flatMap((room) =>
      readdirSync(join(root, room, id), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => join(room, id, file)),
    )
    .flatMap((path) =>
      [...readFileSync(join(root, path), 'utf8').matchAll(/To do (\d+): ([^'\n]+)/g)].map(
        ([, number, what]) => ({ number: Number(number), what, path }),
      ),
    )
    .sort((a, b) => a.number - b.number)
    .map(({ number, what, path }) => `${number}. ${what} (${path})`);
}
