import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { withDotenv } from '../config.ts';
import { CashierError, type Text } from '../domain/errors.ts';
import { nearest } from '../domain/nearest.ts';
import { systemClock } from '../platform/system.ts';
import { WALLETS } from '../providers/registry.ts';
import type { CommandContext, Typed } from './command.ts';
import { packageSpec, type Runtime, serverBlock } from './init/block.ts';
import { CLIENT_IDS } from './init/client-ids.ts';
import { CLIENTS, isInstalled, type McpClient } from './init/clients.ts';
import { ChangedMeanwhile, readText, replaceText } from './init/config-file.ts';
import { type Edit, NotEditable, objectAt, setEntry } from './init/json-edit.ts';
import type { Place } from './init/places.ts';
import { setTable, tableAt } from './init/toml-edit.ts';
import type { Say } from './speaker.ts';
import { print, printTable, tell } from './terminal.ts';

/**
 * `mcp-cashier init CLIENT [--write] [--live] …`: prints the block that adds this server to an MCP client and says where
 * it belongs; `--write` merges it into the client's file. Without a client: which there are, and which are here.
 */
export async function run(typed: Typed<'init'>, context: CommandContext): Promise<number> {
  const { env } = context;
  const { name = 'cashier', live, lang: language } = typed.values;
  const values = { ...typed.values, package: typed.values.package ?? context.spec ?? 'mcp-cashier' };
  const [id] = typed.args;
  const client = CLIENTS.find((one) => one.id === id);
  if (id !== undefined && client === undefined) throw noSuchClient(id);
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/.test(name)) throw badName();
  const place = placeOf(env);
  const { say } = context;
  if (client === undefined) return list(place, say);

  const { platform, cwd } = place;
  const spec = packageSpec(values.package, cwd, platform, existsSync(resolve(cwd, values.package)));
  // Windows' desktop has Node on its PATH; there it is only the line for a shell that needs the script.
  const runtime =
    platform === 'win32' || (platform === 'darwin' && client.isDesktop) ? thisRuntime() : undefined;
  const options = { package: spec, live, language, platform, runtime };
  const { block, toReplace } = serverBlock(options, await withDotenv(env, place.cwd));
  const entry = client.entry(block, name);
  const path = [client.section, name] as const;
  const whole =
    client.format === 'toml'
      ? setTable('', path, entry).text.trimEnd()
      : setEntry('', path, entry).text.trimEnd();
  if (client.id === 'json') {
    // Nothing but the block, for whoever pipes it on.
    print(whole);
    return 0;
  }
  const files = client.files(place);
  tell(say, client.where);
  print();
  print(whole);
  print();
  for (const [what, line] of client.links?.(block, name) ?? []) {
    print(`${say(what).join(' ')}:`);
    print(line);
    print();
  }
  const done =
    files.length === 0
      ? withoutFile(client, values.write, say)
      : await mergeAll(files, { path, entry }, values, say);
  nextSteps({ live, toReplace, platform, runtime }, say);
  return done ? 0 : 1;
}

function noSuchClient(id: string): CashierError {
  const meant = nearest(id, CLIENT_IDS, 2);
  return new CashierError('INVALID_ARGUMENT', {
    zh: `init 不认识客户端 ${JSON.stringify(id.slice(0, 40))}；有：${CLIENT_IDS.join('、')}。`,
    en: `init knows no client ${JSON.stringify(id.slice(0, 40))}; there are: ${CLIENT_IDS.join(', ')}.`,
    next: {
      zh: `请用：mcp-cashier init ${meant ?? 'json'}`,
      en: `Try: mcp-cashier init ${meant ?? 'json'}`,
    },
  });
}

function badName(): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: '--name 只能用字母、数字和 _ -，以字母或数字开头，至多 32 个字符。',
    en: 'A --name has letters, digits and _ - only, begins with a letter or digit, and has at most 32 characters.',
    next: { zh: '换一个名字。', en: 'Choose another.' },
  });
}

function placeOf(env: CommandContext['env']): Place {
  const { platform } = process;
  const appData = platform === 'win32' ? env.APPDATA : env.XDG_CONFIG_HOME;
  const localAppData = env.LOCALAPPDATA || undefined;
  return { platform, home: homedir(), cwd: process.cwd(), appData: appData || undefined, localAppData };
}

/** npm lies beside Node, on Windows in the same folder. */
function thisRuntime(): Runtime {
  const node = process.execPath;
  const npm = join('node_modules', 'npm', 'bin', 'npx-cli.js');
  const npxScript = [join(dirname(node), npm), join(dirname(node), '..', 'lib', npm)].find((file) =>
    existsSync(file),
  );
  return { node, npxScript };
}

function list(place: Place, say: Say): number {
  printTable(
    CLIENTS.map((client) => {
      const here = isInstalled(client, place) ? say({ zh: '已安装', en: 'installed' }).join(' ') : '';
      return [`mcp-cashier init ${client.id}`, client.name, here, client.files(place).join(', ')];
    }),
  );
  return 0;
}

function withoutFile({ name }: McpClient, write: boolean, say: Say): boolean {
  if (!write) return true;
  tell(say, {
    zh: `${name} 没有可写入的配置文件，请按上面的说明粘贴。`,
    en: `${name} has no file to write to; paste it as said above.`,
  });
  return false;
}

interface Merge {
  readonly file: string;
  readonly path: readonly [section: string, name: string];
  readonly entry: Readonly<Record<string, unknown>>;
}

async function mergeAll(
  files: readonly string[],
  what: Omit<Merge, 'file'>,
  how: { readonly write: boolean; readonly force: boolean },
  say: Say,
): Promise<boolean> {
  let done = true;
  for (const file of files) done = (await merge({ file, ...what }, how, say)) && done;
  return done;
}

/** Merges, or shows what merging would do. False when it was to be written and was not. */
async function merge(
  { file, path, entry }: Merge,
  { write, force }: { readonly write: boolean; readonly force: boolean },
  say: Say,
): Promise<boolean> {
  const before = await attempt(file, () => readText(file));
  let edit: Edit;
  let old: Readonly<Record<string, unknown>> | undefined;
  try {
    const isToml = file.endsWith('.toml');
    old = before === undefined ? undefined : (isToml ? tableAt : objectAt)(before, path);
    edit = (isToml ? setTable : setEntry)(before ?? '', path, entry);
  } catch (error) {
    if (!(error instanceof NotEditable)) throw error;
    tell(say, notEditable(error.reason, file));
    return !write;
  }
  if (old !== undefined && isDeepStrictEqual(old, entry)) {
    tell(say, { zh: `${file} 已有这一项，无需改动。`, en: `${file} has it already; nothing to change.` });
    return true;
  }
  if (before !== undefined) showEdit(file, edit, old !== undefined);
  if (!write) {
    tell(say, {
      zh: `没有写入任何文件；加上 --write 即写入 ${file}。`,
      en: `Nothing was written; with --write it goes into ${file}.`,
    });
    return true;
  }
  if (old !== undefined && !force) {
    tell(say, {
      zh: `${file} 里已有名为 ${path[1]} 的不同配置，没有改动。加上 --force 替换它，或用 --name 换一个名字。`,
      en: `${file} has another server named ${path[1]}; it was left as it is. Replace it with --force, or choose another --name.`,
    });
    return false;
  }
  const backup = await attempt(file, () => replaceText(file, before, edit.text, systemClock.now()));
  tell(say, { zh: `已写入 ${file}。`, en: `Written to ${file}.` });
  if (backup !== undefined)
    tell(say, { zh: `原文件的备份：${backup}`, en: `The old file is kept as ${backup}` });
  return true;
}

/** The system's refusals become a sentence. */
async function attempt<T>(file: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ChangedMeanwhile) {
      throw unwritten(file, { zh: '它刚被其他程序修改', en: 'another program has just changed it' });
    }
    if (!(error instanceof Error && 'syscall' in error && 'code' in error)) throw error;
    const code = String(error.code);
    throw unwritten(file, { zh: code, en: code });
  }
}

function unwritten(file: string, why: Text): CashierError {
  return new CashierError('CONFIGURATION', {
    zh: `${file} 没有写入：${why.zh}。`,
    en: `${file} was not written: ${why.en}.`,
    next: {
      zh: '检查权限后重试，或手工粘贴上面的内容。',
      en: 'See to its permissions and try again, or paste the block by hand.',
    },
  });
}

function notEditable(reason: NotEditable['reason'], file: string): Text {
  const kind = file.endsWith('.toml') ? 'TOML' : 'JSON';
  switch (reason) {
    case 'shape':
      return {
        zh: `${file} 的结构与预期不同，没有写入；请手工加入上面的内容。`,
        en: `${file} is not built as expected; nothing was written. Add the block by hand.`,
      };
    default:
      return {
        zh: `${file} 不是正确的 ${kind}，客户端也读不了它；没有写入，请先改正。`,
        en: `${file} is not valid ${kind}, so the client cannot read it either; nothing was written. Mend it first.`,
      };
  }
}

/** Only what is ours: the lines around it may hold other servers' keys. */
function showEdit(file: string, { line, added, removed }: Edit, replaces: boolean): void {
  print(`--- ${file}:${line}`);
  if (replaces) for (const one of removed.split(/\r?\n/)) print(`- ${masked(one)}`);
  for (const one of added.replace(/^,?\r?\n/, '').split(/\r?\n/)) print(`+ ${one}`);
  print();
}

/** A line of an old block, which may have held keys by value. */
function masked(line: string): string {
  return line.replace(
    /("?[\w-]*(?:KEY|SECRET|TOKEN|AUTH|PASSW|COOKIE)[\w-]*"?\s*[:=]\s*)"(?:[^"\\]|\\.)*"/gi,
    (whole, name: string) => (/_FILE\b/i.test(name) ? whole : `${name}"…"`),
  );
}

function nextSteps(
  {
    live,
    toReplace,
    platform,
    runtime,
  }: {
    readonly live: boolean;
    readonly toReplace: readonly string[];
    readonly platform: NodeJS.Platform;
    readonly runtime: Runtime | undefined;
  },
  say: Say,
): void {
  const steps: Text[] = [];
  if (toReplace.length > 0) {
    steps.push({
      zh: `换成你自己的值：${toReplace.join('、')}；密钥放进文件${platform === 'win32' ? '' : '并 chmod 600'}。只用一种支付方式时，删去另一种的变量。`,
      en: `Put your own values into ${toReplace.join(', ')}; keep keys in files${platform === 'win32' ? '' : ', chmod 600'}. With one payment method only, remove the other's variables.`,
    });
  }
  for (const { setupNote } of WALLETS) {
    if (setupNote && toReplace.includes(setupNote.about)) steps.push(setupNote.text);
  }
  steps.push({
    zh: '用同样的环境变量运行 mcp-cashier doctor 检查。',
    en: 'Run mcp-cashier doctor with the same environment.',
  });
  steps.push(
    live
      ? {
          zh: '运行 mcp-cashier operator set-secret 设置操作员口令；没有它就无法批准退款。',
          en: 'Run mcp-cashier operator set-secret; without that secret no refund can be approved.',
        }
      : {
          zh: '这是模拟环境，没有真钱；要真实收款用 --live。',
          en: 'This is the simulator, no real money; for real money use --live.',
        },
  );
  if (platform === 'darwin' && runtime) {
    steps.push({
      zh: `从程序坞启动的程序找不到 npx，所以写的是 ${runtime.node}；换了 Node 之后再运行一次本命令。`,
      en: `Programs started from the Dock do not find npx, so ${runtime.node} is written; run this again after another Node is installed.`,
    });
  }
  steps.push({ zh: '重新启动客户端。', en: 'Restart the client.' });
  tell(say, { zh: '接下来：', en: 'Next:' });
  for (const [i, step] of steps.entries()) for (const line of say(step)) print(`  ${i + 1}. ${line}`);
}
