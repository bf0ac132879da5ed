import { BlockList, isIP } from 'node:net';
import type { Limits } from './limits.ts';

/** Addresses that no payer is seen under from outside: they are the merchant's own network, or nobody's. */
const NOT_PUBLIC = new BlockList();
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  NOT_PUBLIC.addSubnet(net, prefix, 'ipv4');
}
for (const [net, prefix] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 9],
  ['ff00::', 8],
] as const) {
  NOT_PUBLIC.addSubnet(net, prefix, 'ipv6');
}

/**
 * The payer's own address, not the server's; the gateway compares it with where the payment page is opened. An IPv4
 * address inside an IPv6 one, as servers see it on dual-stack sockets, is taken out of it.
 *
 * @param live whether real payers stand behind it: then an address of a private network cannot be theirs
 */
export function checkPayerClientIp(
  given: string | undefined,
  live: boolean,
  { refused }: Pick<Limits, 'refused'>,
): string {
  const ip = given === undefined || given.includes('%') ? undefined : unmapped(given.trim());
  if (ip === undefined || isIP(ip) === 0) {
    if (given) {
      throw refused('payerClientIp', {
        zh: '不是 IPv4 或 IPv6 地址：填付款人设备的地址',
        en: "is not an IPv4 or IPv6 address: give that of the payer's device",
      });
    }
    throw refused('payerClientIp', {
      zh: '在 h5 场景必填：付款人设备的 IPv4 或 IPv6 地址',
      en: "is required for h5: the IPv4 or IPv6 address of the payer's device",
    });
  }
  if (live && NOT_PUBLIC.check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4')) {
    throw refused('payerClientIp', {
      zh: '是内网或本机地址，支付平台会拒绝付款；填付款人访问网页时的公网地址，不是服务器或代理的地址',
      en: "is an address of a private network, which the gateway refuses; give the public one from which the payer opens the page, not a server's or proxy's",
    });
  }
  return ip;
}

/** `::ffff:1.2.3.4` in any spelling as `1.2.3.4`. */
function unmapped(ip: string): string {
  if (isIP(ip) !== 6) return ip;
  // The URL parser writes every spelling of one address in the same way.
  const hex = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(new URL(`http://[${ip}]/`).hostname);
  if (!hex) return ip;
  const bytes = [hex[1] ?? '', hex[2] ?? ''].map((group) => Number.parseInt(group, 16));
  return bytes.flatMap((group) => [group >> 8, group & 0xff]).join('.');
}
