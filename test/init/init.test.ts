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
import { parse } from 'smol-toml';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { packageSpec, serverBlock } from '../../src/cli/init/block.ts';
import { CLIENT_IDS } from '../../src/cli/init/client-ids.ts';
import { CLIENTS, isInstalled } from '../../src/cli/init/clients.ts';
import { ChangedMeanwhile, replaceText } from '../../src/cli/init/config-file.ts';
import type { Place } from '../../src/cli/init/places.ts';
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

  it('for a program of the macOS desktop has Node by its path', () => {
    const runtime = {
      node: '/opt/homebrew/bin/node',
      npxScript: '/opt/homebrew/lib/node_modules/npm/bin/npx-cli.js',
    };
    const { block } = serverBlock({ ...SIMULATED, platform: 'darwin', runtime }, {});
    expect(block).toEqual({
      command: runtime.node,
      args: [runtime.npxScript, '-y', 'mcp-cashier'],
      env: { PATH: '/opt/homebrew/bin:/usr/bin:/bin:/usr/sbin:/sbin' },
    });
    const none = { ...runtime, npxScript: undefined };
    expect(serverBlock({ ...SIMULATED, platform: 'darwin', runtime: none }, {}).block).toMatchObject({
      command: 'npx',
    });
  });

  it.each([
    ['mcp-cashier', 'mcp-cashier'],
    ['mcp-cashier@0.1.0', 'mcp-cashier@0.1.0'],
    ['@shop/mcp-cashier', '@shop/mcp-cashier'],
    ['mcp-cashier-0.1.0.tgz', 'file:/w/mcp-cashier-0.1.0.tgz'],
    ['./my packages/x.tgz', 'file:/w/my packages/x.tgz'],
    ['/p/x.tgz', 'file:/p/x.tgz'],
    ['file:x.tgz', 'file:/w/x.tgz'],
    ['file:///p/x.tgz', 'file:/p/x.tgz'],
    ['dist/main.js', '/w/dist/main.js'],
  ])('names %s as %s, which npx runs from anywhere', (given, spec) => {
    expect(packageSpec(given, '/w', 'linux', false)).toBe(spec);
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
    ['codex', 'linux', '~/.codex/config.toml'],
    ['gemini', 'linux', '~/.gemini/settings.json'],
    ['qwen', 'linux', '~/.qwen/settings.json'],
    ['opencode', 'linux', '~/.config/opencode/opencode.json'],
    ['opencode', 'darwin', '~/.config/opencode/opencode.json'],
    ['windsurf', 'linux', '~/.codeium/windsurf/mcp_config.json'],
    ['copilot', 'linux', '~/.copilot/mcp-config.json'],
    ['cherry', 'linux', undefined],
    ['json', 'linux', undefined],
  ] as const)('%s on %s has its file', (id, platform, file) => {
    expect(
      client(id)
        .files(place(platform))
        .map((one) => one.replace(home, '~')),
    ).toEqual(file ? [file] : []);
  });

  it('is one of those that the help names, and the other way round', () => {
    expect(CLIENTS.map(({ id }) => id).toSorted()).toEqual([...CLIENT_IDS].toSorted());
  });

  it('Claude Desktop from the store has a file in its package, and every one found is written', () => {
    const [roaming, local] = ['C:\\Users\\a\\AppData\\Roaming', 'C:\\Users\\a\\AppData\\Local'];
    const disk: Record<string, string[]> = {
      [`${local}\\Packages`]: ['Claude_pzs8sxrjxfjjc', 'Other_x', 'Claude_2'],
    };
    const at = {
      ...place('win32', roaming),
      localAppData: local,
      namesIn: (folder: string) => disk[folder] ?? [],
    };
    const packaged = ['Claude_pzs8sxrjxfjjc', 'Claude_2'].map(
      (name) => `${local}\\Packages\\${name}\\LocalCache\\Roaming\\Claude\\claude_desktop_config.json`,
    );
    expect(client('claude').files(at)).toEqual(packaged);
    disk[roaming] = ['Claude'];
    expect(client('claude').files(at)).toEqual([
      `${roaming}\\Claude\\claude_desktop_config.json`,
      ...packaged,
    ]);
  });

  it('Trae and Cline have a file in every editor that is there', () => {
    for (const editor of ['Trae', 'Trae CN'])
      mkdirSync(join(home, '.config', editor, 'User'), { recursive: true });
    expect(client('trae').files(place('linux'))).toEqual(
      ['Trae', 'Trae CN'].map((editor) => join(home, '.config', editor, 'User', 'mcp.json')),
    );
    const storages = ['Code - Insiders', 'Cursor'].map((editor) =>
      join(home, '.config', editor, 'User/globalStorage/saoudrizwan.claude-dev'),
    );
    for (const storage of storages) mkdirSync(storage, { recursive: true });
    expect(client('cline').files(place('linux'))).toEqual(
      storages.map((storage) => join(storage, 'settings/cline_mcp_settings.json')),
    );
  });

  it('on Windows keeps its file in AppData', () => {
    expect(client('claude').files(place('win32', 'C:\\Users\\a\\AppData\\Roaming'))).toEqual([
      'C:\\Users\\a\\AppData\\Roaming\\Claude\\claude_desktop_config.json',
    ]);
  });

  it('Cline that knows only VS Code is written to where that one reads', () => {
    const storage = join(home, '.config/Code/User/globalStorage/saoudrizwan.claude-dev');
    mkdirSync(storage, { recursive: true });
    expect(client('cline').files(place('linux'))).toEqual([
      join(storage, 'settings/cline_mcp_settings.json'),
    ]);
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
    const vscode = new URL(line('vscode'));
    expect(vscode.origin + vscode.pathname).toBe('https://vscode.dev/redirect/mcp/install');
    expect(vscode.searchParams.get('name')).toBe('cashier');
    expect(JSON.parse(vscode.searchParams.get('config') ?? '')).toEqual({ type: 'stdio', ...block });
    expect(line('claude-code')).toMatch(
      /^claude mcp add (--env \S+ )+--scope user cashier "--" npx -y mcp-cashier$/,
    );
  });

  it('has a command line that cmd.exe, PowerShell and Git Bash read alike', () => {
    const runtime = {
      node: 'C:\\Program Files\\nodejs\\node.exe',
      npxScript: 'C:\\Program Files\\nodejs\\npx-cli.js',
    };
    const spec = 'file:C:/my packages/mcp-cashier-0.1.0.tgz';
    const { block } = serverBlock(
      { ...LIVE, platform: 'win32', package: spec, runtime },
      { AP_PUB_KEY_FILE: 'D:\\my keys\\a.pem' },
    );
    expect(block).toMatchObject({ command: 'cmd', args: ['/c', 'npx', '-y', spec] });
    const line = client('claude-code').links?.(block, 'cashier')[0]?.[1] ?? '';
    expect(line).toContain(`"--" "${runtime.node}" "${runtime.npxScript}" -y "${spec}"`);
    expect(line).toContain('--env "AP_PUB_KEY_FILE=D:\\my keys\\a.pem"');
    expect(line).not.toMatch(/'| \/c /);
    // Written into a file it keeps to what that client wants, and nothing of ours leaks into it.
    for (const { id, entry } of CLIENTS) expect(entry(block, 'cashier'), id).not.toHaveProperty('plain');
    // What no quotes keep is left out rather than printed wrong.
    const odd = serverBlock({ ...LIVE, platform: 'win32' }, { AP_PUB_KEY_FILE: '%KEYS%\\a.pem' }).block;
    expect(client('claude-code').links?.(odd, 'cashier')).toEqual([]);
  });
});

describe('the file', () => {
  it('keeps its mode, its link and a copy, and is not written over a change of somebody else', async () => {
    const real = join(home, 'real.json');
    const link = join(home, 'link.json');
    writeFileSync(real, 'old', { mode: 0o640 });
    symlinkSync(real, link);
    const backup = await replaceText(link, 'old', 'new', Date.parse('2026-11-21T14:30:05+08:00'));
    expect(backup).toBe(`${real}.20261121-143005.bak`);
    expect(readFileSync(String(backup), 'utf8')).toBe('old');
    expect(readFileSync(real, 'utf8')).toBe('new');
    expect(statSync(real).mode & 0o777).toBe(0o640);
    await expect(replaceText(real, 'old', 'newer', 0)).rejects.toThrow(ChangedMeanwhile);
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

  it('leaves a file alone that is in no encoding of ours, and says which it is in', async () => {
    const file = join(home, '.cursor/mcp.json');
    mkdirSync(dirname(file));
    const gbk = Buffer.from([0x7b, 0x22, 0xca, 0xd5, 0xd2, 0xf8, 0xcc, 0xa8, 0x22, 0x3a, 0x31, 0x7d]);
    writeFileSync(file, gbk);
    const { code, stderr } = await init(['cursor', '--write']);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/mcp\.json.*GBK/)]);
    expect(readFileSync(file)).toEqual(gbk);
    // With a mark, as Notepad saves it, it is read.
    writeFileSync(file, Buffer.from('\ufeff{}\n', 'utf16le'));
    expect((await init(['cursor', '--write'])).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toContain('"mcpServers"');
  });

  it('prints install links that any browser opens', async () => {
    const [cursor, vscode] = [await init(['cursor']), await init(['vscode'])];
    const block = { command: 'npx', args: ['-y', 'mcp-cashier'] };
    const base64 = Buffer.from(JSON.stringify(block)).toString('base64');
    expect(cursor.stdout).toContain(
      `https://cursor.com/en/install-mcp?name=cashier&config=${encodeURIComponent(base64)}`,
    );
    const typed = encodeURIComponent(JSON.stringify({ type: 'stdio', ...block }));
    expect(vscode.stdout).toContain(`https://vscode.dev/redirect/mcp/install?name=cashier&config=${typed}`);
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
    // Nothing has changed that a client would have to be started again for.
    expect(other.stdout).not.toContain('Restart the client');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(now);
    expect((await init(['cursor', '--write', '--live', '--force'])).code).toBe(0);
    expect(JSON.parse(readFileSync(file, 'utf8')).mcpServers.cashier.env.CASHIER_MODE).toBe('live');
    expect(transcript.leaks(['not-ours', 'MIIE-secret'])).toEqual([]);
  });

  it('keeps the comments of a file, and writes nothing into what is no JSON', async () => {
    mkdirSync(join(cwd, '.vscode'));
    const file = join(cwd, '.vscode/mcp.json');
    writeFileSync(file, '{\n  // mine\n  "servers": {},\n}\n');
    expect((await init(['vscode', '--write', '--lang', 'en'])).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toContain('// mine');
    expect(readFileSync(file, 'utf8')).toContain('"cashier": {');
    writeFileSync(file, '{ "servers": ');
    const { code, stdout } = await init(['vscode', '--write', '--lang', 'en']);
    expect([code, readFileSync(file, 'utf8')]).toEqual([1, '{ "servers": ']);
    expect(stdout).toContain('is not valid JSON');
  });

  it('writes TOML for Codex, and again only by --force', async () => {
    mkdirSync(join(home, '.codex'));
    const file = join(home, '.codex/config.toml');
    const others = '# mine\nmodel = "x"\n\n[mcp_servers.files]\ncommand = "f"\n';
    writeFileSync(file, others);
    expect((await init(['codex', '--write', '--package', './my packages/x.tgz'])).code).toBe(0);
    const text = readFileSync(file, 'utf8');
    expect(text.startsWith(others)).toBe(true);
    expect(parse(text).mcp_servers).toEqual({
      files: { command: 'f' },
      cashier: { command: 'npx', args: ['-y', `file:${cwd}/my packages/x.tgz`] },
    });
    writeFileSync(
      file,
      text.replace('command = "npx"', 'command = "old"\n[mcp_servers.cashier.env]\nAP_APP_KEY = "not-ours"'),
    );
    expect((await init(['codex', '--write'])).code).toBe(1);
    const forced = await init(['codex', '--write', '--force', '--live']);
    expect(forced.code).toBe(0);
    expect(parse(readFileSync(file, 'utf8'))).toMatchObject({
      model: 'x',
      mcp_servers: { files: { command: 'f' }, cashier: { command: 'npx', env: { CASHIER_MODE: 'live' } } },
    });
    expect(transcript.leaks(['not-ours'])).toEqual([]);
    writeFileSync(file, 'mcp_servers = { cashier = { command = "inline" } }\n');
    expect((await init(['codex', '--write', '--force'])).code).toBe(1);
    expect(readFileSync(file, 'utf8')).toContain('inline');
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
