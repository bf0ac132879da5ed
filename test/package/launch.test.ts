import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const DIST = fileURLToPath(new URL('../../dist', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'launch-'));
  cpSync(DIST, join(folder, 'dist'), {
    recursive: true,
    filter: (path) => !path.includes('.cache') && !/prebuilds.(darwin|win32)/.test(path),
  });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const cache = () => join(folder, 'dist/.cache');
const cached = () => readdirSync(cache()).map((name) => join(cache(), name));

/** Starts the copy as a client does that asks for the tools and leaves. */
function list(): { readonly status: number | null; readonly tools: string } {
  const messages = [
    {
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
    },
    { method: 'notifications/initialized' },
    { id: 2, method: 'tools/list' },
  ];
  const { status, stdout } = spawnSync(process.execPath, [join(folder, 'dist/main.js')], {
    env: { PATH: process.env.PATH, CASHIER_HOME: join(folder, 'home') },
    input: messages.map((message) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`).join(''),
    encoding: 'utf8',
  });
  return { status, tools: stdout.split('\n').find((line) => line.includes('"id":2')) ?? '' };
}

describe('a start', () => {
  it('keeps the compiled bundle, whole and once, and answers the same with it', () => {
    const first = list();
    expect(first.status).toBe(0);
    expect(first.tools).toContain('"create-payment"');
    expect(cached()).toHaveLength(1);
    const [kept = ''] = cached();
    const { ino } = statSync(kept);
    expect(list()).toEqual(first);
    expect(statSync(kept).ino).toBe(ino);
  });

  it('trusts no damaged one, and makes it anew', () => {
    const first = list();
    const [kept = ''] = cached();
    const whole = readFileSync(kept);
    const damages = [
      () =>
        writeFileSync(
          kept,
          whole.map((byte, i) => (i === whole.length >> 1 ? byte ^ 0xff : byte)),
        ),
      () => truncateSync(kept, whole.length >> 1),
      () => truncateSync(kept, 7),
      () => writeFileSync(kept, Buffer.alloc(whole.length)),
    ];
    for (const damage of damages) {
      damage();
      expect(list()).toEqual(first);
      expect(readFileSync(kept).length).toBeGreaterThan(whole.length / 2);
    }
    expect(cached()).toHaveLength(1);
  });

  it('reads a byte as a character, which every script allows', () => {
    const scripts = readdirSync(DIST).filter((name) => name.endsWith('.js'));
    const odd = scripts.filter((name) => readFileSync(join(DIST, name)).some((byte) => byte > 0x7f));
    expect(scripts.length).toBeGreaterThan(5);
    expect(odd).toEqual([]);
  });

  it('does without where nothing can be written', () => {
    writeFileSync(cache(), '');
    expect(list().status).toBe(0);
    expect(readFileSync(cache(), 'utf8')).toBe('');
  });
});
