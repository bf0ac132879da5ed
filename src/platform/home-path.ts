import { homedir } from 'node:os';
import { join } from 'node:path';

/** The ways in which shells write a person's home folder; clients hand them on as they stand. */
const HOME = /^(?:~|\$HOME|\$\{HOME\}|%USERPROFILE%|%HOME%|\$env:USERPROFILE|\$env:HOME)(?=$|[\\/])/i;

/**
 * A path with the home folder that it begins with filled in: no shell stands between a client's configuration and us.
 * Anything else stays as it is; `~someone` too, since whose home that is only a shell knows.
 */
export function expandHome(path: string, home: string = homedir()): string {
  const found = HOME.exec(path);
  if (found === null) return path;
  const rest = path.slice(found[0].length);
  return rest === '' ? home : join(home, process.platform === 'win32' ? rest : rest.replaceAll('\\', '/'));
}
