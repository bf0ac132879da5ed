import { openApp } from '../compose.ts';
import type { Config } from '../config.ts';
import { CashierError, configuration } from '../domain/errors.ts';
import { toYuan } from '../domain/money.ts';
import { GATE_MOUNT, isLoopbackName, servedAt } from '../domain/names.ts';
import { mcpOnPort } from '../gate/mcp/on-port.ts';
import { insistOnWays } from '../gate/needed-ways.ts';
import type { HttpUpstream, McpUpstream, Prices } from '../gate/prices.ts';
import { boundsOf, PRICES_VARIABLE, readPrices } from '../gate/prices-file.ts';
import type { PageOf } from '../gate/receipt-link.ts';
import { serveGate } from '../gate/serve.ts';
import { originAt } from '../platform/listener.ts';
import { sourceOf } from '../platform/source.ts';
import { systemPorts } from '../platform/system.ts';
import { isTaken } from '../platform/take-over.ts';
import { readPolicy } from '../policy/read-policy-file.ts';
import { qrImage } from '../tools/qr-image.ts';
import { typedPath, wholeNumber } from './arguments.ts';
import { typedFor } from './books.ts';
import type { CommandContext, Typed } from './command.ts';
import { disarmed } from './disarmed.ts';
import { gateOverStdio } from './gate-stdio.ts';
import { noticeUnacceptedPolicy } from './policy-notice.ts';
import type { Say } from './speaker.ts';

const DEFAULT_PORT = 3921;

/**
 * `mcp-cashier gate [--prices FILE] [--port N]`: charges for what stands behind it, until it is told to stop. Says on
 * stderr what it charges for and where.
 */
export async function run({ values }: Typed<'gate'>, context: CommandContext): Promise<number> {
  const { env, signal, say } = context;
  if (values.stdio) return overStdio(values, context);
  const port =
    values.port === undefined ? DEFAULT_PORT : wholeNumber('--port', values.port, { least: 1, most: 65_535 });
  const settings = await context.config('gate', { merchant: values.merchant });
  insistOnOwnName(settings);
  const prices = await pricesOf(settings, typedPath(values.prices, context.cwd));
  insistOnOther(prices, port);
  const { httpHost: host, realm, gateUrl } = settings;
  const localUrl = originAt(host, port);
  const pages = `${gateUrl ?? localUrl}${GATE_MOUNT}`;
  const service = {
    publicUrl: gateUrl ? pages : (settings.publicUrl ?? pages),
    localUrl: `${localUrl}${GATE_MOUNT}`,
    isGate: true,
  };
  // What is only an operator's name is none of ours.
  const names = settings.names.filter(({ areas }) => areas.some((area) => area !== 'operator'));
  const app = await openApp(settings, { ...systemPorts, runnable: typedFor(say, settings) }, service);
  const pageOf: PageOf = ({ pageToken }) => app.buyerPage(pageToken);
  const ofMcp = mcpOnPort({
    ...{ upstreams: prices.mcp, till: app.till, pageOf, qrImage, env },
    ...{ simulated: realm === 'simulator', trial: realm === 'trial' },
    ...{ log: app.log, clock: app.clock, randomBytes: app.randomBytes, language: settings.language },
    ...{ source: sourceOf(settings.trustedProxies), allowedOrigins: settings.allowedOrigins },
  });
  try {
    await noticeUnacceptedPolicy(app, say);
    const { till, language, log, refusedName } = {
      ...app,
      till: await app.till(),
      language: settings.language,
    };
    await insistOnWays(prices, async () => till);
    await serveGate({
      ...{ till, prices, host, port, gateUrl, language, log, refusedName, signal },
      realm,
      names: [...names, ...(gateUrl === undefined ? [] : [servedAt(gateUrl, ['pages'])])].filter(
        (one) => one !== undefined,
      ),
      trustedProxies: settings.trustedProxies,
      routes: await app.routes(),
      ready: async () => (await app.telemetry?.readiness()) ?? { ready: true },
      pageOf,
      own: ofMcp.at,
      listening: (origin) => {
        app.startBackground();
        if (realm === 'simulator') tell(say.line('模拟环境，不是真钱', 'SIMULATOR, no real money'));
        announce(prices, gateUrl ?? origin, say);
      },
    });
  } catch (error) {
    throw isTaken(error) ? portTaken(port) : error;
  } finally {
    await ofMcp.close();
    await app.close();
  }
  return 0;
}

async function overStdio(values: Typed<'gate'>['values'], context: CommandContext): Promise<number> {
  if (values.port !== undefined) throw noPort();
  const settings = await context.config(undefined, { merchant: values.merchant });
  await gateOverStdio(await pricesOf(settings, typedPath(values.prices, context.cwd)), settings, context);
  return 0;
}

async function pricesOf(settings: Config, typed: string | undefined): Promise<Prices> {
  const file = typed ?? settings.pricesFile;
  if (file === undefined) throw noPrices();
  const bounds = boundsOf(await readPolicy(settings), settings);
  return readPrices(file, bounds, typed === undefined ? PRICES_VARIABLE : '--prices');
}

/** A page of the upstream's, under the name of the operators' pages, would have their cookies. Throws CONFIGURATION. */
function insistOnOwnName({ gateUrl, env }: Config): void {
  if (gateUrl === undefined) return;
  const { hostname } = new URL(gateUrl);
  const other = ['CASHIER_OPERATOR_URL', 'CASHIER_PUBLIC_URL'].find((name) => {
    const value = env[name] ?? '';
    return value !== `${gateUrl}${GATE_MOUNT}` && URL.canParse(value) && new URL(value).hostname === hostname;
  });
  if (other === undefined || isLoopbackName(hostname)) return;
  throw configuration('CASHIER_GATE_URL', {
    zh: `CASHIER_GATE_URL 与 ${other} 是同一个域名：上游的网页就能以操作员的身份操作。`,
    en: `CASHIER_GATE_URL and ${other} have the same host name: pages of the upstream could act as an operator.`,
    next: { zh: '给网关一个单独的域名。', en: 'Give the gate a host name of its own.' },
  });
}

function announce({ http, mcp }: Prices, origin: string, say: Say): void {
  for (const upstream of http) {
    tell(
      `${origin}${upstream.under === '/' ? '' : upstream.under} → ${upstream.origin.origin} ${freeOf(upstream, say)}`,
    );
    for (const { name, amountFen, title } of upstream.prices)
      tell(`  ${name}  ${yuanOf(amountFen, say)}  ${title}`);
  }
  for (const server of mcp) {
    tell(`${origin}/${server.name}/mcp → ${whatOf(server)}`);
    for (const [tool, { amountFen, title }] of server.prices)
      tell(`  ${tool}  ${yuanOf(amountFen, say)}  ${title}`);
  }
}

const yuanOf = (amountFen: Parameters<typeof toYuan>[0], say: Say) =>
  say.line(`${toYuan(amountFen)} 元`, `${toYuan(amountFen)} yuan`);

function freeOf({ unpriced }: HttpUpstream, say: Say): string {
  return unpriced === 'pass'
    ? say.line('（没有价格的请求直接放行）', '(what has no price passes through)')
    : say.line('（没有价格的请求一律拒绝）', '(what has no price is refused)');
}

function whatOf({ reached }: McpUpstream): string {
  return 'url' in reached ? reached.url.href : reached.command.join(' ');
}

function tell(line: string): void {
  process.stderr.write(`mcp-cashier: ${disarmed(line)}\n`);
}

/** It would ask itself, and that again, without an end. Throws CONFIGURATION. */
function insistOnOther({ http }: Prices, port: number): void {
  const own = http.find(
    ({ origin }) => isLoopbackName(origin.hostname) && Number(origin.port || 80) === port,
  );
  if (own === undefined) return;
  throw configuration(PRICES_VARIABLE, {
    zh: `上游 ${own.origin.origin} 就是网关自己的端口。`,
    en: `The upstream ${own.origin.origin} is the gate's own port.`,
    next: { zh: '用 --port 换一个端口。', en: 'Choose another with --port.' },
  });
}

function noPrices(): CashierError {
  return configuration(PRICES_VARIABLE, {
    zh: '没有价目文件：不知道对什么收费。',
    en: 'There is no price file, which says what to charge for.',
    next: {
      zh: '写一个 prices.yaml，用 --prices prices.yaml 或 CASHIER_PRICES 指明，例如：\nversion: 1\nhttp:\n  - upstream: http://127.0.0.1:9000\n    prices:\n      "GET /paid/weather": { yuan: "0.10", title: 天气查询 }',
      en: 'Write a prices.yaml and name it with --prices prices.yaml or CASHIER_PRICES:\nversion: 1\nhttp:\n  - upstream: http://127.0.0.1:9000\n    prices:\n      "GET /paid/weather": { yuan: "0.10", title: Weather }',
    },
  });
}

function noPort(): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: '--stdio 不监听端口，与 --port 不能同时使用。',
    en: '--stdio listens at no port: it does not go with --port.',
    next: { zh: '去掉其中一个。', en: 'Leave one of them out.' },
  });
}

function portTaken(port: number): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: `端口 ${port} 已被占用。`,
    en: `Port ${port} is taken.`,
    next: {
      zh: '换一个 --port，或停止占用它的进程。',
      en: 'Choose another --port, or stop the process that holds it.',
    },
  });
}
