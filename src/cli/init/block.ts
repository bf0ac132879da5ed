import { posix, win32 } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Env } from '../../config.ts';
import { OURS, SECRETS, SETTINGS } from '../../settings.ts';

/** How a client starts the server. */
export interface ServerBlock {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The same without `cmd /c`, for a line that is typed in a shell. */
  readonly plain?: Omit<ServerBlock, 'plain'>;
}

/** Node and npm of this machine, as absolute paths. */
export interface Runtime {
  readonly node: string;
  /** The script that `npx` is; undefined where it is not beside Node. */
  readonly npxScript: string | undefined;
}

export interface BlockOptions {
  /** What `npx` runs; a path that ends in `.js` is run by `node` instead. */
  readonly package: string;
  /** For programs that do not have Node on their PATH. */
  readonly runtime?: Runtime | undefined;
  readonly live: boolean;
  readonly language: 'zh' | 'en' | undefined;
  readonly platform: NodeJS.Platform;
}

/** Where what is secret usually lies; to be replaced by whoever uses the block. */
const FILES = new Map(SETTINGS.map(({ name, example }) => [name, example]));
/** What a first configuration of every wallet needs, with examples in place of values. */
const FIRST: Readonly<Record<string, string>> = Object.fromEntries(
  SETTINGS.filter(({ first }) => first).map(({ name, secret, example = '' }) => [
    secret ? `${name}_FILE` : name,
    example,
  ]),
);

/**
 * The block without its client's trimmings. No secret ever stands in it: a key that the environment gives by value
 * becomes the path of a file to make.
 * @returns with the variables whose values are only examples
 */
export function serverBlock(
  options: BlockOptions,
  environment: Env,
): { readonly block: ServerBlock; readonly toReplace: readonly string[] } {
  const env: Record<string, string> = {};
  const toReplace: string[] = [];
  if (options.live) {
    // Stated, so that a lost key can never turn into the simulator.
    env.CASHIER_MODE = 'live';
    const given = liveSettings(environment);
    const isChosen = Object.keys(given.env).some((name) => OURS.test(name) && !name.startsWith('CASHIER_'));
    const chosen = isChosen ? given : { env: FIRST, toReplace: Object.keys(FIRST) };
    Object.assign(env, given.env, chosen.env);
    toReplace.push(...chosen.toReplace);
  }
  if (options.language !== undefined) env.CASHIER_LANG = options.language;
  const { runtime, platform } = options;
  // npx starts a script that looks for Node by the PATH.
  if (runtime && platform === 'darwin')
    env.PATH = `${posix.dirname(runtime.node)}:/usr/bin:/bin:/usr/sbin:/sbin`;
  const own = Object.keys(env).length === 0 ? {} : { env };
  const typed = { ...typedCommand(options), ...own };
  const block = { ...command(options), ...own };
  return { block: isDeepStrictEqual(typed, block) ? block : { ...block, plain: typed }, toReplace };
}

/** What this environment says that a live server needs, without its secrets. */
function liveSettings(environment: Env): { env: Record<string, string>; toReplace: string[] } {
  const env: Record<string, string> = {};
  const toReplace: string[] = [];
  for (const [name, value] of Object.entries(environment)) {
    const plain = name.replace(/_FILE$/, '');
    // The server never holds the operator's secret, in no form.
    if (!value || !OURS.test(name) || plain === 'CASHIER_OPERATOR_SECRET' || name === 'CASHIER_MODE')
      continue;
    if (!SECRETS.includes(name)) env[name] = value;
    else if (!environment[`${name}_FILE`]) {
      env[`${name}_FILE`] = FILES.get(name) ?? '/path/to/file';
      toReplace.push(`${name}_FILE`);
    }
  }
  return { env, toReplace };
}

function command({ package: spec, platform, runtime }: BlockOptions): Command {
  if (isScript(spec))
    return { command: platform === 'darwin' && runtime ? runtime.node : 'node', args: [spec] };
  // On Windows npx is a script, which programs cannot start directly.
  if (platform === 'win32') return { command: 'cmd', args: ['/c', 'npx', '-y', spec] };
  if (platform === 'darwin' && runtime?.npxScript !== undefined) {
    return { command: runtime.node, args: [runtime.npxScript, '-y', spec] };
  }
  return { command: 'npx', args: ['-y', spec] };
}

/** As {@link command}, for a line that a shell reads: on Windows without what Git Bash takes for a folder. */
function typedCommand(options: BlockOptions): Command {
  const { package: spec, platform, runtime } = options;
  if (platform !== 'win32' || isScript(spec) || runtime?.npxScript === undefined) return command(options);
  return { command: runtime.node, args: [runtime.npxScript, '-y', spec] };
}

type Command = Pick<ServerBlock, 'command' | 'args'>;

function isScript(spec: string): boolean {
  return /\.m?js$/.test(spec);
}

/**
 * What `npx` or `node` is given, so that it means the same in every folder. A packed file is named by `file:`, since
 * npx takes a bare path for a program and not for a package.
 * @param there whether there is a file of that name
 */
export function packageSpec(given: string, cwd: string, platform: NodeJS.Platform, there: boolean): string {
  const { resolve } = platform === 'win32' ? win32 : posix;
  const bare = given.replace(/^file:(\/\/)?/, '');
  const isFile = bare !== given || /\.tgz$|\.m?js$|^[.~]?[\\/]/.test(given) || there;
  if (!isFile) return given;
  const path = resolve(cwd, bare);
  return isScript(path) ? path : `file:${path.replaceAll('\\', '/')}`;
}
