import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Places, type PlacesOptions } from '../../src/buyer-page/places.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import type { Till } from '../../src/payments/till.ts';
import type { PaymentProvider } from '../../src/providers/contract.ts';
import { CALL, payment, World } from '../support/world.ts';

let world: World;
let till: Till;
beforeEach(async () => {
  world = new World();
  till = await world.process();
});
afterEach(() => world.end());

const LOOPBACK = 'http://127.0.0.1:40000';
function places(options: Partial<PlacesOptions> = {}): Places {
  const { ledger, clock } = till;
  return new Places({
    ...{ ledger, clock, outside: undefined, h5Origin: undefined, simulated: false, service: undefined },
    loopback: async () => LOOPBACK,
    ...options,
  });
}

describe('the page of an order', () => {
  it('stands on loopback where a client alone runs, and ends with it', async () => {
    expect(await places().page('T', false)).toEqual({
      ...{ url: `${LOOPBACK}/c/T`, endsWithUs: true },
    });
  });

  it('stands at the service, by whatever name buyers have for it', async () => {
    const local = places({ service: 'http://127.0.0.1:3920' });
    expect(await local.page('T', false)).toEqual({
      ...{ url: 'http://127.0.0.1:3920/c/T', endsWithUs: false },
    });
    const address = 'https://shop.example/pay';
    const open = places({ service: address, outside: address });
    expect(await open.page('T', false)).toEqual({
      ...{ url: `${address}/c/T`, endsWithUs: false },
    });
  });

  it('stands on the registered domain where its link wants that', async () => {
    const address = 'https://shop.example/pay';
    const own = places({ service: address, outside: address });
    expect((await own.page('T', true))?.url).toBe(`${address}/c/T`);
    const other = places({ service: address, outside: address, h5Origin: 'https://h5.example' });
    expect((await other.page('T', true))?.url).toBe('https://h5.example/c/T');
    expect((await other.page('T', false))?.url).toBe(`${address}/c/T`);
  });

  it('stands at a service beside the client while that runs, and where it is reached', async () => {
    const address = 'https://shop.example';
    const stop = new AbortController();
    const service = places({ service: address, outside: address, h5Origin: 'https://h5.example' });
    const client = places();
    expect((await client.page('T', false))?.url).toBe(`${LOOPBACK}/c/T`);
    const announcing = service.announce(stop.signal);
    for (;;) {
      const page = await client.page('T', false);
      if (page?.url === `${address}/c/T`) break;
    }
    expect(await client.page('T', true)).toMatchObject({ url: 'https://h5.example/c/T', endsWithUs: false });
    expect(await client.canHandOff()).toBe(true);
    stop.abort();
    await announcing;
    expect((await client.page('T', false))?.url).toBe(`${LOOPBACK}/c/T`);
    expect(await client.canHandOff()).toBe(false);
  });

  it('is not looked for at a service that has not been heard of for a minute', async () => {
    const note = { pages: 'https://shop.example', handOff: 'https://shop.example', at: till.clock.now() };
    await till.ledger.write((book) => book.setMeta('service_pages', JSON.stringify(note)));
    expect((await places().page('T', false))?.url).toBe('https://shop.example/c/T');
    await till.clock.sleep(60_001);
    expect((await places().page('T', false))?.url).toBe(`${LOOPBACK}/c/T`);
  });
});

it('no page is one where a link that wants our domain would not work', async () => {
  const service = 'http://127.0.0.1:3920';
  expect(await places().page('T', true)).toBeUndefined();
  expect(await places({ service }).page('T', true)).toBeUndefined();
  expect((await places({ simulated: true }).page('T', true))?.url).toBe(`${LOOPBACK}/c/T`);
});

describe('a link that works only from our page', () => {
  async function selling(canHandOff: (() => Promise<boolean>) | undefined, by = {}) {
    const [[id, bank] = []] = [...till.providers];
    if (!id || !bank) throw new Error('a bank');
    const provider: PaymentProvider = { ...bank, fromPageOnly: new Set(['web']) };
    const shop: Till = {
      ...till,
      providers: new Map([[id, provider]]),
      ...(canHandOff ? { canHandOff } : {}),
    };
    return createPayment(shop, CALL, payment({ scene: 'web', outTradeNo: 'H5_000001', ...by }));
  }

  it('is refused before anything is stored or sent where no such page is public', async () => {
    for (const canHandOff of [undefined, async () => false, () => places().canHandOff()]) {
      await expect(selling(canHandOff)).rejects.toMatchObject({
        code: 'CONFIGURATION',
        details: { variable: 'CASHIER_PUBLIC_URL' },
      });
    }
    expect(await till.ledger.read((book) => book.orders.get('H5_000001'))).toBeUndefined();
  });

  it('is made where there is one, and in the simulator, to which loopback is good enough', async () => {
    expect((await selling(() => places({ simulated: true }).canHandOff())).order.state).toBe('NOTPAY');
  });

  it.each([{}, { outTradeNo: undefined, buyer: 'chat 7' }])(
    'is told as it stands when the page has gone since: %o',
    async (by) => {
      const { order } = await selling(async () => true, by);
      const again = await selling(async () => false, by);
      expect(again).toMatchObject({
        order: { outTradeNo: order.outTradeNo, state: 'NOTPAY' },
        replayed: true,
      });
    },
  );
});
