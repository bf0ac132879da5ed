import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureReceiptKey, receiptKey } from '../../src/ledger/receipt-keys.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import type { Till } from '../../src/payments/till.ts';
import { signReceipt } from '../../src/receipts/jws.ts';
import { commandHere } from '../support/command-here.ts';
import { localServers } from '../support/local-servers.ts';
import { receiptsOf } from '../support/receipts.ts';
import { Transcript } from '../support/server-process.ts';
import { CALL, payment, refund, World } from '../support/world.ts';

let home: string;
let world: World;
let till: Till;
let transcript: Transcript;
const { listen } = localServers();
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const sec1 = String(key.export({ type: 'sec1', format: 'pem' }));
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'receipts-'));
  world = new World(1, 'sqlite');
  till = await world.process();
  await world.sold(till);
  transcript = new Transcript();
});
afterEach(async () => {
  expect(transcript.leaks([sec1.split('\n')[1] ?? sec1])).toEqual([]);
  await world.end();
  rmSync(home, { recursive: true, force: true });
});

const receipts = (args: readonly string[], env: Record<string, string> = {}) =>
  commandHere(['receipts', ...args], {
    env: { CASHIER_HOME: home, CASHIER_LANG: 'en', HOME: home, ...env },
    cwd: home,
    transcript,
  });
const here = () => ['--ledger', world.ledgerPath];
const file = (name: string, content: string | Buffer) => {
  writeFileSync(join(home, name), content);
  return join(home, name);
};
const saved = async () => file('receipt.jwt', (await receipts(['show', 'ORDER_1', ...here()])).stdout);
const jwks = async () => JSON.stringify(await receiptsOf(till).keys());
const verified = async (...args: string[]) => {
  const { code, stdout } = await receipts(['verify', ...args, '--json']);
  return { code, ...(JSON.parse(stdout) as { valid: boolean; receipts: Record<string, unknown>[] }) };
};

describe('show', () => {
  it('prints the receipts, and nothing else on stdout', async () => {
    await refundPayment(till, CALL, refund({ outTradeNo: 'ORDER_1', outRefundNo: 'R1' }));
    const { code, stdout, stderr } = await receipts(['show', 'ORDER_1', ...here()]);
    expect(code).toBe(0);
    const keys = createLocalJWKSet(JSON.parse(await jwks()) as JSONWebKeySet);
    const said = await Promise.all(
      stdout
        .trim()
        .split('\n')
        .map((line) => jwtVerify(line, keys, { algorithms: ['ES256'], typ: 'cashier-receipt+jwt' })),
    );
    expect(said.map(({ payload }) => [payload.amount, payload.refund_of])).toEqual([
      ['10.00', undefined],
      ['1.00', said[0]?.payload.jti],
    ]);
    expect(stderr).toContain(world.ledgerPath);
    expect(stderr).toContain('receipt of the payment, 10.00 yuan');
    const made = (await till.ledger.read((book) => book.audit.after(0, 1_000))).filter(({ kind }) =>
      kind.startsWith('receipt-'),
    );
    expect(made).toMatchObject([{ kind: 'receipt-key-made', caller: 'operator', tool: 'receipts' }]);
  });

  it('signs with the configured key, in the name of the public address', async () => {
    const env = {
      CASHIER_RECEIPT_KEY_FILE: file('key.pem', sec1),
      CASHIER_PUBLIC_URL: 'https://pay.example.com/',
      CASHIER_MERCHANT_NAME: '茶铺',
    };
    const { stdout } = await receipts(['show', 'ORDER_1', '--json', ...here()], env);
    const { receipts: given } = JSON.parse(stdout) as { receipts: { receipt: string; claims: object }[] };
    expect(given[0]?.claims).toMatchObject({ iss: 'https://pay.example.com', merchant: '茶铺' });
    const header = JSON.parse(Buffer.from(String(given[0]?.receipt.split('.')[0]), 'base64url').toString());
    expect(header.kid).toBe(receiptKey(key).kid);
    // It is known from now on.
    expect(await verified(file('r.jwt', String(given[0]?.receipt)), ...here())).toMatchObject({ code: 0 });
  });

  it.each([
    ['an order that is not paid', 'OPEN_1', 'has not proven that this order was paid'],
    ['no order', 'NEVER_1', 'no order of this number'],
  ])('has none of %s', async (_what, number, why) => {
    await createPayment(till, CALL, payment({ outTradeNo: 'OPEN_1' }));
    const { code, stdout, stderr } = await receipts(['show', number, ...here()]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(why);
  });

  it('says where a key is none, and keeps no other command from working', async () => {
    const env = { CASHIER_RECEIPT_KEY: 'not a key at all' };
    const { code, stderr } = await receipts(['show', 'ORDER_1', ...here()], env);
    expect(code).toBe(1);
    expect(stderr).toContain('CASHIER_RECEIPT_KEY');
    expect(stderr).not.toContain('not a key at all');
    expect((await receipts(['verify', await saved(), ...here()], env)).code).toBe(0);
  });
});

describe('verify', () => {
  it("holds a receipt against this ledger's keys and books, and asks nobody", async () => {
    const kept = await saved();
    const { code, stdout } = await receipts(['verify', kept, ...here()]);
    expect(code).toBe(0);
    expect(stdout).toContain('✔ Valid');
    expect(stdout).toContain('SIMULATED');
    expect(stdout).toContain('10.00 yuan');
    expect(stdout).toContain('nothing was refunded so far');
    await refundPayment(till, CALL, refund({ outTradeNo: 'ORDER_1', refundFen: 330 as never }));
    expect((await receipts(['verify', kept, ...here()])).stdout).toContain('3.30 yuan of it were refunded');
    await world.clock.sleep(60_000);
    await refundPayment(till, CALL, refund({ outTradeNo: 'ORDER_1', refundFen: 670 as never }));
    expect((await receipts(['verify', kept, ...here()])).stdout).toContain('refunded in full');
    expect(await verified(kept, ...here())).toMatchObject({
      ...{ code: 0, valid: true, keys: 'ledger' },
      receipts: [{ valid: true, ledger: 'proven', refundedYuan: '10.00', claims: { amount: '10.00' } }],
    });
  });

  it('needs nothing of ours where the keys are named, and says that it knows no more', async () => {
    const [kept, keys] = [await saved(), file('jwks.json', await jwks())];
    const { code, stdout } = await receipts(['verify', kept, '--jwks', keys]);
    expect(code).toBe(0);
    expect(stdout).toContain('make sure yourself');
    expect(stdout).toContain('only the issuer can say');
  });

  it('gets keys from this machine, without following anybody elsewhere', async () => {
    const keys = await jwks();
    const asked: string[] = [];
    const port = await listen(
      createServer((request, response) => {
        asked.push(request.url ?? '');
        if (request.url === '/moved') response.writeHead(302, { location: '/jwks.json' }).end();
        else response.writeHead(200, { 'content-type': 'application/json' }).end(keys);
      }),
    );
    const kept = await saved();
    expect(await verified(kept, '--jwks', `http://127.0.0.1:${port}/jwks.json`)).toMatchObject({ code: 0 });
    const moved = await receipts(['verify', kept, '--jwks', `http://127.0.0.1:${port}/moved`]);
    expect(moved).toMatchObject({ code: 1, stdout: '' });
    expect(asked).toEqual(['/jwks.json', '/moved']);
  });

  it.each([
    'http://pay.example.com/jwks.json',
    'ftp://127.0.0.1/x',
    'file:///etc/passwd',
    'https://u:p@x.example/',
  ])('never asks %s', async (address) => {
    const { code, stderr } = await receipts(['verify', await saved(), '--jwks', address]);
    expect(code).toBe(1);
    expect(stderr).toContain('--jwks');
  });

  it('finds what the ledger does not bear out, although the signature is right', async () => {
    const [genuine] = await receiptsOf(till).of('ORDER_1');
    const signing = await till.ledger.write((book) => ensureReceiptKey(book, undefined, till.randomBytes));
    const lies = [
      { amount: '10000.00' },
      { jti: `${genuine?.claims.jti}/R9`, refund_of: genuine?.claims.jti },
    ];
    for (const lie of [...lies, { order_id: 'ORDER_2' }, { title: 'gold' }, { psp_confirmation_id: '42' }]) {
      const told = { ...(genuine as NonNullable<typeof genuine>).claims, ...(lie as object) };
      const forged = file('forged.jwt', await signReceipt(told, signing));
      expect(await verified(forged, ...here()), JSON.stringify(lie)).toMatchObject({
        ...{ code: 1, valid: false },
        receipts: [{ valid: false, ledger: 'unproven' }],
      });
      expect((await receipts(['verify', forged, ...here()])).stdout).not.toContain('✔');
    }
  });

  it('takes nothing of another ledger’s for right by its own keys, which may be stolen', async () => {
    const [genuine] = await receiptsOf(till).of('ORDER_1');
    const signing = await till.ledger.write((book) => ensureReceiptKey(book, undefined, till.randomBytes));
    const told = { ...(genuine as NonNullable<typeof genuine>).claims, jti: 'elsewhere/ORDER_1' };
    const forged = file('forged.jwt', await signReceipt(told, signing));
    const said = { valid: false, receipts: [{ valid: false, ledger: 'others' }] };
    expect(await verified(forged, ...here())).toMatchObject({ code: 1, ...said });
    expect((await receipts(['verify', forged, ...here()])).stdout).toContain("not this ledger's");
    // Whoever names the keys says whose they are.
    const keys = file('jwks.json', await jwks());
    expect(await verified(forged, '--jwks', keys, ...here())).toMatchObject({ code: 0, valid: true });
  });

  it('takes a file of several for right only where all of them are', async () => {
    await refundPayment(till, CALL, refund({ outTradeNo: 'ORDER_1', outRefundNo: 'R1' }));
    const { stdout } = await receipts(['show', 'ORDER_1', ...here()]);
    expect(await verified(file('two.jwt', stdout), ...here())).toMatchObject({ code: 0, valid: true });
    const broken = file('broken.jwt', stdout.replace(/.{3}\n$/, 'AAA\n'));
    const said = await verified(broken, ...here());
    expect(said.code).toBe(1);
    expect(said.receipts.map(({ valid }) => valid)).toEqual([true, false]);
  });

  it('reads what the shells of Windows write', async () => {
    const { stdout } = await receipts(['show', 'ORDER_1', ...here()]);
    const utf16 = Buffer.from(`\ufeff${stdout.replaceAll('\n', '\r\n')}`, 'utf16le');
    expect(await verified(file('windows.jwt', utf16), ...here())).toMatchObject({ code: 0 });
  });

  it.each([
    ['nothing in it', ''],
    ['something else in it', 'hello\nhow are you\n'],
    [
      'a receipt of somebody else in it',
      'eyJhbGciOiJFUzI1NiIsInR5cCI6ImNhc2hpZXItcmVjZWlwdCtqd3QiLCJraWQiOiJ4In0.e30.AA',
    ],
  ])('ends with 1 for a file with %s', async (_what, content) => {
    const { code, stdout } = await receipts(['verify', file('r.jwt', content), ...here()]);
    expect(code).toBe(1);
    expect(stdout.match(/✘/g)).toHaveLength(1);
  });

  it('reads no file that is larger than receipts can be, none that is not there, and no binary', async () => {
    const huge = file('huge.jwt', '');
    truncateSync(huge, 20 * 1024 ** 3);
    for (const [path, why] of [
      [huge, '1 MiB'],
      [join(home, 'none'), 'ENOENT'],
      [home, 'EISDIR'],
      [file('binary', Buffer.from([0, 1, 2, 255, 254])), 'text'],
    ] as const) {
      const { code, stderr, stdout } = await receipts(['verify', path, ...here()]);
      expect([code, stdout], path).toEqual([1, '']);
      expect(stderr).toContain(why);
    }
    const { code, stderr } = await receipts(['verify', await saved(), '--jwks', huge]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('1 MiB')]);
  });

  it.each(['{}', '[]', '{"keys":7}', 'keys'])('has no keys in %s', async (content) => {
    const { code, stderr } = await receipts(['verify', await saved(), '--jwks', file('k.json', content)]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('--jwks')]);
  });

  it('says of a place without a ledger that there is none', async () => {
    const { code, stderr } = await receipts(['verify', await saved()]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('There is no ledger')]);
  });
});
