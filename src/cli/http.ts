import { BlockList, isIP } from 'node:net';
import { anyoneAs, type Callers } from '../auth/callers.ts';
import { tokenCallers } from '../auth/token-callers.ts';
import { type App, openApp } from '../compose.ts';
import type { Config } from '../config.ts';
import { CashierError } from '../domain/errors.ts';
import { originAt } from '../platform/listener.ts';
import { systemClock } from '../platform/system.ts';
import { selectTools, toolsWith } from '../tools/index.ts';
import { serveOverHttp } from '../transports/http.ts';
import { version } from '../version.ts';
import type { CommandContext } from './command.ts';
import { noticeUnacceptedPolicy } from './policy-notice.ts';

const DEFAULT_PORT = 3920;

/** `mcp-cashier http`: the service, until it is told to stop. Says on stderr where it listens, on stdout nothing. */
export async function run(args: readonly string[], { config, signal }: CommandContext): Promise<number> {
  if (args.length > 0) throw usage();
  const settings = await config();
  const selection = selectTools(settings.selectTools);
  const { httpHost: host, httpPort: port = DEFAULT_PORT } = settings;
  if (settings.tokensFile === undefined && !isLoopback(host)) throw openToAll(host);
  const localUrl = originAt(host, port);
  const app = await openApp(settings, { publicUrl: settings.publicUrl ?? localUrl, localUrl });
  try {
    await noticeUnacceptedPolicy(app);
    await serveOverHttp({
      deps: {
        version,
        setting: app.setting,
        tools: toolsWith(app.setting.providers, selection),
        present: app.present,
        approvalUrl: app.approvalUrl,
        ledger: app.ledger,
        clock: systemClock,
        cashier: async () => {
          // A call that comes when the others are being waited for has sent nothing yet, and must not begin.
          if (signal.aborted) throw stopping();
          return app.cashier();
        },
        underWay: new Set(),
        stopping: signal,
        log: app.log,
      },
      callers: callersOf(settings, app),
      routes: await app.routes(),
      ready: () => app.ledger.read((book) => book.hasUnsettled()),
      host,
      port,
      origins: settings.publicOrigins,
      listening: (origin) => {
        app.startBackground();
        const simulated =
          settings.realm === 'simulator' ? '（模拟环境，不是真钱 SIMULATOR, no real money）' : '';
        process.stderr.write(`mcp-cashier: ${origin}/mcp${simulated}\n`);
      },
      signal,
    });
  } catch (error) {
    throw cannotListen(error, host, port) ?? error;
  } finally {
    await app.close();
  }
  return 0;
}

function callersOf({ tokensFile, caller = 'http' }: Config, { log }: App): Callers {
  return tokensFile === undefined ? anyoneAs(caller) : tokenCallers(tokensFile, log);
}

/** Whether only programs on this machine can reach what listens there; a name that is not known to be so is not. */
function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  const own = new BlockList();
  own.addSubnet('127.0.0.0', 8, 'ipv4');
  own.addAddress('::1', 'ipv6');
  const family = isIP(host);
  return family !== 0 && own.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

function cannotListen(error: unknown, host: string, port: number): CashierError | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const isSystems =
    error instanceof Error && 'syscall' in error && ['listen', 'getaddrinfo'].includes(`${error.syscall}`);
  if (!isSystems) return undefined;
  const taken = code === 'EADDRINUSE';
  return configuration(taken || code === 'EACCES' ? 'CASHIER_HTTP_PORT' : 'CASHIER_HTTP_HOST', {
    zh: taken ? `端口 ${port} 已被占用。` : `无法在 ${host}:${port} 上监听（${code}）。`,
    en: taken ? `Port ${port} is taken.` : `Cannot listen at ${host}:${port} (${code}).`,
    next: {
      zh: '改正 CASHIER_HTTP_HOST / CASHIER_HTTP_PORT，或停止占用它的进程。',
      en: 'Correct CASHIER_HTTP_HOST and CASHIER_HTTP_PORT, or stop the process that holds it.',
    },
  });
}

function openToAll(host: string): CashierError {
  return configuration('CASHIER_HTTP_HOST', {
    zh: `CASHIER_HTTP_HOST=${host} 会让其他机器连入，但没有配置令牌；拒绝启动。`,
    en: `CASHIER_HTTP_HOST=${host} lets other machines in, but there are no tokens; it does not start so.`,
    next: {
      zh: '先执行 mcp-cashier tokens add 名称 并设置 CASHIER_TOKENS_FILE，或改回 127.0.0.1。',
      en: 'First run mcp-cashier tokens add NAME and set CASHIER_TOKENS_FILE, or go back to 127.0.0.1.',
    },
  });
}

function stopping(): CashierError {
  return new CashierError(
    'TRY_LATER',
    {
      zh: '服务正在停止，没有发出请求，没有资金变动。',
      en: 'The service is stopping; nothing was sent and no money moved.',
      next: { zh: '稍后用相同参数重试。', en: 'Call again later with the same arguments.' },
    },
    { retryAfterSeconds: 5 },
  );
}

function usage(): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: '用法：mcp-cashier http（地址与端口由 CASHIER_HTTP_HOST、CASHIER_HTTP_PORT 设置）。',
    en: 'Usage: mcp-cashier http (CASHIER_HTTP_HOST and CASHIER_HTTP_PORT say where).',
    next: { zh: '', en: '' },
  });
}

function configuration(
  variable: string,
  sentences: ConstructorParameters<typeof CashierError>[1],
): CashierError {
  return new CashierError('CONFIGURATION', sentences, { variable });
}
