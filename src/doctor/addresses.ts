import { BlockList, isIP } from 'node:net';

/** Networks that nobody outside can reach. @see https://www.iana.org/assignments/iana-ipv4-special-registry */
const INSIDE: readonly (readonly [net: string, prefix: number, family: 'ipv4' | 'ipv6'])[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['::', 127, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
];

/** Whether an address belongs to this machine or its own network. */
export function isInside(address: string): boolean {
  return isIn(INSIDE, address);
}

/** The address that a URL names outright; undefined for a name. */
export function literalAddress(hostname: string): string | undefined {
  const bare = hostname.replace(/^\[|\]$/g, '');
  return isIP(bare) === 0 ? undefined : bare;
}

/** Whether a name can only mean this machine or its own network. */
export function isInsideName(hostname: string): boolean {
  return (
    /^localhost$|\.(local|localhost|internal|lan|home|test|invalid)$/i.test(hostname) ||
    !hostname.includes('.')
  );
}

function isIn(networks: typeof INSIDE, address: string): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  const list = new BlockList();
  for (const [net, prefix, kind] of networks) list.addSubnet(net, prefix, kind);
  return list.check(address, family === 4 ? 'ipv4' : 'ipv6');
}
