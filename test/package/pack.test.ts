import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { leftOut } from '../../scripts/left-out.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (name: string) => readFileSync(join(ROOT, name), 'utf8');
const json = (name: string) => JSON.parse(read(name));
const about = json('package.json');

/** What a licence may be for its software to be in a bundle that others get. */
const PERMISSIVE = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  // Taken under the first.
  '(BSD-3-Clause OR GPL-2.0)',
  'ISC',
  'MIT',
  'MIT OR Apache-2.0',
  'Unlicense',
  'blessing',
]);
/** Left out of the bundle on purpose; scripts/build.mjs says why. */
const NOT_TAKEN = ['node-gyp-build'];

describe('the packed package', () => {
  const [{ files }] = JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  ) as [{ files: { path: string; mode: number }[] }];
  const paths = files.map(({ path }) => path);

  it('holds the bundle, its papers, and nothing else', () => {
    const papers = [
      ...['.env.example', 'CHANGELOG.md', 'CONTRIBUTING.md', 'LICENSE', 'README.md', 'README.zh-CN.md'],
      ...['SECURITY.md', 'package.json'],
    ];
    const pages = /^docs\/((zh-CN\/)?[\w-]+\.md|images\/[\w-]+\.png|nginx\.conf)$/;
    const others = paths.filter((path) => !path.startsWith('dist/') && !pages.test(path));
    expect(others.sort()).toEqual(papers.sort());
    const kinds = /^dist\/([\w-]+\.js|package\.json|sbom\.cdx\.json|THIRD-PARTY-NOTICES\.txt)$/;
    const native = /^dist\/prebuilds\/(darwin|linux|win32)-(arm64|x64)\/sqlite\.(glibc|musl)\.node$/;
    expect(
      paths.filter((path) => path.startsWith('dist/') && !kinds.test(path) && !native.test(path)),
    ).toEqual([]);
    for (const path of ['dist/sbom.cdx.json', 'dist/THIRD-PARTY-NOTICES.txt', 'dist/app.js']) {
      expect(paths).toContain(path);
    }
  });

  it('brings SQLite for every system that the server runs on', () => {
    expect(paths.filter((path) => path.endsWith('.node'))).toHaveLength(8);
  });

  it('has both commands, ready to be run', () => {
    expect(Object.keys(about.bin)).toEqual(['mcp-cashier', 'mcp-server-alipay']);
    for (const path of Object.values<string>(about.bin)) {
      expect(paths).toContain(path);
      expect(read(path)).toMatch(/^#!\/usr\/bin\/env node\n/);
    }
  });

  it('installs nothing else and runs nothing', () => {
    for (const kind of ['dependencies', 'optionalDependencies', 'bundleDependencies']) {
      expect(about[kind]).toBeUndefined();
    }
    expect(about.peerDependenciesMeta).toEqual({ '@opentelemetry/api': { optional: true } });
    expect(Object.keys(about.peerDependencies)).toEqual(Object.keys(about.peerDependenciesMeta));
    for (const script of ['preinstall', 'install', 'postinstall', 'prepare']) {
      expect(about.scripts[script]).toBeUndefined();
    }
  });

  it('is developed without running what its dependencies bring to be run at install', () => {
    const installed = json('package-lock.json').packages as Record<string, { hasInstallScript?: boolean }>;
    const scripted = Object.entries(installed).flatMap(([path, { hasInstallScript }]) =>
      hasInstallScript ? [path.replace(/^.*node_modules\//, '')] : [],
    );
    expect(about.allowScripts).toMatchObject(Object.fromEntries(scripted.map((name) => [name, false])));
  });

  it('shows nothing of the machine that made it', () => {
    const secret = /-----BEGIN (RSA |EC )?PRIVATE KEY-----\s*\w{20}|npm_[A-Za-z0-9]{36}|_authToken/;
    for (const path of paths.filter((name) => !name.endsWith('.node'))) {
      const text = read(path);
      expect(text.includes(ROOT), path).toBe(false);
      expect(secret.test(text), path).toBe(false);
      expect(text.includes('sourceMappingURL=data:'), path).toBe(false);
    }
  });
});

describe('what is in the bundle', async () => {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/main.ts'],
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    outdir: 'dist',
    metafile: true,
    write: false,
    logLevel: 'error',
    plugins: [leftOut],
  });
  const taken = new Set<string>();
  for (const { inputs } of Object.values(metafile.outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
      if (folder !== undefined && bytesInOutput > 0) taken.add(folder);
    }
  }
  const names = [...taken]
    .map((folder) => json(`${folder}/package.json`))
    .filter(({ name }) => !NOT_TAKEN.includes(name))
    .map(({ name, version }): string => `${name} ${version}`);
  const sbom = json('dist/sbom.cdx.json') as {
    components: { name: string; version: string; purl: string; licenses: Licence[] }[];
  };
  const notices = read('dist/THIRD-PARTY-NOTICES.txt');

  it('is listed, and its terms are shown', () => {
    expect(names.length).toBeGreaterThan(30);
    const listed = new Set(sbom.components.map(({ name, version }) => `${name} ${version}`));
    expect(names.filter((name) => !listed.has(name))).toEqual([]);
    expect([...listed].filter((name) => !notices.includes(`\n${name} (`))).toEqual([]);
    for (const native of ['@photostructure/sqlite', 'sqlite', '@cfworker/json-schema']) {
      expect(
        [...listed].some((name) => name.startsWith(`${native} `)),
        native,
      ).toBe(true);
    }
  });

  it('may be passed on', () => {
    const terms = sbom.components.map(({ name, licenses: [licence] }) => ({ name, licence: idOf(licence) }));
    expect(terms.filter(({ licence }) => !PERMISSIVE.has(licence))).toEqual([]);
  });
});

type Licence = { readonly expression?: string; readonly license?: { readonly id: string } };
const idOf = (licence: Licence | undefined) => licence?.expression ?? licence?.license?.id ?? 'none';

describe('what registries and clients read', () => {
  const server = json('server.json');
  const manifest = json('mcpb/manifest.json');
  const [npm] = server.packages;
  const secrets = [
    ...['AP_APP_KEY', 'AP_PUB_KEY', 'DYPAY_API_KEY', 'DYPAY_MCH_KEY'],
    ...['UNIONPAY_CERT', 'UNIONPAY_CERT_PASSWORD', 'UNIONPAY_MIDDLE_CERT', 'UNIONPAY_ROOT_CERT'],
    ...['WXPAY_API_V3_KEY', 'WXPAY_MCH_KEY', 'WXPAY_PUB_KEY'],
  ];

  it('is about this package and this version', () => {
    expect(server.name).toBe(about.mcpName);
    expect([server.version, npm.version, manifest.version]).toEqual(Array(3).fill(about.version));
    expect([npm.identifier, manifest.name]).toEqual([about.name, about.name]);
    expect(read('Dockerfile')).toContain(`io.modelcontextprotocol.server.name="${about.mcpName}"`);
  });

  it('keeps to the limits of the MCP registry', () => {
    expect(server.$schema).toBe(
      'https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json',
    );
    expect(server.name).toMatch(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/);
    expect(server.description.length).toBeLessThanOrEqual(100);
    expect(server.title.length).toBeLessThanOrEqual(100);
    expect(npm).toMatchObject({ registryType: 'npm', transport: { type: 'stdio' } });
  });

  it('names variables that the environment file explains, and marks the secrets', () => {
    const explained = read('.env.example');
    const variables = npm.environmentVariables as { name: string; isSecret?: boolean }[];
    for (const { name } of variables) expect(explained).toContain(name);
    expect(variables.flatMap(({ name, isSecret }) => (isSecret ? [name] : [])).sort()).toEqual(secrets);
    const options = manifest.user_config as Record<string, { sensitive?: boolean }>;
    const given = Object.keys(manifest.server.mcp_config.env);
    for (const name of given) {
      expect(manifest.server.mcp_config.env[name]).toBe(`\${user_config.${name.toLowerCase()}}`);
      expect(options[name.toLowerCase()]?.sensitive ?? false, name).toBe(secrets.includes(name));
    }
    expect(variables.map(({ name }) => name)).toEqual(expect.arrayContaining(given));
  });

  it('lists the tools as they are', () => {
    const snapshots = join(ROOT, 'test/__snapshots__/tools');
    for (const { name, description } of manifest.tools) {
      expect(description).toBe(
        JSON.parse(readFileSync(join(snapshots, `${name}.en.json`), 'utf8')).description,
      );
    }
    expect(manifest.tools.map(({ name }: { name: string }) => name)).toContain('create-payment');
  });
});

describe('the image', () => {
  const lines = read('Dockerfile').replaceAll('\\\n', ' ').split('\n');
  const values = (word: string) =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));

  it('runs as nobody special, says how it is, and holds no secret', () => {
    expect(values('USER')).toEqual(['node']);
    expect(lines.findIndex((line) => line.startsWith('USER '))).toBeLessThan(
      lines.findIndex((line) => line.startsWith('ENTRYPOINT ')),
    );
    expect(values('HEALTHCHECK').join()).toContain('/livez');
    expect(values('CMD').map((value) => JSON.parse(value))).toEqual([['http']]);
    expect(values('ENTRYPOINT').map((value) => JSON.parse(value))).toEqual([['mcp-cashier']]);
    expect(values('ENV').join()).not.toMatch(/KEY|SECRET|TOKEN/);
    expect(values('FROM').every((image) => /^node:\d+-slim\b/.test(image))).toBe(true);
  });

  it('is built from what it needs and no more', () => {
    const [everything, ...kept] = read('.dockerignore').trim().split('\n');
    expect(everything).toBe('*');
    expect(kept.map((line) => line.replace('!', ''))).not.toContain('.env');
    for (const name of ['src', 'scripts', 'package.json', 'package-lock.json'])
      expect(kept).toContain(`!${name}`);
    expect(statSync(join(ROOT, 'scripts')).isDirectory()).toBe(true);
  });
});

describe('the workflows', () => {
  it('publish what has passed, with provenance and without a stored token', () => {
    const folder = join(ROOT, '.github/workflows');
    const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
    for (const text of texts) expect(text).toContain('run: .ci/run');
    const publish = texts.find((text) => text.includes('npm@11 publish')) ?? '';
    expect(publish.indexOf('.ci/run')).toBeLessThan(publish.indexOf('npm@11 publish --provenance'));
    expect(publish).toContain('id-token: write');
    expect(publish).not.toMatch(/NPM_TOKEN|NODE_AUTH_TOKEN/);
    expect(about.publishConfig.provenance).toBe(true);
  });
});
