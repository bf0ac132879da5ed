import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { walkFirstHalf } from '../../src/ledger/audit-verify.ts';
import { openSqliteStore } from '../../src/ledger/sqlite-store.ts';
import { openSqlite } from '../../src/platform/sqlite.ts';
import { systemClock, systemRandom } from '../../src/platform/system.ts';
import { type Agent, Shop } from '../journeys/shop.ts';
import { withinOneDay } from '../support/one-day.ts';
import { type Arguments, MAIN, readReply } from '../support/server-process.ts';

withinOneDay();

const POLICY = 'version: 1\npayments: { maxYuan: "100", approveAboveYuan: "50" }\n';
const BUYER = 'buyer-0815-4711';
const META = { model: '=some-model-4', conversation: 'c-17' };
const ORDER = 'AUDIT_SOLD_1';

interface Line {
  readonly seq: number;
  readonly time: string;
  readonly kind: string;
  readonly tool?: string;
  readonly outTradeNo?: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

let shop: Shop;
let agent: Agent;

async function call(name: string, args: Arguments) {
  return readReply(await agent.server.client.callTool({ name, arguments: { ...args }, _meta: META }));
}

async function audit(...args: string[]) {
  return shop.command(['audit', ...args]);
}

async function json<T>(...args: string[]): Promise<T> {
  const { stdout, stderr, code } = await audit(...args, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as T;
}

beforeAll(async () => {
  shop = await Shop.open({ policy: POLICY });
  shop.secrets.add(BUYER);
  agent = await shop.agent({ clientName: 'Cursor' });
  const wanted = { provider: 'alipay', amountYuan: '60.00', title: '菜谱', outTradeNo: ORDER, buyer: BUYER };
  expect((await call('create-payment', { ...wanted, amountYuan: 'much' })).isError).toBe(true);
  expect((await call('create-payment', { ...wanted, amountYuan: '100.01' })).isError).toBe(true);
  await call('create-payment', wanted);
  const asked = await agent.create(wanted);
  await shop.approve(asked);
  await call('create-payment', wanted);
  await shop.simulator.pay(await agent.create(wanted));
  expect((await agent.query(ORDER)).state).toBe('PAID');
  const refund = { outTradeNo: ORDER, refundYuan: '4.00', outRefundNo: 'AUDIT_R1' };
  await shop.approve(await agent.refund(refund));
  await agent.refundArrives(await agent.refund(refund));
});
afterAll(() => shop.close());

describe('the story of one order', () => {
  it('is told in time order: refused, asked, approved, sent, paid, refunded', async () => {
    const { records, state } = await json<{ records: Line[]; state: string }>('show', ORDER);
    expect(state).toBe('PAID');
    const kinds = records.map(({ kind }) => kind);
    const expected = [
      ...['call', 'result', 'call', 'result'],
      ...['call', 'order-created', 'approval-asked', 'result'],
      ...['approval-approved', 'approval-used', 'order-sent', 'order-notpay', 'order-paid'],
      ...['refund-created', 'approval-asked', 'approval-approved', 'refund-sent', 'refund-success', 'result'],
    ];
    let from = 0;
    for (const kind of expected) {
      const found = kinds.indexOf(kind, from);
      expect([kind, found]).not.toEqual([kind, -1]);
      from = found + 1;
    }
    expect(records.map(({ seq }) => seq)).toEqual(records.map(({ seq }) => seq).sort((a, b) => a - b));
    const [first, invalid, , denied] = records;
    expect(first?.detail).toMatchObject({ client: 'Cursor', meta: META });
    expect(invalid?.detail).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(denied?.detail).toMatchObject({
      ...{ code: 'POLICY_DENIED', rule: 'payments.maxYuan', limit: '100.00', used: '100.01' },
    });
    const sent = records.find(({ kind }) => kind === 'order-sent');
    expect(sent?.detail).toMatchObject({ rules: expect.arrayContaining(['payments.maxYuan']) });
    expect(sent?.detail.approval).toMatch(/^A/);
    expect(records.every(({ time }) => time.endsWith('+08:00'))).toBe(true);
    expect(sent?.detail).toMatchObject({ countedAt: expect.stringMatching(/\+08:00$/) });
  });

  it('is told in the language that the command is asked for', async () => {
    const { records } = await json<{ records: Line[] }>('show', ORDER, '--lang', 'en');
    expect(records.find(({ kind }) => kind === 'order-paid')).toMatchObject({
      says: expect.stringContaining('proves: paid'),
    });
  });

  it.each([
    [
      'zh',
      [
        '发起调用，程序自称 Cursor',
        '已拒绝 POLICY_DENIED',
        '待审批',
        '已批准',
        '支付平台证明：已付款',
        '退款 AUDIT_R1 成功',
      ],
    ],
    [
      'en',
      [
        'calls itself Cursor',
        'refused POLICY_DENIED',
        'a person must approve',
        'at the terminal',
        'proves: paid',
        'AUDIT_R1 succeeded',
      ],
    ],
  ])('in words: %s', async (language, sentences) => {
    const { stdout, code } = await shop.command(['audit', 'show', ORDER], { CASHIER_LANG: language });
    expect(code).toBe(0);
    for (const sentence of sentences) expect(stdout).toContain(sentence);
    expect(stdout).toContain('rules payments.maxYuan, ');
    expect(stdout, 'digests and counted times').not.toMatch(/plan |credential |countedAt/);
    expect(stdout).toMatch(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/);
  });

  it('that nobody has heard of is said to be none', async () => {
    expect(await audit('show', 'NO_SUCH_ORDER')).toMatchObject({ code: 1, stdout: '' });
  });
});

describe('the export', () => {
  it('has every record, as JSON lines', async () => {
    const { stdout } = await audit('export');
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, i) => i + 1));
    expect(lines.some(({ kind, detail }) => kind === 'call' && detail.meta !== undefined)).toBe(true);
    expect(stdout).not.toContain(BUYER);
    const { records } = await json<{ records: number }>('verify');
    expect(lines).toHaveLength(records);
  });

  it('has them as a CSV file, of these days only', async () => {
    const out = join(shop.home, 'audit.csv');
    const today = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
    expect(
      await audit('export', '--format', 'csv', '--from', today, '--to', today, '--out', out),
    ).toMatchObject({ code: 0 });
    const text = readFileSync(out, 'utf8');
    expect(text.split('\r\n')[0]).toBe(
      'seq,time,at,kind,caller,tool,call,outTradeNo,outRefundNo,detail,hash',
    );
    expect(text).toContain('POLICY_DENIED');
    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect((await audit('export', '--out', out)).code).toBe(1);
    expect(
      (await audit('export', '--format', 'csv', '--to', '2020-01-01')).stdout.trimEnd().split('\r\n'),
    ).toHaveLength(1);
    expect((await audit('export', '--from', 'yesterday')).code).toBe(1);
  });

  it('ends quietly when its reader has had enough', async () => {
    const child = spawn(process.execPath, [MAIN, 'audit', 'export'], {
      env: { ...shop.env },
      cwd: join(shop.home, 'cwd'),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.stdout.destroy();
    expect(await once(child, 'close')).toEqual([0, null]);
    // Which ledger it is, since stdout is the records' alone; and nothing about the pipe.
    expect(stderr).toMatch(/^账本： ledger: simulator \S+\n$/);
  });
});

describe('verification by command', () => {
  it('can have a thread go through one half', async () => {
    const path = join(shop.home, 'simulator', 'ledger.db');
    const thread = new Worker(MAIN, { argv: ['audit'], workerData: { path, records: 7 } });
    const [half] = await once(thread, 'message');
    const store = await openSqliteStore(path, { clock: systemClock, randomBytes: systemRandom });
    expect(half).toEqual(await walkFirstHalf({ inspect: store.read }, 7));
    expect(half).toMatchObject({ proven: { seq: 7 } });
    await store.close();
  });

  describe('records what it has found, for whoever is told of it', () => {
    /** A copy of the shop's ledger, and how often it has been recorded there that somebody was at it. */
    async function copied(name: string) {
      const path = join(shop.home, `${name}.db`);
      const edit = async (sql: string, file = path) => {
        const db = await openSqlite(file);
        db.exec(sql);
        db.close();
      };
      await edit(`VACUUM INTO '${path}'`, join(shop.home, 'simulator', 'ledger.db'));
      const verify = async (...args: string[]) => {
        const { code } = await audit('verify', '--ledger', path, ...args);
        const { stdout } = await audit('export', '--ledger', path);
        return [code, stdout.match(/"trail-broken"/g)?.length ?? 0];
      };
      return { path, edit, verify };
    }

    it('once as long as it is the same, and anew what is another change', async () => {
      const { edit, verify } = await copied('edited');
      const title = (to: string) => edit(`UPDATE orders SET title = '${to}' WHERE out_trade_no = '${ORDER}'`);
      await title('茶');
      expect([await verify(), await verify()]).toEqual([
        [1, 1],
        [1, 1],
      ]);
      await title('菜谱');
      await edit('UPDATE refunds SET amount_fen = 1');
      expect([await verify(), await verify()]).toEqual([
        [1, 2],
        [1, 2],
      ]);
      await edit('UPDATE refunds SET amount_fen = 400');
      expect(await verify()).toEqual([0, 2]);
      // As it was before.
      await edit('UPDATE refunds SET amount_fen = 1');
      expect(await verify()).toEqual([1, 3]);
      await edit('UPDATE refunds SET amount_fen = 400');
      // A sum goes on moving with what is sold.
      for (const seen of [4, 4]) {
        await edit('UPDATE takings SET paid_fen = paid_fen + 1');
        expect(await verify()).toEqual([1, seen]);
      }
    });

    it.each([
      ['cut off', 'DELETE FROM audit WHERE seq > (SELECT MAX(seq) - 3 FROM audit)', 1],
      [
        'another than was noted',
        `UPDATE meta SET value = substr(value, 1, instr(value, ' ')) || '${'0'.repeat(64)}' WHERE key = 'audit_head'`,
        1,
      ],
      // What nothing can be written behind.
      ['without its note', "DELETE FROM meta WHERE key = 'audit_head'", 0],
    ])('also of an end that is %s, which a checkpoint still tells', async (name, sql, seen) => {
      const { path, edit, verify } = await copied(name);
      const kept = join(shop.home, `${name}.jsonl`);
      await audit('checkpoint', '--ledger', path, '--out', kept);
      await edit(sql);
      expect([await verify(), await verify()]).toEqual([
        [1, seen],
        [1, seen],
      ]);
      const { stdout } = await audit('verify', '--ledger', path, '--checkpoint', kept, '--json');
      const { checkpoints } = JSON.parse(stdout) as { checkpoints: object };
      expect(checkpoints).toMatchObject([{ fault: name === 'cut off' ? 'cut-off' : null }]);
    });
  });

  it('finds what was done to the file, against a checkpoint kept elsewhere', async () => {
    const kept = join(shop.home, 'kept.jsonl');
    expect((await audit('checkpoint', '--out', kept)).code).toBe(0);
    expect((await audit('checkpoint', '--out', kept)).code).toBe(0);
    expect(readFileSync(kept, 'utf8').trimEnd().split('\n')).toHaveLength(2);
    const plain = await audit('verify');
    expect(plain).toMatchObject({ code: 0, stderr: '' });
    expect(plain.stdout).toContain('No checkpoint was given');
    expect(await audit('verify', '--checkpoint', kept)).toMatchObject({ code: 0, stderr: '' });

    const forged = join(shop.home, 'forged.jsonl');
    writeFileSync(forged, readFileSync(kept, 'utf8').replaceAll(/"seq":\d+/g, '"seq":3'));
    const refused = await audit('verify', '--checkpoint', kept, '--checkpoint', forged);
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain('bad signature');
    expect((await audit('verify', '--checkpoint', join(shop.home, 'none'))).code).toBe(1);
    writeFileSync(forged, '\n');
    expect((await audit('verify', '--checkpoint', forged)).code).toBe(1);

    const db = await openSqlite(join(shop.home, 'simulator', 'ledger.db'));
    db.exec(
      "UPDATE audit SET detail = CAST(replace(CAST(detail AS TEXT), '100.01', '200.02') AS BLOB) WHERE kind = 2",
    );
    db.close();
    const found = await audit('verify', '--checkpoint', kept);
    expect(found.code).toBe(1);
    expect(found.stdout).toMatch(/Record \d+ was edited/);
    expect(found.stdout).toContain('NOT intact');
  });

  it('is told how to be used', async () => {
    for (const args of [
      [],
      ['verify', 'x'],
      ['export', '--format', 'xml'],
      ['burn'],
      ['verify', '--nonsense'],
    ]) {
      expect(await audit(...args)).toMatchObject({ code: 1, stdout: '' });
    }
  });
});
