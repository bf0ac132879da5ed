import { expect, it } from 'vitest';
import { sourceOf } from '../../src/platform/source.ts';

type Headers = Readonly<Record<string, string>>;
const of = (trusted: string, peer: string, headers: Headers = {}) =>
  sourceOf(trusted.split(',').filter(Boolean))(peer, (name) => headers[name]);
const via = (chain: string) => ({ 'x-forwarded-for': chain });
const SAID = via('1.2.3.4');

it.each<[string, string, string, Headers, string]>([
  ['nobody is trusted', '', '203.0.113.9', {}, '203.0.113.9'],
  ['what a stranger says of itself is not believed', '', '203.0.113.9', SAID, '203.0.113.9 passed on'],
  ['nor what one says who is not the proxy', '10.0.0.1', '203.0.113.9', SAID, '203.0.113.9 passed on'],
  ['an undeclared proxy on this machine', '', '127.0.0.1', SAID, '127.0.0.1 passed on'],
  ['a named proxy is believed', '127.0.0.1', '127.0.0.1', SAID, '1.2.3.4'],
  ['in the IPv6 form of its address too', '127.0.0.1', '::ffff:127.0.0.1', SAID, '1.2.3.4'],
  ['a named network is believed', '10.0.0.0/8', '10.9.8.7', SAID, '1.2.3.4'],
  [
    'of a chain only as far as it is trusted',
    '10.0.0.0/8',
    '10.0.0.1',
    via('6.6.6.6, 1.2.3.4, 10.0.0.2'),
    '1.2.3.4',
  ],
  ['a chain of the proxies themselves', '10.0.0.0/8', '10.0.0.1', via('10.0.0.3, 10.0.0.2'), '10.0.0.3'],
  ['nonsense in the chain', '10.0.0.1', '10.0.0.1', via('1.2.3.4, unknown'), '10.0.0.1'],
  ['an empty chain', '10.0.0.1', '10.0.0.1', via(''), '10.0.0.1'],
  ['a port behind the address', '10.0.0.1', '10.0.0.1', via('1.2.3.4:5555'), '1.2.3.4'],
  ['IPv6 counts by network', '', '2001:db8:1:2:3:4:5:6', {}, '2001:db8:1:2::/64'],
  ['however it is written', '', '2001:0db8:0001:0002::9', {}, '2001:db8:1:2::/64'],
  ['behind a proxy', '::1', '::1', via('[2001:db8::1]:443'), '2001:db8:0:0::/64'],
])('%s', (_, trusted, peer, headers, expected) => {
  expect(of(trusted, peer, headers)).toBe(expected);
});
