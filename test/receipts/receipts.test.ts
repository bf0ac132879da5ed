import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DAY_MS } from '../../src/domain/clock.ts';
import { fen } from '../../src/domain/money.ts';
import type { Realm } from '../../src/domain/order.ts';
import { verifyAudit } from '../../src/ledger/audit-verify.ts';
import { ensureReceiptKey, ownReceiptKey } from '../../src/ledger/receipt-keys.ts';
import { chooseWallet } from '../../src/payments/choose-wallet.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { type Priced, quoteCall } from '../../src/payments/paid-calls/quote.ts';
import { askCall } from '../../src/payments/paid-calls/redeem.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import { queryRefund } from '../../src/payments/query-refund.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import type { Till } from '../../src/payments/till.ts';
import { claimsOf } from '../../src/receipts/claims.ts';
import type { Receipts } from '../../src/receipts/receipts.ts';
import { receiptsOf } from '../support/receipts.ts';
import { CALL, payment, refund, World } from '../support/world.ts';

let world: World;
let till: Till;
beforeEach(async () => {
  world = new World();
  till = await world.process();
});
afterEach(() => world.end('edited'));

const p256 = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const ledgerId = () => till.ledger.read((book) => book.audit.ledgerId());

/** As anybody checks a receipt who has read the keys: with a library, and nothing of ours. */
async function checked(jws: string, receipts: Receipts) {
  const keys = createLocalJWKSet(structuredClone(await receipts.keys()) as JSONWebKeySet);
  return jwtVerify(jws, keys, { algorithms: ['ES256'], typ: 'cashier-receipt+jwt' });
}
async function paidReceipt(receipts = receiptsOf(till), outTradeNo = 'ORDER_1') {
  const [receipt] = await receipts.of(outTradeNo);
  if (!receipt) throw new Error('no receipt');
  return receipt;
}

describe('the receipt of a payment', () => {
  it('says exactly what the contract says, and any JOSE library takes it', async () => {
    const from = Math.floor(world.clock.now() / 1000);
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    world.bank.pay('ORDER_1');
    const paidAt = new Date(world.clock.now() + 8 * 3_600_000).toISOString().slice(0, 19);
    await world.sold(till);
    const shop = receiptsOf(till, { publicUrl: 'https://pay.example.com', merchantName: '茶铺' });
    const { jws, claims } = await paidReceipt(shop);
    const { payload, protectedHeader } = await checked(jws, shop);
    expect(payload).toEqual(claims);
    expect(payload).toEqual({
      iss: 'https://pay.example.com',
      iat: expect.any(Number),
      jti: `${await ledgerId()}/ORDER_1`,
      order_id: 'ORDER_1',
      amount: '10.00',
      currency: 'CNY',
      merchant: '茶铺',
      title: payment().title,
      psp: 'alipay',
      psp_confirmation_id: 'TORDER_1',
      paid_at: `${paidAt}+08:00`,
      simulated: true,
    });
    expect(payload.iat).toBeGreaterThanOrEqual(from);
    const [key] = (await shop.keys()).keys;
    expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'cashier-receipt+jwt', kid: key?.kid });
    expect(key?.kid).toBe(await calculateJwkThumbprint({ ...key }));
    expect(Object.keys(key ?? {}).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  });

  it('names the ledger where nobody reaches the service, and as payee whoever issues it', async () => {
    await world.sold(till);
    const { claims } = await paidReceipt();
    const iss = `urn:mcp-cashier:${await ledgerId()}`;
    expect([claims.iss, claims.merchant]).toEqual([iss, iss]);
  });

  it('says nothing of who has paid', async () => {
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1', buyer: 'buyer-4711' }));
    world.bank.pay('ORDER_1');
    await queryPayment(till, CALL, { outTradeNo: 'ORDER_1', waitSeconds: 0 });
    const { claims } = await paidReceipt();
    const order = await till.ledger.read((book) => book.orders.get('ORDER_1'));
    expect(order?.buyerHash).toBeDefined();
    const said = JSON.stringify(claims);
    for (const one of ['buyer-4711', order?.buyerHash, order?.pageToken, CALL.caller]) {
      expect(said).not.toContain(`"${one}"`);
    }
  });

  it('says the same whenever it is asked for, whichever process gives it, whatever came after', async () => {
    await world.sold(till);
    const first = await paidReceipt();
    await world.clock.sleep(3 * DAY_MS);
    await refundPayment(till, CALL, refund({ outTradeNo: 'ORDER_1' }));
    for (let i = 0; i < 250; i += 1) {
      await till.ledger.write((book) => book.event({ outTradeNo: 'ORDER_1' }, 'close-intended', {}));
    }
    const other = receiptsOf(await world.process());
    expect((await paidReceipt(other)).claims).toEqual(first.claims);
    expect((await checked(first.jws, other)).payload).toEqual(first.claims);
  });

  it('is given for nothing that is not proven to be paid', async () => {
    const receipts = receiptsOf(till);
    expect(await receipts.of('NEVER_1')).toEqual([]);
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    expect(await receipts.of('ORDER_1')).toEqual([]);
    world.bank.pay('ORDER_1');
    // Paid by now, and nobody has heard of it.
    expect(await receipts.of('ORDER_1')).toEqual([]);
    const store = await world.store();
    for (const state of ['PENDING_APPROVAL', 'DENIED', 'CLOSED', 'UNKNOWN']) {
      await store.write((tx) => tx.run('UPDATE orders SET state = ?, paid_at = 1', state));
      expect(await receipts.of('ORDER_1'), state).toEqual([]);
    }
    await store.close();
  });

  it.each([
    ['live', {}],
    ['trial', { trial: true }],
    ['sandbox', { simulated: true }],
    ['simulator', { simulated: true }],
  ] as const)('says of the realm %s what money it is', async (realm: Realm, marks) => {
    await world.sold(till);
    const giver = { realm, publicUrl: undefined, merchantName: undefined };
    const [claims] = await till.ledger.read((book) => claimsOf(book, giver, 'ORDER_1'));
    const { simulated, trial } = claims ?? {};
    expect({ ...(simulated && { simulated }), ...(trial && { trial }) }).toEqual(marks);
  });
});

describe('the receipt of a paid call', () => {
  it('says what was asked for, and not the number that redeems it', async () => {
    const hash = createHash('sha256').update('GET /weather').digest('hex');
    const weather: Priced = {
      ...{ face: 'http', upstream: 'http://127.0.0.1:9000', priced: 'GET /weather', title: 'weather' },
      ...{ amountFen: fen(10), repeatable: false, refundAfterMs: 3_600_000 },
    };
    const { number, pageNo, pageToken } = await quoteCall(till, weather, hash);
    await chooseWallet(till, () => 'unknown', pageToken, 'alipay');
    world.bank.pay(pageNo);
    await askCall(till, number);
    const { jws, claims } = await paidReceipt(receiptsOf(till), pageNo);
    expect(claims).toMatchObject({ order_id: pageNo, amount: '0.10', request_sha256: hash });
    const said = Buffer.from(String(jws.split('.')[1]), 'base64url').toString();
    expect(said).toContain(hash);
    expect(said).not.toContain(number);
  });
});

describe('the receipt of a refund', () => {
  it('is one of its own, which names the first', async () => {
    await world.sold(till);
    const first = await paidReceipt();
    await world.clock.sleep(DAY_MS);
    await refundPayment(
      till,
      CALL,
      refund({ outTradeNo: 'ORDER_1', outRefundNo: 'R1', refundFen: fen(330) }),
    );
    const receipts = receiptsOf(till);
    const [paid, back, ...more] = await receipts.of('ORDER_1');
    expect(more).toEqual([]);
    expect(paid?.claims).toEqual(first.claims);
    const { payload } = await checked(back?.jws ?? '', receipts);
    expect(payload).toEqual({
      ...first.claims,
      iat: expect.any(Number),
      jti: `${first.claims.jti}/R1`,
      amount: '3.30',
      refund_of: first.claims.jti,
    });
    expect(payload.iat).toBeGreaterThanOrEqual(first.claims.iat + DAY_MS / 1000);
    await world.clock.sleep(DAY_MS);
    expect((await receiptsOf(await world.process()).of('ORDER_1'))[1]?.claims).toEqual(back?.claims);
  });

  it('is not given before the gateway has proven it', async () => {
    await world.sold(till);
    world.bank.refundsProcessFirst = true;
    await refundPayment(till, CALL, refund({ outTradeNo: 'ORDER_1', outRefundNo: 'R1' }));
    expect(await receiptsOf(till).of('ORDER_1')).toHaveLength(1);
    await world.clock.sleep(DAY_MS);
    await queryRefund(till, CALL, { outTradeNo: 'ORDER_1', outRefundNo: 'R1' });
    expect(await receiptsOf(till).of('ORDER_1')).toHaveLength(2);
  });
});

describe('the key', () => {
  const kinds = async () =>
    (await till.ledger.read((book) => book.audit.after(0, 1_000)))
      .filter(({ kind }) => kind.startsWith('receipt-'))
      .map(({ kind, detail }) => [kind, detail.kid]);
  const kids = async (receipts: Receipts) => (await receipts.keys()).keys.map(({ kid }) => kid);

  it('is made once, by whichever of many processes comes first, and recorded', async () => {
    await world.sold(till);
    const desks = await Promise.all(Array.from({ length: 6 }, async () => receiptsOf(await world.process())));
    const given = await Promise.all(desks.map((desk) => paidReceipt(desk)));
    const [kid, ...others] = await kids(receiptsOf(till));
    expect(others).toEqual([]);
    for (const { jws } of given) expect((await checked(jws, receiptsOf(till))).protectedHeader.kid).toBe(kid);
    expect(await kinds()).toEqual([['receipt-key-made', kid]]);
  });

  it('is not made by whoever only looks whether there is a payment', async () => {
    await receiptsOf(till).of('NEVER_1');
    expect(await kinds()).toEqual([]);
  });

  it('may be changed: what the ones before have signed verifies for good', async () => {
    await world.sold(till);
    const desks = [undefined, p256(), p256(), undefined].map((key: KeyObject | undefined) =>
      receiptsOf(till, key && { key }),
    );
    const given: string[] = [];
    for (const desk of desks) given.push((await paidReceipt(desk)).jws);
    for (const desk of desks) {
      for (const jws of given) await checked(jws, desk);
      expect(await kids(desk)).toHaveLength(3);
    }
    expect((await kinds()).map(([kind]) => kind)).toEqual([
      'receipt-key-made',
      'receipt-key-given',
      'receipt-key-given',
    ]);
  });

  it('is another where the bytes drawn are none', async () => {
    const drawn = [Buffer.alloc(32), Buffer.alloc(32, 0xff), createHash('sha256').update('x').digest()];
    const { kid } = await till.ledger.write((book) =>
      ensureReceiptKey(book, undefined, () => drawn.shift() ?? Buffer.alloc(0)),
    );
    expect(drawn).toEqual([]);
    expect((await till.ledger.read(ownReceiptKey))?.kid).toBe(kid);
  });

  it('that the ledger has made is never published whole', async () => {
    await world.sold(till);
    const own = await till.ledger.write((book) => ensureReceiptKey(book, undefined, till.randomBytes));
    const { d } = own.key.export({ format: 'jwk' });
    expect(d).toHaveLength(43);
    const said = JSON.stringify([await receiptsOf(till).keys(), await paidReceipt()]);
    expect(said).not.toContain(d);
  });
});

describe('the trail', () => {
  const verdict = () => verifyAudit(till.ledger, []);
  const swap = async (key: string, change: (value: string) => string) => {
    const store = await world.store();
    await store.write(async (tx) => {
      const [row] = await tx.all('SELECT value FROM meta WHERE key = ?', key);
      await tx.run('UPDATE meta SET value = ? WHERE key = ?', change(String(row?.value)), key);
    });
    await store.close();
  };

  it('bears out the keys, made and given', async () => {
    await world.sold(till);
    await paidReceipt();
    await paidReceipt(receiptsOf(till, { key: p256() }));
    expect(await verdict()).toMatchObject({ intact: true });
  });

  const { x, y } = p256().export({ format: 'jwk' });
  it.each([
    [
      'a foreign public key',
      'receipt_keys',
      (keys: string) => keys.replace(']', `,${JSON.stringify({ kty: 'EC', crv: 'P-256', x, y })}]`),
    ],
    ['a public key gone', 'receipt_keys', () => '[]'],
    ['no list of keys at all', 'receipt_keys', () => '{'],
    ['another private key', 'receipt_key', () => createHash('sha256').update('mine').digest('base64url')],
  ])('shows %s', async (_what, key, change) => {
    await world.sold(till);
    await paidReceipt();
    await swap(key, change);
    const { intact, tables } = await verdict();
    expect(intact).toBe(false);
    expect(tables).toMatchObject([{ table: 'meta', row: key, look: 'differs' }]);
  });
});
