// How fast the audit trail verifies, what an append costs, and what a whole payment costs with it.
// npm run build && node bench/audit.mjs [records]   Exit code 1 when a million records would take more than 10 s.

import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DatabaseSync } from '@photostructure/sqlite';
import { build } from 'esbuild';

const LIMIT_MS = 10_000;
const records = Number(process.argv[2] ?? 1_000_000);
// Beside node_modules, where a bundle finds its packages.
const home = mkdtempSync(fileURLToPath(new URL('../node_modules/.bench-', import.meta.url)));
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const env = { PATH: process.env.PATH, HOME: home, CASHIER_HOME: home, CASHIER_MODE: 'simulator' };
const run = (...args) =>
  execFileSync(process.execPath, [main, ...args], { env, cwd: home, encoding: 'utf8' });

try {
  run('orders');
  const path = join(home, 'simulator', 'ledger.db');
  fill(path);
  console.log(`${records} records, ${(statSync(path).size / 2 ** 20).toFixed(0)} MiB`);
  const startedAt = performance.now();
  // A process of its own, which tells at its end what it has used.
  const script = `process.argv.splice(1, 0, ${JSON.stringify(main)});
    process.on('exit', () => console.error(JSON.stringify(process.resourceUsage())));
    import(${JSON.stringify(main)});`;
  const child = spawnSync(process.execPath, ['-e', script, 'audit', 'verify', '--json'], { env, cwd: home });
  const ms = performance.now() - startedAt;
  const verdict = JSON.parse(child.stdout.toString());
  const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(child.stderr.toString());
  if (!verdict.intact || verdict.records !== records) throw new Error(JSON.stringify(verdict).slice(0, 500));
  const scaled = (ms * 1_000_000) / records;
  console.log(
    `audit verify: ${(ms / 1000).toFixed(2)} s from start to end, ${((userCPUTime + systemCPUTime) / 1e6).toFixed(2)} s of processor time, ${(maxRSS / 1024).toFixed(0)} MiB at most`,
  );
  process.exitCode = scaled > LIMIT_MS ? 1 : 0;
  await appends();
} finally {
  rmSync(home, { recursive: true, force: true });
}

/** Orders of nine records each, as a sale leaves them. */
function fill(path) {
  const db = new DatabaseSync(path);
  const meta = (key) => db.prepare('SELECT value FROM meta WHERE key = ?').get(key)?.value;
  db.exec('PRAGMA synchronous = OFF; BEGIN');
  const insert = db.prepare('INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, unhex(?))');
  const order = db.prepare(
    `INSERT INTO orders (out_trade_no, provider, account, caller, scene, amount_fen, title, state, source, input_hash,
       terms_json, page_token, created_at, updated_at, late, closing, asked)
     VALUES (?, 'alipay', 'a', 'cursor', 'qr', 1000, 'recipe', 'PAID', 'query', '', '{}', ?, ?, ?, 0, 0, 0)`,
  );
  let hash = meta('ledger_id');
  let seq = 0;
  const add = (kind, tool, call, outTradeNo, detail) => {
    if (seq === records) return;
    seq += 1;
    const [at, detailJson] = [1_790_000_000_000 + seq, JSON.stringify(detail)];
    const link = [hash, seq, at, kind, 'cursor', tool, call, outTradeNo, undefined, detailJson];
    hash = createHash('sha256').update(JSON.stringify(link)).digest('hex');
    insert.run(
      seq,
      at,
      kind,
      'cursor',
      tool ?? null,
      call ?? null,
      outTradeNo ?? null,
      null,
      detailJson,
      hash,
    );
  };
  for (let i = 0; seq < records; i += 1) {
    const no = `C20261121143005${String(i).padStart(10, '0')}`;
    const [tool, call] = ['create-payment', createHash('md5').update(no).digest('base64url').slice(0, 12)];
    if (records - seq < 9) {
      add('result', tool, call, no, { state: 'NOTPAY' });
      continue;
    }
    order.run(no, no, seq, seq);
    const meta = { model: 'some-model-4', conversation: `conversation ${i}`, progressToken: i };
    add('call', tool, call, undefined, { digest: hash, client: 'Cursor', meta });
    add('order-created', tool, call, no, {
      ...{ provider: 'alipay', scene: 'qr', amountFen: 1000, caller: 'cursor', state: 'PENDING_APPROVAL' },
    });
    add('policy-allowed', tool, call, no, { rules: ['payments.maxYuan', 'payments.perDay.totalYuan'] });
    add('order-sent', tool, call, no, { from: 'PENDING_APPROVAL', to: 'UNKNOWN' });
    add('order-notpay', tool, call, no, { from: 'UNKNOWN', to: 'NOTPAY', source: 'query' });
    add('result', tool, call, no, { state: 'NOTPAY', replayed: false });
    add('order-paid', undefined, undefined, no, {
      ...{ from: 'NOTPAY', to: 'PAID', source: 'notify', gatewayState: 'TRADE_SUCCESS', gatewayTradeNo: no },
    });
    add('call', tool, `${call}2`, no, { digest: hash, client: 'Cursor', meta });
    add('result', tool, `${call}2`, no, { state: 'PAID', replayed: true });
  }
  db.prepare("INSERT OR REPLACE INTO meta VALUES ('audit_head', ?)").run(`${seq} ${hash}`);
  db.exec('COMMIT');
  db.close();
}

/** What one record costs inside a transaction, on a ledger of this size; a payment has six or seven. */
async function appends() {
  const bundle = join(home, 'ledger.mjs');
  const folder = fileURLToPath(new URL('../src/', import.meta.url));
  await build({
    stdin: {
      contents: `export { Ledger } from './ledger/ledger.ts'; export { openSqliteStore } from './ledger/sqlite-store.ts'; export { systemClock as clock, systemRandom as randomBytes } from './platform/system.ts';`,
      resolveDir: folder,
    },
    ...{ bundle: true, format: 'esm', platform: 'node', outfile: bundle, packages: 'external' },
  });
  const { Ledger, openSqliteStore, clock, randomBytes } = await import(bundle);
  const ports = { clock, randomBytes };
  const ledger = await Ledger.open(
    await openSqliteStore(join(home, 'simulator', 'ledger.db'), ports),
    'simulator',
    ports,
  );
  const named = ledger.as({ caller: 'cursor', tool: 'create-payment', call: 'abcdefabcdef' });
  let floor = 0;
  for (const count of [0, 60]) {
    const rounds = 500;
    const before = process.cpuUsage();
    for (let i = 0; i < rounds; i += 1) {
      await named.write(async (book) => {
        await book.setMeta('bench', String(i));
        for (let n = 0; n < count; n += 1) {
          await book.event('ORDER', undefined, 'policy-allowed', { rules: ['payments.maxYuan'] });
        }
      });
    }
    const { user, system } = process.cpuUsage(before);
    const each = (user + system) / rounds;
    if (count === 0) floor = each;
    else console.log(`an append: ${((each - floor) / count).toFixed(1)} µs of processor time`);
  }
  await ledger.close();
}
