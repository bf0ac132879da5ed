import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Env, type EnvFileTold, readConfig, withDotenv } from '../config.ts';
import { typedPath } from '../config-paths.ts';
import { CashierError } from '../domain/errors.ts';
import { isAddress } from '../domain/ledger-address.ts';
import { readConfigs, readOneConfig } from '../read-configs.ts';
import { version } from '../version.ts';
import { commandNamed, readArguments } from './arguments.ts';
import type { Command, CommandContext } from './command.ts';
import { disarmed } from './disarmed.ts';
import { invocationOf } from './invocation.ts';
import { type Language, type Say, speaker } from './speaker.ts';
import type { CommandName } from './uses.ts';

/** One file per command, loaded when it is asked for. */
const COMMANDS: { readonly [N in CommandName]: () => Promise<Command<N>> } = {
  stdio: () => import('./stdio.ts'),
  alipay: () => import('./alipay.ts'),
  http: () => import('./http.ts'),
  gate: () => import('./gate.ts'),
  demo: () => import('./demo.ts'),
  simulator: () => import('./simulator.ts'),
  console: () => import('./console.ts'),
  approvals: () => import('./approvals.ts'),
  budget: () => import('./budget.ts'),
  freeze: () => import('./freeze.ts'),
  unfreeze: () => import('./unfreeze.ts'),
  policy: () => import('./policy.ts'),
  operator: () => import('./operator.ts'),
  orders: () => import('./orders.ts'),
  subscriptions: () => import('./subscriptions.ts'),
  audit: () => import('./audit.ts'),
  ledger: () => import('./ledger.ts'),
  receipts: () => import('./receipts.ts'),
  reconcile: () => import('./reconcile.ts'),
  channels: () => import('./channels.ts'),
  merchants: () => import('./merchants.ts'),
  tokens: () => import('./tokens.ts'),
  doctor: () => import('./doctor.ts'),
  init: () => import('./init.ts'),
};
/** Where stdout is the protocol's, or every argument another program's. */
const SERVERS = ['stdio', 'alipay'];

interface SomeCommand {
  run(typed: never, context: CommandContext): Promise<number>;
}

/** Where a command line was typed, and what its process does for it. */
export interface Surroundings {
  readonly env: Env;
  readonly cwd: string;
  /** What was started, as `process.argv` has it. */
  readonly script: string;
  /** A reader of stdout or stderr may leave from now on. */
  readonly endQuietly: () => void;
  /** Told to end from now on, it says so here. */
  readonly stopped: () => AbortSignal;
}

/** Runs a command line to its end and gives its exit code; what went wrong is told on stderr. */
export async function runLine(argv: readonly string[], at: Surroundings): Promise<number> {
  try {
    return await run(argv, at);
  } catch (error) {
    const told = error instanceof CashierError ? error : await plainly(error);
    process.stderr.write(`${disarmed(explain(told, at.env, await sayTo(argv, at)))}\n`);
    return 1;
  }
}

/** A disk may fail anybody anywhere. */
async function plainly(error: unknown): Promise<unknown> {
  const { ofTheDisk } = await import('./disk-refusal.ts');
  return ofTheDisk(error) ?? error;
}

async function run(argv: readonly string[], at: Surroundings): Promise<number> {
  const asks = (...words: string[]) => argv.slice(0, ends(argv)).some((word) => words.includes(word));
  const [word, ...args] = argv;
  const isVersion = asks('--version', '-v') || word === 'version';
  const isHelp = asks('--help', '-h') || word === 'help';
  if (isVersion || isHelp || (word !== undefined && !Object.hasOwn(COMMANDS, word))) {
    return answer(argv, at, isVersion ? 'version' : isHelp ? 'help' : 'unknown');
  }
  const name = (word ?? 'stdio') as CommandName;
  // Whatever stood in a configuration behind the server that this one stands in for, stays there.
  const typed = readArguments(name, name === 'alipay' ? [] : args);
  const say = await sayTo(name === 'alipay' ? [] : argv, at, noteEnvFile);
  if (word === undefined && process.stdin.isTTY) noteTerminal(say);
  const signal = at.stopped();
  if (!SERVERS.includes(name)) at.endQuietly();
  // What each of them takes is seen to by the table; of all together the compiler loses count.
  const command: SomeCommand = await COMMANDS[name]();
  return command.run(typed as never, {
    ...{ env: at.env, cwd: at.cwd },
    config: (role, place) => readOneConfig(at.env, at.cwd, role, place),
    configs: (role, place) => readConfigs(at.env, at.cwd, role, place),
    home: (place) => readConfig(at.env, at.cwd, 'operator', place),
    signal,
    say,
    spec: invocation(argv, at).spec,
  });
}

/** Where options end: what follows `--` is no option of ours. */
function ends(argv: readonly string[]): number {
  const at = argv.indexOf('--');
  return at < 0 ? argv.length : at;
}

/** What needs no configuration. */
async function answer(
  argv: readonly string[],
  at: Surroundings,
  what: 'version' | 'help' | 'unknown',
): Promise<number> {
  at.endQuietly();
  const { print } = await import('./terminal.ts');
  if (what === 'version') {
    print(version);
    return 0;
  }
  const { printHelp, printOverview } = await import('./help.ts');
  const [named] = argv.filter((word) => !word.startsWith('-') && word !== 'help');
  const name = named === undefined && what === 'help' ? undefined : commandNamed(named ?? argv[0] ?? '');
  const say = await sayTo(argv, at);
  if (name === undefined) printOverview(say);
  else printHelp(name, say);
  return 0;
}

type EnvFile = Parameters<EnvFileTold>;

/**
 * The language that options or the environment choose; none: both are spoken.
 * @param tell hears of a `.env` that was read
 */
async function sayTo(
  argv: readonly string[],
  at: Surroundings,
  tell?: (say: Say, ...read: EnvFile) => void,
): Promise<Say> {
  // What cannot be read is told by whatever needs it.
  let read: EnvFile | undefined;
  const env: Env = await withDotenv(at.env, at.cwd, (...found) => {
    read = found;
  }).catch(() => at.env);
  const language = [typedAs(argv, '--lang'), env.CASHIER_LANG].find(
    (one): one is NonNullable<Language> => one === 'zh' || one === 'en',
  );
  const say = speaker(language, invocation(argv, at));
  if (read) tell?.(say, ...read);
  return say;
}

function invocation(argv: readonly string[], { env, cwd, script }: Surroundings) {
  const named = (option: string) => {
    const typed = typedAs(argv, option);
    return typed ? typedPath(typed, cwd) : undefined;
  };
  const home = named('--home') ?? env.CASHIER_HOME;
  const isDefault = !home || home === join(homedir(), '.mcp-cashier');
  return invocationOf(script, env, isDefault ? undefined : home, ledgerTyped(named('--ledger'), env));
}

/** An address may have a password in it; whoever has one in their environment need not type it. */
function ledgerTyped(typed: string | undefined, { CASHIER_LEDGER: set }: Env): string | undefined {
  if (typed !== undefined) return isAddress(typed) ? 'ADDRESS' : typed;
  return !set || isAddress(set) ? undefined : set;
}

/** What stands behind an option, or after its equals sign. */
function typedAs(argv: readonly string[], option: string): string | undefined {
  const words = argv.slice(0, ends(argv));
  const at = words.findIndex((word) => word === option || word.startsWith(`${option}=`));
  return at < 0 ? undefined : words[at]?.includes('=') ? words[at]?.slice(option.length + 1) : words[at + 1];
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

/** What went wrong is one sentence and its remedy; of a bug, its place for whoever asks for it. */
function explain(error: unknown, env: Env, say: Say): string {
  if (error instanceof CashierError) {
    const { text, next } = error;
    const lines = say({ zh: `${text.zh}${next.zh}`, en: `${text.en} ${next.en}`.trim() });
    return lines.map((line) => `mcp-cashier: ${line}`).join('\n');
  }
  const wanted = /^(debug|trace)$/.test(env.CASHIER_LOG_LEVEL ?? '');
  if (error instanceof Error && error.stack !== undefined && wanted) return error.stack;
  return say({
    zh: `意外错误：${String(error)}（CASHIER_LOG_LEVEL=debug 显示出处）`,
    en: `Unexpected: ${String(error)} (CASHIER_LOG_LEVEL=debug shows where)`,
  })
    .map((line) => `mcp-cashier: ${line}`)
    .join('\n');
}
