// Clients from the registry, each in an empty home, against the packed server and the simulator: they connect, list the
// tools, and where they can be driven offline, a model that stands in on loopback asks them for one payment, and what
// then reaches the model is looked at. `--quick` plays those that install and run in seconds; without it all are played.
// Needs a registry. CLIENTS=name,name plays those only.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../support/free-port.mjs';
import { CLIENTS } from './clients/table.mjs';
import { discard, install, pack, temporary } from './packed.mjs';
import { standInModel } from './stand-in-model.mjs';

const ORDER = { provider: 'alipay', amountYuan: '1.99', title: 'recipe' };
const TOOLS = ['create', 'query', 'close', 'refund']
  .map((verb) => `${verb}-payment`)
  .concat('query-refund', 'list-payments');
/** Nothing but loopback can be reached: whatever asks for a proxy gets one that is not there. */
const OFFLINE = {
  HTTPS_PROXY: 'http://127.0.0.1:9',
  HTTP_PROXY: 'http://127.0.0.1:9',
  NO_PROXY: '127.0.0.1,localhost',
  DO_NOT_TRACK: '1',
};
/** Longest that a client may take for one command. It holds nothing that a test waits for, and only ends a hang. */
const PATIENCE_MS = 180_000;

const quick = process.argv.includes('--quick');
const named = process.env.CLIENTS?.split(',');
const main = join(install(pack()), 'node_modules/mcp-cashier/dist/main.js');
const server = { command: process.execPath, args: [main] };

const waiting = CLIENTS.filter((client) => (named ? named.includes(client.name) : client.quick || !quick));
/** Two at a time: one installs while the other plays. */
await Promise.all([everyNext(), everyNext()]);

async function everyNext() {
  for (let client = waiting.shift(); client; client = waiting.shift()) {
    const startedAt = performance.now();
    const note = await play(client).catch((error) => {
      process.exitCode = 1;
      return `✘ ${client.name}: ${error.stack}`;
    });
    console.log(`${note} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`);
  }
}

/** Installs and drives one client; one line of what came of it. Throws where it was driven and something is wrong. */
async function play(client) {
  const { name, packages } = client;
  const folder = temporary('cashier-client');
  const args = ['install', ...packages, '--prefix', folder, '--no-audit', '--no-fund', '--loglevel=error'];
  const installed = await run('npm', args, { env: process.env, cwd: folder });
  if (installed.code !== 0) {
    const reason = installed.err.trim().split('\n').at(0);
    if (process.env.CI && client.quick) throw new Error(`${name} does not install: ${reason}`);
    return `– ${name}: skipped, ${packages[0]} does not install here: ${reason}`;
  }
  const model = await standInModel('create-payment', ORDER);
  try {
    const seen = await client.play(stage(folder, model));
    for (const tools of model.declared) assertScalarTypes(tools);
    const shown = [...model.reached.slice(0, 1), ...(seen.reached ? [seen.reached] : [])];
    assert.equal(shown.length, client.shows ? 1 : 0, `${name}: what reached a model`);
    const facts = client.shows ? await assertShown(seen.home, JSON.stringify(shown[0]), client.shows) : '';
    return `✔ ${name}, ${packages[0]}: ${[...seen.notes, facts].filter(Boolean).join('; ')}`;
  } finally {
    await model.close();
    discard(folder);
  }
}

/** What a row of the table plays with: its own home and project, its program, and the model. */
function stage(folder, model) {
  const home = temporary('cashier-home');
  const project = join(home, 'project');
  mkdirSync(project);
  const env = { PATH: process.env.PATH, HOME: home, ...OFFLINE };
  return {
    folder,
    home,
    project,
    env,
    freePort,
    server,
    order: ORDER,
    model: model.url,
    /** Writes a file of the client's, by its path in the home. */
    write(path, content) {
      const file = join(home, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
      return file;
    },
    /** Runs one of the client's programs to its end; returns what it printed. */
    async run(bin, args, more = {}) {
      const file = join(folder, 'node_modules/.bin', bin);
      const { code, out, err } = await run(file, args, { env: { ...env, ...more }, cwd: project });
      assert.equal(code, 0, `${bin} ${args.join(' ')}\n${out}\n${err}`);
      return out.trim() || err;
    },
    /** Runs one of the scripts beside the table where the client's packages are; returns what it printed as JSON. */
    async script(name, more = {}) {
      const source = fileURLToPath(new URL(`clients/${name}`, import.meta.url));
      const copy = join(folder, basename(source));
      copyFileSync(source, copy);
      const given = {
        SERVER: JSON.stringify(server),
        ORDER: JSON.stringify(ORDER),
        MODEL: model.url,
        ...more,
      };
      const { code, out, err } = await run(process.execPath, [copy], {
        env: { ...env, ...given },
        cwd: project,
      });
      assert.equal(code, 0, err);
      return JSON.parse(out.trim().split('\n').at(-1));
    },
    /** The service over HTTP, on a port of its own, until `work` is done with its address. */
    async service(work, more = {}) {
      const port = await freePort();
      const settings = { CASHIER_HTTP_PORT: String(port), ...more };
      const child = spawn(server.command, [main, 'http'], {
        env: { ...env, ...settings },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      // It says one line when it listens.
      await new Promise((said, failed) => {
        child.stderr.once('data', said);
        child.once('exit', () => failed(new Error('the service did not start')));
      });
      try {
        return await work(`http://127.0.0.1:${port}/mcp`);
      } finally {
        const ended = new Promise((done) => child.once('exit', done));
        if (child.kill('SIGTERM')) await ended;
      }
    },
    listed(names) {
      assert.deepEqual([...names].sort(), [...TOOLS].sort());
    },
  };
}

/** No property of any tool has a list of types: Gemini refuses the whole request for one. */
function assertScalarTypes(value, path = 'tools') {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'type') assert.ok(!Array.isArray(inner), `${path}.type is ${JSON.stringify(inner)}`);
    assertScalarTypes(inner, `${path}.${key}`);
  }
}

/**
 * The one order of this home is the one that the model was shown: its number and link always; words and picture as the
 * client is known to treat them.
 */
async function assertShown(home, shown, { text, picture }) {
  const env = { PATH: process.env.PATH, HOME: home };
  const { out } = await run(server.command, [main, 'orders', '--json'], { env, cwd: home });
  const { items } = JSON.parse(out);
  assert.equal(items.length, 1);
  const [{ outTradeNo, state }] = items;
  assert.equal(state, 'NOTPAY');
  assert.ok(shown.includes(outTradeNo), `the order's number: ${shown}`);
  assert.match(shown, /http:\/\/127\.0\.0\.1:\d+\/c\/[\w-]{22}/);
  assert.match(shown, /query-payment/);
  assert.equal(/\[打开收银台扫码\]\(http/.test(shown), text, `words: ${shown}`);
  assert.equal(/iVBORw0KGgo/.test(shown), picture, `picture: ${shown.slice(0, 3000)}`);
  return `number, link${text ? ', words' : ''}${picture ? ', picture' : ''} reach the model`;
}

/** Runs a program to its end. What it has started ends with it: a client may leave children behind. */
function run(command, args, { env, cwd }) {
  return new Promise((done, failed) => {
    const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const text = { out: '', err: '' };
    child.stdout.on('data', (chunk) => {
      text.out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      text.err += chunk;
    });
    const hang = setTimeout(end, PATIENCE_MS, 'SIGKILL');
    child.once('error', failed);
    child.once('exit', () => end('SIGTERM'));
    child.once('close', (code) => {
      clearTimeout(hang);
      done({ code, ...text });
    });
    function end(signal) {
      try {
        process.kill(-child.pid, signal);
      } catch {
        // Nobody is left.
      }
    }
  });
}
