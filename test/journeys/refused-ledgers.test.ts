import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandResult, type Env, MAIN, runCommand, ServerProcess } from '../support/server-process.ts';
import { Agent, Shop } from './shop.ts';

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
    expect.stringMatching(/^mcp-cashier: .*[\u4e00-\u9fff].*CASHIER_LEDGER.*。$/),
    expect.stringMatching(/^mcp-cashier: [^\u4e00-\u9fff]*CASHIER_LEDGER[^\u4e00-\u9fff]*\.$/),
  ]);
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

  it('in PostgreSQL is refused by this version', async () => {
    isRefusal(await shop.command([], { CASHIER_LEDGER: 'postgres://localhost/ledger' }));
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

describe('a disk without space', () => {
  it('stops the start with one clear sentence', async () => {
    const disk = smallDisk('full', 64);
    const env: Env = { ...shop.env, CASHIER_LEDGER: join(disk.path, 'ledger.db') };
    const { transcript } = shop;
    const said = isRefusal(await runCommand([], { env, cwd: join(shop.home, 'cwd'), transcript }, disk.program));
    if (disk.mounted) expect(said).toContain('No disk space');
    disk.release();
  });

  it('in mid-life refuses payments before anything is sent, and loses nothing', async () => {
    const disk = smallDisk('filling', 512);
    const env: Env = { ...shop.env, CASHIER_LEDGER: join(disk.path, 'ledger.db') };
    const cwd = join(shop.home, 'cwd');
    const merchant = new Agent(
      await ServerProcess.start({ env, cwd, transcript: shop.transcript, program: disk.program }),
    );
    const made: string[] = [];
    let refusal: string | undefined;
    for (let count = 0; refusal === undefined && count < 400; count += 1) {
      const outTradeNo = shop.number('FULL');
      const title = `${'满'.repeat(40)} ${count}`;
      const reply = await merchant.server.call('create-payment', {
        ...{ provider: 'wechatpay', outTradeNo, amountYuan: '1.00', title },
      });
      if (!reply.isError) made.push(outTradeNo);
      else refusal = outTradeNo;
      if (reply.isError) expect(JSON.parse(reply.text).code).toMatch(/CONFIGURATION|INTERNAL/);
    }
    expect(made.length).toBeGreaterThan(3);
    expect(refusal).toBeDefined();
    const listed = await merchant.list({ limit: 100 });
    expect(listed.totals.count).toBeGreaterThanOrEqual(made.length);
    const last = made.at(-1) ?? '';
    expect(await merchant.known(last)).toMatchObject({ outTradeNo: last, state: 'NOTPAY' });
    await merchant.server.close();

    const { code, stdout } = await shop.command(['orders', '--json', '--limit', '500'], {
      CASHIER_LEDGER: join(disk.path, 'ledger.db'),
    });
    expect(code).toBe(0);
    const rows = JSON.parse(stdout) as { outTradeNo: string }[];
    expect(rows.map((row) => row.outTradeNo)).toEqual(expect.arrayContaining(made));
    // Intent first: what the gateway was asked for, the ledger knows.
    const asked = (await shop.simulator.calls()).filter((call) => call.outTradeNo.startsWith('FULL'));
    const known = new Set(rows.map((row) => row.outTradeNo));
    expect(asked.filter((call) => !known.has(call.outTradeNo))).toEqual([]);
    disk.release();
  });
});

interface Disk {
  readonly path: string;
  readonly mounted: boolean;
  /** How to start the server so that the limit holds. */
  readonly program: readonly string[];
  release(): void;
}

/** A disk of so many KiB; where mounting is not allowed, a limit on the size of files stands for it. */
function smallDisk(name: string, kib: number): Disk {
  const path = join(shop.home, name);
  mkdirSync(path);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k`, 'tmpfs', path], { stdio: 'ignore' });
  } catch {
    // Blocks of 512 bytes. The log is off, so that the ledger meets the limit first.
    const limited = `ulimit -f ${kib * 2}; exec "$0" "$@"`;
    return { path, mounted: false, program: ['sh', '-c', limited, process.execPath, MAIN], release() {} };
  }
  if (name === 'full') writeFileSync(join(path, 'ballast'), Buffer.alloc((kib - 4) * 1024));
  return {
    path,
    mounted: true,
    program: [process.execPath, MAIN],
    release() {
      execFileSync('umount', [path]);
      expect(existsSync(join(path, 'ledger.db'))).toBe(false);
    },
  };
}
