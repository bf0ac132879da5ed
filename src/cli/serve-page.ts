import { once } from 'node:events';
import { type Place, secretsOf } from '../config.ts';
import { consoleBeside } from '../console/index.ts';
import { CashierError } from '../domain/errors.ts';
import { listenForOperator } from '../operator/index.ts';
import type { Listener } from '../platform/listener.ts';
import { createLog } from '../platform/log.ts';
import { systemClock, systemRandom } from '../platform/system.ts';
import { isTaken } from '../platform/take-over.ts';
import { wholeNumber } from './arguments.ts';
import { withBooks } from './books.ts';
import type { CommandContext } from './command.ts';
import { print, printJson } from './terminal.ts';

/**
 * `mcp-cashier approvals page [--port N]` and `mcp-cashier console [--port N]`: serves the operator's pages and the
 * console on loopback until it is told to stop, and says where the one that was asked for is.
 */
export function servePage(
  values: Place & { readonly port?: string | undefined; readonly json?: boolean },
  context: CommandContext,
  page: '/approvals' | '/console',
): Promise<number> {
  const port =
    values.port === undefined ? undefined : wholeNumber('--port', values.port, { least: 0, most: 65_535 });
  const { signal } = context;
  return withBooks(context, values, 'write', async ({ ledger, settings, where, announce }) => {
    const { logLevel: level, logFile: file, realm, language, merchantName } = settings;
    const listener = await opened(port, {
      ...{ ledger, realm, language, merchantName, foreground: true, beside: consoleBeside() },
      ...{ clock: systemClock, randomBytes: systemRandom },
      log: createLog({ level, file, secrets: secretsOf(settings.env) }),
    });
    const url = `${listener.origin}${page}`;
    if (values.json) printJson({ ...where, url });
    else {
      announce();
      print(url);
    }
    if (!signal.aborted) await once(signal, 'abort');
    await listener.close();
    return 0;
  });
}

async function opened(
  port: number | undefined,
  options: Parameters<typeof listenForOperator>[0],
): Promise<Listener> {
  try {
    return await listenForOperator({ ...options, ...(port === undefined ? {} : { port }) });
  } catch (error) {
    if (!isTaken(error)) throw error;
    throw new CashierError('INVALID_ARGUMENT', {
      zh: `无法在端口 ${port} 上监听（${error.code}）。`,
      en: `Cannot listen on port ${port} (${error.code}).`,
      next: { zh: '换一个 --port，或不写。', en: 'Choose another --port, or none.' },
    });
  }
}
