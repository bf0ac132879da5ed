import { delimiter, isAbsolute, join } from 'node:path';
import type { Config } from '../config.ts';
import { CashierError } from '../domain/errors.ts';
import type { ProviderId } from '../domain/order.ts';
import { missingWay, type Way } from '../gate/needed-ways.ts';
import type { Prices } from '../gate/prices.ts';
import { boundsOf, PRICES_VARIABLE, readPrices } from '../gate/prices-file.ts';
import { DEFAULT_POLICY, type Policy } from '../policy/policy.ts';
import { type Finding, ok, refusal, warning } from '../providers/finding.ts';
import { WALLETS } from '../providers/registry.ts';
import type { DoctorPorts, Machine } from './ports.ts';

const variable = PRICES_VARIABLE;

/** What is looked at of the gate. */
export interface GateAsked {
  /** The price file, where `--prices` names one. */
  readonly typed: string | undefined;
  /** Wallets that are configured. */
  readonly wallets: readonly ProviderId[];
  readonly isGiven: (name: string) => boolean;
  readonly offline: boolean;
}

/** What the gate charges for, if anything: whether it would start so, and whether somebody is behind it. */
export async function* examineGate(
  config: Config,
  { typed, wallets, isGiven, offline }: GateAsked,
  { readPolicy, machine }: Pick<DoctorPorts, 'readPolicy' | 'machine'>,
): AsyncIterable<Finding> {
  const file = typed ?? config.pricesFile;
  if (file === undefined) return;
  let prices: Prices;
  try {
    const bounds = boundsOf(await policyOr(readPolicy(config)), config);
    prices = await readPrices(file, bounds, typed === undefined ? variable : '--prices');
  } catch (thrown) {
    yield { ...refusal(thrown, () => 'gate.unusable'), variable };
    return;
  }
  const count = [...prices.http, ...prices.mcp].flatMap((one) => [...one.prices]).length;
  yield ok('gate.prices', {
    variable,
    zh: `价目文件 ${file} 正确，有 ${count} 个价格。`,
    en: `The price file ${file} is valid, with ${count} prices.`,
  });
  const missing = missingWay(prices, (by) => sells(by, wallets, config.embeddedSimulator, isGiven));
  if (missing) yield refusal(missing, () => 'gate.unpayable');
  if (offline) return;
  const urls = [
    ...prices.http.map(({ origin }) => origin),
    ...prices.mcp.flatMap(({ reached }) => ('url' in reached ? [reached.url] : [])),
  ];
  yield* await Promise.all(
    [...new Set(urls.map(({ origin }) => origin))].map((one) => answers(one, machine)),
  );
  const programs = prices.mcp.flatMap(({ reached }) => ('command' in reached ? [reached.command[0]] : []));
  for (const program of new Set(programs)) if (!isThere(program, config.env, machine)) yield absent(program);
}

/** What is wrong with the rules is said where they are looked at. */
async function policyOr(read: Promise<Policy>): Promise<Policy> {
  try {
    return await read;
  } catch (thrown) {
    if (thrown instanceof CashierError) return DEFAULT_POLICY;
    throw thrown;
  }
}

function sells(
  by: Way,
  wallets: readonly ProviderId[],
  isSimulated: boolean,
  isGiven: (name: string) => boolean,
): boolean {
  const wallet = WALLETS.find((one) => one.sells?.by === by);
  return isSimulated || (wallet?.sells?.variables.every(isGiven) === true && wallets.includes(wallet.id));
}

async function answers(origin: string, machine: Machine): Promise<Finding> {
  const { hostname, port, protocol } = new URL(origin);
  const at = Number(port || (protocol === 'https:' ? 443 : 80));
  const state = await machine.connects(hostname.replace(/^\[|\]$/g, ''), at);
  if (state === 'open') {
    return ok('gate.upstream', {
      variable,
      zh: `上游 ${origin} 有应答。`,
      en: `The upstream ${origin} answers.`,
    });
  }
  return warning('gate.upstream-unreachable', {
    variable,
    zh: `上游 ${origin} 连接不上（${state}）：付款后无法交付，到期自动退款。`,
    en: `The upstream ${origin} cannot be reached (${state}): what is paid for cannot be delivered, and goes back in time.`,
    remedy: [
      '启动它，或改正价目文件中的 upstream 或 url。',
      'Start it, or correct upstream or url in the price file.',
    ],
  });
}

/** Whether a program stands where a shell would find it. */
function isThere(program: string, env: Config['env'], machine: Machine): boolean {
  if (/[\\/]/.test(program)) return !isAbsolute(program) || machine.isProgram(program);
  const folders = (env.PATH ?? env.Path ?? '').split(delimiter).filter(Boolean);
  const endings = ['', ...(env.PATHEXT ?? '').split(';').filter(Boolean)];
  return folders.some((folder) => endings.some((end) => machine.isProgram(join(folder, `${program}${end}`))));
}

function absent(program: string): Finding {
  return warning('gate.program-absent', {
    variable,
    zh: `找不到上游 MCP 服务器的程序 ${program}，无法启动它。`,
    en: `There is no program ${program} to start the MCP server behind the gate with.`,
    remedy: [
      '安装它，或在价目文件的 command 中写出完整路径。',
      'Install it, or give its whole path in command in the price file.',
    ],
  });
}
