// The packed tarball, installed as a user gets it, tried from outside. Needs a registry, for the two clients that are
// not ours; `npm test` has what needs none.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

step('the same without scripts', () => {
  const plain = install(tarball, '--ignore-scripts');
  assert.deepEqual(contents(plain), contents(folder));
});

step('mcp-cashier demo --auto-pay', () => {
  const { status, stdout } = spawnSync(bin('mcp-cashier'), ['demo', '--auto-pay'], { env, encoding: 'utf8' });
  assert.equal(status, 0, stdout);
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
  const inspect = (...args) =>
    JSON.parse(
      execFileSync('npx', ['-y', INSPECTOR, '--cli', bin('mcp-cashier'), ...args, '--format', 'json'], {
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

function firstList(name) {
  const { stdout } = spawnSync(bin(name), [], {
    env,
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
