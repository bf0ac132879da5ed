import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { SECRETS, SETTINGS } from '../../src/settings.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (name: string) => readFileSync(join(ROOT, name), 'utf8');

interface Service {
  readonly image?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
  readonly networks: readonly string[];
  readonly healthcheck: { readonly test: readonly string[] };
  readonly stop_grace_period: string;
  readonly deploy?: { readonly replicas: number };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}
const compose = parse(read('compose.yaml')) as {
  readonly services: Readonly<Record<'postgres' | 'cashier' | 'proxy', Service>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly networks: Readonly<
    Record<string, { readonly internal?: boolean; readonly ipam?: { config: [{ subnet: string }] } }>
  >;
  readonly volumes: object;
};
const { postgres, cashier, proxy } = compose.services;

describe('compose.yaml', () => {
  it('names only variables that there are, and secrets only as files that it lends', () => {
    const known = SETTINGS.map(({ name }) => name);
    const files = SECRETS.map((name) => `${name}_FILE`);
    for (const [name, value] of Object.entries(cashier.environment ?? {})) {
      expect([...known, ...files]).toContain(name);
      expect(SECRETS).not.toContain(name);
      const lent = /^\/run\/secrets\/(\w+)$/.exec(value)?.[1];
      if (files.includes(name)) expect(lent, name).toBeDefined();
      if (lent !== undefined) expect(cashier.secrets).toContain(lent);
    }
    for (const service of [postgres, cashier, proxy])
      for (const secret of service.secrets ?? []) expect(Object.keys(compose.secrets)).toContain(secret);
  });

  it('lends each secret from a file that the guide tells how to make', () => {
    for (const page of ['docs/service.md', 'docs/zh-CN/service.md']) {
      const text = read(page);
      for (const { file } of Object.values(compose.secrets))
        expect(text, page).toContain(file.replace(/^\.\/secrets\//, ''));
    }
  });

  it('runs three replicas that keep nothing, on a PostgreSQL that only they reach', () => {
    expect(cashier.deploy?.replicas).toBe(3);
    expect(cashier.volumes).toBeUndefined();
    expect(Number(/^postgres:(\d+)/.exec(postgres.image ?? '')?.[1])).toBeGreaterThanOrEqual(14);
    expect([postgres.networks, proxy.networks]).toEqual([['inside'], ['front']]);
    expect(compose.networks.inside?.internal).toBe(true);
    expect(cashier.environment?.CASHIER_TRUSTED_PROXIES).toBe(compose.networks.front?.ipam?.config[0].subnet);
    expect(cashier.depends_on).toEqual({ postgres: { condition: 'service_healthy' } });
    expect(proxy.depends_on).toEqual({ cashier: { condition: 'service_healthy' } });
  });

  it('asks each replica whether it can work, and lets what it is answering end', () => {
    expect(cashier.healthcheck.test.at(-1)).toContain('/readyz');
    // A wait takes 50 s at most.
    for (const { stop_grace_period: grace } of [cashier, proxy])
      expect(Number.parseInt(grace, 10)).toBeGreaterThan(50);
  });

  it('has its proxy where it says, which passes on what the guide tells and buffers nothing', () => {
    const [mount = ''] = proxy.volumes ?? [];
    const file = mount.split(':')[0] ?? '';
    expect(existsSync(join(ROOT, file))).toBe(true);
    const nginx = read(file);
    expect(nginx).toMatch(/proxy_buffering off;/);
    expect(nginx).toMatch(/proxy_set_header Host \$host;/);
    expect(nginx).toContain('server cashier:3920 resolve');
    const places = /location ~ \^\/\(([^\n]*)\) \{/.exec(nginx)?.[1] ?? '';
    for (const place of ['mcp', 'notify/', 'c/', '\\.well-known/oauth-protected-resource/'])
      expect(places).toContain(place);
    for (const place of ['metrics', 'approvals', 'console'])
      expect(nginx.replace(/#.*/g, '')).not.toContain(place);
    // More than one wait, and not so long that a dead one is kept.
    expect(Number(/proxy_read_timeout (\d+)s/.exec(nginx)?.[1])).toBeGreaterThan(50);
  });
});
