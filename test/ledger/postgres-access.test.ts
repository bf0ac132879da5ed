import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CashierError } from '../../src/domain/errors.ts';
import { ledgerName } from '../../src/domain/ledger-address.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { postgresRefusal, unreachable } from '../../src/ledger/postgres-refusals.ts';
import { openPostgresStore } from '../../src/ledger/postgres-store.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import { systemClock, systemRandom } from '../../src/platform/system.ts';
import { Shop } from '../journeys/shop.ts';
import { caOfPostgres, hasPostgres, newDatabase, say } from '../support/postgres.ts';
import { NO_POSTGRES, postgresMark } from '../support/skipped.ts';
import { CALL, payment, refund, World } from '../support/world.ts';

const ports = { clock: systemClock, randomBytes: systemRandom };
const ownServer = hasPostgres && process.env.CASHIER_TEST_POSTGRES === undefined;

/** What whoever starts is told. */
async function refused(address: string): Promise<CashierError> {
  const began = performance.now();
  const error: unknown = await openPostgresStore(address, ledgerName(address), ports).then(
    (store) => store.close(),
    (thrown) => thrown,
  );
  expect(error).toBeInstanceOf(CashierError);
  // No waiting mends it.
  expect(performance.now() - began).toBeLessThan(3_000);
  const { code, details, text, next } = error as CashierError;
  expect({ code, variable: details.variable }).toEqual({ code: 'CONFIGURATION', variable: 'CASHIER_LEDGER' });
  expect(JSON.stringify([text, next, details])).not.toContain('s3cret');
  return error as CashierError;
}

describe.skipIf(!ownServer)(`TLS to PostgreSQL${ownServer ? '' : ` (${NO_POSTGRES}, or another's)`}`, () => {
  let database: Awaited<ReturnType<typeof newDatabase>>;
  beforeAll(async () => {
    database = await newDatabase();
  });
  afterAll(() => database?.drop());
  function at(host: string, said: Readonly<Record<string, string>>): string {
    const url = new URL(database.url);
    Object.assign(url, { hostname: host, password: 's3cret' });
    for (const [name, value] of Object.entries(said)) url.searchParams.set(name, value);
    return url.href;
  }
  const isEncrypted = async (address: string) => {
    const store = await openPostgresStore(address, 'postgres://test', ports);
    const sql = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()';
    const [row] = await store.read((tx) => tx.all(sql));
    await store.close();
    return row?.ssl === 1;
  };

  it.each(['verify-full', 'require', 'prefer', 'verify-ca'])(
    '%s checks who is there, and warns of nothing',
    async (sslmode) => {
      const warned = vi.spyOn(process, 'emitWarning');
      expect(await isEncrypted(at('localhost', { sslmode, sslrootcert: caOfPostgres() }))).toBe(true);
      const unknown = await refused(at('localhost', { sslmode }));
      expect(unknown.text.en).toMatch(/shows a certificate that is not trusted \([A-Z_]+\)/);
      expect(unknown.next.en).toContain('sslrootcert=');
      const ofAnother = await refused(at('127.0.0.1', { sslmode, sslrootcert: caOfPostgres() }));
      expect(ofAnother.text.zh).toContain('证书不可信（ERR_TLS_CERT_ALTNAME_INVALID）');
      expect(warned).not.toHaveBeenCalled();
      warned.mockRestore();
    },
  );

  it('is what news come by, too, and says why where they do not', async () => {
    const [good, bad] = [{ sslrootcert: caOfPostgres() }, {}].map((said) =>
      at('localhost', { sslmode: 'require', ...said }),
    );
    const tried = await Promise.all(
      [good, bad].map(async (listenAt) => {
        const store = await openPostgresStore(database.url, 'postgres://test', { ...ports, listenAt });
        const error = await store.listen?.(() => undefined).tried;
        await store.close();
        return error;
      }),
    );
    expect(tried).toEqual([
      undefined,
      expect.objectContaining({ code: expect.stringMatching(/CERT|VERIFY/) }),
    ]);
  });

  it('of another CA is refused', async () => {
    const sslrootcert = join(caOfPostgres(), '../server.pem');
    const { text } = await refused(at('localhost', { sslmode: 'verify-full', sslrootcert }));
    expect(text.en).toContain('not trusted');
  });

  it('is unchecked only where the address says so, and there is none where it says nothing', async () => {
    expect(await isEncrypted(at('127.0.0.1', { sslmode: 'no-verify' }))).toBe(true);
    expect(await isEncrypted(at('127.0.0.1', {}))).toBe(false);
    expect(await isEncrypted(at('127.0.0.1', { sslmode: 'disable' }))).toBe(false);
  });

  it('with a CA whose file is not there is refused', async () => {
    const { text } = await refused(at('localhost', { sslmode: 'verify-full', sslrootcert: '/no/ca.pem' }));
    expect(text.en).toContain('a certificate file of the address cannot be read (ENOENT)');
  });
});

it('a server that speaks no TLS is told of as such', async () => {
  const server = createServer((socket) => socket.once('data', () => socket.end('N')));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const { text } = await refused(`postgres://shop:s3cret@127.0.0.1:${port}/ledger?sslmode=verify-full`);
  expect(text.en).toContain('speaks no TLS, which the address asks for');
  server.close();
});

it.each([
  ...['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'CERT_REVOKED'],
  ...['SELF_SIGNED_CERT_IN_CHAIN', 'INVALID_CA', 'HOSTNAME_MISMATCH', 'ERR_TLS_CERT_ALTNAME_INVALID'],
])('a certificate that is not good, of which Node says %s, is told of as such', (code) => {
  const error = Object.assign(new Error('certificate'), { code });
  for (const told of [unreachable(error, 'postgres://test'), postgresRefusal(error, 'postgres://test')]) {
    expect(told).toMatchObject({ code: 'CONFIGURATION', message: expect.stringContaining(`(${code})`) });
  }
});

describe.skipIf(!hasPostgres)(`an account that may make no tables${postgresMark(hasPostgres)}`, () => {
  const role = `seller_${randomBytes(6).toString('hex')}`;
  const GRANTS = `REVOKE CREATE ON SCHEMA public FROM PUBLIC; GRANT USAGE ON SCHEMA public TO ${role};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role}`;
  let server: Awaited<ReturnType<typeof newDatabase>>;
  beforeAll(async () => {
    server = await newDatabase();
    await say(server.url, `CREATE ROLE ${role} LOGIN PASSWORD 's3cret'`);
  });
  afterAll(async () => {
    await say(server.url, `DROP ROLE ${role}`);
    await server.drop();
  });
  const as = (address: string) =>
    Object.assign(new URL(address), { username: role, password: 's3cret' }).href;
  const open = async (address: string) => {
    const store = await openPostgresStore(address, ledgerName(address), ports);
    return Ledger.open(store, 'simulator', ports).catch(async (error: unknown) => {
      await store.close();
      throw error;
    });
  };

  it('sells, refunds and records in a ledger that its owner has made', async () => {
    const world = new World(1, 'postgres');
    const till = await world.process();
    const { ledger: address } = await world.address();
    await say(address, GRANTS);
    const ledger = await open(as(address));
    const seller = { ...till, ledger };
    await createPayment(seller, CALL, payment({ outTradeNo: 'ORDER_1' }));
    world.bank.pay('ORDER_1');
    await queryPayment(seller, CALL, { outTradeNo: 'ORDER_1', waitSeconds: 0 });
    const { refund: sent } = await refundPayment(seller, CALL, refund({ outTradeNo: 'ORDER_1' }));
    expect(sent.state).toBe('SUCCESS');
    await ledger.write((book) => book.audit.append({ kind: 'calls-limited', detail: { calls: 1 } }));
    expect(await ledger.note((book) => book.guesses.begin('somebody'))).toEqual({ nth: 1, slot: 1 });
    await ledger.close();
    await say(address, `DROP OWNED BY ${role}`);
    await world.end();
  });

  it.skipIf(!ownServer)('is let in by its password', async () => {
    const address = as(server.url);
    await (await openPostgresStore(address, ledgerName(address), ports)).close();
    const wrong = await refused(Object.assign(new URL(address), { password: 's3cret2' }).href);
    expect(wrong.text.en).toContain('does not accept the user or the password');
    const without = await refused(ledgerName(address));
    expect(without.text.en).toContain('wants a password, and its address has none');
  });

  it.skipIf(!ownServer)('is told by a freeze what it needs, and the other ledgers are paused', async () => {
    const shop = await Shop.open();
    await (await shop.agent()).server.close();
    const ledger = ledgerName(as(server.url));
    const here = join(shop.home, 'simulator', 'ledger.db');
    writeFileSync(join(shop.home, 'ledgers.json'), JSON.stringify({ version: 1, ledgers: [here, ledger] }));
    const { code, stdout } = await shop.command(['freeze', '--json']);
    expect(code).toBe(1);
    const { ledgers } = JSON.parse(stdout) as { ledgers: readonly object[] };
    expect(ledgers).toEqual([
      expect.objectContaining({ ledger: here, frozen: true }),
      expect.objectContaining({ ledger, frozen: false, problem: expect.stringContaining('--ledger') }),
    ]);
    await shop.close();
  });

  it.each<[string, string | undefined]>([
    ['makes none', undefined],
    ['upgrades none', "UPDATE meta SET value = '1' WHERE key = 'schema_version'"],
  ])('%s, and is told whose work that is', async (_what, older) => {
    const { url, drop } = await newDatabase();
    if (older !== undefined) {
      await (await open(url)).close();
      await say(url, older);
    }
    await say(url, GRANTS);
    const error: unknown = await open(as(url)).catch((thrown) => thrown);
    expect(error).toMatchObject({
      code: 'CONFIGURATION',
      details: { variable: 'CASHIER_LEDGER', sqlState: '42501' },
    });
    expect((error as CashierError).next.en).toContain('owner of the tables');
    await say(url, `DROP OWNED BY ${role}`);
    await drop();
  });
});
