import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { changeTokenFile, readTokenFile } from '../../src/auth/token-file.ts';
import { POSIX } from '../support/skipped.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tokens-'));
  file = join(folder, 'tokens.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const SHA = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);
const windows = process.platform === 'win32';
const write = (value: unknown, mode = 0o600) =>
  writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value), { mode });
const refused = { code: 'CONFIGURATION', details: { variable: 'CASHIER_TOKENS_FILE' } };
const entry = (name: string, sha256 = SHA) => ({ name, sha256, orders: 'own' as const });

describe('reading', () => {
  it('takes what the contract says, own orders being the default', () => {
    write({ version: 1, tokens: [{ name: 'a', sha256: SHA, tools: ['query-payment'], createdAt: 'x' }] });
    expect(readTokenFile(file)).toEqual([
      { name: 'a', sha256: SHA, tools: ['query-payment'], orders: 'own', createdAt: 'x' },
    ]);
  });

  it.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['a list', []],
    ['another version', { version: 2, tokens: [] }],
    ['no tokens', { version: 1 }],
    ['an unknown field', { version: 1, tokens: [], admin: true }],
    ['an unknown right', { version: 1, tokens: [{ ...entry('a'), refunds: true }] }],
    ['a token in the clear', { version: 1, tokens: [{ name: 'a', token: 'mcpc_x' }] }],
    ['a hash cut short', { version: 1, tokens: [entry('a', 'ab')] }],
    ['a hash in capitals', { version: 1, tokens: [entry('a', SHA.toUpperCase())] }],
    ['no name', { version: 1, tokens: [entry('')] }],
    ['a name with a line break', { version: 1, tokens: [entry('a\nb')] }],
    ['a name twice', { version: 1, tokens: [entry('a'), entry('a', OTHER)] }],
    ['a token twice', { version: 1, tokens: [entry('a'), entry('b')] }],
    ['a list of no tools', { version: 1, tokens: [{ ...entry('a'), tools: [] }] }],
    ['rules without a section', { version: 1, tokens: [{ ...entry('a'), policy: { maxYuan: '5' } }] }],
    ['rules for others', { version: 1, tokens: [{ ...entry('a'), policy: { clients: {} } }] }],
    ['rules that are a list', { version: 1, tokens: [{ ...entry('a'), policy: [] }] }],
    ['rules that are a word', { version: 1, tokens: [{ ...entry('a'), policy: 'none' }] }],
    ['orders of a stranger', { version: 1, tokens: [{ ...entry('a'), orders: 'bob' }] }],
  ])('refuses %s, in one sentence that names the file', (_, content) => {
    write(content);
    expect(() => readTokenFile(file)).toThrow(expect.objectContaining(refused));
    expect(() => readTokenFile(file)).toThrow(file);
  });

  it('refuses rules that mean nothing, and says where they stand', () => {
    write({
      version: 1,
      tokens: [entry('a'), { ...entry('b', OTHER), policy: { payments: { maxYaun: '5' } } }],
    });
    const place = 'tokens.1.policy.payments.maxYaun: there is no rule called maxYaun (did you mean maxYuan?)';
    expect(() => readTokenFile(file)).toThrow(place);
  });

  it('refuses a file that is not there', () => {
    expect(() => readTokenFile(file)).toThrow(expect.objectContaining(refused));
  });

  it.skipIf(windows).each([0o620, 0o602, 0o666])(
    `refuses a file that others can write ${POSIX}: %o`,
    (mode) => {
      write({ version: 1, tokens: [] });
      chmodSync(file, mode);
      expect(() => readTokenFile(file)).toThrow(/chmod 600|other users/);
    },
  );

  it('says no token or hash in its errors', () => {
    write({ version: 1, tokens: [entry('a', `${SHA}x`)] });
    expect(() => readTokenFile(file)).not.toThrow(SHA);
  });
});

describe('changing', () => {
  it('makes the file for its owner only, and leaves nothing beside it', async () => {
    await changeTokenFile(file, (tokens) => [...tokens, entry('a')]);
    await changeTokenFile(file, (tokens) => [...tokens, entry('b', OTHER)]);
    expect(readTokenFile(file).map(({ name }) => name)).toEqual(['a', 'b']);
    if (!windows) expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['tokens.json']);
  });

  it('leaves the file as it was when it fails', async () => {
    await changeTokenFile(file, () => [entry('a')]);
    const before = readFileSync(file, 'utf8');
    const fail = () => {
      throw new Error('no');
    };
    await expect(changeTokenFile(file, fail)).rejects.toThrow('no');
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(readdirSync(folder)).toEqual(['tokens.json']);
  });

  it('does not touch a file it does not understand', async () => {
    write('{"version":9}');
    await expect(changeTokenFile(file, () => [])).rejects.toMatchObject(refused);
    expect(readFileSync(file, 'utf8')).toBe('{"version":9}');
  });

  it('is done by one command at a time', async () => {
    let meanwhile: Promise<unknown> | undefined;
    await changeTokenFile(file, (tokens) => {
      meanwhile = expect(changeTokenFile(file, () => [])).rejects.toMatchObject(refused);
      return [...tokens, entry('a')];
    });
    await meanwhile;
    expect(readTokenFile(file)).toHaveLength(1);
  });

  it('says so where it cannot write', async () => {
    const nowhere = join(folder, 'no', 'tokens.json');
    await expect(changeTokenFile(nowhere, () => [])).rejects.toMatchObject(refused);
  });
});
