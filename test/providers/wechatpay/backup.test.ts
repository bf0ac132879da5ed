import { describe, expect, it } from 'vitest';
import { GatewayUnavailable, OutcomeUnknown } from '../../../src/providers/contract.ts';
import type { GatewayResponse } from '../../../src/providers/gateway-http.ts';
import {
  configOf,
  NOW,
  OPERATIONS,
  ORIGIN,
  outcome,
  PAID_TRADE,
  platform,
  REFUNDED,
  world,
} from './merchant.ts';
import { signedAnswer, unsignedAnswer } from './platform.ts';

const BACKUP = 'https://api2.mch.weixin.qq.com';
type Told = () => GatewayResponse;
const fails = (error: Error) => (): GatewayResponse => {
  throw error;
};
const NEVER = fails(new GatewayUnavailable('ECONNREFUSED'));
const BROKEN = fails(new OutcomeUnknown('ECONNRESET'));
const SLOW = fails(new OutcomeUnknown('timeout'));

/** The adapter before a primary and a backup that do as told. */
function twoHosts(primary: Told, backup: Told, env: Record<string, string> = {}) {
  return world((request) => (request.url.startsWith(BACKUP) ? backup() : primary()), configOf(env));
}
const BODIES: Readonly<Record<string, readonly [status: number, body: unknown]>> = {
  sendPayment: [200, { code_url: 'weixin://wxpay/bizpayurl?pr=x' }],
  queryTrade: [200, PAID_TRADE],
  closeTrade: [204, ''],
  sendRefund: [200, REFUNDED],
  queryRefund: [200, REFUNDED],
};

describe.each(Object.entries(OPERATIONS))('%s', (name, call) => {
  const [status, body] = BODIES[name] ?? [500, ''];
  const success = () => signedAnswer(status, body, platform, NOW);
  const changes = ['sendPayment', 'closeTrade', 'sendRefund'].includes(name);

  it.each([NEVER, BROKEN])(
    'goes once to the backup, byte for byte, when there is no connection',
    async (primary) => {
      const { provider, requests } = twoHosts(primary, success);
      expect(await outcome(call(provider))).toBe('resolved');
      const [first, second] = requests;
      expect(requests).toHaveLength(2);
      expect(second).toEqual({ ...first, url: first?.url.replace(ORIGIN, BACKUP) });
    },
  );

  it.each<[string, Told, Told, string]>([
    ['neither was sent', NEVER, NEVER, 'unavailable ECONNREFUSED'],
    ['the first may have arrived', BROKEN, NEVER, 'unknown ECONNRESET'],
    ['the second may have arrived', NEVER, BROKEN, 'unknown ECONNRESET'],
    ['both may have arrived', BROKEN, SLOW, 'unknown timeout'],
  ])('when both fail: %s', async (_what, primary, backup, expected) => {
    const { provider, requests } = twoHosts(primary, backup);
    expect(await outcome(call(provider))).toBe(expected);
    expect(requests).toHaveLength(2);
  });

  it('goes nowhere else after an answer, or none in time', async () => {
    for (const [primary, expected] of [
      [() => unsignedAnswer(502, ''), 'unknown http-502'],
      [() => unsignedAnswer(503, {}), 'unknown http-503'],
      [SLOW, 'unknown timeout'],
      [fails(new OutcomeUnknown('answer-too-large')), 'unknown answer-too-large'],
    ] as const) {
      const { provider, requests } = twoHosts(primary, success);
      expect(await outcome(call(provider))).toBe(expected);
      expect(requests).toHaveLength(1);
    }
  });

  it('does not take a no of the backup for a proof when the first may have been carried out', async () => {
    const refusal = () => signedAnswer(400, { code: 'PARAM_ERROR' }, platform, NOW);
    const asked = 'declined bad-parameter PARAM_ERROR proven';
    expect(await outcome(call(twoHosts(NEVER, refusal).provider))).toBe(asked);
    expect(await outcome(call(twoHosts(BROKEN, refusal).provider))).toBe(
      changes ? 'unknown refused-after-lost' : asked,
    );
  });

  it('knows no backup of another gateway', async () => {
    const { provider, requests } = twoHosts(NEVER, success, { WXPAY_GATEWAY: 'https://pay.example.com' });
    expect(await outcome(call(provider))).toBe('unavailable ECONNREFUSED');
    expect(requests).toHaveLength(1);
  });
});

describe.each(['sendPayment', 'closeTrade', 'sendRefund'])(
  '%s that a person has stopped meanwhile',
  (name) => {
    const [status, body] = BODIES[name] ?? [500, ''];
    const call = OPERATIONS[name];

    it.each([
      [NEVER, 'unavailable ECONNREFUSED'],
      [BROKEN, 'unknown ECONNRESET'],
    ] as const)('does not go to the backup', async (primary, expected) => {
      const { provider, requests } = twoHosts(primary, () => signedAnswer(status, body, platform, NOW));
      expect(await outcome(call?.(provider, async () => false) ?? Promise.resolve())).toBe(expected);
      expect(requests).toHaveLength(1);
      expect(await outcome(call?.(provider, async () => true) ?? Promise.resolve())).toBe('resolved');
      expect(requests).toHaveLength(3);
    });
  },
);
