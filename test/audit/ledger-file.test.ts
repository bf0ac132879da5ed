import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import { linkHash } from '../../src/ledger/audit-chain.ts';
import {
  type Checkpoint,
  ensureKey,
  makeCheckpoint,
  readCheckpoint,
} from '../../src/ledger/audit-checkpoint.ts';
import { BEFORE_ALL, readLinks } from '../../src/ledger/audit-reader.ts';
import { verifyAudit, walkFirstHalf } from '../../src/ledger/audit-verify.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { openSqliteStore } from '../../src/ledger/sqlite-store.ts';
import type { Row } from '../../src/ledger/store.ts';
import { addPasskey, addPerson, joinByPassword } from '../../src/persons/people.ts';
import { Person } from '../../src/persons/person.ts';
import { setOperatorSecret } from '../../src/persons/secret.ts';
import { type Database, openSqlite } from '../../src/platform/sqlite.ts';
import { systemClock, systemRandom } from '../../src/platform/system.ts';
import { World } from '../support/world.ts';
import { aDayOfTrade, create } from './busy-shop.ts';

const ports = { clock: systemClock, randomBytes: systemRandom };
let folder: string;
let original: string;
let checkpoint: Checkpoint | undefined;
let copies = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'audit-'));
  original = join(folder, 'original.db');
  const world = new World(9);
  const till = await world.process();
  await aDayOfTrade(world, till);
  await create(till, { outTradeNo: 'ORDER_WAITING' });
  const stricter = { payments: { approveAboveFen: fen(0) } };
  await create(till, { outTradeNo: 'ORDER_ASKED' }, { call: { caller: 'asking', token: stricter } });
  const { ledger } = till;
  await setOperatorSecret(ledger, { newSecret: 'correct horse', oldSecret: undefined }, ports.randomBytes);
  const root = await Person.bySecret(ledger, 'simulator', 'correct horse', 'terminal');
  const at = { now: world.clock.now(), randomBytes: ports.randomBytes };
  const { code } = await addPerson(ledger, root, { name: 'li', role: 'see' }, at);
  await joinByPassword(ledger, code, 'a long password', ports.randomBytes);
  await addPerson(ledger, root, { name: 'wang', role: 'decide' }, at);
  const passkey = { id: 'ID', publicKey: 'KEY', counter: 0, rpId: 'localhost', name: 'phone' };
  expect(await addPasskey(ledger, root, { ...passkey, challenge: 'x', until: at.now + 1 })).toBe(true);
  await ledger.write((book) => ensureKey(book, ports.randomBytes));
  checkpoint = await ledger.inspect((tx) => makeCheckpoint(tx, world.clock.now()));
  const db = await openSqlite(world.ledgerPath);
  db.exec(`VACUUM INTO '${original}'`);
  db.close();
  await world.end();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The verdict on a copy of the ledger's file after somebody has been at it. */
async function verdict(change: (db: Database) => unknown, withCheckpoint = false) {
  const path = join(folder, `${++copies}.db`);
  copyFileSync(original, path);
  const db = await openSqlite(path);
  await change(db);
  db.close();
  const ledger = await Ledger.open(await openSqliteStore(path, ports), 'simulator', ports);
  try {
    const given = withCheckpoint ? [{ source: 'file:1', checkpoint }] : [];
    const found = await verifyAudit(ledger, given);
    const halve = (records: number) => walkFirstHalf(ledger, records);
    const inHalves = await verifyAudit(ledger, given, undefined, { halve, worthHalving: 0 });
    expect(inHalves).toEqual(found);
    return found;
  } finally {
    await ledger.close();
  }
}

const sql = (text: string) => (db: Database) => db.exec(text);

/** Recomputes every hash and the note of the end, as somebody who knows how would. */
async function restamp(db: Database): Promise<void> {
  const reader = {
    all: async (text: string, ...values: (string | number | null)[]) =>
      db.prepare(text).all(...values) as Row[],
  };
  let hash = String(db.prepare("SELECT value FROM meta WHERE key = 'ledger_id'").all()[0]?.value);
  const links = await readLinks(reader, BEFORE_ALL, 10_000);
  for (const link of links) {
    hash = linkHash(hash, link);
    db.prepare('UPDATE audit SET hash = unhex(?) WHERE seq = ?').run(hash, link.seq);
  }
  db.prepare("UPDATE meta SET value = ? WHERE key = 'audit_head'").run(`${links.length} ${hash}`);
}

describe('a ledger file that nobody has touched', () => {
  it('is intact, by itself and against its checkpoint', async () => {
    expect(checkpoint).toBeDefined();
    const found = await verdict(() => undefined, true);
    expect(found).toMatchObject({ intact: true, chain: undefined, tables: [] });
    expect(found.proven.seq).toBe(checkpoint?.seq);
  });

  it('is gone through once, also in halves', async () => {
    const path = join(folder, 'halves.db');
    copyFileSync(original, path);
    const ledger = await Ledger.open(await openSqliteStore(path, ports), 'simulator', ports);
    const told: number[] = [];
    const found = await verifyAudit(ledger, [], (done) => told.push(done), {
      halve: (records) => walkFirstHalf(ledger, records),
      worthHalving: 0,
    });
    expect(found).toMatchObject({ intact: true });
    // Whatever was not told by one of them would have the whole begin again.
    expect(told).toEqual([...told].sort((a, b) => a - b));
    await ledger.close();
  });

  it('is intact when it has grown since', async () => {
    const path = join(folder, 'grown.db');
    copyFileSync(original, path);
    const ledger = await Ledger.open(await openSqliteStore(path, ports), 'simulator', ports);
    await ledger.write(async (book) => {
      for (let i = 0; i < 2_500; i += 1) {
        await book.audit.append({ kind: 'calls-limited', detail: { calls: i } });
      }
    });
    const told: number[] = [];
    const found = await verifyAudit(ledger, [{ source: 'f', checkpoint }], (done) => told.push(done));
    expect(found).toMatchObject({ intact: true });
    expect(told.length).toBeGreaterThan(1);
    await ledger.close();
  });
});

/** Somebody who can write the file can also take the table's key from it. */
const KEYLESS =
  'CREATE TABLE loose AS SELECT * FROM audit; DROP TABLE audit; ALTER TABLE loose RENAME TO audit;';

describe('an edit of the trail in the file is found', () => {
  it.each([
    ...['kind', 'caller', 'shape', 'call_id', 'out_trade_no', 'out_refund_no', 'detail', 'hash'].flatMap(
      (column) => [
        [
          `${column}, a character`,
          `UPDATE audit SET ${column} = COALESCE(${column}, '') || 'x' WHERE seq = 7`,
        ],
        [
          `${column}, the type`,
          `UPDATE audit SET ${column} = CAST(COALESCE(${column}, 'x') AS ${/hash|detail/.test(column) ? 'TEXT' : 'BLOB'}) WHERE seq = 8`,
        ],
      ],
    ),
    ['at', 'UPDATE audit SET at = at + 1 WHERE seq = 3'],
    ['at, beyond what can be read', 'UPDATE audit SET at = 9223372036854775807 WHERE seq = 3'],
    ['at, a word', "UPDATE audit SET at = 'noon' WHERE seq = 3"],
    ['at, a fraction', 'UPDATE audit SET at = at + 0.5 WHERE seq = 3'],
    ['hash, a bit', "UPDATE audit SET hash = unhex('00' || substr(hex(hash), 3)) WHERE seq = 8"],
    ['seq, none', `${KEYLESS} UPDATE audit SET seq = NULL WHERE seq = 3`],
    ['seq, a word', `${KEYLESS} UPDATE audit SET seq = 'three' WHERE seq = 3`],
    ['seq, a fraction', `${KEYLESS} UPDATE audit SET seq = 3.5 WHERE seq = 3`],
    ['seq, twice', `${KEYLESS} INSERT INTO audit SELECT * FROM audit WHERE seq = 3`],
    ['seq, beyond what can be read', 'UPDATE audit SET seq = 9223372036854775807 WHERE seq = 3'],
    ...['kind', 'caller', 'shape'].map((column): [string, string] => [
      `${column}, another`,
      `UPDATE audit SET ${column} = ${column} + 1 WHERE seq = 7`,
    ]),
    ['a word', "UPDATE words SET word = word || 'x' WHERE word = 'order-paid'"],
    ['a word gone', "DELETE FROM words WHERE word = 'order-paid'"],
    [
      'two words that changed places',
      "UPDATE words SET word = CASE word WHEN 'call' THEN '' ELSE 'call' END WHERE word IN ('call', 'result'); UPDATE words SET word = 'result' WHERE word = ''",
    ],
    ['detail, a byte more', 'UPDATE audit SET detail = CAST(detail || char(0) AS BLOB) WHERE seq = 5'],
    [
      'a byte from one detail to the next',
      'UPDATE audit SET detail = substr(detail, 1, length(detail) - 1) WHERE seq = 2; UPDATE audit SET detail = CAST((SELECT substr(before.detail, -1) FROM audit AS before WHERE seq = 2) || detail AS BLOB) WHERE seq = 3',
    ],
    [
      'a byte from one hash to the next',
      'UPDATE audit SET hash = CAST((SELECT substr(before.hash, -1) FROM audit AS before WHERE seq = 7) || hash AS BLOB) WHERE seq = 8; UPDATE audit SET hash = substr(hash, 1, 31) WHERE seq = 7',
    ],
    ['one row gone', 'DELETE FROM audit WHERE seq = 12'],
    ['the last row gone', 'DELETE FROM audit WHERE seq = (SELECT MAX(seq) FROM audit)'],
    ['all rows gone', 'DELETE FROM audit'],
    ['all rows and the head gone', "DELETE FROM audit; DELETE FROM meta WHERE key = 'audit_head'"],
    [
      'a row without number',
      `${KEYLESS} INSERT INTO audit SELECT NULL, at, kind, caller, shape, call_id, out_trade_no, out_refund_no, detail, hash FROM audit WHERE seq = 4`,
    ],
    [
      'a row before the first',
      'INSERT INTO audit SELECT -5, at, kind, caller, shape, call_id, out_trade_no, out_refund_no, detail, hash FROM audit WHERE seq = 4',
    ],
    [
      'a row far below',
      'INSERT INTO audit SELECT -9223372036854775807, at, kind, caller, shape, call_id, out_trade_no, out_refund_no, detail, hash FROM audit WHERE seq = 4',
    ],
    ['the head', "UPDATE meta SET value = 'x' WHERE key = 'audit_head'"],
    ['the ledger id', "UPDATE meta SET value = 'x' WHERE key = 'ledger_id'"],
    ['the ledger id gone', "DELETE FROM meta WHERE key = 'ledger_id'"],
  ])('%s', async (_, text) => {
    expect((await verdict(sql(text))).intact).toBe(false);
  });
});

describe('what only a checkpoint finds', () => {
  const cut =
    "DELETE FROM audit WHERE seq > 20; UPDATE meta SET value = (SELECT '20 ' || lower(hex(hash)) FROM audit WHERE seq = 20) WHERE key = 'audit_head'";

  it('is a trail that was stamped anew', async () => {
    const change = (db: Database) => {
      db.exec("UPDATE audit SET caller = (SELECT id FROM words WHERE word = 'operator') WHERE seq = 6");
      return restamp(db);
    };
    expect(await verdict(change)).toMatchObject({ intact: true });
    const found = await verdict(change, true);
    expect(found).toMatchObject({ intact: false, checkpoints: [{ fault: 'restamped' }] });
  });

  it('is an end that was cut off, head and all; the tables alone would tell of it too', async () => {
    expect(await verdict(sql(cut))).toMatchObject({ intact: false, chain: undefined });
    expect(await verdict(sql(cut), true)).toMatchObject({ checkpoints: [{ fault: 'cut-off' }] });
  });

  it('is another key in the place of the ledger’s', async () => {
    const change = sql(
      `UPDATE meta SET value = '${Buffer.alloc(32, 1).toString('base64url')}' WHERE key = 'audit_key'`,
    );
    expect(await verdict(change, true)).toMatchObject({
      intact: false,
      checkpoints: [{ fault: 'other-key' }],
    });
  });
});

/** The table in which it is seen, and how; what was done. */
const EDITS: Readonly<Record<string, readonly string[]>> = {
  'orders differs': [
    "UPDATE orders SET state = 'PAID' WHERE out_trade_no = 'ORDER_DECLINED'",
    "UPDATE orders SET amount_fen = 1 WHERE out_trade_no = 'ORDER_PAID'",
    "UPDATE orders SET amount_fen = 9223372036854775807 WHERE out_trade_no = 'ORDER_PAID'",
    "UPDATE orders SET caller = 'other' WHERE out_trade_no = 'ORDER_PAID'",
    "UPDATE orders SET account = 'bank 2' WHERE out_trade_no = 'ORDER_PAID'",
    "UPDATE orders SET title = 'other' WHERE out_trade_no = 'ORDER_PAID'",
    "UPDATE orders SET input_hash = 'x' WHERE out_trade_no = 'ORDER_PAID'",
    "UPDATE orders SET input_hash = lower(hex(input_hash)) WHERE out_trade_no = 'ORDER_PAID'",
    "UPDATE orders SET terms_json = '31' WHERE out_trade_no = 'ORDER_PAID'",
    "UPDATE orders SET terms_json = '{' WHERE out_trade_no = 'ORDER_PAID'",
    `UPDATE orders SET terms_json = '{"expiresInMinutes":0,"adopted":true}' WHERE out_trade_no = 'ORDER_PAID'`,
    `UPDATE orders SET credential_json = '{"qrCode":"bank://mine"}' WHERE out_trade_no = 'ORDER_PAID'`,
    `UPDATE orders SET credential_json = '{"qrCode":"bank://mine"}' WHERE out_trade_no = 'ORDER_DECLINED'`,
    "UPDATE orders SET credential_json = '{}' WHERE out_trade_no = 'ORDER_PAID'",
    "UPDATE plans SET plan = plan || ' '",
    'DELETE FROM plans',
    "UPDATE orders SET counted_at = counted_at - 86400000 WHERE out_trade_no = 'ORDER_PAID'",
    "UPDATE orders SET counted_at = NULL WHERE out_trade_no = 'ORDER_PAID'",
  ],
  'refunds differs': [
    "UPDATE refunds SET counted_at = NULL WHERE out_refund_no = 'R_LARGE'",
    "UPDATE refunds SET plan = 'x' WHERE out_refund_no = 'R_LARGE'",
    "UPDATE refunds SET state = 'CLOSED' WHERE out_refund_no = 'R_LARGE'",
  ],
  'meta differs': [
    "UPDATE meta SET value = 'x$y' WHERE key = 'operator_secret'",
    "DELETE FROM meta WHERE key = 'operator_secret'",
    "UPDATE meta SET value = '{}' WHERE key = 'frozen'",
  ],
  'persons differs': [
    "UPDATE persons SET role = 'rule' WHERE name = 'li'",
    "UPDATE persons SET name = 'zhao' WHERE name = 'li'",
    "UPDATE persons SET password = 'x$y' WHERE name = 'wang'",
    "UPDATE persons SET invitation = 'mine', invited_until = 9999999999999 WHERE name = 'wang'",
    "DELETE FROM persons WHERE name = 'li'",
    "INSERT INTO persons SELECT 'new', 'new', 'new', 'rule', password, NULL, NULL, added_at FROM persons WHERE name = 'li'",
    "UPDATE passkeys SET public_key = 'mine'",
    "INSERT INTO passkeys SELECT 'new', person, 'mine', 0, rp_id, name, added_at, NULL FROM passkeys",
    'DELETE FROM passkeys',
  ],
  'orders unrecorded': [
    "UPDATE orders SET out_trade_no = 'ORDER_MINE' WHERE out_trade_no = 'ORDER_DECLINED'",
  ],
  'orders gone': ["DELETE FROM orders WHERE out_trade_no = 'ORDER_DECLINED'"],
  'refunds gone': ["DELETE FROM refunds WHERE out_refund_no = 'R_LARGE'"],
  'approvals differs': [
    "UPDATE approvals SET state = 'approved'",
    "UPDATE approvals SET decided_by = 'page'",
    "UPDATE approvals SET out_trade_no = 'ORDER_DECLINED' WHERE out_trade_no = 'ORDER_PAID'",
    "UPDATE approvals SET out_refund_no = 'R_OTHER' WHERE out_refund_no IS NOT NULL",
    "UPDATE approvals SET out_refund_no = 'R_OTHER' WHERE out_refund_no IS NULL",
    'UPDATE approvals SET out_refund_no = NULL',
    "UPDATE approvals SET caller = 'other'",
  ],
  'approvals unrecorded': [
    "INSERT INTO approvals SELECT 'AFORGED', kind, out_trade_no, out_refund_no, input_hash, caller, amount_fen, rule, 'approved', created_at, expires_at, decided_at, decided_by, reason, asked_json, code FROM approvals LIMIT 1",
  ],
  'budget_moves differs': ['UPDATE budget_moves SET amount_fen = amount_fen * 10'],
  'budget_moves unrecorded': [
    'INSERT INTO budget_moves SELECT 3, at, budget, 900000, decided_by, note FROM budget_moves WHERE seq = 1',
  ],
  'budgets differs': ['UPDATE budgets SET filled_fen = filled_fen + 1'],
  'limit_tallies differs': [
    "UPDATE limit_tallies SET fen = fen - 1 WHERE scope = ''",
    'UPDATE limit_tallies SET count = 9223372036854775807',
    "UPDATE orders SET client = 'other' WHERE out_trade_no = 'ORDER_PAID'",
  ],
  'order_tallies differs': ['DELETE FROM order_tallies'],
  'policies differs': ["UPDATE policies SET rules_json = '{}'"],
  'policies unrecorded': ["INSERT INTO policies SELECT 9, accepted_at, accepted_by, '{}' FROM policies"],
};

describe('an edit of the tables is found by the trail', () => {
  it.each(
    Object.entries(EDITS).flatMap(([found, edits]) => edits.map((text) => [text, ...found.split(' ')])),
  )('%s', async (text, table, look) => {
    const found = await verdict(sql(`PRAGMA foreign_keys = OFF; ${text}`));
    expect(found).toMatchObject({ intact: false, chain: undefined });
    expect(found.tables).toContainEqual(expect.objectContaining({ table, look }));
  });
});

describe('a ledger whose hashes were text', () => {
  const fixture = (file: string) =>
    readFileSync(join(import.meta.dirname, '../ledger/fixtures', file), 'utf8');
  const kept = readCheckpoint(fixture('ledger-6.checkpoint.json'));

  async function opened(change: string) {
    const path = join(folder, `${++copies}.db`);
    const db = await openSqlite(path);
    db.exec(`${fixture('ledger-6.sql')} ${change}`);
    db.close();
    return Ledger.open(await openSqliteStore(path, ports), 'simulator', ports);
  }

  it('verifies, also against a checkpoint of that time, and goes on', async () => {
    const ledger = await opened('');
    const given = [{ source: 'kept', checkpoint: kept }];
    expect(await verifyAudit(ledger, given)).toMatchObject({
      intact: true,
      proven: { seq: kept?.seq, hash: kept?.hash },
    });
    const [stored] = await ledger.inspect((tx) =>
      tx.all('SELECT DISTINCT typeof(hash) AS type, length(hash) AS length FROM audit'),
    );
    expect(stored).toEqual({ type: 'blob', length: 32 });
    const story = await ledger.read((book) => book.audit.story('ORDER_PAID'));
    expect(story.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['call', 'order-paid', 'approval-used', 'result']),
    );
    await ledger.write((book) => book.event({ outTradeNo: 'ORDER_PAID' }, 'close-intended', {}));
    expect(await verifyAudit(ledger, given)).toMatchObject({ intact: true });
    await ledger.close();
  });

  it.each([
    ["UPDATE audit SET caller = 'x' WHERE seq = 9", 'edited'],
    ['UPDATE audit SET hash = upper(hash) WHERE seq = 9', 'edited'],
    ["UPDATE audit SET hash = 'none' WHERE seq = 9", 'edited'],
    ['UPDATE audit SET hash = CAST(hash AS BLOB) WHERE seq = 9', 'edited'],
    ['DELETE FROM audit WHERE seq = 9', 'missing'],
    ['UPDATE audit SET seq = NULL WHERE seq = 9', 'missing'],
    ["UPDATE audit SET seq = 'nine' WHERE seq = 9", 'missing'],
    ['UPDATE audit SET seq = 900 WHERE seq = 52', 'missing'],
  ])('opens whatever was done to it before, and tells: %s', async (change, look) => {
    const ledger = await opened(change);
    expect(await verifyAudit(ledger, [])).toMatchObject({ intact: false, chain: { look } });
    await ledger.close();
  });
});

describe('a ledger of version 1', () => {
  it('opens; what had happened becomes the first links, and verifies', async () => {
    const path = join(folder, 'one.db');
    const db = await openSqlite(path);
    db.exec(VERSION_1);
    db.close();
    const ledger = await Ledger.open(await openSqliteStore(path, ports), 'live', ports);
    const links = await ledger.inspect((tx) => readLinks(tx, BEFORE_ALL, 10));
    expect(links.map(({ seq, kind, caller, detailJson }) => [seq, kind, caller, detailJson])).toEqual([
      [
        1,
        'order-created',
        'unrecorded',
        '{"provider":"alipay","scene":"qr","amountFen":1000,"caller":"stdio"}',
      ],
      [2, 'order-sent', 'unrecorded', '{"from":"PENDING_APPROVAL","to":"UNKNOWN"}'],
      [3, 'order-notpay', 'unrecorded', '{"from":"UNKNOWN", "to":"NOTPAY"}'],
    ]);
    expect(await verifyAudit(ledger, [])).toMatchObject({ intact: true, tables: [] });
    await ledger.write((book) => book.event({ outTradeNo: 'ORDER_1' }, 'close-intended', {}));
    expect(await verifyAudit(ledger, [])).toMatchObject({
      intact: true,
      proven: { seq: 4 },
    });
    await ledger.close();
  });
});

const VERSION_1 = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
  INSERT INTO meta VALUES ('realm', 'live'), ('salt', '00112233445566778899aabbccddeeff'), ('schema_version', '1');
  CREATE TABLE orders (
    out_trade_no TEXT PRIMARY KEY,
    provider TEXT NOT NULL, account TEXT NOT NULL, caller TEXT NOT NULL, buyer_hash TEXT,
    scene TEXT NOT NULL, amount_fen BIGINT NOT NULL, title TEXT NOT NULL,
    state TEXT NOT NULL, gateway_state TEXT, gateway_trade_no TEXT, source TEXT NOT NULL,
    input_hash TEXT NOT NULL, terms_json TEXT NOT NULL, plan TEXT, credential_json TEXT,
    page_token TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, sent_at BIGINT, expires_at BIGINT, paid_at BIGINT,
    late INTEGER NOT NULL, closing INTEGER NOT NULL, declined_code TEXT,
    sending_by TEXT, sending_until BIGINT, ask_at BIGINT, asked INTEGER NOT NULL);
  CREATE TABLE refunds (
    out_trade_no TEXT NOT NULL REFERENCES orders (out_trade_no), out_refund_no TEXT NOT NULL,
    merchant_scope TEXT, caller TEXT NOT NULL, amount_fen BIGINT NOT NULL, reason TEXT,
    state TEXT NOT NULL, gateway_state TEXT, gateway_refund_no TEXT, input_hash TEXT NOT NULL, plan TEXT,
    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, sent_at BIGINT, declined_code TEXT,
    sending_by TEXT, sending_until BIGINT, ask_at BIGINT, asked INTEGER NOT NULL,
    PRIMARY KEY (out_trade_no, out_refund_no));
  CREATE TABLE approvals (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, out_trade_no TEXT NOT NULL, out_refund_no TEXT,
    input_hash TEXT NOT NULL, caller TEXT NOT NULL, amount_fen BIGINT NOT NULL, rule TEXT NOT NULL,
    state TEXT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL,
    decided_at BIGINT, decided_by TEXT, reason TEXT);
  CREATE TABLE events (
    seq BIGINT PRIMARY KEY, at BIGINT NOT NULL, out_trade_no TEXT NOT NULL, out_refund_no TEXT,
    kind TEXT NOT NULL, detail_json TEXT NOT NULL);
  CREATE INDEX events_by_order ON events (out_trade_no, seq);
  INSERT INTO orders (out_trade_no, provider, account, caller, scene, amount_fen, title, state, source, input_hash,
    terms_json, page_token, created_at, updated_at, late, closing, asked)
    VALUES ('ORDER_1', 'alipay', 'a', 'stdio', 'qr', 1000, 'recipe', 'NOTPAY', 'query', 'h', '{}', 'p', 1, 1, 0, 0, 0);
  INSERT INTO events VALUES
    (1, 1790000000000, 'ORDER_1', NULL, 'order-created', '{"provider":"alipay","scene":"qr","amountFen":1000,"caller":"stdio"}'),
    (2, 1790000000000, 'ORDER_1', NULL, 'order-sent', '{"from":"PENDING_APPROVAL","to":"UNKNOWN"}'),
    (3, 1790000000500, 'ORDER_1', NULL, 'order-notpay', '{"from":"UNKNOWN", "to":"NOTPAY"}');
`;
