import { isIP } from 'node:net';
import { type CashierError, configuration } from './domain/errors.ts';
import { canonical, originOf, type ServedName, servedAt } from './domain/names.ts';
import { WALLETS } from './providers/registry.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Names under which we are addressed from outside. One that is for notifications, buyers or operators is for nothing else. */
export function namesOf(env: Env): ServedName[] {
  const publicly = ['notify', 'pages', 'mcp'] as const;
  const addresses = [
    servedAt(env.CASHIER_PUBLIC_URL ?? '', publicly),
    servedAt(env.CASHIER_OPERATOR_URL ?? env.CASHIER_PUBLIC_URL ?? '', ['operator']),
    ...WALLETS.flatMap(({ notify, page }) => [
      servedAt(env[notify.variable] ?? '', ['notify']),
      servedAt(env[page.handOff?.variable ?? ''] ?? '', ['pages']),
    ]),
  ];
  const further = listOf(env, 'CASHIER_ALLOWED_HOSTS').map((host): ServedName => {
    const [, name = '', port = ''] = /^(\[[0-9a-f:.]+\]|[^\s:/?#@[\]*]+)(?::(\d{1,5}))?$/i.exec(host) ?? [];
    if (name === '' || !URL.canParse(`http://${name}`)) throw notAHost(host);
    return { host: canonical(new URL(`http://${name}`).hostname), port, areas: publicly };
  });
  return [...addresses.filter((name) => name !== undefined), ...further];
}

/** Origins whose pages may call `/mcp` from a browser. */
export function allowedOriginsOf(env: Env): string[] {
  return listOf(env, 'CASHIER_ALLOWED_ORIGINS').map((text) => {
    const origin = originOf(text);
    if (origin === undefined) throw notAnOrigin(text);
    return origin;
  });
}

/** Addresses and networks of proxies that are believed when they say for whom they ask. */
export function trustedProxiesOf(env: Env): string[] {
  const networks = listOf(env, 'CASHIER_TRUSTED_PROXIES');
  for (const network of networks) {
    const [, address = '', prefix = '0'] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(network) ?? [];
    const family = isIP(address);
    if (family === 0 || Number(prefix) > (family === 4 ? 32 : 128)) throw notANetwork(network);
  }
  return networks;
}

function listOf(env: Env, name: string): string[] {
  return (env[name] ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
}

function notAnOrigin(value: string): CashierError {
  return configuration('CASHIER_ALLOWED_ORIGINS', {
    zh: `CASHIER_ALLOWED_ORIGINS 中的 ${JSON.stringify(value)} 不是网页来源。`,
    en: `CASHIER_ALLOWED_ORIGINS: ${JSON.stringify(value)} is not an origin.`,
    next: {
      zh: '每一项写作 http(s)://主机[:端口]，用逗号分隔；不支持通配符。',
      en: 'Write each as http(s)://host[:port], separated by commas; there are no wildcards.',
    },
  });
}

function notAHost(value: string): CashierError {
  return configuration('CASHIER_ALLOWED_HOSTS', {
    zh: `CASHIER_ALLOWED_HOSTS 中的 ${JSON.stringify(value)} 不是主机名。`,
    en: `CASHIER_ALLOWED_HOSTS: ${JSON.stringify(value)} is not a host name.`,
    next: {
      zh: '每一项写作 主机[:端口]，用逗号分隔；不支持通配符。',
      en: 'Write each as host[:port], separated by commas; there are no wildcards.',
    },
  });
}

function notANetwork(value: string): CashierError {
  return configuration('CASHIER_TRUSTED_PROXIES', {
    zh: `CASHIER_TRUSTED_PROXIES 中的 ${JSON.stringify(value)} 不是 IP 地址或网段。`,
    en: `CASHIER_TRUSTED_PROXIES: ${JSON.stringify(value)} is neither an address nor a network.`,
    next: {
      zh: '写代理的 IP 地址或网段，如 127.0.0.1,10.0.0.0/8，用逗号分隔。',
      en: 'Give the addresses or networks of the proxies, as in 127.0.0.1,10.0.0.0/8.',
    },
  });
}
