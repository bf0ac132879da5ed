import { expect, it } from 'vitest';
import { credentialOf } from '../../src/auth/callers.ts';
import { holdersIn } from '../../src/auth/holders.ts';

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const asked = credentialOf('https://issuer.example');
const holder = async (issuer: string | undefined, isService: boolean) => {
  const oauth = issuer === undefined ? undefined : { issuer };
  return (
    await holdersIn(
      { ...{ tokensFile: undefined, oauth }, merchant: 'default', merchants: [] },
      isService,
      log,
    )
  )(asked);
};

it('an OAuth caller may still have what was approved for as long as its issuer is trusted', async () => {
  expect(await holder('https://issuer.example', true)).toMatchObject({ ownOrdersOnly: true });
  expect(await holder('https://issuer.example', false)).toMatchObject({ ownOrdersOnly: true });
});

it.each([undefined, 'https://issuer.example/', 'https://other.example'])(
  'and no more once the service trusts %s, of which no other process can tell',
  async (issuer) => {
    expect(await holder(issuer, true)).toBe('revoked');
    expect(await holder(issuer, false)).toBe('unknown');
  },
);
