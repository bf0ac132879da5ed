import { existsSync } from 'node:fs';
import type { Text } from '../../domain/errors.ts';
import type { ServerBlock } from './block.ts';
import type { ClientId } from './client-ids.ts';
import { appFolder, claudeFiles, clineFiles, clineStorages, type Place, path, traeFiles } from './places.ts';

type Entry = Readonly<Record<string, unknown>>;

/** An MCP client: the shape of its configuration and where that lies. */
export interface McpClient {
  readonly id: ClientId;
  readonly name: string;
  /** The key under which its servers stand. */
  readonly section: 'mcpServers' | 'servers' | 'mcp' | 'mcp_servers';
  /** JSON, with or without comments, unless said otherwise. */
  readonly format?: 'toml';
  /** Started from a desktop, it has none of what a shell adds to the PATH. */
  readonly isDesktop?: true;
  /** The files to write; none for a client that only takes what is pasted. */
  readonly files: (place: Place) => readonly string[];
  /** Folders or files that are there only where it is installed. */
  readonly traces: (place: Place) => readonly string[];
  readonly entry: (block: ServerBlock, name: string) => Entry;
  /** Where to put the block, in words. */
  readonly where: Text;
  /** Other ways to the same end, such as a link or a command line. */
  readonly links?: (block: ServerBlock, name: string) => readonly (readonly [what: Text, line: string])[];
}

const plain = ({ plain: _, ...block }: ServerBlock): Entry => ({ ...block });
const typed = (block: ServerBlock): Entry => ({ type: 'stdio', ...plain(block) });

export const CLIENTS: readonly McpClient[] = [
  {
    id: 'cursor',
    isDesktop: true,
    name: 'Cursor',
    section: 'mcpServers',
    files: (place) => [path(place).join(place.home, '.cursor', 'mcp.json')],
    traces: (place) => [path(place).join(place.home, '.cursor')],
    entry: plain,
    where: {
      zh: '所有项目：~/.cursor/mcp.json；只用于一个项目：项目中的 .cursor/mcp.json。',
      en: 'For all projects ~/.cursor/mcp.json, for one project .cursor/mcp.json in it.',
    },
    links: (block, name) => [
      [
        { zh: '一键安装（点击或粘贴到浏览器）', en: 'One-click install (click, or paste into a browser)' },
        `https://cursor.com/en/install-mcp?name=${encodeURIComponent(name)}&config=${encodeURIComponent(base64(block))}`,
      ],
    ],
  },
  {
    id: 'cline',
    name: 'Cline',
    section: 'mcpServers',
    isDesktop: true,
    files: clineFiles,
    traces: (place) => [path(place).join(place.home, '.cline'), ...clineStorages(place)],
    entry: (block) => ({ ...plain(block), disabled: false }),
    where: {
      zh: 'Cline → MCP Servers → Configure MCP Servers 打开的 cline_mcp_settings.json。',
      en: 'The cline_mcp_settings.json that Cline → MCP Servers → Configure MCP Servers opens.',
    },
  },
  {
    id: 'claude',
    name: 'Claude Desktop',
    section: 'mcpServers',
    isDesktop: true,
    files: claudeFiles,
    traces: (place) => [
      path(place).join(appFolder(place), 'Claude'),
      ...claudeFiles(place).map((file) => path(place).dirname(file)),
    ],
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
    files: (place) => [path(place).join(place.cwd, '.mcp.json')],
    traces: (place) => [
      path(place).join(place.home, '.claude'),
      path(place).join(place.home, '.claude.json'),
    ],
    entry: typed,
    where: {
      zh: '这个项目：项目根目录的 .mcp.json；自己的所有项目：用下面的命令。',
      en: 'For this project .mcp.json at its root, for all of yours the command below.',
    },
    links: claudeCommand,
  },
  {
    id: 'vscode',
    isDesktop: true,
    name: 'VS Code',
    section: 'servers',
    files: (place) => [path(place).join(place.cwd, '.vscode', 'mcp.json')],
    traces: (place) => [path(place).join(place.home, '.vscode'), path(place).join(appFolder(place), 'Code')],
    entry: typed,
    where: {
      zh: '这个工作区：.vscode/mcp.json；所有工作区：命令面板 → MCP: Open User Configuration。',
      en: 'For this workspace .vscode/mcp.json, for all of them the palette → MCP: Open User Configuration.',
    },
    links: (block, name) => [
      [
        { zh: '一键安装（点击或粘贴到浏览器）', en: 'One-click install (click, or paste into a browser)' },
        `https://vscode.dev/redirect/mcp/install?name=${encodeURIComponent(name)}&config=${encodeURIComponent(JSON.stringify(typed(block)))}`,
      ],
    ],
  },
  {
    id: 'codex',
    name: 'Codex',
    section: 'mcp_servers',
    format: 'toml',
    files: (place) => [path(place).join(place.home, '.codex', 'config.toml')],
    traces: (place) => [path(place).join(place.home, '.codex')],
    entry: plain,
    where: {
      zh: '~/.codex/config.toml，命令行与编辑器共用。',
      en: '~/.codex/config.toml, of terminal and editor alike.',
    },
  },
  {
    id: 'gemini',
    name: 'Gemini CLI',
    section: 'mcpServers',
    files: (place) => [path(place).join(place.home, '.gemini', 'settings.json')],
    traces: (place) => [path(place).join(place.home, '.gemini')],
    entry: plain,
    where: {
      zh: '所有项目：~/.gemini/settings.json；只用于一个项目：项目中的 .gemini/settings.json。',
      en: 'For all projects ~/.gemini/settings.json, for one project .gemini/settings.json in it.',
    },
  },
  {
    id: 'qwen',
    name: 'Qwen Code',
    section: 'mcpServers',
    files: (place) => [path(place).join(place.home, '.qwen', 'settings.json')],
    traces: (place) => [path(place).join(place.home, '.qwen')],
    entry: plain,
    where: {
      zh: '所有项目：~/.qwen/settings.json；只用于一个项目：项目中的 .qwen/settings.json。',
      en: 'For all projects ~/.qwen/settings.json, for one project .qwen/settings.json in it.',
    },
  },
  {
    id: 'opencode',
    name: 'opencode',
    section: 'mcp',
    files: opencodeFiles,
    traces: (place) => [opencodeFolder(place)],
    entry: ({ command, args, env }) => ({
      type: 'local',
      command: [command, ...args],
      enabled: true,
      ...(env ? { environment: env } : {}),
    }),
    where: {
      zh: '所有项目：~/.config/opencode/opencode.json；只用于一个项目：项目中的 opencode.json。',
      en: 'For all projects ~/.config/opencode/opencode.json, for one project opencode.json in it.',
    },
  },
  {
    id: 'windsurf',
    name: 'Windsurf',
    section: 'mcpServers',
    isDesktop: true,
    files: (place) => [path(place).join(place.home, '.codeium', 'windsurf', 'mcp_config.json')],
    traces: (place) => [path(place).join(place.home, '.codeium', 'windsurf')],
    entry: plain,
    where: {
      zh: 'Windsurf → Cascade → MCP 打开的 ~/.codeium/windsurf/mcp_config.json。',
      en: 'The ~/.codeium/windsurf/mcp_config.json that Windsurf → Cascade → MCP opens.',
    },
  },
  {
    id: 'copilot',
    name: 'Copilot CLI',
    section: 'mcpServers',
    files: (place) => [path(place).join(place.home, '.copilot', 'mcp-config.json')],
    traces: (place) => [path(place).join(place.home, '.copilot')],
    entry: (block) => ({ type: 'local', ...plain(block), tools: ['*'] }),
    where: { zh: '~/.copilot/mcp-config.json。', en: '~/.copilot/mcp-config.json.' },
  },
  {
    id: 'cherry',
    isDesktop: true,
    name: 'Cherry Studio',
    section: 'mcpServers',
    files: () => [],
    traces: (place) => [path(place).join(appFolder(place), 'CherryStudio')],
    entry: (block, name) => ({ name, type: 'stdio', isActive: true, ...plain(block) }),
    where: {
      zh: 'Cherry Studio → 设置 → MCP 服务器 → 添加 → 从 JSON 导入，粘贴下面的内容。',
      en: 'Cherry Studio → Settings → MCP servers → Add → Import from JSON, and paste this.',
    },
  },
  {
    id: 'trae',
    name: 'Trae',
    section: 'mcpServers',
    isDesktop: true,
    files: traeFiles,
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
    files: () => [],
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

/**
 * An option between the last `--env` and the name, or that would be taken for another variable. Quoted in the one way
 * that cmd.exe, PowerShell and sh share; PowerShell drops a bare `--`, and Git Bash turns `/c` into a folder.
 * @returns nothing where a value holds what no such quotes keep
 */
function claudeCommand(block: ServerBlock, name: string): readonly (readonly [Text, string])[] {
  const { command, args, env = {} } = block.plain ?? block;
  const words = [command, ...args];
  const values = Object.entries(env).map(([key, value]) => `${key}=${value}`);
  if ([...words, ...values].some((word) => /["$`%!]|\\$/.test(word))) return [];
  const variables = values.map((value) => `--env ${shellWord(value)} `).join('');
  const line = `claude mcp add ${variables}--scope user ${name} "--" ${words.map(shellWord).join(' ')}`;
  return [[{ zh: '或者运行', en: 'Or run' }, line]];
}

function shellWord(word: string): string {
  return /^[\w@+=:,./-]+$/.test(word) ? word : `"${word}"`;
}

function base64(block: ServerBlock): string {
  return Buffer.from(JSON.stringify(plain(block))).toString('base64');
}

function opencodeFolder(place: Place): string {
  const { join } = path(place);
  const base = place.platform === 'win32' || place.platform === 'darwin' ? undefined : place.appData;
  return join(base ?? join(place.home, '.config'), 'opencode');
}

/** It reads both; what is there is written to. */
function opencodeFiles(place: Place): readonly string[] {
  const { join } = path(place);
  const files = ['opencode.json', 'opencode.jsonc'].map((name) => join(opencodeFolder(place), name));
  return [files.find((file) => existsSync(file)) ?? files[0] ?? ''];
}
