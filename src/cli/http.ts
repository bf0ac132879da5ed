import { anyoneAs, type Callers, ofMerchants, withOAuth } from '../auth/callers.ts';
import { type Opening, openedBy } from '../auth/exposure.ts';
import { tokenCallers } from '../auth/token-callers.ts';
import type { App } from '../compose.ts';
import type { Config } from '../config.ts';
import { CashierError, configuration } from '../domain/errors.ts';
import { TRIAL } from '../domain/words.ts';
import { openApps } from '../open-apps.ts';
import { originAt } from '../platform/listener.ts';
import { outgoingProxyOf } from '../platform/outgoing-proxy.ts';
import { sourceOf } from '../platform/source.ts';
import { systemPorts } from '../platform/system.ts';
import { gatewayHttp } from '../providers/gateway-http.ts';
import { selectTools, toolsWith } from '../tools/index.ts';
import { serveOverHttp } from '../transports/http.ts';
import type { EndpointDeps } from '../transports/mcp-endpoint.ts';
import { typedFor } from './books.ts';
import type { CommandContext, Typed } from './command.ts';
import { noticeUnacceptedPolicy } from './policy-notice.ts';

const DEFAULT_PORT = 3920;

/**
 * `mcp-cashier http [--no-mcp]`: the service, until it is told to stop. Says on stderr where it listens, on stdout
 * nothing. With `--no-mcp` it serves gateways, buyers and operators, and no agent.
 */
export async function run({ values }: Typed<'http'>, context: CommandContext): Promise<number> {
  const { configs, signal } = context;
  const { say } = context;
  const mcp = !values['no-mcp'];
  const all = await configs();
  const [settings] = all;
  const merchants = all.map(({ merchant }) => merchant);
  const selection = selectTools(settings.selectTools);
  const { httpHost: host, httpPort: port = DEFAULT_PORT } = settings;
  const opening = mcp ? all.map(openedBy).find((one) => one !== undefined) : undefined;
  if (opening !== undefined) throw openToAll(opening);
  if (mcp && merchants.length > 1 && !settings.tokensFile && !settings.oauth) throw ofWhom(merchants);
  const localUrl = originAt(host, port);
  const { publicUrl = localUrl, operatorUrl = localUrl, allowedOrigins } = settings;
  const names = all.flatMap((one) => one.names);
  const portsOf = (one: Config) => ({ ...systemPorts, runnable: typedFor(say, one) });
  const apps = await openApps(all, portsOf, { publicUrl, operatorUrl, localUrl });
  const deps = new Map<string, EndpointDeps>();
  for (const [merchant, app] of apps.each) {
    deps.set(merchant, {
      ...app,
      limited: () => app.telemetry?.limited(),
      tools: toolsWith(app.setting.providers, selection),
      till: async () => {
        // A call that comes when the others are being waited for has sent nothing yet, and must not begin.
        if (signal.aborted) throw stopping();
        return app.till();
      },
      stopping: signal,
    });
  }
  try {
    for (const app of apps.each.values()) await noticeUnacceptedPolicy(app, say);
    const { first } = apps;
    const callers = mcp ? await callersOf(settings, first, publicUrl) : tokensOf(settings, first);
    const known = callers && ofMerchants(callers, merchants);
    await serveOverHttp({
      deps,
      callers: mcp ? known : undefined,
      realm: settings.realm,
      routes: await apps.routes(),
      ready: apps.readiness,
      metrics: { exposition: apps.exposition, callers: known },
      host,
      port,
      at: {
        names,
        allowedOrigins,
        source: sourceOf(settings.trustedProxies),
        refusedName: first.refusedName,
      },
      listening: (origin) => {
        for (const one of apps.each.values()) one.startBackground();
        const money =
          settings.realm === 'simulator'
            ? say.line('（模拟环境，不是真钱）', ' (SIMULATOR, no real money)')
            : settings.realm === 'trial'
              ? say.line(`（${TRIAL.zh}）`, ` (${TRIAL.en})`)
              : '';
        const where = mcp ? `${origin}/mcp` : `${origin}${say.line('（不含 /mcp）', ' (without /mcp)')}`;
        process.stderr.write(`mcp-cashier: ${where}${money}\n`);
      },
      signal,
    });
  } catch (error) {
    throw cannotListen(error, host, port) ?? error;
  } finally {
    await apps.close();
  }
  return 0;
}

function tokensOf({ tokensFile }: Config, { log }: App): Callers | undefined {
  return tokensFile === undefined ? undefined : tokenCallers(tokensFile, log);
}

async function callersOf(settings: Config, app: App, publicUrl: string): Promise<Callers> {
  const { oauth, env, merchants, merchantName, caller = 'http' } = settings;
  // Whose callers these are is said by their tokens, and not by the service's own name.
  const name = (merchants.length > 1 ? undefined : merchantName) ?? 'mcp-cashier';
  const { log, clock } = app;
  const tokens = tokensOf(settings, app);
  if (!oauth) return tokens ?? anyoneAs(caller);
  const resource = new URL(`${publicUrl}/mcp`);
  const http = gatewayHttp(undefined, outgoingProxyOf(env));
  const { oauthCallers } = await import('../auth/oauth-callers.ts');
  const { audience = resource.href } = oauth;
  const issuer = { ...oauth, audience };
  return withOAuth(tokens, await oauthCallers({ settings: issuer, resource, name, http, clock, log }));
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

function openToAll({ variable, value }: Opening): CashierError {
  return configuration(variable, {
    zh: `设置了 ${variable}=${value}，外部可以访问到本服务，却没有令牌，也没有 OAuth：任何人都能查看订单、发起收款和退款。拒绝启动。`,
    en: `${variable}=${value} lets others reach this service, and without tokens or OAuth anybody could list orders and ask for refunds. It does not start.`,
    next: {
      zh: '先执行 mcp-cashier tokens add my-agent，再启动；不需要给智能体用时，改用 mcp-cashier http --no-mcp。',
      en: 'First run mcp-cashier tokens add my-agent, then start again; where no agent is to call, use mcp-cashier http --no-mcp.',
    },
  });
}

/** Everybody on this machine would be a caller of each. */
function ofWhom(merchants: readonly string[]): CashierError {
  return configuration('CASHIER_TOKENS_FILE', {
    zh: `配置了几个商户（${merchants.join('、')}），却没有令牌，也没有 OAuth：分不清调用方属于谁。拒绝启动。`,
    en: `There are several merchants (${merchants.join(', ')}), and neither tokens nor OAuth tell whose a caller is. It does not start.`,
    next: {
      zh: `先执行 mcp-cashier tokens add my-agent --merchant ${merchants[0]}，再启动。`,
      en: `First run mcp-cashier tokens add my-agent --merchant ${merchants[0]}, then start again.`,
    },
  });
}

function stopping(): CashierError {
  return new CashierError('TRY_LATER', {
    zh: '服务正在停止，没有发出请求，没有资金变动。',
    en: 'The service is stopping; nothing was sent and no money moved.',
    next: { zh: '稍后用相同参数重试。', en: 'Call again later with the same arguments.' },
    details: { retryAfterSeconds: 5 },
  });
}
