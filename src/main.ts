import { Console } from 'node:console';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { commandNamed, readArguments } from './cli/arguments.ts';
import type { Command } from './cli/command.ts';
import { disarmed } from './cli/disarmed.ts';
import { invocationOf } from './cli/invocation.ts';
import { type Language, type Say, speaker } from './cli/speaker.ts';
import type { CommandName } from './cli/uses.ts';
import { type Env, type EnvFileTold, readConfig, withDotenv } from './config.ts';
import { CashierError } from './domain/errors.ts';
import { version } from './version.ts';

/** One file per command, loaded when it is asked for. */
const COMMANDS: { readonly [N in CommandName]: () => Promise<Command<N>> } = {
  stdio: () => import('./cli/stdio.ts'),
  alipay: () => import('./cli/alipay.ts'),
  http: () => import('./cli/http.ts'),
  demo: () => import('./cli/demo.ts'),
  simulator: () => import('./cli/simulator.ts'),
  approvals: () => import('./cli/approvals.ts'),
  budget: () => import('./cli/budget.ts'),
  freeze: () => import('./cli/freeze.ts'),
  unfreeze: () => import('./cli/unfreeze.ts'),
  policy: () => import('./cli/policy.ts'),
  operator: () => import('./cli/operator.ts'),
  orders: () => import('./cli/orders.ts'),
  audit: () => import('./cli/audit.ts'),
  reconcile: () => import('./cli/reconcile.ts'),
  tokens: () => import('./cli/tokens.ts'),
  doctor: () => import('./cli/doctor.ts'),
  init: () => import('./cli/init.ts'),
};
/** Where stdout is the protocol's, or every argument another program's. */
const SERVERS = ['stdio', 'alipay'];
const cwd = process.cwd();

async function main(argv: readonly string[]): Promise<number> {
  const asks = (...words: string[]) => argv.slice(0, ends(argv)).some((word) => words.includes(word));
  const [word, ...args] = argv;
  const isVersion = asks('--version', '-v') || word === 'version';
  const isHelp = asks('--help', '-h') || word === 'help';
  if (isVersion || isHelp || (word !== undefined && !Object.hasOwn(COMMANDS, word))) {
    return answer(argv, isVersion ? 'version' : isHelp ? 'help' : 'unknown');
  }
  const name = (word ?? 'stdio') as CommandName;
  // Whatever stood in a configuration behind the server that this one stands in for, stays there.
  const typed = readArguments(name, name === 'alipay' ? [] : args);
  const say = await sayTo(name === 'alipay' ? [] : argv, noteEnvFile);
  if (word === undefined && process.stdin.isTTY) noteTerminal(say);
  const stop = new AbortController();
  // SIGHUP: the terminal is gone; SIGBREAK: Ctrl+Break on Windows.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'] as const) {
    process.once(signal, () => stop.abort());
  }
  if (!SERVERS.includes(name)) endQuietly();
  const command = await COMMANDS[name]();
  return command.run(typed as never, {
    env: process.env,
    config: (role, place) => readConfig(process.env, cwd, role, place),
    signal: stop.signal,
    say,
    spec: invocation(argv).spec,
  });
}

/** Where options end: what follows `--` is no option of ours. */
function ends(argv: readonly string[]): number {
  const at = argv.indexOf('--');
  return at < 0 ? argv.length : at;
}

/** What needs no configuration. */
async function answer(argv: readonly string[], what: 'version' | 'help' | 'unknown'): Promise<number> {
  endQuietly();
  const { print } = await import('./cli/terminal.ts');
  if (what === 'version') {
    print(version);
    return 0;
  }
  const { printHelp, printOverview } = await import('./cli/help.ts');
  const [named] = argv.filter((word) => !word.startsWith('-') && word !== 'help');
  const name = named === undefined && what === 'help' ? undefined : commandNamed(named ?? argv[0] ?? '');
  const say = await sayTo(argv);
  if (name === undefined) printOverview(say);
  else printHelp(name, say);
  return 0;
}

type EnvFile = Parameters<EnvFileTold>;

/**
 * The language that options or the environment choose; none: both are spoken.
 * @param tell hears of a `.env` that was read
 */
async function sayTo(argv: readonly string[], tell?: (say: Say, ...read: EnvFile) => void): Promise<Say> {
  const at = argv.findIndex((word) => word === '--lang' || word.startsWith('--lang='));
  const typed = argv[at]?.includes('=') ? argv[at]?.slice('--lang='.length) : argv[at + 1];
  // What cannot be read is told by whatever needs it.
  let read: EnvFile | undefined;
  const env: Env = await withDotenv(process.env, cwd, (...found) => {
    read = found;
  }).catch(() => process.env);
  const language = [at < 0 ? undefined : typed, env.CASHIER_LANG].find(
    (one): one is NonNullable<Language> => one === 'zh' || one === 'en',
  );
  const say = speaker(language, invocation(argv));
  if (read) tell?.(say, ...read);
  return say;
}

function invocation(argv: readonly string[]) {
  const at = argv.indexOf('--home');
  const home = at < 0 ? process.env.CASHIER_HOME : argv[at + 1] && resolve(cwd, argv[at + 1] ?? '');
  const isDefault = !home || home === join(homedir(), '.mcp-cashier');
  return invocationOf(process.argv[1] ?? '', process.env, isDefault ? undefined : home);
}

/** A person has started what only a client can talk to. */
function noteTerminal(say: Say): void {
  for (const line of say({
    zh: '这是 MCP 服务器，由 MCP 客户端（Cursor、Claude 等）启动，不在终端里对话。加入客户端：mcp-cashier init；看一遍演示：mcp-cashier demo；全部命令：mcp-cashier --help。按 Ctrl+C 退出。',
    en: 'This is an MCP server, to be started by an MCP client such as Cursor or Claude, not talked to in a terminal. Add it to a client: mcp-cashier init. See it work: mcp-cashier demo. All commands: mcp-cashier --help. Ctrl+C ends it.',
  })) {
    process.stderr.write(`${line}\n`);
  }
}

/** An agent's folder may not be the merchant's: whoever starts us sees what it has brought in. */
function noteEnvFile(say: Say, ...[file, names]: EnvFile): void {
  const list = names.join(', ');
  const note = say.line(`读取了 ${file}（${list}）`, `read ${file} (${list})`);
  process.stderr.write(disarmed(`mcp-cashier: ${note}\n`));
}

/** Whoever reads may have had enough before the end; what was begun is done all the same. */
function endQuietly(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

/** What went wrong is one sentence and its remedy; of a bug, its place for whoever asks for it. */
function explain(error: unknown, say: Say): string {
  if (error instanceof CashierError) {
    const { text, next } = error;
    const lines = say({ zh: `${text.zh}${next.zh}`, en: `${text.en} ${next.en}`.trim() });
    return lines.map((line) => `mcp-cashier: ${line}`).join('\n');
  }
  const wanted = /^(debug|trace)$/.test(process.env.CASHIER_LOG_LEVEL ?? '');
  if (error instanceof Error && error.stack !== undefined && wanted) return error.stack;
  return say({
    zh: `意外错误：${String(error)}（CASHIER_LOG_LEVEL=debug 显示出处）`,
    en: `Unexpected: ${String(error)} (CASHIER_LOG_LEVEL=debug shows where)`,
  })
    .map((line) => `mcp-cashier: ${line}`)
    .join('\n');
}

// stdout is JSON-RPC's: what a dependency wants to say goes to stderr.
globalThis.console = new Console(process.stderr, process.stderr);

const argv = process.argv.slice(2);
main(argv).then(
  (code) => {
    process.exitCode = code;
  },
  async (error: unknown) => {
    process.stderr.write(`${disarmed(explain(error, await sayTo(argv)))}\n`);
    process.exitCode = 1;
  },
);
