/** Where the gate has its own pages, in front of paths that are all somebody else's. */
export const GATE_MOUNT = '/_cashier';

/** What of the service stands under a name: gateways' notifications, buyers' pages, operators' pages, callers. */
export type Area = 'notify' | 'pages' | 'operator' | 'mcp';

/** A name by which a listener is addressed from outside, and for what. */
export interface ServedName {
  /** Host name or address as in a URL (`[::1]`), in lower case, without a dot at the end. */
  readonly host: string;
  /** Empty: the scheme's own. */
  readonly port: string;
  /** As in a URL; undefined where only the name is known. */
  readonly scheme?: 'http:' | 'https:';
  readonly areas: readonly Area[];
}

/** What a request that is addressed to one of our names may reach, and from which pages a browser may send it. */
export interface Addressed {
  readonly areas: ReadonlySet<Area>;
  readonly origins: ReadonlySet<string>;
}

/** Under every name, because those who ask are machines that know an address only. */
export type Path = Area | 'health';

/** What a path belongs to. */
export function areaOf(path: string): Path {
  if (path === '/livez' || path === '/readyz') return 'health';
  if (path.startsWith('/notify/')) return 'notify';
  // Each merchant has its own, where a service has several.
  if (/^(\/m\/[^/]+)?\/(approvals|console)(\/|$)/.test(path)) return 'operator';
  if (/^\/(mcp|metrics|\.well-known\/oauth-[a-z-]+)(\/|$)/.test(path)) return 'mcp';
  return 'pages';
}

/**
 * The names of one listener: its own origins, which stand for everything, and those it has outside. A name outside
 * counts with and without its port, because proxies drop it, and with the port that is listened at.
 */
export function servedNames(
  own: readonly string[],
  port: number,
  outside: readonly ServedName[] = [],
): (authority: string) => Addressed | undefined {
  const known = new Map<string, { areas: Set<Area>; origins: Set<string> }>();
  function add(authorities: Iterable<string>, areas: readonly Area[], origins: readonly string[]): void {
    for (const authority of authorities) {
      const entry = known.get(authority) ?? { areas: new Set<Area>(), origins: new Set<string>() };
      for (const area of areas) entry.areas.add(area);
      for (const origin of origins) entry.origins.add(origin);
      known.set(authority, entry);
    }
  }
  for (const origin of own) {
    const { host, hostname } = new URL(origin);
    add(
      port === 80 ? [hostname, `${hostname}:80`] : [host],
      ['notify', 'pages', 'operator', 'mcp'],
      [new URL(origin).origin],
    );
  }
  for (const { host, port: theirs, scheme, areas } of outside) {
    const ports = new Set(isLoopbackName(host) ? [theirs || '80'] : ['', '80', '443', theirs, String(port)]);
    const authorities = [...ports].map((one) => (one === '' ? host : `${host}:${one}`));
    const origins =
      scheme === undefined
        ? ['http:', 'https:'].flatMap((one) =>
            authorities.map((authority) => originOf(`${one}//${authority}`)),
          )
        : [originOf(`${scheme}//${host}${theirs === '' ? '' : `:${theirs}`}`)];
    add(
      authorities,
      areas,
      origins.filter((origin) => origin !== undefined),
    );
  }
  return (authority) => known.get(canonical(authority));
}

/** A name as it is compared: without case, and without the dot that makes it absolute. */
export function canonical(authority: string): string {
  return authority.toLowerCase().replace(/\.(?=:\d+$|$)/, '');
}

/** The name in a `Host` header, as it is compared. */
export function hostnameIn(authority: string): string {
  return canonical(authority).replace(/:\d+$/, '');
}

/** The origin that an `Origin` header names, as it is compared; undefined when it names none. */
export function originOf(header: string): string | undefined {
  if (!/^https?:\/\/[^/?#@\s]+$/i.test(header)) return undefined;
  const bare = header.replace(/\.(?=:\d+$|$)/, '');
  return URL.canParse(bare) ? new URL(bare).origin : undefined;
}

/** The name that a web address puts a listener under; undefined for what is none. */
export function servedAt(address: string, areas: readonly Area[]): ServedName | undefined {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') return undefined;
  return { host: canonical(url.hostname), port: url.port, scheme: url.protocol, areas };
}

/** Whether a host name or address, as in a URL, can only mean this very machine. */
export function isLoopbackName(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/.test(canonical(host));
}

/** Whether an address may be trusted to be whose it says: https, or http on this machine. */
export function isOwnAddress(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.username !== '' || url.password !== '' || url.hash !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackName(url.hostname));
}
