import { BlockList, isIP } from 'node:net';

/** Who is at the other end, for counting: never who they are. */
export type SourceOf = (peer: string | undefined, header: (name: string) => string | undefined) => string;

/** What proxies, tunnels and CDNs add to a request that they pass on. */
export const PROXIES_SAY: readonly string[] = [
  ...['forwarded', 'via', 'x-real-ip', 'cdn-loop'],
  ...['for', 'host', 'proto', 'port', 'server', 'prefix', 'scheme'].map((what) => `x-forwarded-${what}`),
  ...['x-original-forwarded-for', 'x-original-host', 'x-client-ip', 'x-cluster-client-ip'],
  ...['client-ip', 'true-client-ip', 'cf-connecting-ip', 'cf-ray', 'fastly-client-ip', 'fly-client-ip'],
  ...['x-envoy-external-address', 'x-azure-clientip', 'ali-cdn-real-ip', 'tailscale-user-login'],
];

/** Behind the address of who has passed a request on without being trusted. */
const PASSED_ON = ' passed on';

/** Whether a source is a proxy that nobody has named. */
export function isStrangeProxy(source: string): boolean {
  return source.endsWith(PASSED_ON);
}

/** Whether a request says that a proxy has passed it on. One that says nothing may have come through one nevertheless. */
export function isPassedOn(header: (name: string) => string | undefined): boolean {
  return PROXIES_SAY.some((name) => header(name) !== undefined);
}

/**
 * The address that a request came from. What a proxy says of it is believed only where `trusted` (addresses and
 * networks) names that proxy, and of a chain only as far as it is trusted. Of an IPv6 address the network counts, since
 * everybody has 2^64 of them. What came through a proxy that is not named is told from what came straight.
 */
export function sourceOf(trusted: readonly string[]): SourceOf {
  const isTrusted = trustOf(trusted);
  return (peer, header) => {
    let address = plainAddress(peer ?? '');
    if (!isTrusted(address)) return isPassedOn(header) ? `${network(address)}${PASSED_ON}` : network(address);
    const chain = (header('x-forwarded-for') ?? '').split(',').map((part) => plainAddress(part.trim()));
    for (const before of chain.reverse()) {
      if (isIP(before) === 0) break;
      address = before;
      if (!isTrusted(before)) break;
    }
    return network(address);
  };
}

/** Whether an address is one of these, or of these networks. */
export function trustOf(trusted: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const network of trusted) {
    const [address = '', prefix] = network.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    list.addSubnet(address, prefix === undefined ? (family === 'ipv4' ? 32 : 128) : Number(prefix), family);
  }
  return (address) => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** Without a port, a zone or the IPv6 form of an IPv4 address. */
export function plainAddress(text: string): string {
  const bare = text
    .replace(/^\[(.*)\](:\d+)?$/, '$1')
    .replace(/%.*$/, '')
    .replace(/^::ffff:(?=\d+\.)/i, '');
  return /^\d+(\.\d+){3}:\d+$/.test(bare) ? bare.slice(0, bare.indexOf(':')) : bare;
}

function network(address: string): string {
  if (isIP(address) !== 6) return address;
  const [left = '', right = ''] = address.split('::');
  const groups = left.split(':').filter(Boolean);
  const rest = right.split(':').filter(Boolean);
  const missing = address.includes('::') ? Math.max(0, 8 - groups.length - rest.length) : 0;
  const all = [...groups, ...Array<string>(missing).fill('0'), ...rest];
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
