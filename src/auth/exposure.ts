import { hostnameIn, isLoopbackName } from '../domain/names.ts';
import { WALLETS } from '../providers/registry.ts';

/** Any of these says that somebody outside is meant to arrive here. */
const PUBLIC = [
  'CASHIER_PUBLIC_URL',
  'CASHIER_OPERATOR_URL',
  ...WALLETS.flatMap(({ notify, page }) => [
    notify.variable,
    ...(page.handOff ? [page.handOff.variable] : []),
  ]),
  'CASHIER_ALLOWED_HOSTS',
  'CASHIER_ALLOWED_ORIGINS',
];

/** A setting, and what it says. */
export interface Opening {
  readonly variable: string;
  readonly value: string;
}

/**
 * The setting by which others than this machine reach a service that has neither tokens nor OAuth: it listens to them,
 * or a tunnel or proxy passes them on to loopback, under whatever name that likes to put there. undefined: none, or it
 * knows callers.
 */
export function openedBy(config: {
  readonly tokensFile: string | undefined;
  readonly oauth: object | undefined;
  readonly httpHost: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}): Opening | undefined {
  const { tokensFile, oauth, httpHost, env } = config;
  if (tokensFile !== undefined || oauth !== undefined) return undefined;
  if (!isLoopbackName(httpHost)) return { variable: 'CASHIER_HTTP_HOST', value: httpHost };
  // Who names a proxy has one, wherever it stands.
  const proxies = env.CASHIER_TRUSTED_PROXIES?.trim();
  if (proxies) return { variable: 'CASHIER_TRUSTED_PROXIES', value: proxies };
  const variable = PUBLIC.find((name) => (env[name] ?? '').split(',').some(isOutside));
  return variable === undefined ? undefined : { variable, value: env[variable] ?? '' };
}

/** Of an address or a bare `host:port`. */
function isOutside(text: string): boolean {
  const authority = text
    .trim()
    .replace(/^https?:\/\//i, '')
    .replace(/[/?#].*$/, '');
  return authority !== '' && !isLoopbackName(hostnameIn(authority));
}
