import { fork } from 'node:child_process';
import fs, {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLog } from '../../src/platform/log.ts';
import { rotatingFile } from '../../src/platform/log-file.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-'));
  file = join(folder, 'cashier.log');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const sizes = () => readdirSync(folder).map((name) => statSync(join(folder, name)).size);
const lines = (path: string) =>
  existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];

describe('a log file', () => {
  it('has a bound, and so have those that are kept aside', () => {
    const log = rotatingFile(file, 1_000, 2);
    for (let i = 0; i < 500; i++) log.write(`line ${i} ${'x'.repeat(50)}\n`);
    expect(readdirSync(folder).sort()).toEqual(['cashier.log', 'cashier.log.1', 'cashier.log.2']);
    expect(Math.max(...sizes())).toBeLessThanOrEqual(1_000);
    expect(lines(file).at(-1)).toContain('line 499');
    if (process.platform !== 'win32') expect(statSync(`${file}.1`).mode & 0o777).toBe(0o600);
  });

  it('loses no line where it is put aside', () => {
    const log = rotatingFile(file, 1_000, 50);
    for (let i = 0; i < 200; i++) log.write(`${i}\n${'x'.repeat(60)}\n`);
    const all = readdirSync(folder).flatMap((name) => lines(join(folder, name)));
    expect(
      all
        .filter((line) => /^\d+$/.test(line))
        .map(Number)
        .sort((a, b) => a - b),
    ).toEqual(Array.from({ length: 200 }, (_, i) => i));
  });

  it('is followed where another process has put it aside, or somebody has taken it away', () => {
    const log = rotatingFile(file);
    log.write('before\n');
    renameSync(file, `${file}.1`);
    log.write('after\n');
    expect([lines(`${file}.1`), lines(file)]).toEqual([['before'], ['after']]);
    rmSync(file);
    log.write('again\n');
    expect(lines(file)).toEqual(['again']);
  });

  it('goes on where somebody else is putting it aside, and does it itself where they have died over it', () => {
    const log = rotatingFile(file, 100, 1);
    writeFileSync(`${file}.lock`, '');
    for (let i = 0; i < 10; i++) log.write(`${'x'.repeat(30)}\n`);
    expect(lines(file)).toHaveLength(10);
    utimesSync(`${file}.lock`, 0, 0);
    for (let i = 0; i < 3; i++) log.write('y\n');
    expect(existsSync(`${file}.1`)).toBe(true);
    expect(lines(file).at(-1)).toBe('y');
  });

  it('that cannot be written costs lines, not the service', () => {
    const log = rotatingFile(file);
    rmSync(folder, { recursive: true });
    expect(() => log.write('lost\n')).not.toThrow();
  });

  it('of several processes at once is bounded, and no line of it is torn', async () => {
    const program = join(import.meta.dirname, `../../node_modules/.cache/log-writer-${process.pid}.mjs`);
    await build({
      stdin: {
        contents: `import { rotatingFile } from './log-file.ts';
          const log = rotatingFile(process.argv[2], 20_000, 3);
          for (let i = 0; i < 2_000; i++) log.write(JSON.stringify({ pid: process.pid, i, x: 'x'.repeat(40) }) + '\\n');`,
        resolveDir: join(import.meta.dirname, '../../src/platform'),
        loader: 'ts',
      },
      ...{ outfile: program, bundle: true, platform: 'node', format: 'esm' },
    });
    const ended = Array.from({ length: 3 }, () => {
      const child = fork(program, [file], { execArgv: [] });
      return new Promise((resolve) => child.once('exit', resolve));
    });
    expect(await Promise.all(ended)).toEqual([0, 0, 0]);
    rmSync(program);
    for (const name of readdirSync(folder).filter((one) => !one.endsWith('.lock'))) {
      for (const line of lines(join(folder, name))) expect(() => JSON.parse(line)).not.toThrow();
    }
    expect(readdirSync(folder).length).toBeLessThanOrEqual(5);
    expect(sizes().reduce((sum, size) => sum + size, 0)).toBeLessThan(120_000);
  });
});

describe('what happens all the time', () => {
  it('is counted, and everything else is still heard of', () => {
    let now = 1_000;
    const clock = { now: () => now, sleep: async () => undefined };
    const log = createLog({ level: 'info', file, secrets: [], clock });
    for (let i = 0; i < 10_000; i++) log.info('mcp request refused', { i });
    log.info('notification', { id: 'genuine' });
    expect(lines(file)).toHaveLength(121);
    expect(lines(file).at(-1)).toContain('genuine');
    now += 60_000;
    log.info('mcp request refused', { i: 'next' });
    expect(
      lines(file)
        .slice(-2)
        .map((line) => JSON.parse(line) as unknown),
    ).toMatchObject([
      { msg: 'mcp request refused (and more of it)', more: 9_880 },
      { msg: 'mcp request refused', i: 'next' },
    ]);
  });

  it('is not counted where it is not written anyway', () => {
    const log = createLog({ level: 'error', file, secrets: [] });
    for (let i = 0; i < 1_000; i++) log.info('quiet');
    expect(lines(file)).toEqual([]);
  });
});

describe('a line', () => {
  const PEM = '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----';
  const API_KEY = '0123456789abcdef0123456789abcdef';

  it.each([
    ['a secret', { text: `key ${API_KEY}` }],
    ['a secret, further in', { error: { causes: [{ sent: API_KEY }] } }],
    ['a line of one that has several', { key: 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC' }],
    ['a secret as a name', { [API_KEY]: 1 }],
  ])('holds nothing of what came with %s', (_, facts) => {
    const log = createLog({ level: 'info', file, secrets: [PEM, API_KEY] });
    log.info('something happened', facts);
    const written = readFileSync(file, 'utf8');
    expect(written).toContain('something happened');
    expect(written).not.toMatch(/0123456789abcdef|MIIEvQ/);
  });

  it('never goes to stdout', () => {
    const descriptors: number[] = [];
    const writing = vi.spyOn(fs, 'writeSync').mockImplementation((to, text) => {
      descriptors.push(to);
      return Buffer.byteLength(String(text));
    });
    syncBuiltinESMExports();
    const log = createLog({ level: 'info', file: undefined, secrets: [] });
    for (const level of ['info', 'warn', 'error'] as const) log[level]('said');
    writing.mockRestore();
    syncBuiltinESMExports();
    expect(descriptors, 'warnings and errors, on stderr').toEqual([2, 2]);
  });
});
