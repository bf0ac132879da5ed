import { BlockList, isIP } from 'node:net';

type Network = readonly [net: string, prefix: number];

/**
 * Networks that nobody outside can reach, and those that are no single machine. Documentation's own are not among
 * them: nothing is there. @see https://www.iana.org/assignments/iana-ipv4-special-registry
 */
const INSIDE_4: readonly Network[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
];
/** Of IPv6 only this is the internet … */
const GLOBAL_6: Network = ['2000::', 3];
/** … but for tunnels and assignments of protocols. @see https://www.iana.org/assignments/iana-ipv6-special-registry */
const SPECIAL_6: readonly Network[] = [
  ['2001::', 23],
  ['2002::', 16],
];
/** An IPv4 address in the clothes of IPv6, as sockets have it, and as translators do. */
const MAPPED: Network = ['::ffff:0:0', 96];
const TRANSLATED: Network = ['64:ff9b::', 96];

const [inside4, global6, special6, mapped, translated] = [
  listOf('ipv4', INSIDE_4),
  listOf('ipv6', [GLOBAL_6]),
  listOf('ipv6', SPECIAL_6),
  listOf('ipv6', [MAPPED]),
  listOf('ipv6', [TRANSLATED]),
];

/** Whether an IP address belongs to this machine or its own network, or to nobody. False for what is no address. */
export function isInside(address: string): boolean {
  const [bare = ''] = address.split('%');
  const family = isIP(bare);
  if (family === 4) return inside4.check(bare, 'ipv4');
  if (family !== 6) return false;
  if (mapped.check(bare, 'ipv6') || translated.check(bare, 'ipv6')) {
    return inside4.check(lastFourBytes(bare), 'ipv4');
  }
  return !global6.check(bare, 'ipv6') || special6.check(bare, 'ipv6');
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

function listOf(family: 'ipv4' | 'ipv6', networks: readonly Network[]): BlockList {
  const list = new BlockList();
  for (const [net, prefix] of networks) list.addSubnet(net, prefix, family);
  return list;
}

/** What is left of an IPv6 address behind a prefix of 96 bits, as an IPv4 address. */
function lastFourBytes(address: string): string {
  // However it is written, a URL has it in hexadecimal groups.
  const groups = new URL(`http://[${address}]`).hostname.slice(1, -1).split(':');
  const [high = 0, low = 0] = groups.slice(-2).map((group) => Number.parseInt(group || '0', 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
