import { openedBy } from '../auth/exposure.ts';
import { issuerKeys, NoKeys } from '../auth/issuer-keys.ts';
import { readTokenFile } from '../auth/token-file.ts';
import type { Config } from '../config.ts';
import { CashierError } from '../domain/errors.ts';
import { isLoopbackName } from '../domain/names.ts';
import { nearest } from '../domain/nearest.ts';
import type { ProviderId } from '../domain/order.ts';
import { error, type Finding, ok, refusal, warning } from '../providers/finding.ts';
import { WALLETS } from '../providers/registry.ts';
import { SELECTABLE, selectTools, toolsWith } from '../tools/index.ts';
import type { DoctorPorts, Machine } from './ports.ts';

/** Who may call, where it listens, and what it offers. */
export async function* examineService(
  config: Config,
  wallets: readonly ProviderId[],
  { machine, http }: Pick<DoctorPorts, 'machine' | 'http'>,
  offline: boolean,
): AsyncIterable<Finding> {
  yield* examineTools(config, wallets);
  yield* examineCallers(config);
  yield* examineOperators(config);
  if (config.oauth && !offline) yield await examineIssuer(config.oauth, http);
  yield* examinePort(config, machine);
}

/** Nobody signs in where a password would cross a network in clear. */
function* examineOperators({ operatorUrl, env }: Config): Iterable<Finding> {
  if (operatorUrl === undefined) return;
  const { protocol, hostname } = new URL(operatorUrl);
  if (protocol === 'https:' || isLoopbackName(hostname)) return;
  const variable = env.CASHIER_OPERATOR_URL === undefined ? 'CASHIER_PUBLIC_URL' : 'CASHIER_OPERATOR_URL';
  yield warning('service.operators-in-clear', {
    variable,
    zh: `${variable} 不是 https：审批页面在那里不能登录，手机上也用不了通行密钥。`,
    en: `${variable} is not https: nobody can sign in to approve there, and phones have no passkeys for it.`,
    remedy: ['把 CASHIER_OPERATOR_URL 设为 https 地址。', 'Set CASHIER_OPERATOR_URL to an https address.'],
  });
}

function* examineTools(
  { selectTools: selection }: Config,
  wallets: readonly ProviderId[],
): Iterable<Finding> {
  const variable = 'AP_SELECT_TOOLS';
  const names = (selection ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  let isWrong = false;
  // One by one, so that every wrong name is found and not only the first.
  for (const name of names) {
    try {
      if (selectTools(name).notServed.length > 0) yield notServed(name);
    } catch (thrown) {
      isWrong = true;
      yield unknownTool(thrown, name);
    }
  }
  if (isWrong) return;
  try {
    const tools = toolsWith(wallets, selectTools(selection));
    if (selection !== undefined) {
      yield ok('service.tools', {
        variable,
        zh: `AP_SELECT_TOOLS 选择了 ${tools.length} 个工具。`,
        en: `AP_SELECT_TOOLS selects ${tools.length} tools.`,
      });
    }
  } catch (thrown) {
    yield refusal(thrown, () => 'service.tools-without-wallet');
  }
}

function unknownTool(thrown: unknown, name: string): Finding {
  const meant = nearest(name, SELECTABLE);
  if (meant === undefined) return refusal(thrown, () => 'service.unknown-tool');
  return error('service.unknown-tool', {
    variable: 'AP_SELECT_TOOLS',
    zh: `AP_SELECT_TOOLS 中的 ${JSON.stringify(name)} 不存在。`,
    en: `AP_SELECT_TOOLS names ${JSON.stringify(name)}, which does not exist.`,
    remedy: [`是否应为 ${meant}？`, `Did you mean ${meant}?`],
  });
}

function notServed(name: string): Finding {
  return warning('service.tool-not-served', {
    variable: 'AP_SELECT_TOOLS',
    zh: `AP_SELECT_TOOLS 中的官方工具 ${name} 本服务器没有，会被忽略。`,
    en: `AP_SELECT_TOOLS names the official tool ${name}, which this server has not; it is left out.`,
    remedy: ['可以从列表中去掉它。', 'It can be removed from the list.'],
  });
}

function* examineCallers(config: Config): Iterable<Finding> {
  const { tokensFile } = config;
  const opening = openedBy(config);
  if (opening !== undefined) {
    const { variable, value } = opening;
    // Some wallets want an address for notifications on stdio too, where it opens nothing.
    const isNotify = WALLETS.some(({ notify }) => notify.variable === variable);
    const level = variable === 'CASHIER_HTTP_HOST' ? error : isNotify ? ok : warning;
    yield level('service.open-to-all', {
      variable,
      zh: `设置了 ${variable}=${value}，外部可以访问到本服务，却没有令牌，也没有 OAuth；mcp-cashier http 会拒绝启动（stdio 不受影响）。`,
      en: `${variable}=${value} lets others reach the service, but there are neither tokens nor OAuth; mcp-cashier http refuses to start (stdio does not mind).`,
      remedy: [
        '运行 mcp-cashier tokens add 名称；不需要给智能体用时，改用 mcp-cashier http --no-mcp。',
        'Run mcp-cashier tokens add NAME; where no agent is to call, use mcp-cashier http --no-mcp.',
      ],
    });
    return;
  }
  if (tokensFile === undefined) return;
  try {
    const count = readTokenFile(tokensFile).length;
    yield ok('service.tokens', {
      variable: 'CASHIER_TOKENS_FILE',
      zh: `令牌文件 ${tokensFile} 正确，有 ${count} 个令牌。`,
      en: `The tokens file ${tokensFile} is valid, with ${count} tokens.`,
    });
    return;
  } catch (thrown) {
    if (!(thrown instanceof CashierError)) throw thrown;
    yield refusal(thrown, () => 'service.tokens-file');
    return;
  }
}

/** Whether the tokens of the issuer could be checked now. */
async function examineIssuer(
  oauth: NonNullable<Config['oauth']>,
  http: DoctorPorts['http'],
): Promise<Finding> {
  const { issuer, jwks } = oauth;
  const variable = jwks === undefined ? 'CASHIER_OAUTH_ISSUER' : 'CASHIER_OAUTH_JWKS';
  try {
    const { keys } = await issuerKeys(http, oauth);
    const level = keys.length > 0 ? ok : warning;
    return level('service.oauth', {
      variable,
      zh: `OAuth 签发方 ${issuer} 的公钥可以取到，有 ${keys.length} 把。`,
      en: `The keys of the OAuth issuer ${issuer} can be had; there are ${keys.length}.`,
      ...(keys.length > 0
        ? {}
        : { remedy: ['没有公钥就不能验证令牌。', 'Without keys no token can be verified.'] }),
    });
  } catch (thrown) {
    if (!(thrown instanceof NoKeys)) throw thrown;
    return error('service.oauth-keys', {
      variable,
      zh: `取不到 OAuth 签发方 ${issuer} 的公钥（${thrown.message}）；它的令牌现在无法验证。`,
      en: `The keys of the OAuth issuer ${issuer} cannot be had (${thrown.message}); its tokens cannot be verified now.`,
      remedy: [
        '检查 CASHIER_OAUTH_ISSUER（须与签发方元数据中的 issuer 完全一致）、CASHIER_OAUTH_JWKS 与网络。',
        'Check CASHIER_OAUTH_ISSUER (exactly as the issuer in its metadata), CASHIER_OAUTH_JWKS and the network.',
      ],
    });
  }
}

/** Names under which listeners of this ledger were addressed in vain: genuine notifications may be among them. */
export function* examineRefusedNames(
  refused: readonly { readonly name: string; readonly count: number }[],
): Iterable<Finding> {
  if (refused.length === 0) return;
  const names = refused.slice(0, SHOWN_NAMES).map(({ name, count }) => `${name} (${count})`);
  yield warning('service.refused-names', {
    variable: 'CASHIER_ALLOWED_HOSTS',
    zh: `过去一天，有请求因 Host 或 Origin 不认识而被拒绝（403）：${names.join('、')}。`,
    en: `Within the last day requests were refused (403) for a Host or Origin that is not known: ${names.join(', ')}.`,
    remedy: [
      '若其中有自己的代理转发的名字，把它加入 CASHIER_ALLOWED_HOSTS（浏览器来源加入 CASHIER_ALLOWED_ORIGINS）；陌生名字可以忽略。',
      "If one is what your own proxy passes on, add it to CASHIER_ALLOWED_HOSTS (a browser's origin to CASHIER_ALLOWED_ORIGINS); ignore strange ones.",
    ],
  });
}
/** More would be strangers' noise. */
const SHOWN_NAMES = 5;

/** Only a port that was asked for: on stdio nothing listens without. */
async function* examinePort({ httpHost, httpPort }: Config, machine: Machine): AsyncIterable<Finding> {
  if (httpPort === undefined) return;
  const state = await machine.portState(httpHost, httpPort);
  const at = `${httpHost}:${httpPort}`;
  if (state === 'free') {
    yield ok('service.port', {
      variable: 'CASHIER_HTTP_PORT',
      zh: `${at} 空闲，可以监听。`,
      en: `${at} is free to listen at.`,
    });
    return;
  }
  if (state === 'EADDRINUSE') {
    yield warning('service.port-taken', {
      variable: 'CASHIER_HTTP_PORT',
      zh: `${at} 已有程序在监听；如果是正在运行的 mcp-cashier，一切正常。`,
      en: `Something listens at ${at} already; if that is a running mcp-cashier, all is well.`,
      remedy: [
        '若不是，换一个 CASHIER_HTTP_PORT 或停止那个程序。',
        'If not, choose another CASHIER_HTTP_PORT or stop that program.',
      ],
    });
    return;
  }
  const isHost = state !== 'EACCES';
  yield error('service.cannot-listen', {
    variable: isHost ? 'CASHIER_HTTP_HOST' : 'CASHIER_HTTP_PORT',
    zh: `无法在 ${at} 上监听（${state}）。`,
    en: `Cannot listen at ${at} (${state}).`,
    remedy: isHost
      ? [
          'CASHIER_HTTP_HOST 应是本机的地址，例如 127.0.0.1。',
          "CASHIER_HTTP_HOST is to be one of this machine's addresses, such as 127.0.0.1.",
        ]
      : ['选用 1024 以上的端口。', 'Choose a port above 1024.'],
  });
}
