import { openLedger } from '../compose.ts';
import { secretsOf } from '../config.ts';
import { CashierError } from '../domain/errors.ts';
import { listenForOperator } from '../operator/index.ts';
import type { Listener } from '../platform/listener.ts';
import { createLog } from '../platform/log.ts';
import { systemClock, systemRandom } from '../platform/system.ts';
import { readArguments, usage } from './arguments.ts';
import type { CommandContext } from './command.ts';
import { print } from './terminal.ts';

const USE = { zh: 'approvals page [--port 端口]', en: 'approvals page [--port N]' };

/** `mcp-cashier approvals page [--port N]`: serves the operator's pages on loopback until it is told to stop. */
export async function servePage(
  args: readonly string[],
  { config, signal }: CommandContext,
): Promise<number> {
  const { positionals, values } = readArguments(args, { port: { type: 'string' } }, USE);
  const port = values.port === undefined ? undefined : Number(values.port);
  const isPort = port === undefined || (Number.isInteger(port) && port >= 0 && port < 65_536);
  if (positionals.length > 0 || !isPort) throw usage(USE);
  const settings = await config();
  const ledger = await openLedger(settings);
  const { logLevel: level, logFile: file, realm, language, merchantName } = settings;
  try {
    const listener = await opened(port, {
      ...{
        ledger,
        realm,
        language,
        merchantName,
        clock: systemClock,
        randomBytes: systemRandom,
        foreground: true,
      },
      log: createLog({ level, file, secrets: secretsOf(settings.env) }),
    });
    print(`${listener.origin}/approvals`);
    if (!signal.aborted) {
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    await listener.close();
    return 0;
  } finally {
    await ledger.close();
  }
}

async function opened(
  port: number | undefined,
  options: Parameters<typeof listenForOperator>[0],
): Promise<Listener> {
  try {
    return await listenForOperator({ ...options, ...(port === undefined ? {} : { port }) });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error;
    throw new CashierError('INVALID_ARGUMENT', {
      zh: `无法在端口 ${port} 上监听（${code}）。`,
      en: `Cannot listen on port ${port} (${code}).`,
      next: { zh: '换一个 --port，或不写。', en: 'Choose another --port, or none.' },
    });
  }
}
