import type { Env } from '../config.ts';
import { CashierError } from '../domain/errors.ts';
import type { ProviderId } from '../domain/order.ts';
import { GatewayUnavailable, OutcomeUnknown, type PaymentProvider } from '../providers/contract.ts';
import { error, type Finding, ok } from '../providers/finding.ts';
import { walletOf } from '../providers/registry.ts';
import type { ProviderPorts, Wallet } from '../providers/wallet.ts';
import { observedHttp } from './observed-http.ts';
import type { DoctorPorts } from './ports.ts';

export interface GatewayCheck {
  readonly findings: readonly Finding[];
  /** ms; this machine's clock minus the gateway's, where it said what time it was. */
  readonly skewMs: number | undefined;
}

/** Asks one gateway something that moves nothing and needs every credential. */
export async function checkGateway(
  id: ProviderId,
  values: Env,
  environment: Env,
  ports: DoctorPorts,
): Promise<GatewayCheck> {
  const { http, observed } = observedHttp(ports.http, ports.clock);
  const { clock, randomBytes } = ports;
  const provider = await configured(id, values, { clock, randomBytes, http });
  if (provider?.checkCredentials === undefined) return { findings: [], skewMs: undefined };
  const wallet = walletOf(id);
  const { unproven: words, advise } = await wallet.doctor();
  const { name } = wallet;
  try {
    const unproven = (await provider.checkCredentials()).map((one) => words[one] ?? [one, one]);
    const finding = ok(`${id}.credentials`, {
      zh: `${name.zh}网关接受这些密钥，应答签名正确；没有动用资金。要到第一笔订单才能知道：${unproven.map(([zh]) => zh).join('、')}。`,
      en: `${name.en}'s gateway takes these credentials and its answer is rightly signed; no money moved. Only a first order shows ${unproven.map(([, en]) => en).join(', ')}.`,
    });
    return { findings: [finding], skewMs: observed.skewMs };
  } catch (thrown) {
    const advice = advise(thrown, observed, values);
    return {
      findings: [advice ?? unreachable(wallet, thrown, { ...environment, ...values })],
      skewMs: observed.skewMs,
    };
  }
}

/** Undefined where the server would refuse to start, which has been reported with the setting that is wrong. */
async function configured(
  id: ProviderId,
  values: Env,
  means: ProviderPorts,
): Promise<PaymentProvider | undefined> {
  try {
    return await walletOf(id).configure(values, means);
  } catch (thrown) {
    if (thrown instanceof CashierError) return undefined;
    throw thrown;
  }
}

/** System words for why a connection was not made, or broke. */
const WHY: readonly (readonly [pattern: RegExp, zh: string, en: string])[] = [
  [
    /^PROXY_/,
    '代理没有接通（407 表示需要用户名和密码）',
    'the proxy made no connection (407: it wants a user name and password)',
  ],
  [
    /ENOTFOUND|EAI_AGAIN/,
    '域名无法解析，检查 DNS 与网络',
    'the name does not resolve: see to DNS and the network',
  ],
  [
    /ECONNREFUSED|EHOSTUNREACH|ENETUNREACH/,
    '连接不上，检查防火墙与网关地址',
    'no connection: see to the firewall and the address',
  ],
  [
    /CERT|SELF_SIGNED|LEAF|ISSUER|TLS|SSL/,
    'TLS 证书不可信，可能有代理或安全软件在中间',
    'the TLS certificate is not trusted: perhaps a proxy or security program sits in between',
  ],
  [
    /timeout|TIMEOUT/,
    '超时没有应答，检查网络与防火墙',
    'no answer in time: see to the network and the firewall',
  ],
  [
    /unreadable|http-/,
    '应答不是支付网关的，可能被代理改写',
    "the answer is not a payment gateway's: perhaps a proxy's",
  ],
];

function unreachable({ id, name, gatewayVariable }: Wallet, thrown: unknown, environment: Env): Finding {
  if (!(thrown instanceof GatewayUnavailable || thrown instanceof OutcomeUnknown)) throw thrown;
  const [, zh, en] = WHY.find(([pattern]) => pattern.test(thrown.detail)) ?? [
    undefined,
    '检查网络与网关地址',
    'see to the network and the address',
  ];
  const proxy = ['HTTPS_PROXY', 'https_proxy'].find((one) => environment[one]);
  return error(`${id}.unreachable`, {
    variable: environment[gatewayVariable] === undefined ? undefined : gatewayVariable,
    zh: `无法从${name.zh}网关得到有效应答（${thrown.detail}），密钥没有检查。`,
    en: `No valid answer from ${name.en}'s gateway (${thrown.detail}); the credentials were not checked.`,
    remedy: [
      `${zh}。${proxy === undefined ? '' : `网关经 ${proxy} 指定的代理连接：确认代理放行它（或用 NO_PROXY 直连），并在支付平台的 IP 白名单中加入代理的出口地址。`}`,
      `Likely ${en}.${proxy === undefined ? '' : ` The gateway is reached through the proxy that ${proxy} names: see that it lets this through (or go directly with NO_PROXY), and add its outgoing address where the gateway has a list of allowed ones.`}`,
    ],
  });
}
