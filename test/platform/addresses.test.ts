import { describe, expect, it } from 'vitest';
import { isInside } from '../../src/platform/addresses.ts';

describe('an address that belongs to this machine, its own network, or nobody', () => {
  it.each([
    ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '127.255.0.9', '169.254.169.254', '172.16.0.1'],
    ...[
      '172.31.255.255',
      '192.0.0.170',
      '192.168.1.1',
      '198.18.0.7',
      '224.0.0.1',
      '240.0.0.1',
      '255.255.255.255',
    ],
    ...['::', '::1', '::7f00:1', 'fc00::1', 'fd12:3456::1', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1'],
    ...['100::1', '64:ff9b:1::1', '2001::1', '2002:a00:1::', '4000::1'],
    // IPv4 in the clothes of IPv6, however it is written.
    ...[
      '::ffff:10.0.0.1',
      '::ffff:7f00:1',
      '0:0:0:0:0:ffff:a9fe:a9fe',
      '64:ff9b::10.0.0.1',
      '64:ff9b::',
      '::ffff:0:0',
    ],
  ])('%s is inside', (address) => expect(isInside(address)).toBe(true));

  it.each([
    ...['1.1.1.1', '11.0.0.1', '100.63.255.255', '100.128.0.1', '172.15.0.1', '172.32.0.1', '192.0.1.1'],
    ...['198.17.0.1', '198.20.0.1', '223.255.255.255', '2408:4003::1', '2600::1', '::ffff:1.1.1.1'],
    ...['64:ff9b::101:101'],
  ])('%s is not', (address) => expect(isInside(address)).toBe(false));

  it.each(['', 'localhost', '999.1.1.1', '10.0.0', 'a.example'])('%j is no address', (text) =>
    expect(isInside(text)).toBe(false),
  );
});
