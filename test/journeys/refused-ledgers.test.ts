import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.mjs';
import { type CommandResult, runCommand } from '../support/server-process.ts';
import { type Agent, Shop } from './shop.ts';

let shop: Shop;
let agent: Agent;
let sold: string;
beforeAll(async () => {
  shop = await Shop.open();
  agent = await shop.agent();
  sold = (await shop.sell(agent, 'alipay')).outTradeNo;
});
afterAll(() => shop.close());

/** Exit code 1, silence on stdout, and one sentence with its remedy in each language that names the variable. */
function isRefusal({ code, stdout, stderr }: CommandResult): string {
  expect(stderr.trimEnd().split('\n')).toEqual([
    expect.stringMatching(/^mcp-cashier: .*[\u4e00-\u9fff].*。$/),
    expect.stringMatching(/^mcp-cashier: [^\u4e00-\u9fff]*\.$/),
  ]);
  for (const line of stderr.trimEnd().split('\n')) expect(line).toContain('CASHIER_LEDGER');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  return stderr;
}

/** A closed copy of the shop's ledger, with everything in one file. */
function copyOfLedger(name: string): string {
  const path = join(shop.home, name);
  const ledger = new DatabaseSync(join(shop.home, 'simulator', 'ledger.db'));
  ledger.exec(`VACUUM INTO '${path}'`);
  ledger.close();
  return path;
}

describe('a ledger that cannot be used', () => {
  it('below a regular file is refused', async () => {
    const file = join(shop.home, 'a-file');
    writeFileSync(file, 'mine');
    isRefusal(await shop.command([], { CASHIER_LEDGER: join(file, 'ledger.db') }));
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  it('that is a directory is refused', async () => {
    const folder = join(shop.home, 'a-folder');
    mkdirSync(folder);
    isRefusal(await shop.command([], { CASHIER_LEDGER: folder }));
  });

  it.each([
    ['something else', 'these are my diaries, not a ledger\n'.repeat(400)],
    ['a picture of a ledger', `SQLite format 3\0${'garbage'.repeat(2000)}`],
  ])('that is %s is refused and left untouched to the byte', async (what, content) => {
    const file = join(shop.home, what.replaceAll(' ', '-'));
    writeFileSync(file, content);
    isRefusal(await shop.command([], { CASHIER_LEDGER: file }));
    expect(readFileSync(file, 'utf8')).toBe(content);
  });

  it.each([
    ['without a table of our names', 'CREATE TABLE cookies (host, value)'],
    ['with a table of the same name', 'CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)'],
    ['with a table of the same name and other columns', 'CREATE TABLE meta (id, version)'],
    ['with nothing but a view', 'CREATE VIEW meta AS SELECT 1 AS key, 2 AS value'],
  ])(
    "that is another program's database, %s, is refused and left untouched to the byte",
    async (what, sql) => {
      const file = join(shop.home, `${what.replaceAll(' ', '-')}.db`);
      const other = new DatabaseSync(file);
      other.exec(sql);
      other.close();
      const before = readFileSync(file);
      isRefusal(await shop.command([], { CASHIER_LEDGER: file }));
      for (const command of [['orders'], ['audit', 'verify'], ['approvals', 'list']]) {
        isRefusal(await shop.command([...command, '--ledger', file]));
      }
      const { code, stdout } = await shop.command(['freeze', '--ledger', file, '--json']);
      const { ledgers } = JSON.parse(stdout) as { ledgers: { ledger: string; frozen: boolean }[] };
      expect([code, ledgers.find(({ ledger }) => ledger === file)?.frozen]).toEqual([1, false]);
      expect(readFileSync(file).equals(before)).toBe(true);
    },
  );

  it.skipIf(process.platform === 'win32')('that is a pipe is refused at once', async () => {
    const pipe = join(shop.home, 'a-pipe');
    execFileSync('mkfifo', [pipe]);
    isRefusal(await shop.command(['orders', '--ledger', pipe], {}, runCommand));
  });

  it('of a newer version is refused and left as it was', async () => {
    const path = copyOfLedger('newer.db');
    const newer = new DatabaseSync(path);
    newer.exec("UPDATE meta SET value = '99' WHERE key = 'schema_version'");
    newer.close();
    const before = rowsOf(path);
    isRefusal(await shop.command([], { CASHIER_LEDGER: path }));
    expect(rowsOf(path)).toEqual(before);
  });

  it('of another realm is refused and left as it was', async () => {
    const path = copyOfLedger('simulated.db');
    const before = rowsOf(path);
    const live = { ...shop.simulator.env, CASHIER_MODE: 'live', CASHIER_LEDGER: path };
    expect(isRefusal(await shop.command([], live))).toContain('simulator');
    expect(rowsOf(path)).toEqual(before);
    const { code, stdout } = await shop.command(['orders', '--json'], { CASHIER_LEDGER: path });
    expect(code).toBe(0);
    expect(stdout).toContain(sold);
  });

  it('in a PostgreSQL that nobody reaches is refused, and its password shown to nobody', async () => {
    const address = `postgres://shop:s3cret@127.0.0.1:${await freePort()}/ledger`;
    expect(isRefusal(await shop.command([], { CASHIER_LEDGER: address }))).not.toContain('s3cret');
    const { code, stdout, stderr } = await shop.command(['freeze', '--ledger', address, '--json']);
    expect([code, stdout.includes('/ledger'), `${stdout}${stderr}`.includes('s3cret')]).toEqual([
      1,
      true,
      false,
    ]);
  });
});

/** Every row of every table. */
function rowsOf(path: string): unknown[] {
  const db = new DatabaseSync(path);
  const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").all();
  const rows = tables.map(({ name }) => db.prepare(`SELECT * FROM "${String(name)}"`).all());
  db.close();
  return rows;
}
