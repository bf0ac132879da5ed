import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CashierError } from '../domain/errors.ts';
import { onThisMachine } from '../platform/loopback.ts';
import { releaseClosed } from '../platform/sqlite.ts';
import { systemClock } from '../platform/system.ts';
import type { CommandContext } from './command.ts';
import type { Say } from './speaker.ts';
import { print } from './terminal.ts';

/* What every demo does: it runs this very package in a folder of its own, step by step, and ends at the first that fails. */

/** How long (ms) a person has to pay, and a refund to arrive. */
const PATIENCE_MS = 10 * 60_000;
/** How long (ms) the simulator has for an answer. */
const WITHIN_MS = 5_000;

/** A folder of the demo's own, and the environment of what runs in it. */
export function demoHome(
  { env, say }: Pick<CommandContext, 'env' | 'say'>,
  more: Readonly<Record<string, string>> = {},
): { readonly home: string; readonly env: Record<string, string> } {
  const home = mkdtempSync(join(tmpdir(), 'mcp-cashier-demo-'));
  const own = { CASHIER_HOME: home, CASHIER_MODE: 'simulator', ...more };
  return { home, env: { ...systemEnvironment(env), ...languageOf(say), ...own } };
}

/** Asks the simulator what it has, or has it do something. Throws where it does not. */
export async function steered(origin: string, path: string, body?: object): Promise<unknown> {
  const headers = { 'x-simulator-control': '1' };
  const deed = body && { method: 'POST', body: JSON.stringify(body) };
  const answer = await onThisMachine(`${origin}/control/${path}`, { ...deed, headers }, WITHIN_MS);
  insist(answer.ok, `${path} ${JSON.stringify(body) ?? ''}`.trim());
  return answer.json();
}

/** What held has held, even where Windows does not let go of a file yet. */
export async function removed(home: string, say: Say): Promise<void> {
  await releaseClosed();
  await rm(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }).catch(() =>
    print(`${say.label('这个临时文件夹可以删去', 'this temporary folder may be removed')} ${home}`),
  );
}

/** Repeats `attempt` until it holds, for as long as a person may need. */
export async function patiently(
  signal: AbortSignal,
  what: string,
  attempt: () => Promise<boolean>,
): Promise<void> {
  const deadline = systemClock.now() + PATIENCE_MS;
  while (!(await attempt())) {
    if (signal.aborted || systemClock.now() > deadline) throw failed(what);
    await systemClock.sleep(500, signal);
  }
}

/** Runs a command of this very package in a process of its own, as a person at a terminal would. */
export function command(
  args: string[],
  env: Record<string, string>,
  stdout: 'inherit' | 'ignore',
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [entry(), ...args], { env, stdio: ['ignore', stdout, 'inherit'] });
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(failed(args.join(' ')))));
  });
}

export function entry(): string {
  return process.argv[1] ?? '';
}

function systemEnvironment(env: CommandContext['env']): Record<string, string> {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'SystemRoot', 'NODE_OPTIONS'];
  return Object.fromEntries(kept.flatMap((name) => (env[name] ? [[name, env[name] ?? '']] : [])));
}

/** What this command speaks, its server and commands speak. */
function languageOf(say: Say): { CASHIER_LANG?: string } {
  const [language, other] = say({ zh: 'zh', en: 'en' });
  return language === undefined || other !== undefined ? {} : { CASHIER_LANG: language };
}

export function step(text: string): void {
  print(`  ✔ ${text}`);
}

export function insist(held: boolean, what: string): void {
  if (!held) throw failed(what);
}

export function failed(what: string): CashierError {
  return new CashierError('INTERNAL', {
    zh: `演示在这一步失败：${what}。`,
    en: `The demo failed at: ${what}.`,
    next: { zh: '请附上输出反馈问题。', en: 'Please report it with this output.' },
  });
}
