// The packed tarball, installed as a user gets it, tried from outside. Needs a registry, for the two clients that are
// not ours; `npm test` has what needs none.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { install, npm, pack, packagesIn, temporary } from './packed.mjs';

const INSPECTOR = '@modelcontextprotocol/inspector@2.12.0';
const AI_SDK = '@ai-sdk/mcp@2.0.99';
const ORDER = { provider: 'wechatpay', amountYuan: '1.99', title: 'recipe' };
const TOOLS = [
  'create-payment',
  'query-payment',
  'close-payment',
  'refund-payment',
  'query-refund',
  'list-payments',
];
const INITIALIZE = {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'installed', version: '1' },
};

const home = temporary('cashier-home');
const env = { PATH: process.env.PATH, HOME: home, CASHIER_HOME: join(home, 'cashier') };
const tarball = pack();
const folder = install(tarball);
const bin = (name) => join(folder, 'node_modules/.bin', name);

step('installed from an empty cache with the registry out of reach', () => {
  const packages = packagesIn(folder);
  assert.ok(Object.keys(packages).length <= 5, `${Object.keys(packages).length} packages`);
  for (const [path, { resolved, hasInstallScript }] of Object.entries(packages)) {
    assert.ok(!hasInstallScript, `${path} has an install script`);
    assert.ok(
      path === 'node_modules/mcp-cashier' || resolved.startsWith('https://registry.npmjs.org/'),
      path,
    );
  }
  return `${Object.keys(packages).length} package, ${(statSync(tarball).size / 1e6).toFixed(1)} MB packed`;
});

step("README's first screen, as printed, in an empty home", () => {
  const about = join(folder, 'node_modules/mcp-cashier');
  const { version } = JSON.parse(readFileSync(join(about, 'package.json'), 'utf8'));
  const readme = readFileSync(join(about, 'README.md'), 'utf8');
  const [firstScreen] = readme.split(/^## Say this$/m);
  const lines = linesOf(firstScreen);
  // The first is .ci/run's own, in the clone; `npm pack` is how the file below has come about.
  assert.deepEqual(lines.slice(0, 2), ['npm ci && npm run demo -- --auto-pay', 'npm pack']);
  const empty = temporary('cashier-first');
  const shop = join(empty, '我的 店');
  mkdirSync(shop);
  copyFileSync(tarball, join(shop, basename(tarball)));
  // No registry has us: whoever asked one would fail here.
  const npmrc = { npm_config_offline: 'true', npm_config_prefix: join(empty, 'global') };
  const newcomer = { PATH: `${join(empty, 'global/bin')}:${process.env.PATH}`, HOME: empty, ...npmrc };
  const play = (line) => {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', line], {
      cwd: shop,
      env: newcomer,
      encoding: 'utf8',
    });
    assert.equal(status, 0, `${line}\n${stdout}${stderr}`);
    return stdout;
  };
  for (const line of lines.slice(2)) {
    const said = play(line);
    if (line.includes(' demo ')) assert.ok(said.includes(/^```text\n(.*)$/m.exec(firstScreen)[1]), said);
  }
  // What was written starts a server that sells.
  const { command, args } = JSON.parse(readFileSync(join(empty, '.cursor/mcp.json'), 'utf8')).mcpServers
    .cashier;
  const [written] = blocksOf(firstScreen, 'json').map((text) => JSON.parse(text).mcpServers.cashier);
  assert.deepEqual([command, ...args.slice(0, -1)], [written.command, ...written.args.slice(0, -1)]);
  assert.equal(args.at(-1), written.args.at(-1).replace('/full/path/to', shop));
  assert.match(listFrom(command, args, newcomer, empty), /"create-payment"/);
  // The short command that the rest of the README uses.
  const install = linesOf(readme).find((line) => line.startsWith('npm install --global '));
  play(install);
  assert.equal(play('mcp-cashier --version').trim(), version);
  return `${lines.length - 2} lines`;
});

step("README's pictures and links are in the package", () => {
  const about = join(folder, 'node_modules/mcp-cashier');
  const readme = readFileSync(join(about, 'README.md'), 'utf8');
  const links = [...readme.matchAll(/\]\(([^)\s]+)\)|src="([^"]+)"/g)]
    .map(([, link, picture]) => link ?? picture)
    .filter((link) => !link.startsWith('https://'));
  for (const link of links) assert.ok(existsSync(join(about, link.replace(/#.*/, ''))), link);
  return `${links.length} of them`;
});

step('the same without scripts', () => {
  const plain = install(tarball, '--ignore-scripts');
  assert.deepEqual(contents(plain), contents(folder));
});

step('mcp-cashier demo --auto-pay', () => {
  const demo = spawnSync(bin('mcp-cashier'), ['demo', '--auto-pay'], { env, encoding: 'utf8' });
  assert.equal(demo.status, 0, `${demo.stdout}${demo.stderr}${demo.error ?? ''}`);
});

step('tools/list, byte for byte the same from run to run', () => {
  const lists = [1, 2, 3].map(() => firstList('mcp-cashier'));
  assert.deepEqual(
    JSON.parse(lists[0]).result.tools.map(({ name }) => name),
    TOOLS,
  );
  assert.equal(new Set(lists).size, 1);
  assert.match(firstList('mcp-server-alipay'), /"create-mobile-alipay-payment"/);
});

step(INSPECTOR, () => {
  // npx is to find its cache, and hands nothing of its environment on: a ledger is not made in the home of who tests.
  const ours = ['-e', `CASHIER_HOME=${env.CASHIER_HOME}`, '--format', 'json'];
  const inspect = (...args) =>
    JSON.parse(
      execFileSync('npx', ['-y', INSPECTOR, '--cli', bin('mcp-cashier'), ...args, ...ours], {
        env: { ...env, HOME: process.env.HOME },
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    );
  const listed = JSON.stringify(inspect('--method', 'tools/list'));
  for (const name of TOOLS) assert.ok(listed.includes(`"${name}"`), name);
  const args = Object.entries(ORDER).flatMap(([name, value]) => ['--tool-arg', `${name}=${value}`]);
  const called = JSON.stringify(inspect('--method', 'tools/call', '--tool-name', 'create-payment', ...args));
  assert.match(called, /"state":"NOTPAY"/);
});

step(AI_SDK, () => {
  const client = temporary('cashier-client');
  npm(['install', AI_SDK, '--prefix', client, '--no-audit', '--no-fund', '--loglevel=error'], client);
  const script = join(client, 'client.mjs');
  writeFileSync(script, aiSdkClient(bin('mcp-cashier')));
  const { tools, answer } = JSON.parse(execFileSync(process.execPath, [script], { env, encoding: 'utf8' }));
  assert.deepEqual(tools, TOOLS);
  assert.equal(answer.structuredContent.state, 'NOTPAY');
});

function step(name, work) {
  const startedAt = performance.now();
  const note = work();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`✔ ${name}${note ? `: ${note}` : ''} (${seconds} s)`);
}

/** Every installed file with its size and content. */
function contents(root) {
  return readdirSync(join(root, 'node_modules'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== '.package-lock.json')
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [path.slice(root.length), readFileSync(path).toString('base64')])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The lines of a page's shell blocks. */
function linesOf(text) {
  return blocksOf(text, 'sh').flatMap((block) => block.split('\n').filter((line) => line !== ''));
}

function blocksOf(text, language) {
  return [...text.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    ([, block]) => block,
  );
}

function firstList(name) {
  return listFrom(bin(name), [], env, home);
}

function listFrom(command, args, withEnv, cwd) {
  const { stdout } = spawnSync(command, args, {
    env: withEnv,
    cwd,
    encoding: 'utf8',
    input: [
      { id: 1, method: 'initialize', params: INITIALIZE },
      { method: 'notifications/initialized' },
      { id: 2, method: 'tools/list' },
    ]
      .map((message) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
      .join(''),
  });
  return stdout.split('\n').find((line) => line.includes('"id":2')) ?? '{}';
}

function aiSdkClient(command) {
  return `
    import { createMCPClient } from '@ai-sdk/mcp';
    import { StdioMCPTransport } from '@ai-sdk/mcp/mcp-stdio';
    const transport = new StdioMCPTransport({ command: ${JSON.stringify(command)}, env: process.env, stderr: 'ignore' });
    const client = await createMCPClient({ transport });
    const tools = await client.tools();
    const order = ${JSON.stringify(ORDER)};
    const answer = await tools['create-payment'].execute(order, { toolCallId: '1', messages: [] });
    console.log(JSON.stringify({ tools: Object.keys(tools), answer }));
    await client.close();
  `;
}
