import { Console } from 'node:console';
import type { Command } from './cli/command.ts';
import { readConfig } from './config.ts';
import { CashierError } from './domain/errors.ts';

/** One file per command, loaded when it is asked for. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
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

async function main(argv: readonly string[]): Promise<number> {
  const [name = 'stdio', ...args] = argv;
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) {
    process.stderr.write(`${usage(name)}\n`);
    return name === '--help' || name === 'help' ? 0 : 1;
  }
  const stop = new AbortController();
  // SIGHUP: the terminal is gone; SIGBREAK: Ctrl+Break on Windows.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'] as const) {
    process.once(signal, () => stop.abort());
  }
  const command = await load();
  return command.run(args, {
    env: process.env,
    config: (role) => readConfig(process.env, process.cwd(), role),
    signal: stop.signal,
  });
}

function usage(name: string): string {
  const commands = Object.keys(COMMANDS).join(' | ');
  const help = name === '--help' || name === 'help';
  return [
    ...(help ? [] : [`没有命令 ${JSON.stringify(name)}。There is no command ${JSON.stringify(name)}.`]),
    `mcp-cashier [${commands}]`,
    '不带命令即 stdio：作为 MCP 服务器运行。Without a command: stdio, the MCP server.',
  ].join('\n');
}

/** A configuration error is one sentence and its remedy, in both languages; anything else is a bug and shows its stack. */
function explain(error: unknown): string {
  if (!(error instanceof CashierError))
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `mcp-cashier: ${error.text.zh}${error.next.zh}\nmcp-cashier: ${error.text.en} ${error.next.en}`;
}

// stdout is JSON-RPC's: what a dependency wants to say goes to stderr.
globalThis.console = new Console(process.stderr, process.stderr);

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${explain(error)}\n`);
    process.exitCode = 1;
  },
);
