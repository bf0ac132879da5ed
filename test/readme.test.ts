import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parsePolicy } from '../src/policy/policy-file.ts';
import { SETTINGS, settingsTable } from '../src/settings.ts';
import { UNIFIED_TOOLS, WECHATPAY_TOOLS } from '../src/tools/index.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MAIN = join(ROOT, 'dist/main.js');
const read = (name: string) => readFileSync(join(ROOT, name), 'utf8');
const READMES = [
  ['en', read('README.md')],
  ['zh', read('README.zh-CN.md')],
] as const;
const blocks = (text: string, language: string) =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    (match) => match[1] ?? '',
  );
const lines = (text: string) =>
  blocks(text, 'sh')
    .join('\n')
    .split('\n')
    .filter((line) => line !== '');

let home: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'readme-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(home, { recursive: true, force: true });
});
/** The secret is the operator's, as typed at a terminal that a test has not got. */
const env = () => ({
  PATH: process.env.PATH ?? '',
  HOME: home,
  CASHIER_HOME: home,
  // Where the reader has keys, a test has the simulator.
  CASHIER_MODE: 'simulator',
  CASHIER_OPERATOR_SECRET: 'correct-horse',
});

/** Runs a command of the package; resolves with its exit code and stdout. */
function run(
  args: readonly string[],
  onOutput: (soFar: string, child: ChildProcess) => void = () => undefined,
) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: env(),
    cwd: home,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let out = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      out += chunk;
      onOutput(out, child);
    });
  }
  return new Promise<{ code: number | null; out: string }>((resolve) => {
    child.once('exit', (code) => resolve({ code, out }));
  });
}

/** The words of a command line, quotes taken off. */
function words(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
}

/** Those that have nothing to work on in an empty ledger, and say so. */
const NEEDS_A_NUMBER = / (ID|ORDER)\b/;
/** Those that serve until they are told to stop, with what they say when they are ready. */
const SERVES = [
  [/^http$/, /127\.0\.0\.1:3920\/mcp/],
  [/^simulator$/, /AP_GATEWAY[\s\S]*}/],
  [/^approvals page$/, /http:\/\/127\.0\.0\.1:\d+\/approvals/],
] as const;
/** Told apart below, and in `.ci/run`. */
const ELSEWHERE = [
  'npx -y mcp-cashier demo',
  'npm ci && npm run demo -- --auto-pay',
  'npm ci && npm test',
  'npx -y @modelcontextprotocol/inspector@2.12.0 --cli node dist/main.js --method tools/list --format json',
];

describe('both READMEs', () => {
  it('have the same commands, blocks and policies', () => {
    const [[, en], [, zh]] = READMES;
    expect(lines(zh)).toEqual(lines(en));
    for (const language of ['json', 'yaml']) expect(blocks(zh, language)).toEqual(blocks(en, language));
  });

  it('show commands that do what they say', async () => {
    const [[, en]] = READMES;
    const own = lines(en).filter((line) => !ELSEWHERE.includes(line));
    expect(own.length).toBeGreaterThan(20);
    for (const line of own) {
      expect(line).toMatch(/^npx -y mcp-cashier /);
      const args = words(line).slice(3);
      const serves = SERVES.find(([command]) => command.test(args.join(' ')));
      if (serves) {
        const { out } = await run(args, (soFar, child) => {
          if (serves[1].test(soFar)) child.kill('SIGTERM');
        });
        expect(out).toMatch(serves[1]);
        continue;
      }
      const { code, out } = await run(args);
      expect(`${line} → ${code} ${code === 0 ? '' : out}`).toMatch(
        NEEDS_A_NUMBER.test(line) ? /→ 1 / : /→ 0 $/,
      );
    }
  });

  it('check in CI what cannot be run here', () => {
    const ci = read('.ci/run');
    expect(ci).toContain('npm ci && npm run demo -- --auto-pay');
    expect(ci).toContain('npm ci && npm test');
    expect(ci).toContain(
      '@modelcontextprotocol/inspector@2.12.0 --cli node dist/main.js --method tools/list',
    );
  });

  it('name every tool and every error', () => {
    const codes = [...read('src/domain/errors.ts').matchAll(/^ {2}\| '([A-Z_]+)'/gm)].map(
      (match) => match[1] ?? '',
    );
    expect(codes.length).toBeGreaterThan(14);
    for (const [, text] of READMES) {
      for (const code of codes) expect(text).toContain(`| \`${code}\` |`);
      for (const tool of [...UNIFIED_TOOLS, ...WECHATPAY_TOOLS]) expect(text).toContain(`\`${tool.name}\``);
    }
  });

  it.each(READMES)('have the table of settings that there are (%s)', (language, text) => {
    expect(text).toContain(`<!-- settings -->\n${settingsTable(language)}\n<!-- /settings -->`);
    const explained = read('.env.example');
    for (const { name } of SETTINGS) expect(explained).toContain(name);
  });

  it('show policies that this version takes', async () => {
    const [[, en]] = READMES;
    const policies = blocks(en, 'yaml');
    expect(policies).toHaveLength(3);
    for (const policy of policies) await expect(parsePolicy(policy, 'README')).resolves.toBeDefined();
  });

  it.each(READMES)('show pictures that exist (%s)', (_, text) => {
    const shown = [...text.matchAll(/src="([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(shown.length).toBeGreaterThan(2);
    expect(shown.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('have an mcp.json block that ends in a paid order within a minute', async () => {
    const [[, en]] = READMES;
    const [simulated] = blocks(en, 'json').map((text) => JSON.parse(text).mcpServers.cashier);
    expect([simulated.command, ...simulated.args]).toEqual(['npx', '-y', 'mcp-cashier']);
    const client = new Client({ name: 'cursor', version: '1' });
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [MAIN],
      env: { PATH: process.env.PATH ?? '', CASHIER_HOME: home },
      stderr: 'ignore',
    });
    await client.connect(transport);
    const call = async (name: string, args: Record<string, unknown>) =>
      (await client.callTool({ name, arguments: args })).structuredContent as Record<string, unknown>;
    const order = { provider: 'wechatpay', amountYuan: '1.99', title: 'recipe' };
    const made = await call('create-payment', order);
    expect(made).toMatchObject({ state: 'NOTPAY', simulated: true });
    const page = await (await fetch(String(made.cashierUrl))).text();
    const wallet = /href="(http:\/\/127\.0\.0\.1:\d+\/scan[^"]*)"/.exec(page)?.[1]?.replaceAll('&amp;', '&');
    const paid = call('query-payment', { outTradeNo: made.outTradeNo, waitSeconds: 30 });
    await click(wallet ?? '');
    expect(await paid).toMatchObject({ state: 'PAID' });
    await client.close();
  });

  it('have other blocks that name only variables that there are', () => {
    const [[, en]] = READMES;
    const known = SETTINGS.flatMap(({ name, secret }) => (secret ? [name, `${name}_FILE`] : [name]));
    const servers = blocks(en, 'json').flatMap((text) => Object.values(JSON.parse(text).mcpServers));
    const named = servers.flatMap((server) => Object.keys((server as { env?: object }).env ?? {}));
    expect(named.length).toBeGreaterThan(15);
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });
});

describe('the demo', () => {
  it('holds every step when a person clicks', async () => {
    let clicked = 0;
    const { code, out } = await run(['demo'], (soFar) => {
      const links = [...soFar.matchAll(/click to pay: (http\S+)\n/g)].map((match) => match[1] ?? '');
      for (const link of links.slice(clicked)) {
        clicked++;
        void click(link);
      }
    });
    expect(out).toContain('everything held');
    expect(code).toBe(0);
    expect(clicked).toBe(2);
    expect(out.match(/query-refund → SUCCESS/g)).toHaveLength(2);
  });
});

/** A person's click on the simulator's cashier page. */
async function click(link: string): Promise<void> {
  const page = await fetch(link);
  const html = await page.text();
  const action = /<form[^>]*action="([^"]*\/pay[^"]*)"/.exec(html)?.[1]?.replaceAll('&amp;', '&') ?? '';
  const fields = [...html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)];
  const body = new URLSearchParams(
    fields.map(([, name = '', value = '']): [string, string] => [name, value]),
  );
  const target = new URL(action, page.url);
  await fetch(target, { method: 'POST', body, headers: { origin: target.origin } });
}
