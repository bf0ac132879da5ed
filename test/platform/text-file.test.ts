import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readTokenFile } from '../../src/auth/token-file.ts';
import { configOf, type Env, withDotenv } from '../../src/config.ts';
import { decodeText } from '../../src/platform/text-file.ts';
import { readPolicy } from '../../src/policy/read-policy-file.ts';
import { PAIRS } from '../support/rsa.ts';

const folder = mkdtempSync(join(tmpdir(), 'texts-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Knows two characters. */
const gbk = (text: string) =>
  Buffer.from(
    Buffer.from(text)
      .toString('latin1')
      .replaceAll(Buffer.from('中文').toString('latin1'), '\xd6\xd0\xce\xc4'),
    'latin1',
  );
const swapped = (text: string) => Buffer.from(text, 'utf16le').swap16();

describe('a text that a person wrote', () => {
  const text = 'name: 中文\n';
  it.each([
    ['UTF-8', Buffer.from(text)],
    ['UTF-8 with its mark', Buffer.from(`\uFEFF${text}`)],
    ['UTF-16, as PowerShell writes it', Buffer.from(`\uFEFF${text}`, 'utf16le')],
    ['UTF-16, the other way round', swapped(`\uFEFF${text}`)],
  ])('in %s is read', (_, bytes) => {
    expect(decodeText(bytes)).toBe(text);
  });

  it.each([
    ['GBK', gbk('中文 abc'), 'looks like GBK'],
    ['UTF-16 without its mark', Buffer.from('中文 abc', 'utf16le'), 'looks like UTF-16'],
    [
      'UTF-16 without its mark, nothing but ASCII',
      Buffer.from('AP_APP_ID=1', 'utf16le'),
      'looks like UTF-16',
    ],
    ['a program', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 0xff]), 'is not a text file'],
    ['nothing known', Buffer.from([0x61, 0xff, 0xff]), 'is not in UTF-8'],
  ])('in %s is named, never guessed at', (_, bytes, words) => {
    expect(() => decodeText(bytes)).toThrow(words);
  });
});

/** Every file that a person may write, by who reads it. */
const READERS: Readonly<
  Record<string, { readonly setting: string; readonly read: (path: string) => unknown }>
> = {
  policy: {
    setting: 'CASHIER_POLICY',
    read: (path) => readPolicy(configOf({ CASHIER_HOME: folder, CASHIER_POLICY: path })),
  },
  tokens: { setting: 'CASHIER_TOKENS_FILE', read: readTokenFile },
  key: {
    setting: 'AP_APP_KEY_FILE',
    read: (path) => configOf({ CASHIER_HOME: folder, AP_APP_KEY_FILE: path }),
  },
  '.env': { setting: '.env', read: () => withDotenv({}, folder) },
};

describe.each(Object.entries(READERS))('%s', (name, { setting, read }) => {
  const CONTENT: Readonly<Record<string, string>> = {
    policy: 'version: 1\nclients:\n  中文:\n    payments: { maxYuan: "1" }\n',
    tokens: '{"version":1,"tokens":[]}',
    key: 'a key of 中文',
    '.env': `CASHIER_HOME=${folder}\nCASHIER_CALLER=中文\n`,
  };
  const content = CONTENT[name] ?? '';
  const path = join(folder, name);
  const written = (bytes: Uint8Array) => {
    writeFileSync(path, bytes, { mode: 0o600 });
    return path;
  };

  it('means the same in each encoding that is read', async () => {
    const plain = await read(written(Buffer.from(content)));
    expect(await read(written(Buffer.from(`\uFEFF${content}`)))).toEqual(plain);
    expect(await read(written(Buffer.from(`\uFEFF${content}`, 'utf16le')))).toEqual(plain);
  });

  it.each([
    ['GBK', gbk(content.includes('中文') ? content : `中文${content}`)],
    ['UTF-16 without its mark', Buffer.from(content, 'utf16le')],
  ])('in %s is refused with the name of the encoding', async (encoding, bytes) => {
    written(bytes);
    await expect(async () => read(path)).rejects.toMatchObject({
      code: 'CONFIGURATION',
      details: { variable: setting },
      text: { en: expect.stringContaining(encoding.slice(0, 6).trim()), zh: expect.stringContaining(path) },
    });
  });
});

it('a key file may be binary', () => {
  const { privateKey } = PAIRS[0];
  const der = privateKey.export({ type: 'pkcs8', format: 'der' });
  const path = join(folder, 'app.der');
  writeFileSync(path, der);
  const env: Env = { CASHIER_HOME: folder, AP_APP_KEY_FILE: path };
  expect(configOf(env).env.AP_APP_KEY).toBe(der.toString('base64'));
});
