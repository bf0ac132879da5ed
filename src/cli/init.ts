import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { withDotenv } from '../config.ts';
import { CashierError, type Text } from '../domain/errors.ts';
import { nearest } from '../domain/nearest.ts';
import { WALLETS } from '../providers/registry.ts';
import type { CommandContext, Typed } from './command.ts';
import { type BlockOptions, packageSpec, type Runtime, serverBlock } from './init/block.ts';
import { CLIENT_IDS } from './init/client-ids.ts';
import { CLIENTS, isInstalled, type McpClient } from './init/clients.ts';
import { setEntry } from './init/json-edit.ts';
import { mergeAll } from './init/merge.ts';
import type { Place } from './init/places.ts';
import { setTable } from './init/toml-edit.ts';
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
    print(say.label(what.zh, what.en));
    print(line);
    print();
  }
  const done =
    files.length === 0
      ? withoutFile(client, values.write, say)
      : await mergeAll(files, { path, entry }, values, say);
  // What kept it from being written comes first, and is said.
  if (done || files.length === 0) nextSteps({ ...options, toReplace }, say);
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

function nextSteps(
  { live, toReplace, platform, runtime }: BlockOptions & { readonly toReplace: readonly string[] },
  say: Say,
): void {
  const steps: Text[] = [];
  if (toReplace.length > 0) {
    steps.push({
      zh: `换成你自己的值：${toReplace.join('、')}；密钥放进文件${platform === 'win32' ? '' : '并 chmod 600'}。只用一部分支付方式时，删去其余的变量。`,
      en: `Put your own values into ${toReplace.join(', ')}; keep keys in files${platform === 'win32' ? '' : ', chmod 600'}. Remove the variables of payment methods that you do not use.`,
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
