import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../../src/platform/system.ts';
import { gatewayHttp } from '../../src/providers/gateway-http.ts';
import type { Wallet } from '../../src/providers/wallet.ts';
import type { FakeWallet } from '../../src/simulator/world.ts';
import { expectDescribed, toDoList } from './descriptor.ts';

/* `npm run new:wallet` in a copy of the sources. */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDERS = ['src/providers/paypie', 'src/simulator/paypie'];
const LISTS = ['src/providers/registry.ts', 'src/simulator/fakes.ts'];
const copy = mkdtempSync(join(tmpdir(), 'new-wallet-'));
const node = (script: string, ...args: string[]) =>
  spawnSync(process.execPath, [join(copy, script), ...args], { cwd: copy, encoding: 'utf8' });
const make = (name: string) => node('scripts/new-wallet.mjs', name);
const lists = () => LISTS.map((list) => readFileSync(join(copy, list), 'utf8'));

beforeAll(() => {
  for (const name of ['src', 'scripts', 'package.json', 'tsconfig.json', 'biome.json'])
    cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  const made = make('paypie');
  expect([made.status, made.stderr]).toEqual([0, '']);
});
afterAll(() => rmSync(copy, { recursive: true }));

it('makes two folders of the right types, and an entry in each of two lists', () => {
  const files = [...FOLDERS, ...LISTS];
  writeFileSync(join(copy, 'paypie.json'), JSON.stringify({ extends: './tsconfig.json', include: files }));
  const types = node('node_modules/typescript/bin/tsc', '-p', 'paypie.json');
  expect(types.stdout + types.stderr).toBe('');
  for (const text of lists()) expect(text).toMatch(/\[\] = \[ALIPAY, [^\]]+, PAYPIE\];/);
});

it('describes a wallet whose adapter is what it says', async () => {
  const load = (path: string) => import(/* @vite-ignore */ pathToFileURL(join(copy, path)).href);
  const { PAYPIE: wallet } = (await load('src/providers/paypie/wallet.ts')) as { PAYPIE: Wallet };
  const { PAYPIE: fake } = (await load('src/simulator/paypie/fake.ts')) as { PAYPIE: FakeWallet };
  const ports = { clock: systemClock, randomBytes: systemRandom, http: gatewayHttp() };
  const numbers = fake.numbers(systemRandom);
  const env = fake.env(numbers as Parameters<typeof fake.env>[0], 'http://127.0.0.1:9');
  const provider = await wallet.configure(env, ports);
  expect([fake.id, provider?.account]).toEqual(['paypie', `http://127.0.0.1:9/paypie ${env.PAYPIE_MCH_ID}`]);
  if (provider) await expectDescribed(wallet, provider, ports);
  await expect(wallet.configure({ PAYPIE_KEY: 'k' }, ports)).rejects.toThrow('PAYPIE_MCH_ID');
});

it('leaves a plan, from the gateway that is played to the pages that people read', () => {
  const list = toDoList(copy, 'paypie');
  expect(list.map((line) => Number.parseInt(line, 10))).toEqual(list.map((_line, at) => at + 1));
  expect(list[0]).toMatch(/^1\. the merchant in this file: .* \(src\/simulator\/paypie\/fake\.ts\)$/);
  expect(list.at(-1)).toContain('docs/keys.md');
  // Nothing that throws is missing from it.
  const thrown = execFileSync('grep', ['-rhoE', 'toDo\\(|// To do|\\* To do', ...FOLDERS], {
    cwd: copy,
    encoding: 'utf8',
  });
  expect(thrown.trim().split('\n')).toHaveLength(list.length + FOLDERS.length);
  expect(JSON.stringify([...lists(), ...list])).not.toMatch(/newpay/i);
});

it('touches nothing where it cannot do all of it', () => {
  const before = lists();
  const refused = [make('paypie'), make('wxpay'), make('v3'), make('../etc'), make('')];
  expect(refused.map(({ status, stderr }) => [status, stderr.split(/[ :]/, 1)[0]])).toEqual([
    [1, 'src/providers/paypie'],
    [1, 'WXPAY_'],
    [1, 'Usage'],
    [1, 'Usage'],
    [1, 'Usage'],
  ]);
  expect(lists()).toEqual(before);
});
