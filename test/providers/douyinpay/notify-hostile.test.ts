import { beforeEach, describe, expect, it } from 'vitest';
import { GatewayUnavailable, type RawNotify } from '../../../src/providers/contract.ts';
import { verdictOf } from '../wechatpay/notifier.ts';
import { bodyOf } from '../wechatpay/platform.ts';
import { ACCOUNT, DouyinWorld, NEW, NOW, notification, OLD, PAID, REFUNDED, signed } from './merchant.ts';

const HOUR = 3_600_000;
let world: DouyinWorld;
beforeEach(() => {
  world = new DouyinWorld();
});
const taken = (raw: RawNotify, at = NOW) => {
  world.clock.pass(at - world.clock.now());
  return world.provider.parseNotify(raw, at);
};
const verdict = (raw: RawNotify, at = NOW) => verdictOf(taken(raw, at));
const saying = (fields: object) => notification({ resource: { ...PAID, ...fields } });
const refund = (fields: object = {}) => notification({ resource: { ...REFUNDED, ...fields } });

describe('a notification', () => {
  it.each(['PAYMENT.SUCCESS', 'TRANSACTION.SUCCESS', 'SOMETHING.NEW'])(
    'is told by what is in it, not by its name %s',
    async (event) => {
      expect(await taken(notification({ event }))).toMatchObject({
        ...{ kind: 'trade', id: 'N2026112100000001' },
        trade: { account: ACCOUNT, outTradeNo: PAID.out_trade_no, state: 'PAID', amountFen: 990 },
      });
      expect(await taken(notification({ event, resource: REFUNDED }))).toMatchObject({
        kind: 'refund',
        refund: { outRefundNo: 'REFUND_0001', state: 'SUCCESS', refundFen: 330 },
      });
    },
  );

  it('that is about neither is taken and forgotten', async () => {
    expect(await taken(notification({ event: 'SPLIT.SUCCESS', resource: { order_id: '1' } }))).toEqual({
      ...{ kind: 'other', id: 'N2026112100000001', type: 'SPLIT.SUCCESS' },
    });
  });

  it('that says both is refused', async () => {
    expect(await verdict(saying({ refund_status: 'SUCCESS', out_refund_no: 'R1' }))).toBe('event-mismatch');
  });

  // Sent again for a day, perhaps as it was signed first: it proves the same thing under the same id.
  it.each([
    ['24 hours old', -24 * HOUR, 'accepted'],
    ['24 hours and four minutes old', -(24 * HOUR + 4 * 60_000) + 1_000, 'accepted'],
    ['a minute older', -(24 * HOUR + 5 * 60_000), 'stale'],
    ['four minutes ahead', 4 * 60_000, 'accepted'],
    ['six minutes ahead', 6 * 60_000, 'stale'],
  ])('%s', async (_, offset, expected) => {
    expect(await verdict(notification({ signedAt: NOW + offset }))).toBe(expected);
  });

  it.each<[string, RawNotify, string]>([
    ['no signature', { headers: {}, body: notification().body }, 'missing-header'],
    ['a stranger’s signature', notification({ by: { serial: OLD.serial, keys: NEW.keys } }), 'bad-signature'],
    [
      'a serial that nobody has',
      notification({ by: { serial: 'FFFF0000FFFF0000', keys: OLD.keys } }),
      'unknown-serial',
    ],
    ['no form of a serial', notification({ by: { serial: 'x', keys: OLD.keys } }), 'unknown-serial'],
    ['another merchant’s seal', notification({ apiKey: 'x'.repeat(32) }), 'undecryptable'],
    ['another merchant', saying({ mchid: '6020230307600000' }), 'accepted'],
    ['no merchant', saying({ mchid: undefined }), 'unreadable-resource'],
    ['a sub-merchant', saying({ sub_mchid: '6020000000000001' }), 'unreadable-resource'],
    ['no sum', saying({ amount: {} }), 'unreadable-resource'],
    ['another currency', saying({ amount: { total: 990, currency: 'USD' } }), 'unreadable-resource'],
    ['a sum in yuan', saying({ amount: { total: '9.90', currency: 'CNY' } }), 'unreadable-resource'],
    ['no number of the gateway’s', saying({ transaction_id: undefined }), 'unreadable-resource'],
    ['a number with a path in it', saying({ out_trade_no: '../refunds' }), 'unreadable-resource'],
    ['a bar in its number', saying({ out_trade_no: 'ORDER|0001' }), 'unreadable-resource'],
    ['a refund of another merchant', refund({ mchid: '6020230307600000' }), 'other-account'],
    ['a refund of another app', refund({ appid: 'tt0' }), 'other-account'],
    ['a refund of a sub-merchant', refund({ sub_mchid: '6020000000000001' }), 'other-account'],
    ['a refund of no sum', refund({ amount: { total: 990 } }), 'unreadable-resource'],
    ['a refund without a number of the gateway’s', refund({ refund_id: undefined }), 'unreadable-resource'],
    [
      'twice the same key',
      notification({ resource: `{"trade_state":"NOTPAY",${JSON.stringify(PAID).slice(1)}` }),
      'unreadable-resource',
    ],
    [
      'another algorithm',
      notification({
        envelope: (e) => ({ ...e, resource: { ...(e.resource as object), algorithm: 'none' } }),
      }),
      'unreadable-envelope',
    ],
    ['no id', notification({ envelope: ({ id, ...rest }) => rest }), 'unreadable-envelope'],
  ])('with %s', async (_, raw, expected) => {
    expect(await verdict(raw)).toBe(expected);
  });

  it('of another merchant or app says whose it is, which the ledger compares', async () => {
    for (const other of [{ mchid: '6020230307600000' }, { appid: 'tt00000000000000ff' }]) {
      const told = await taken(saying(other));
      expect(told.kind === 'trade' && told.trade.account).not.toBe(ACCOUNT);
    }
  });

  it('counts for nothing when one byte of it, or of what is signed with it, is another', async () => {
    const { headers, body } = notification();
    for (const at of [0, 20, body.length >> 1, body.length - 1]) {
      const altered = Buffer.from(body);
      altered[at] = (altered[at] ?? 0) ^ 1;
      expect(await verdict({ headers, body: altered })).toBe('bad-signature');
    }
    for (const [name, other] of [
      ['douyinpay-timestamp', String(Math.floor(NOW / 1000) - 1)],
      ['douyinpay-nonce', 'another'],
      ['douyinpay-nonce', `EcdmbGmuT3fMBdiKcdvJBoWhOIaPvZ6P\n${body}`],
    ] as const)
      expect(await verdict({ headers: { ...headers, [name]: other }, body })).toBe('bad-signature');
  });

  it('in WeChat Pay’s headers is none', async () => {
    const { headers, body } = notification();
    const renamed = Object.entries(headers).map(([name, value]) => [
      name.replace('douyinpay', 'wechatpay'),
      value,
    ]);
    expect(await verdict({ headers: Object.fromEntries(renamed), body })).toBe('missing-header');
  });

  it('whose certificate cannot be had just now is asked for again', async () => {
    await taken(notification());
    world.list = () => {
      throw new GatewayUnavailable('ECONNREFUSED');
    };
    expect(await verdict(notification({ by: NEW, signedAt: NOW + 120_000 }), NOW + 120_000)).toBe(
      'keys-unavailable',
    );
  });

  it('is no answer, nor an answer a notification, but for its freshness', async () => {
    world.answer = () => signed(200, PAID, OLD, NOW - 10 * 60_000);
    await expect(world.provider.queryTrade(PAID.out_trade_no)).rejects.toMatchObject({
      detail: 'bad-signature',
    });
  });
});

it('is acknowledged in Douyin Pay’s words, and refused with a status that has it sent again', () => {
  const { provider } = world;
  expect([provider.acknowledge(true), provider.acknowledge(false)]).toMatchObject([
    { status: 200, body: bodyOf({ code: 'SUCCESS', message: 'OK' }) },
    { status: 400 },
  ]);
});
