import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { serverBlock } from '../../src/cli/init/block.ts';
import { CLIENTS, isInstalled, type Place } from '../../src/cli/init/clients.ts';
import { ChangedMeanwhile, replaceText } from '../../src/cli/init/config-file.ts';
import { type CommandResult, type Env, runCommand, Transcript } from '../support/server-process.ts';

const all = mkdtempSync(join(tmpdir(), 'init-'));
afterAll(() => rmSync(all, { recursive: true, force: true }));
let home: string;
let cwd: string;
beforeEach(() => {
  home = mkdtempSync(join(all, 'home-'));
  cwd = join(home, 'project');
  mkdirSync(cwd);
});
const place = (platform: NodeJS.Platform, appData?: string): Place => ({ platform, home, cwd, appData });
const client = (id: string) => {
  const found = CLIENTS.find((one) => one.id === id);
  if (!found) throw new Error(`no client ${id}`);
  return found;
};
const SIMULATED = { package: 'mcp-cashier', live: false, language: undefined, platform: 'linux' } as const;
const LIVE = { ...SIMULATED, live: true } as const;

describe('the block', () => {
  it('is npx and nothing else by default', () => {
    expect(serverBlock(SIMULATED, { AP_APP_ID: '1' })).toEqual({
      block: { command: 'npx', args: ['-y', 'mcp-cashier'] },
      toReplace: [],
    });
  });

  it('goes through cmd on Windows, and runs a file with node', () => {
    expect(serverBlock({ ...SIMULATED, platform: 'win32' }, {}).block.command).toBe('cmd');
    const own = { ...SIMULATED, package: '/opt/mcp-cashier/dist/main.js' };
    expect(serverBlock(own, {}).block).toEqual({ command: 'node', args: ['/opt/mcp-cashier/dist/main.js'] });
  });

  it('for live takes over what the environment says, but never a secret', () => {
    const { block, toReplace } = serverBlock(LIVE, {
      PATH: '/bin',
      AP_APP_ID: '2021004100000001',
      AP_APP_KEY: 'MIIE-secret',
      AP_PUB_KEY_FILE: '/keys/alipay.pem',
      AP_INVOKE_AUTH_TOKEN: 'token-secret',
      CASHIER_OPERATOR_SECRET: 'operator-secret',
      CASHIER_OPERATOR_SECRET_FILE: '/keys/operator',
      CASHIER_CALLER: 'cursor',
      CASHIER_MODE: 'simulator',
    });
    expect(block.env).toEqual({
      CASHIER_MODE: 'live',
      AP_APP_ID: '2021004100000001',
      AP_APP_KEY_FILE: '/path/to/app-private-key.pem',
      AP_PUB_KEY_FILE: '/keys/alipay.pem',
      AP_INVOKE_AUTH_TOKEN_FILE: '/path/to/app-auth-token',
      CASHIER_CALLER: 'cursor',
    });
    expect(toReplace).toEqual(['AP_APP_KEY_FILE', 'AP_INVOKE_AUTH_TOKEN_FILE']);
    expect(JSON.stringify(block)).not.toContain('secret');
  });

  it('for live without anything shows what is needed, all of it to be replaced', () => {
    const { block, toReplace } = serverBlock(LIVE, {});
    expect(Object.keys(block.env ?? {})).toEqual(['CASHIER_MODE', ...toReplace]);
    for (const name of ['AP_APP_KEY', 'WXPAY_MCH_KEY', 'WXPAY_API_V3_KEY'])
      expect(block.env).not.toHaveProperty(name);
  });
});

describe('a client', () => {
  it.each([
    ['cursor', 'linux', '~/.cursor/mcp.json'],
    ['cline', 'linux', '~/.cline/data/settings/cline_mcp_settings.json'],
    ['claude', 'darwin', '~/Library/Application Support/Claude/claude_desktop_config.json'],
    ['claude', 'linux', '~/.config/Claude/claude_desktop_config.json'],
    ['claude-code', 'linux', '~/project/.mcp.json'],
    ['vscode', 'linux', '~/project/.vscode/mcp.json'],
    ['trae', 'linux', '~/project/.trae/mcp.json'],
    ['cherry', 'linux', undefined],
    ['json', 'linux', undefined],
  ] as const)('%s on %s has its file', (id, platform, file) => {
    expect(client(id).file(place(platform))?.replace(home, '~')).toBe(file);
  });

  it('on Windows keeps its file in AppData', () => {
    expect(client('claude').file(place('win32', 'C:\\Users\\a\\AppData\\Roaming'))).toBe(
      'C:\\Users\\a\\AppData\\Roaming\\Claude\\claude_desktop_config.json',
    );
  });

  it('Cline that knows only VS Code is written to where that one reads', () => {
    const storage = join(home, '.config/Code/User/globalStorage/saoudrizwan.claude-dev');
    mkdirSync(storage, { recursive: true });
    expect(client('cline').file(place('linux'))).toBe(join(storage, 'settings/cline_mcp_settings.json'));
    expect(isInstalled(client('cline'), place('linux'))).toBe(true);
    expect(isInstalled(client('cursor'), place('linux'))).toBe(false);
  });

  it('gets its own shape', () => {
    const { block } = serverBlock(SIMULATED, {});
    expect(client('vscode')).toMatchObject({ section: 'servers' });
    expect(client('vscode').entry(block, 'cashier')).toMatchObject({ type: 'stdio', command: 'npx' });
    expect(client('cherry').entry(block, 'cashier')).toMatchObject({ isActive: true, name: 'cashier' });
    expect(client('cline').entry(block, 'cashier')).not.toHaveProperty('autoApprove');
  });

  it('has links that say the same as the block', () => {
    const { block } = serverBlock(LIVE, {});
    const line = (id: string) => client(id).links?.(block, 'cashier')[0]?.[1] ?? '';
    for (const id of ['cursor', 'trae']) {
      const config = new URL(line(id)).searchParams.get('config') ?? '';
      expect(JSON.parse(Buffer.from(config, 'base64').toString())).toEqual(block);
    }
    const [, query = ''] = line('vscode').split('?');
    expect(JSON.parse(decodeURIComponent(query))).toEqual({ name: 'cashier', type: 'stdio', ...block });
    expect(line('claude-code')).toMatch(
      /^claude mcp add (--env \S+ )+--scope user cashier -- npx -y mcp-cashier$/,
    );
  });
});

describe('the file', () => {
  it('keeps its mode, its link and a copy, and is not written over a change of somebody else', () => {
    const real = join(home, 'real.json');
    const link = join(home, 'link.json');
    writeFileSync(real, 'old', { mode: 0o640 });
    symlinkSync(real, link);
    const backup = replaceText(link, 'old', 'new', Date.parse('2026-11-21T14:30:05+08:00'));
    expect(backup).toBe(`${real}.20261121-143005.bak`);
    expect(readFileSync(String(backup), 'utf8')).toBe('old');
    expect(readFileSync(real, 'utf8')).toBe('new');
    expect(statSync(real).mode & 0o777).toBe(0o640);
    expect(() => replaceText(real, 'old', 'newer', 0)).toThrow(ChangedMeanwhile);
    expect(readdirSync(home).filter((name) => name.endsWith('.new'))).toEqual([]);
  });
});

describe('the command', () => {
  const transcript = new Transcript();
  const init = (args: readonly string[], env: Env = {}): Promise<CommandResult> =>
    runCommand(['init', ...args], {
      env: { PATH: process.env.PATH ?? '', HOME: home, ...env },
      cwd,
      transcript,
    });

  it('merges into what is there and never over another', async () => {
    const file = join(home, '.cursor/mcp.json');
    mkdirSync(dirname(file));
    const others =
      '{\n  "mcpServers": {\n    "files": { "command": "x", "env": { "TOKEN": "not-ours" } }\n  }\n}\n';
    writeFileSync(file, others);

    const shown = await init(['cursor', '--lang', 'en']);
    expect(shown).toMatchObject({ code: 0, stderr: '' });
    expect(shown.stdout).toContain('Nothing was written');
    expect(shown.stdout).toContain('+     "cashier": {');
    expect(readFileSync(file, 'utf8')).toBe(others);

    const written = await init(['cursor', '--write']);
    expect(written.code).toBe(0);
    const now = JSON.parse(readFileSync(file, 'utf8'));
    expect(now.mcpServers).toEqual({
      files: { command: 'x', env: { TOKEN: 'not-ours' } },
      cashier: { command: 'npx', args: ['-y', 'mcp-cashier'] },
    });
    expect(readdirSync(dirname(file))).toHaveLength(2);

    const other = await init(['cursor', '--write', '--live', '--lang', 'en'], { AP_APP_KEY: 'MIIE-secret' });
    expect(other.code).toBe(1);
    expect(other.stdout).toContain('--force');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(now);
    expect((await init(['cursor', '--write', '--live', '--force'])).code).toBe(0);
    expect(JSON.parse(readFileSync(file, 'utf8')).mcpServers.cashier.env.CASHIER_MODE).toBe('live');
    expect(transcript.leaks(['not-ours', 'MIIE-secret'])).toEqual([]);
  });

  it('leaves a file with comments alone', async () => {
    mkdirSync(join(cwd, '.vscode'));
    const file = join(cwd, '.vscode/mcp.json');
    writeFileSync(file, '{\n  // mine\n  "servers": {}\n}\n');
    const { code, stdout } = await init(['vscode', '--write', '--lang', 'en']);
    expect(code).toBe(1);
    expect(stdout).toContain('comments');
    expect(stdout).toContain('"servers"');
    expect(readFileSync(file, 'utf8')).toContain('// mine');
  });

  it('lists the clients, and gives the bare block to whoever pipes it', async () => {
    mkdirSync(join(home, '.cursor'));
    const { code, stdout } = await init([]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/init cursor +Cursor +已安装 installed/);
    expect(stdout).toMatch(/init claude +Claude Desktop +\//);
    expect(JSON.parse((await init(['json', '--name', 'till'])).stdout)).toEqual({
      mcpServers: { till: { command: 'npx', args: ['-y', 'mcp-cashier'] } },
    });
    expect(await init(['emacs'])).toMatchObject({ code: 1, stdout: '' });
    expect(existsSync(join(home, '.mcp-cashier'))).toBe(false);
  });
});
