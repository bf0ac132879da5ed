import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import type { Env } from '../../src/config.ts';
import { examine } from '../../src/doctor/examine.ts';
import type { DoctorPorts, Machine } from '../../src/doctor/ports.ts';
import { openLedger } from '../../src/open-ledger.ts';
import { systemClock } from '../../src/platform/system.ts';
import { readPolicy } from '../../src/policy/read-policy-file.ts';
import type { Finding } from '../../src/providers/finding.ts';
import type { GatewayHttp } from '../../src/providers/gateway-http.ts';
import { WALLET_IDS, WALLETS } from '../../src/providers/registry.ts';

/** A folder of this test file alone, with an empty one inside to work in. */
export const home = mkdtempSync(join(tmpdir(), 'doctor-'));
export const cwd = join(home, 'cwd');
mkdirSync(cwd);

/** What no finding may ever quote. */
export const canaries = new Set<string>();
/** Every finding, and whatever else stands in a report, once. */
const said = new Set<string>();

afterAll(() => {
  rmSync(home, { recursive: true, force: true });
  expect(said.size).toBeGreaterThan(0);
  const all = [...said].join('\n');
  expect([...canaries].filter((canary) => all.includes(canary))).toEqual([]);
});

/** Remembers key material, line by line and by halves, as something that may not be said. */
export function secret(text: string): string {
  for (const line of text.split(/\n|\\n/)) {
    if (line.length < 24 || line.startsWith('-----')) continue;
    for (const part of line.match(/.{16,48}/g) ?? []) canaries.add(part);
  }
  return text;
}

/** A file in this test's folder. */
export function file(name: string, text: string | Uint8Array, mode = 0o600): string {
  const path = join(home, name);
  writeFileSync(path, text, { mode });
  return path;
}

export const quiet: GatewayHttp = {
  async send() {
    throw new Error('nothing was to be sent');
  },
};

export const machine: Machine = {
  resolve: async () => ['203.0.113.7'],
  freeBytes: () => 50_000_000_000,
  portState: async () => 'free',
  connects: async () => 'open',
  isProgram: () => true,
  sqlite: async () => ({ origin: 'package', version: '3.53.0', walIsSafe: true }),
  timeZone: 'Europe/Zurich',
};

export interface Conditions {
  readonly ports?: Partial<DoctorPorts>;
  readonly offline?: boolean;
  /** Instead of the empty one; then the environment has to say itself where its home is. */
  readonly cwd?: string;
  /** What `--prices` names. */
  readonly prices?: string;
}

/** Examines an environment that has a home of its own; nothing goes out unless `ports.http` lets it. */
export async function diagnose(env: Env, conditions: Conditions = {}): Promise<readonly Finding[]> {
  const { offline = conditions.ports?.http === undefined, ports, prices } = conditions;
  // Values may be in any language.
  const given = [...Object.values(env), ...Object.values(env).map((value) => JSON.stringify(value))];
  const report = await examine(
    {
      env: conditions.cwd === undefined ? { CASHIER_HOME: join(home, 'none'), ...env } : env,
      cwd: conditions.cwd ?? cwd,
      ...{ offline, prices },
    },
    { clock: systemClock, randomBytes, http: quiet, openLedger, readPolicy, machine, ...ports },
  );
  said.add(JSON.stringify({ ...report, findings: undefined }));
  for (const finding of report.findings) {
    const text = JSON.stringify(finding);
    if (said.has(text)) continue;
    said.add(text);
    const { id, level, message, remedy, area, variable } = finding;
    expect(id.startsWith(`${area}.`)).toBe(true);
    const bare = (text: string) =>
      given.reduce<string>((left, value) => (value ? left.replaceAll(value, '*') : left), text);
    expect(bare(message.zh)).toMatch(/[\u4e00-\u9fff].*[。）]$/);
    expect(bare(message.en)).toMatch(/^[^\u4e00-\u9fff]*[.)]$/);
    // What is wrong always comes with what to do.
    if (level !== 'ok') expect([remedy.zh, remedy.en], id).not.toContain('');
    if (variable !== undefined && area !== 'configuration') expect(variable).toMatch(OURS);
  }
  expect(report.ok).toBe(report.findings.every(({ level }) => level !== 'error'));
  return report.findings;
}

/** `level id variable` of all that is not fine. */
export async function complaints(env: Env, conditions?: Conditions): Promise<string[]> {
  const findings = await diagnose(env, conditions);
  return findings
    .filter(({ level }) => level !== 'ok')
    .map(({ level, id, variable }) => [level, id, variable].filter(Boolean).join(' '));
}

/** Names of variables that are ours. */
const OURS = new RegExp(`^(${['CASHIER', ...WALLETS.map(({ prefix }) => prefix)].join('|')})_`);
const ABOUT_WALLETS = new RegExp(`^\\w+ (${WALLET_IDS.join('|')})\\.`);

/** Complaints about the wallets alone. */
export async function aboutWallets(env: Env, conditions?: Conditions): Promise<string[]> {
  return (await complaints(env, conditions)).filter((one) => ABOUT_WALLETS.test(one));
}
