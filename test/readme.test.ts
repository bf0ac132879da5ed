import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parsePolicy } from '../src/policy/policy-file.ts';

const ROOT = new URL('..', import.meta.url).pathname;
const MAIN = join(ROOT, 'dist/main.js');
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    (match) => match[1] ?? '',
  );

let home: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'readme-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(home, { recursive: true, force: true });
});
const env = () => ({ PATH: process.env.PATH ?? '', CASHIER_HOME: home });

/** Runs a command of the package; resolves with its exit code and stdout. */
function run(args: readonly string[], onOutput: (soFar: string) => void = () => undefined) {
  const child = spawn(process.execPath, [MAIN, ...args], { env: env(), stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
    onOutput(out);
  });
  return new Promise<{ code: number | null; out: string }>((resolve) => {
    child.once('exit', (code) => resolve({ code, out }));
  });
}

describe('the README', () => {
  it('has an mcp.json block that works as written, but for the path', async () => {
    const [simulated] = blocks('json').map((text) => JSON.parse(text).mcpServers.cashier);
    const client = new Client({ name: 'cursor', version: '1' });
    const args = simulated.args.map((arg: string) => arg.replace('/path/to/mcp-cashier', ROOT));
    await client.connect(
      new StdioClientTransport({ command: simulated.command, args, env: env(), stderr: 'ignore' }),
    );
    const made = await client.callTool({
      name: 'create-payment',
      arguments: { provider: 'wechatpay', amountYuan: '1.99', title: 'recipe' },
    });
    expect(made.structuredContent).toMatchObject({ state: 'NOTPAY', simulated: true });
    await client.close();
  });

  it('names only variables that the environment file explains', () => {
    const explained = readFileSync(join(ROOT, '.env.example'), 'utf8');
    const [, live] = blocks('json').map((text) => JSON.parse(text).mcpServers.cashier.env);
    for (const name of Object.keys(live)) expect(explained).toContain(name.replace(/_FILE$/, ''));
  });

  it('shows a policy that this version takes', async () => {
    const [yaml = ''] = blocks('yaml');
    await expect(parsePolicy(yaml, 'README')).resolves.toMatchObject({ payments: { maxFen: 50_000 } });
  });

  it('shows only commands that there are, and those run', async () => {
    const commands =
      blocks('sh')
        .join('\n')
        .match(/^node dist\/main\.js (.+)/gm) ?? [];
    expect(new Set(commands.map((line) => line.split(' ')[2]))).toEqual(
      new Set(['operator', 'approvals', 'orders', 'tokens', 'http', 'reconcile']),
    );
    expect((await run(['approvals'])).code).toBe(0);
    expect((await run(['orders'])).code).toBe(0);
    expect((await run(['tokens', 'add', 'shop-agent'])).code).toBe(0);
    expect((await run(['reconcile', '--date', '2026-11-20'])).code, 'an empty day is a clean day').toBe(0);
    expect((await run(['approvals', 'approve', 'ID'])).code).toBe(1);
    expect((await run(['nonsense'])).code).toBe(1);
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
