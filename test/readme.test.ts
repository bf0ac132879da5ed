import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readMerchants } from '../src/config-merchants.ts';
import { ERROR_CODES } from '../src/domain/errors.ts';
import { fen, toYuan } from '../src/domain/money.ts';
import { readChannels } from '../src/events/channels-file.ts';
import { readPrices } from '../src/gate/prices-file.ts';
import { DEFAULT_POLICY } from '../src/policy/policy.ts';
import { parsePolicy } from '../src/policy/policy-file.ts';
import { WALLETS } from '../src/providers/registry.ts';
import { SETTINGS } from '../src/settings.ts';
import { envExample, formOptions, registryVariables, settingsTable } from '../src/settings-documents.ts';
import { scenariosTable } from '../src/simulator/scenarios.ts';
import { metricsTable } from '../src/telemetry/documents.ts';
import { FAMILIES } from '../src/telemetry/families.ts';
import { ALIPAY_TOOLS, UNIFIED_TOOLS, WECHATPAY_TOOLS } from '../src/tools/index.ts';
import { commandHere } from './support/command-here.ts';
import { cheapGuesses } from './support/guess-cost.ts';
import { lendKeys } from './support/lent-keys.ts';
import { Transcript } from './support/server-process.ts';

cheapGuesses();

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MAIN = join(ROOT, 'dist/main.js');
const read = (name: string) => readFileSync(join(ROOT, name), 'utf8');
const { version } = JSON.parse(read('package.json')) as { version: string };
const TARBALL = `mcp-cashier-${version}.tgz`;
/** Pages that are there once, in both languages at a time. */
const BILINGUAL = ['third-party.md', 'supported-systems.md'];
const DOCS = readdirSync(join(ROOT, 'docs')).filter(
  (name) => name.endsWith('.md') && !BILINGUAL.includes(name),
);
const PAGES: readonly (readonly [en: string, zh: string])[] = [
  ['README.md', 'README.zh-CN.md'],
  ...DOCS.map((name): [string, string] => [`docs/${name}`, `docs/zh-CN/${name}`]),
];
const EVERY_PAGE = [
  ...PAGES.flat(),
  ...BILINGUAL.map((name) => `docs/${name}`),
  'CONTRIBUTING.md',
  'SECURITY.md',
];
const READMES = [
  ['en', read('README.md')],
  ['zh', read('README.zh-CN.md')],
] as const;
const blocks = (text: string, language: string) =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    (match) => match[1] ?? '',
  );
const linesOf = (text: string) =>
  blocks(text, 'sh')
    .join('\n')
    .split('\n')
    .filter((line) => line !== '');
const inEnglish = PAGES.map(([page]) => read(page));
const all = (language: string) => inEnglish.flatMap((text) => blocks(text, language));

let home: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'readme-'));
  await lendKeys(home);
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

async function runHere(args: readonly string[]) {
  const at = { env: env(), cwd: home, transcript: new Transcript() };
  const { code, stdout, stderr } = await commandHere(args, at);
  return { code, out: stdout + stderr };
}

/** The words of a command line, quotes taken off. */
function words(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
}

/** Those that have nothing to work on in an empty ledger, or without channels, and say so. */
const NEEDS_A_NUMBER = / (ID|ORDER|NAME|receipt\.jwt)\b/;
/** What was refused of a number that nobody has is its story. */
const TELLS = /^mcp-cashier audit show /;
/** Those that look at the folder and home of their process, or start others. */
const NEEDS_A_PROCESS = /^(init|doctor|demo)$/;
/** Those that serve until they are told to stop, with what they say when they are ready. */
const SERVES = [
  [/^http$/, /127\.0\.0\.1:3920\/mcp/],
  [/^http --no-mcp$/, /127\.0\.0\.1:3920/],
  [/^simulator$/, /AP_GATEWAY[\s\S]*}/],
  [/^approvals page$/, /http:\/\/127\.0\.0\.1:\d+\/approvals/],
  [/^console$/, /http:\/\/127\.0\.0\.1:\d+\/console/],
  [/^gate --prices prices\.yaml$/, /127\.0\.0\.1:3921.*\n.*(GET \/paid\/weather|render-poster)/],
] as const;
/** Played by `.ci/run`, word for word, and those from a packed file by `test/package/installed.mjs`. */
const IN_CI = [
  'npm ci && npm run demo -- --auto-pay',
  'npx -y @modelcontextprotocol/inspector@2.12.0 --cli node dist/main.js --method tools/list --format json',
];
const FROM_FILE = ['npm pack', `npm install --global ./${TARBALL}`];

describe('README and pages', () => {
  it.each(PAGES)('have the same commands and blocks in both languages: %s', (en, zh) => {
    expect(linesOf(read(zh))).toEqual(linesOf(read(en)));
    for (const language of ['json', 'yaml', 'yml', 'nginx']) {
      expect(blocks(read(zh), language)).toEqual(blocks(read(en), language));
    }
  });

  it.each(PAGES)('show commands that do what they say: %s', async (page) => {
    const elsewhere = [...IN_CI, ...FROM_FILE];
    const own = linesOf(read(page)).filter(
      (line) => !elsewhere.includes(line) && !line.startsWith(`npx -y file:${TARBALL} `),
    );
    const [prices] = blocks(read(page), 'yaml').filter((text) => /\n(http|mcp):/.test(text));
    if (prices) writeFileSync(join(home, 'prices.yaml'), prices);
    for (const line of own) {
      expect(line).toMatch(/^mcp-cashier /);
      const args = words(line).slice(1);
      const serves = SERVES.find(([command]) => command.test(args.join(' ')));
      if (serves) {
        const { out } = await run(args, (soFar, child) => {
          if (serves[1].test(soFar)) child.kill('SIGTERM');
        });
        expect(out).toMatch(serves[1]);
        continue;
      }
      const { code, out } = NEEDS_A_PROCESS.test(args[0] ?? '') ? await run(args) : await runHere(args);
      expect(`${line} → ${code} ${code === 0 ? '' : out}`).toMatch(
        TELLS.test(line) ? /→ (1 |0 $)/ : NEEDS_A_NUMBER.test(line) ? /→ 1 / : /→ 0 $/,
      );
    }
  });

  it('have a first screen that needs no registry that does not have us yet', () => {
    for (const [, text] of READMES) {
      const firstScreen = text.slice(0, text.search(/^## (Say this|这样说)/m));
      expect(linesOf(firstScreen)).toEqual([
        'npm ci && npm run demo -- --auto-pay',
        'npm pack',
        `npx -y file:${TARBALL} demo --auto-pay`,
        `npx -y file:${TARBALL} init cursor --write`,
      ]);
    }
    const played = read('test/package/installed.mjs') + read('.ci/run');
    for (const line of IN_CI.map((one) => one.replace(/ --format json$/, ''))) expect(played).toContain(line);
    for (const [, text] of READMES) {
      for (const line of linesOf(text))
        expect(line).not.toMatch(/npx -y mcp-cashier|npm i(nstall)? .*mcp-cashier$/);
    }
  });

  it('name the file of this version', () => {
    for (const page of PAGES.flat()) {
      const named = [...read(page).matchAll(/mcp-cashier-\d[\w.]*?\.tgz/g)].map(([name]) => name);
      expect(named.filter((name) => name !== TARBALL)).toEqual([]);
    }
  });

  it('have links that install what is on the page', () => {
    for (const [, text] of READMES) {
      const links = [...text.matchAll(/\]\((https:\/\/(?:cursor\.com|vscode\.dev)\/[^)\s]+)\)/g)].map(
        ([, link = '']) => new URL(link),
      );
      const [cursor, vscode] = links;
      const block = { command: 'npx', args: ['-y', 'mcp-cashier'] };
      expect(links).toHaveLength(2);
      expect(`${cursor?.origin}${cursor?.pathname}`).toBe('https://cursor.com/en/install-mcp');
      expect(`${vscode?.origin}${vscode?.pathname}`).toBe('https://vscode.dev/redirect/mcp/install');
      for (const link of links) expect(link.searchParams.get('name')).toBe('cashier');
      const config = Buffer.from(cursor?.searchParams.get('config') ?? '', 'base64').toString();
      expect(JSON.parse(config)).toEqual(block);
      expect(JSON.parse(vscode?.searchParams.get('config') ?? '')).toEqual({ type: 'stdio', ...block });
      // GitHub shows no link of another scheme.
      expect(text).not.toMatch(/\]\((cursor|vscode):/);
    }
  });

  it.each(EVERY_PAGE)('link to what there is, and to what the package has: %s', (page) => {
    const text = read(page);
    const links = [...text.matchAll(/\]\(([^)\s]+)\)|src="([^"]+)"/g)]
      .map(([, link, picture]) => link ?? picture ?? '')
      .filter((link) => !/^(https?:|#)/.test(link))
      .map((link) => normalize(join(dirname(page), link.replace(/#.*$/, ''))).replaceAll('\\', '/'));
    expect(links.filter((link) => !existsSync(join(ROOT, link)))).toEqual([]);
    const { files } = JSON.parse(read('package.json')) as { files: string[] };
    const packed = [...files, 'README.md', 'LICENSE'];
    const has = (link: string) => packed.some((name) => link === name || link.startsWith(`${name}/`));
    expect(links.filter((link) => !has(link))).toEqual([]);
  });

  it.each(['en', 'zh'] as const)('name every tool, error and scenario (%s)', (language) => {
    const folder = language === 'en' ? 'docs' : 'docs/zh-CN';
    expect(ERROR_CODES.length).toBeGreaterThan(14);
    for (const code of ERROR_CODES) expect(read(`${folder}/errors.md`)).toContain(`| \`${code}\` |`);
    const readme = READMES.find(([which]) => which === language)?.[1] ?? '';
    for (const { name } of UNIFIED_TOOLS) expect(readme).toContain(`\`${name}\``);
    for (const { name } of [...WECHATPAY_TOOLS, ...ALIPAY_TOOLS])
      expect(read(`${folder}/toolsets.md`)).toContain(`\`${name}\``);
    expect(read(`${folder}/metrics.md`)).toContain(metricsTable(language));
    const measured = [...read(`${folder}/metrics.md`).matchAll(/\bcashier_[a-z_]+/g)].map(([name]) =>
      name.replace(/_(bucket|count|sum)$/, ''),
    );
    expect(measured.filter((name) => !Object.hasOwn(FAMILIES, name))).toEqual([]);
    expect(read(`${folder}/simulator.md`)).toContain(scenariosTable(language));
    expect(read(`${folder}/settings.md`)).toContain(
      `<!-- settings -->\n${settingsTable(language)}\n<!-- /settings -->`,
    );
  });

  it('have every variable in .env.example, server.json and the manifest as the list of settings has it', () => {
    expect(read('.env.example')).toBe(envExample());
    const [npm] = JSON.parse(read('server.json')).packages;
    expect(npm.environmentVariables).toEqual(registryVariables());
    const { server, user_config } = JSON.parse(read('mcpb/manifest.json'));
    expect({ env: server.mcp_config.env, user_config }).toEqual(formOptions());
  });

  it('show policies that this version takes', async () => {
    const policies = all('yaml');
    // What one of them names.
    mkdirSync(join(home, 'secrets'));
    writeFileSync(join(home, 'secrets', 'boss.url'), 'https://open.feishu.cn/open-apis/bot/v2/hook/0a1b2c3d');
    writeFileSync(join(home, 'secrets', 'boss.key'), 'demo-secret');
    writeFileSync(join(home, 'secrets', 'shop.key'), `whsec_${Buffer.alloc(32, 1).toString('base64')}`);
    expect(policies.length).toBeGreaterThan(4);
    const file = join(home, 'shown.yaml');
    for (const text of policies) {
      writeFileSync(file, text);
      const read = text.includes('\nmerchants:')
        ? readMerchants(file)
        : text.includes('\nchannels:')
          ? readChannels(file, 'en')
          : /\n(http|mcp):/.test(text)
            ? readPrices(file, { policy: DEFAULT_POLICY })
            : parsePolicy(text, 'README');
      await expect(read).resolves.toBeDefined();
    }
  });

  it('state every rule that a policy may have', () => {
    const stated = read('docs/rules.md');
    const known = [
      ...read('src/policy/read-policy.ts').matchAll(/^const (?:RULES|PAYMENT_RULES) = \{([\s\S]*?)\};/gm),
    ]
      .flatMap(([, body = '']) => [...body.matchAll(/(\w+)[,:]/g)].map(([, name = '']) => name))
      .filter((name) => /^(max|approve|per|hours|from|providers|scenes)/.test(name));
    expect(known.length).toBeGreaterThan(6);
    for (const name of known) expect(stated).toMatch(new RegExp(`\`${name}[\`:]`));
  });

  it('have an mcp.json block that ends in a paid order within a minute', async () => {
    const [[, en]] = READMES;
    const [simulated] = blocks(en, 'json').map((text) => JSON.parse(text).mcpServers.cashier);
    expect([simulated.command, ...simulated.args]).toEqual(['npx', '-y', `file:/full/path/to/${TARBALL}`]);
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
    const known = SETTINGS.flatMap(({ name, secret }) => (secret ? [name, `${name}_FILE`] : [name]));
    const servers = all('json').flatMap((text) => Object.values(JSON.parse(text).mcpServers));
    const named = servers.flatMap((server) => Object.keys((server as { env?: object }).env ?? {}));
    const prefixes = [...WALLETS.map(({ prefix }) => prefix), 'CASHIER'].join('|');
    const mentioned = inEnglish.flatMap(
      (text) => text.match(new RegExp(`\\b(?:${prefixes})_[A-Z0-9_]*[A-Z0-9]\\b`, 'g')) ?? [],
    );
    expect(mentioned.filter((name) => !known.includes(name))).toEqual([]);
    expect(named.length).toBeGreaterThan(8);
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });
});

describe('the demo', () => {
  it('holds every step when a person pays, and approves on the phone', async () => {
    let clicked = 0;
    let decided: Promise<void> | undefined;
    const { code, out } = await run(['demo'], (soFar) => {
      const links = [...soFar.matchAll(/click to pay: (http\S+)\n/g)].map((match) => match[1] ?? '');
      for (const link of links.slice(clicked)) {
        clicked++;
        void click(link);
      }
      const [, inbox = '', secret] =
        /approve it from the message.*: (http\S+)\n.*operator secret.*: (\d{8})\n/.exec(soFar) ?? [];
      if (secret !== undefined) decided ??= approveOnThePhone(inbox, secret);
    });
    await decided;
    expect(out).toContain('everything held');
    expect(code).toBe(0);
    expect(clicked).toBe(WALLETS.length);
    expect(out).toContain('approved on the page');
    expect(out.match(/query-refund → SUCCESS/g)).toHaveLength(WALLETS.length);
    // The day, as the merchant is told of it: all sales, paid back.
    const sold = toYuan(fen(199 * WALLETS.length)).replace('.', '\\.');
    expect(out).toMatch(new RegExp(`✔ .*${sold}（${WALLETS.length}`));
  });
});

/** The message's button, the secret, and the yes. */
async function approveOnThePhone(inbox: string, secret: string): Promise<void> {
  let link: string | undefined;
  while (link === undefined) {
    link = /href="(http[^"]*\/approvals\/[^"]+)"/.exec(await (await fetch(inbox)).text())?.[1];
  }
  const { origin, pathname } = new URL(link);
  const send = (path: string, fields: Record<string, string>, cookie = '') =>
    fetch(new URL(path, origin), {
      ...{ method: 'POST', redirect: 'manual', body: new URLSearchParams(fields) },
      headers: { origin, cookie },
    });
  const signedIn = await send('/approvals/sign-in', { next: pathname, secret });
  const cookie = signedIn.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
  const page = await (await fetch(link, { headers: { cookie } })).text();
  const csrf = /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
  const answer = await send(pathname, { csrf, decision: 'approve' }, cookie);
  expect(answer.status).toBe(303);
}

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
