import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { CashierError } from '../domain/errors.ts';
import { releaseClosed } from '../platform/sqlite.ts';
import { systemClock } from '../platform/system.ts';
import type { CommandContext } from './command.ts';
import type { Say } from './speaker.ts';
import { print } from './terminal.ts';

/* What every demo does: it runs this very package in a folder of its own, step by step, and ends at the first that fails. */

/** How long (ms) a person has to pay, and a refund to arrive. */
const PATIENCE_MS = 10 * 60_000;

/** What held has held, even where Windows does not let go of a file yet. */
export async function removed(home: string, say: Say): Promise<void> {
  await releaseClosed();
  await rm(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }).catch(() =>
    print(`${say.line('这个临时文件夹可以删去', 'this temporary folder may be removed')}: ${home}`),
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

export function systemEnvironment(env: CommandContext['env']): Record<string, string> {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'SystemRoot', 'NODE_OPTIONS'];
  return Object.fromEntries(kept.flatMap((name) => (env[name] ? [[name, env[name] ?? '']] : [])));
}

/** What this command speaks, its server and commands speak. */
export function languageOf(say: Say): { CASHIER_LANG?: string } {
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
