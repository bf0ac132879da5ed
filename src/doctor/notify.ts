import type { ProviderId } from '../domain/order.ts';
import { isInside, isInsideName, literalAddress } from '../platform/addresses.ts';
import { GatewayUnavailable, OutcomeUnknown } from '../providers/contract.ts';
import { type Finding, ok, warning } from '../providers/finding.ts';
import { WALLETS, walletOf } from '../providers/registry.ts';
import type { Wallet } from '../providers/wallet.ts';
import type { DoctorPorts } from './ports.ts';
import type { Settings } from './settings.ts';

/** Where one gateway sends its notifications, and which variable says so. */
interface Target {
  readonly wallet: Wallet;
  readonly variable: string;
  readonly url: URL;
}

/** Without notifications payments are still found by asking, so nothing here is worse than a warning. */
const STILL = {
  zh: '付款仍会靠查询得知，只是慢一些。',
  en: 'Payments are still learned of by asking, only later.',
};

/** Whether the gateways' notifications can arrive; `ports` only when the network may be used. */
export async function examineNotify(
  settings: Settings,
  wallets: readonly ProviderId[],
  ports: DoctorPorts | undefined,
): Promise<Finding[]> {
  const examined = wallets.map(async (id) => {
    const target = targetOf(settings, id);
    // What is required has been asked for with the wallet.
    if (target === undefined) return walletOf(id).notify.required ? [] : [none(walletOf(id))];
    const seen = [...examineAddress(target, settings)];
    if (ports === undefined || seen.some((one) => one.id === 'notify.not-public')) return seen;
    return [...seen, ...(await reach(target, ports))];
  });
  return (await Promise.all(examined)).flat();
}

function targetOf({ values }: Settings, id: ProviderId): Target | undefined {
  const wallet = walletOf(id);
  const { variable } = wallet.notify;
  const base = values.CASHIER_PUBLIC_URL?.trim();
  const own = values[variable]?.trim();
  const text = own ?? (base === undefined ? undefined : `${base.replace(/\/+$/, '')}${pathOf(wallet)}`);
  // What is no address at all has been reported with the wallet.
  if (text === undefined || !URL.canParse(text)) return undefined;
  return { wallet, variable: own === undefined ? 'CASHIER_PUBLIC_URL' : variable, url: new URL(text) };
}

function pathOf({ id }: Wallet): string {
  return `/notify/${id}`;
}

function none({ name, notify }: Wallet): Finding {
  return ok('notify.none', {
    variable: notify.variable,
    zh: `没有设置${name.zh}通知地址。${STILL.zh}`,
    en: `No notify address is set for ${name.en}. ${STILL.en}`,
  });
}

function* examineAddress({ wallet, variable, url }: Target, { config }: Settings): Iterable<Finding> {
  const { hostname, protocol, port, pathname } = url;
  const address = literalAddress(hostname);
  if (address === undefined ? isInsideName(hostname) : isInside(address)) {
    yield notPublic(variable, hostname);
  } else if (/(^|\.)example\.(com|org|net)$/.test(hostname)) {
    yield warning('notify.example-host', {
      variable,
      zh: `${variable} 还是示例域名 ${hostname}。`,
      en: `${variable} still holds the example host ${hostname}.`,
      remedy: ['换成自己的域名。', 'Use a domain of your own.'],
    });
  }
  if (protocol === 'http:') {
    yield warning('notify.not-https', {
      variable,
      zh: `${variable} 不是 https，网关可能不发送通知，内容也可能被窥视。`,
      en: `${variable} is not https; the gateway may not send to it, and others could read along.`,
      remedy: ['改用 https（反向代理或隧道）。', 'Use https, by a reverse proxy or tunnel.'],
    });
  }
  if (port !== '') {
    yield warning('notify.port', {
      variable,
      zh: `${variable} 使用端口 ${port}；防火墙和网关常常只放行 443。`,
      en: `${variable} uses port ${port}; firewalls and gateways often let only 443 through.`,
      remedy: ['用反向代理把 443 转到该端口。', 'Let a reverse proxy pass 443 on to that port.'],
    });
  }
  const path = pathOf(wallet);
  const other = WALLETS.find((one) => one !== wallet && pathname.endsWith(pathOf(one)));
  if (other) {
    yield warning('notify.other-wallets-path', {
      variable,
      zh: `${variable} 指向 ${pathOf(other)}，那是${other.name.zh}的通知路径。`,
      en: `${variable} points at ${pathOf(other)}, which takes ${other.name.en}'s notifications.`,
      remedy: [`改为 …${path}。`, `Make it …${path}.`],
    });
  } else if (pathname.endsWith(path) && config.httpPort === undefined) {
    yield warning('notify.nobody-listens', {
      variable: 'CASHIER_HTTP_PORT',
      zh: `${variable} 指向本服务的路径 ${path}，但 stdio 方式没有设置 CASHIER_HTTP_PORT 就不会监听。`,
      en: `${variable} points at our own path ${path}, but on stdio nothing listens without CASHIER_HTTP_PORT.`,
      remedy: [
        '设置 CASHIER_HTTP_PORT 并让代理或隧道转到它；用 mcp-cashier http 的（默认 3920）可忽略。',
        'Set CASHIER_HTTP_PORT and have the proxy or tunnel pass on to it; with mcp-cashier http (3920 by default) ignore this.',
      ],
    });
  }
}

function notPublic(variable: string, host: string): Finding {
  return warning('notify.not-public', {
    variable,
    zh: `${variable} 的主机 ${host} 只在本机或内网，支付网关到不了。${STILL.zh}`,
    en: `The host ${host} of ${variable} exists only on this machine or network; no gateway reaches it. ${STILL.en}`,
    remedy: [
      '换成公网 https 地址（域名已备案），或用隧道。',
      'Use a public https address (with an ICP filing), or a tunnel.',
    ],
  });
}

/** Sends what a gateway would, but for the signature: a receiver of ours refuses it. */
async function reach({ wallet, variable, url }: Target, { http, machine }: DoctorPorts): Promise<Finding[]> {
  const address = literalAddress(url.hostname);
  const addresses = address === undefined ? await machine.resolve(url.hostname) : [address];
  if (addresses.length === 0) {
    return [
      warning('notify.unresolvable', {
        variable,
        zh: `${variable} 的域名 ${url.hostname} 解析不到任何地址。${STILL.zh}`,
        en: `The name ${url.hostname} in ${variable} has no address. ${STILL.en}`,
        remedy: ['检查拼写与 DNS 记录。', 'See to the spelling and the DNS record.'],
      }),
    ];
  }
  if (addresses.every(isInside)) return [notPublic(variable, `${url.hostname} (${addresses[0]})`)];
  try {
    const { status } = await http.send({
      method: 'POST',
      url: url.href,
      headers: { 'content-type': 'application/json', 'user-agent': 'mcp-cashier doctor' },
      body: '{}',
    });
    return [answered(variable, pathOf(wallet), status)];
  } catch (thrown) {
    if (!(thrown instanceof GatewayUnavailable || thrown instanceof OutcomeUnknown)) throw thrown;
    return [
      warning('notify.unreachable', {
        variable,
        zh: `从本机访问不到 ${variable}（${thrown.detail}）。${STILL.zh}`,
        en: `${variable} cannot be reached from here (${thrown.detail}). ${STILL.en}`,
        remedy: [
          '确认接收端正在运行，证书有效，防火墙放行；没有接收端的可以忽略。',
          'See that the receiver runs, its certificate is valid and the firewall lets it through; without a receiver ignore this.',
        ],
      }),
    ];
  }
}

function answered(variable: string, path: string, status: number): Finding {
  const found = `HTTP ${status}`;
  if (status >= 300 && status < 400) {
    return warning('notify.redirects', {
      variable,
      zh: `${variable} 会重定向（${found}），而网关不跟随重定向。`,
      en: `${variable} redirects (${found}), and gateways do not follow.`,
      remedy: ['填重定向之后的最终地址。', 'Give the address that it ends at.'],
    });
  }
  if (status === 404 || status === 405) {
    return warning('notify.not-found', {
      variable,
      zh: `${variable} 的主机可达，但该路径不接收通知（${found}）。`,
      en: `The host of ${variable} answers, but nothing takes notifications at that path (${found}).`,
      remedy: [
        `检查路径；由本服务接收时应为 …${path}。没有接收端的可以忽略。`,
        `See to the path; for our own receiver it ends in ${path}. Without a receiver ignore this.`,
      ],
    });
  }
  if (status === 403 || status === 421) {
    return warning('notify.refused', {
      variable,
      zh: `${variable} 拒绝访问（${found}）：代理转发的 Host 不被本服务认识，或被防火墙拦截；通知也会这样被拒绝。${STILL.zh}`,
      en: `${variable} refuses (${found}): the proxy passes on a Host that this service does not know, or a firewall is in between; notifications meet the same. ${STILL.en}`,
      remedy: [
        '让代理转发原来的 Host，或把它转发的名字加入 CASHIER_ALLOWED_HOSTS。',
        'Have the proxy pass on the original Host, or add the name that it sends to CASHIER_ALLOWED_HOSTS.',
      ],
    });
  }
  if (status >= 500) {
    return warning('notify.failing', {
      variable,
      zh: `${variable} 应答 ${found}：代理可达，但它后面的接收端没有正常工作。`,
      en: `${variable} answers ${found}: the proxy is there, but the receiver behind it is not working.`,
      remedy: [
        '启动服务器，并核对代理转到的端口。',
        'Start the server, and compare the port that the proxy passes on to.',
      ],
    });
  }
  if (status < 300) {
    return warning('notify.accepts-anything', {
      variable,
      zh: `${variable} 对没有签名的消息也应答成功（${found}），多半不是 mcp-cashier 在接收。`,
      en: `${variable} takes a message without any signature (${found}); that is probably not mcp-cashier.`,
      remedy: [
        '核对地址；若由自己的系统接收，请确认它验证签名。',
        'Compare the address; if a system of yours receives, see that it checks signatures.',
      ],
    });
  }
  return ok('notify.reachable', {
    variable,
    zh: `${variable} 可达，并如期拒绝了没有签名的消息（${found}）。`,
    en: `${variable} is reachable and refuses what is not signed (${found}), as it should.`,
  });
}
