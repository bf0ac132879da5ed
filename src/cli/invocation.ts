import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import type { Env } from '../config.ts';
import type { Use } from './use.ts';
import { type CommandName, USES } from './uses.ts';

/** How the reader started this program, so that a hint is a line that runs as it stands. */
export interface Invocation {
  /** In front of a command's name: `npx -y mcp-cashier`. */
  readonly program: string;
  /** What `npx` was given, where it was. */
  readonly spec: string | undefined;
  /** The data folder, where it is not the default. */
  readonly home: string | undefined;
  /** The ledger's file, where it was named for itself. */
  readonly ledger?: string | undefined;
}

const NAME = 'mcp-cashier';

/**
 * @param script `process.argv[1]`
 * @param env the process's environment, of which npm's own variables are read
 */
export function invocationOf(
  script: string,
  env: Env,
  home: string | undefined,
  ledger?: string | undefined,
): Invocation {
  const cache = /^(.*[\\/]_npx[\\/][0-9a-f]+)[\\/]node_modules[\\/]/.exec(script)?.[1];
  const spec = cache === undefined ? undefined : specIn(join(cache, 'package.json'));
  return { program: programOf(script, env, cache !== undefined, spec), spec, home, ledger };
}

function programOf(script: string, env: Env, fromCache: boolean, spec: string | undefined): string {
  if (fromCache || env.npm_command === 'exec') return `npx -y ${quoted(spec ?? NAME)}`;
  // On the PATH, it is called by the name of its link.
  if (/[\\/](mcp-cashier|mcp-server-alipay)(\.cmd|\.ps1)?$/.test(script)) return NAME;
  const inProject = script.includes(`${sep}node_modules${sep}${NAME}${sep}`) && !isGlobal(script);
  if (inProject) return `npx ${NAME}`;
  // A working copy of the sources: whoever has one knows how they start it.
  return NAME;
}

/** npm's own folder of programs has no project around it. */
function isGlobal(script: string): boolean {
  const [around = ''] = script.split(`${sep}node_modules${sep}${NAME}${sep}`);
  return around !== script && !existsSync(join(around, 'package.json'));
}

/** npx notes beside what it installs what it was asked for. */
function specIn(file: string): string | undefined {
  try {
    const { _npx, dependencies } = JSON.parse(readFileSync(file, 'utf8')) as {
      _npx?: { packages?: string[] };
      dependencies?: Record<string, string>;
    };
    const asked = _npx?.packages?.[0];
    const kept = dependencies?.[NAME];
    // A path that npx was given stands relative to its own cache in there.
    if (kept?.startsWith('file:')) return `file:${join(dirname(file), kept.slice(5))}`;
    return asked;
  } catch {
    return undefined; // nothing but a hint depends on it
  }
}

/** In double quotes where a shell would cut it, which cmd.exe, PowerShell and sh all read alike. */
function quoted(word: string): string {
  return /[\s&()^;]/.test(word) ? `"${word}"` : word;
}

/** Which ledger a sentence is about, where a command would take another one by itself. */
export interface Meant {
  readonly realm?: string | undefined;
  readonly merchant?: string | undefined;
}

/** A sentence in which every command of ours is written as this reader can type it. */
export function runnable(
  text: string,
  { program, spec, home, ledger }: Invocation,
  meant: Meant = {},
): string {
  const { realm, merchant } = meant;
  return text.replace(
    /(?<![\w/@-])(npx -y )?mcp-cashier ([a-z]+|--help)( [a-z-]+)?/g,
    (whole, npx: string | undefined, name: string, word = '') => {
      // Written for whoever has nothing here yet.
      if (npx !== undefined && spec === undefined) return whole;
      if (name === '--help') return `${program} ${name}${word}`;
      if (!Object.hasOwn(USES, name)) return whole;
      const { actions }: Use = USES[name as CommandName];
      const isAction = Object.hasOwn(actions, word.trim());
      const line = `${program} ${name}${isAction ? word : ''}`;
      const takes = (option: string) =>
        Object.values(actions).some(({ options = {} }) => Object.hasOwn(options, option));
      const place = [
        home !== undefined && takes('home') ? ` --home ${quoted(home)}` : '',
        ledger !== undefined && takes('ledger') ? ` --ledger ${quoted(ledger)}` : '',
        realm !== undefined && takes('realm') ? ` --realm ${realm}` : '',
        merchant !== undefined && takes('merchant') ? ` --merchant ${merchant}` : '',
      ].join('');
      return `${line}${place}${isAction ? '' : word}`;
    },
  );
}
