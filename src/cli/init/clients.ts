import { existsSync } from 'node:fs';
import { posix, win32 } from 'node:path';
import type { Text } from '../../domain/errors.ts';
import type { ServerBlock } from './block.ts';

/** The machine as the clients lay their files out on it. */
export interface Place {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly cwd: string;
  /** `%APPDATA%` on Windows, `$XDG_CONFIG_HOME` elsewhere, where set. */
  readonly appData: string | undefined;
}

type Entry = Readonly<Record<string, unknown>>;

/** An MCP client: the shape of its configuration and where that lies. */
export interface McpClient {
  readonly id: string;
  readonly name: string;
  /** The key under which its servers stand. */
  readonly section: 'mcpServers' | 'servers';
  /** The file to write; undefined for a client that only takes what is pasted. */
  readonly file: (place: Place) => string | undefined;
  /** Folders or files that are there only where it is installed. */
  readonly traces: (place: Place) => readonly string[];
  readonly entry: (block: ServerBlock, name: string) => Entry;
  /** Where to put the block, in words. */
  readonly where: Text;
  /** Other ways to the same end, such as a link or a command line. */
  readonly links?: (block: ServerBlock, name: string) => readonly (readonly [what: Text, line: string])[];
}

const plain = (block: ServerBlock): Entry => ({ ...block });
const typed = (block: ServerBlock): Entry => ({ type: 'stdio', ...block });

export const CLIENTS: readonly McpClient[] = [
  {
    id: 'cursor',
    name: 'Cursor',
    section: 'mcpServers',
    file: (place) => path(place).join(place.home, '.cursor', 'mcp.json'),
    traces: (place) => [path(place).join(place.home, '.cursor')],
    entry: plain,
    where: {
      zh: '所有项目：~/.cursor/mcp.json；只用于一个项目：项目中的 .cursor/mcp.json。',
      en: 'For all projects ~/.cursor/mcp.json, for one project .cursor/mcp.json in it.',
    },
    links: (block, name) => [
      [
        { zh: '一键安装（点击或粘贴到浏览器）', en: 'One-click install (click, or paste into a browser)' },
        `cursor://anysphere.cursor-deeplink/mcp/install?name=${encodeURIComponent(name)}&config=${encodeURIComponent(base64(block))}`,
      ],
    ],
  },
  {
    id: 'cline',
    name: 'Cline',
    section: 'mcpServers',
    file: clineFile,
    traces: (place) => [path(place).join(place.home, '.cline'), clineStorage(place)],
    entry: (block) => ({ ...block, disabled: false }),
    where: {
      zh: 'Cline → MCP Servers → Configure MCP Servers 打开的 cline_mcp_settings.json。',
      en: 'The cline_mcp_settings.json that Cline → MCP Servers → Configure MCP Servers opens.',
    },
  },
  {
    id: 'claude',
    name: 'Claude Desktop',
    section: 'mcpServers',
    file: (place) => path(place).join(appFolder(place), 'Claude', 'claude_desktop_config.json'),
    traces: (place) => [path(place).join(appFolder(place), 'Claude')],
    entry: plain,
    where: {
      zh: 'Claude → 设置 → Developer → Edit Config 打开的 claude_desktop_config.json；改完要完全退出再启动。',
      en: 'The claude_desktop_config.json that Claude → Settings → Developer → Edit Config opens; quit and start it again afterwards.',
    },
  },
  {
    id: 'claude-code',
    name: 'Claude Code',
    section: 'mcpServers',
    file: (place) => path(place).join(place.cwd, '.mcp.json'),
    traces: (place) => [
      path(place).join(place.home, '.claude'),
      path(place).join(place.home, '.claude.json'),
    ],
    entry: typed,
    where: {
      zh: '这个项目：项目根目录的 .mcp.json；自己的所有项目：用下面的命令。',
      en: 'For this project .mcp.json at its root, for all of yours the command below.',
    },
    links: (block, name) => [[{ zh: '或者运行', en: 'Or run' }, claudeCommand(block, name)]],
  },
  {
    id: 'vscode',
    name: 'VS Code',
    section: 'servers',
    file: (place) => path(place).join(place.cwd, '.vscode', 'mcp.json'),
    traces: (place) => [path(place).join(place.home, '.vscode'), path(place).join(appFolder(place), 'Code')],
    entry: typed,
    where: {
      zh: '这个工作区：.vscode/mcp.json；所有工作区：命令面板 → MCP: Open User Configuration。',
      en: 'For this workspace .vscode/mcp.json, for all of them the palette → MCP: Open User Configuration.',
    },
    links: (block, name) => [
      [
        { zh: '一键安装', en: 'One-click install' },
        `vscode:mcp/install?${encodeURIComponent(JSON.stringify({ name, ...typed(block) }))}`,
      ],
    ],
  },
  {
    id: 'cherry',
    name: 'Cherry Studio',
    section: 'mcpServers',
    file: () => undefined,
    traces: (place) => [path(place).join(appFolder(place), 'CherryStudio')],
    entry: (block, name) => ({ name, type: 'stdio', isActive: true, ...block }),
    where: {
      zh: 'Cherry Studio → 设置 → MCP 服务器 → 添加 → 从 JSON 导入，粘贴下面的内容。',
      en: 'Cherry Studio → Settings → MCP servers → Add → Import from JSON, and paste this.',
    },
  },
  {
    id: 'trae',
    name: 'Trae',
    section: 'mcpServers',
    file: (place) => path(place).join(place.cwd, '.trae', 'mcp.json'),
    traces: (place) => [
      path(place).join(place.home, '.trae'),
      path(place).join(place.home, '.trae-cn'),
      path(place).join(appFolder(place), 'Trae'),
      path(place).join(appFolder(place), 'Trae CN'),
    ],
    entry: plain,
    where: {
      zh: '所有项目：Trae → 设置 → MCP → 添加 → 手动添加，粘贴下面的内容；只用于一个项目：.trae/mcp.json，并在设置中启用项目级 MCP。',
      en: 'For all projects Trae → Settings → MCP → Add → Manually, and paste this; for one project .trae/mcp.json, with project MCP switched on in the settings.',
    },
    links: (block, name) => [
      [
        { zh: '一键安装（Trae 国内版）', en: 'One-click install (Trae CN)' },
        `trae-cn://trae.ai-ide/mcp-import?type=stdio&name=${encodeURIComponent(name)}&config=${encodeURIComponent(base64(block))}`,
      ],
    ],
  },
  {
    id: 'json',
    name: 'JSON',
    section: 'mcpServers',
    file: () => undefined,
    traces: () => [],
    entry: plain,
    where: {
      zh: '多数 MCP 客户端都接受这个格式。',
      en: 'Most MCP clients take this form.',
    },
  },
];

export function isInstalled({ traces }: McpClient, place: Place): boolean {
  return traces(place).some((trace) => existsSync(trace));
}

/** Where programs of the desktop keep what is theirs. */
function appFolder(place: Place): string {
  const { platform, home, appData } = place;
  if (platform === 'darwin') return posix.join(home, 'Library', 'Application Support');
  if (platform === 'win32') return appData ?? win32.join(home, 'AppData', 'Roaming');
  return appData ?? posix.join(home, '.config');
}

function clineStorage(place: Place): string {
  return path(place).join(appFolder(place), 'Code', 'User', 'globalStorage', 'saoudrizwan.claude-dev');
}

/** Newer versions keep one file for editor and terminal; older ones their own inside VS Code's storage. */
function clineFile(place: Place): string {
  const { join } = path(place);
  const own = join(place.home, '.cline');
  const folder =
    existsSync(own) || !existsSync(clineStorage(place)) ? join(own, 'data') : clineStorage(place);
  return join(folder, 'settings', 'cline_mcp_settings.json');
}

/** An option between the last `--env` and the name, or that would be taken for another variable. */
function claudeCommand({ command, args, env = {} }: ServerBlock, name: string): string {
  const variables = Object.entries(env).map(([key, value]) => `--env ${shellWord(`${key}=${value}`)} `);
  return `claude mcp add ${variables.join('')}--scope user ${name} -- ${[command, ...args].map(shellWord).join(' ')}`;
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function base64(block: ServerBlock): string {
  return Buffer.from(JSON.stringify(block)).toString('base64');
}

function path({ platform }: Place): typeof posix {
  return platform === 'win32' ? win32 : posix;
}
