import { existsSync, readdirSync } from 'node:fs';
import { posix, win32 } from 'node:path';

/** The machine as the clients lay their files out on it. */
export interface Place {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly cwd: string;
  /** `%APPDATA%` on Windows, `$XDG_CONFIG_HOME` elsewhere, where set. */
  readonly appData: string | undefined;
  /** `%LOCALAPPDATA%` on Windows. */
  readonly localAppData?: string | undefined;
  /** The names in a folder; none where there is no such folder. */
  readonly namesIn?: (folder: string) => readonly string[];
}

function namesOnDisk(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

export function path({ platform }: Pick<Place, 'platform'>): typeof posix {
  return platform === 'win32' ? win32 : posix;
}

/** Where programs of the desktop keep what is theirs. */
export function appFolder({ platform, home, appData }: Place): string {
  if (platform === 'darwin') return posix.join(home, 'Library', 'Application Support');
  if (platform === 'win32') return appData ?? win32.join(home, 'AppData', 'Roaming');
  return appData ?? posix.join(home, '.config');
}

/** Editors that carry Cline's and others' extensions: VS Code and what was made of it. */
const EDITORS = ['Code', 'Code - Insiders', 'VSCodium', 'Cursor', 'Windsurf', 'Trae', 'Trae CN'];

/** Newer versions keep one file for editor and terminal; older ones their own inside each editor's storage. */
export function clineFiles(place: Place): readonly string[] {
  const { join } = path(place);
  const [folder, file] = ['settings', 'cline_mcp_settings.json'];
  const own = join(place.home, '.cline');
  const storages = clineStorages(place).filter((storage) => existsSync(storage));
  const ours = existsSync(own) || storages.length === 0 ? [join(own, 'data', folder, file)] : [];
  return [...ours, ...storages.map((storage) => join(storage, folder, file))];
}

export function clineStorages(place: Place): readonly string[] {
  const { join } = path(place);
  return EDITORS.map((editor) =>
    join(appFolder(place), editor, 'User', 'globalStorage', 'saoudrizwan.claude-dev'),
  );
}

/** Installed from Microsoft's store it does not see the folder of everybody else's programs, but one of its package. */
export function claudeFiles(place: Place): readonly string[] {
  const { join } = path(place);
  const name = 'claude_desktop_config.json';
  const plain = join(appFolder(place), 'Claude', name);
  if (place.platform !== 'win32') return [plain];
  const packages = join(place.localAppData ?? join(place.home, 'AppData', 'Local'), 'Packages');
  const { namesIn = namesOnDisk } = place;
  const packaged = namesIn(packages)
    .filter((folder) => /^Claude_/i.test(folder))
    .map((folder) => join(packages, folder, 'LocalCache', 'Roaming', 'Claude', name));
  if (packaged.length === 0) return [plain];
  return namesIn(appFolder(place)).includes('Claude') ? [plain, ...packaged] : packaged;
}

/** Of all projects, where the editor is there; else of this one. */
export function traeFiles(place: Place): readonly string[] {
  const { join } = path(place);
  const users = ['Trae', 'Trae CN']
    .map((editor) => join(appFolder(place), editor, 'User'))
    .filter((folder) => existsSync(folder))
    .map((folder) => join(folder, 'mcp.json'));
  return users.length > 0 ? users : [join(place.cwd, '.trae', 'mcp.json')];
}
