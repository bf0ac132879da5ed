import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../config.ts';
import { beijingIso } from '../domain/clock.ts';
import { CashierError, codeOf } from '../domain/errors.ts';
import { isAddress } from '../domain/ledger-address.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { refusedNames } from '../ledger/refused-names.ts';
import { hasOperatorSecret } from '../persons/secret.ts';
import { isInForce } from '../policy/decisions.ts';
import type { Policy } from '../policy/policy.ts';
import { error, type Finding, ok, refusal, warning } from '../providers/finding.ts';
import { examineSilent } from './channels.ts';
import { isOpenToOthers } from './env-file.ts';
import { examineNews } from './ledger-news.ts';
import { examineWay } from './ledger-way.ts';
import { examineOwed, examineTrialBehind } from './owed.ts';
import type { DoctorPorts } from './ports.ts';
import { examineRefusedNames } from './service.ts';

/** Bytes; an order with its history takes some 4 KiB. */
const LITTLE_SPACE = 200 * 1024 * 1024;
const NO_SPACE = 10 * 1024 * 1024;

/** The ledger, and what stands in it: rules, freeze, secret, what is not settled. Makes no ledger where none is. */
export async function* examineLedger(config: Config, ports: DoctorPorts): AsyncIterable<Finding> {
  const { policy, finding } = await examinePolicyFile(config, ports);
  yield finding;
  const isFile = !isAddress(config.ledger);
  const place = isFile ? [await examineSqlite(ports), ...examinePlace(config.ledger, ports)] : [];
  yield* place;
  if (place.some(({ level }) => level === 'error')) return;
  yield* examineTrialBehind(config, ports);
  if (isFile && !existsSync(config.ledger)) {
    yield* noLedgerYet(config);
    return;
  }
  let ledger: Ledger;
  try {
    ledger = await ports.openLedger(config, { mayMake: isFile });
  } catch (thrown) {
    if (thrown instanceof CashierError && thrown.details.absent) {
      yield* noLedgerYet(config);
      return;
    }
    const damaged = thrown instanceof CashierError && thrown.code !== 'INTERNAL';
    const found = refusal(thrown, () => (damaged ? 'ledger.unusable' : 'ledger.busy'));
    yield { ...found, variable: 'CASHIER_LEDGER' };
    return;
  }
  try {
    yield* examineContents(ledger, config);
    yield* examineOwed(ledger);
    yield* examineWay(config);
    yield* examineNews(ledger, config);
    yield* examineRefusedNames(await refusedNames(ledger, ports.clock.now()));
    yield* examineRules(ledger, policy);
    yield* examineSilent(ledger, config);
  } finally {
    await ledger.close();
  }
}

function* noLedgerYet(config: Config): Iterable<Finding> {
  yield ok('ledger.absent', {
    zh: `还没有账本，首次启动时会建在 ${config.ledgerName}。`,
    en: `There is no ledger yet; the first start makes it at ${config.ledgerName}.`,
  });
  yield* operatorSecret(false, config);
}

/** Whether this machine can keep a ledger at all. */
async function examineSqlite({ machine }: DoctorPorts): Promise<Finding> {
  try {
    const { origin, version, walIsSafe } = await machine.sqlite();
    const from =
      origin === 'node' ? { zh: 'Node 自带', en: "Node's own" } : { zh: '随包提供', en: 'packaged' };
    const how = walIsSafe
      ? { zh: '', en: '' }
      : {
          zh: '，版本较旧，账本改用回滚日志而不用 WAL',
          en: '; an old one, so ledgers use a rollback journal and no WAL',
        };
    return ok('ledger.sqlite', {
      zh: `SQLite ${version}（${from.zh}）可用${how.zh}。`,
      en: `SQLite ${version} works (${from.en}${how.en}).`,
    });
  } catch (thrown) {
    if (thrown instanceof CashierError) return refusal(thrown, () => 'ledger.no-sqlite');
    const code = codeOf(thrown) || 'unknown';
    return error('ledger.sqlite-fails', {
      zh: `在临时文件夹中建一个试验数据库失败（${code}）。`,
      en: `A scratch database in the temporary folder failed (${code}).`,
      remedy: [
        '检查临时文件夹的空间与写入权限，再运行一次。',
        'See to the space and the permissions of the temporary folder, then run this again.',
      ],
    });
  }
}

/** Whether the file can be written where it lies, or made where it will lie. */
function* examinePlace(path: string, { machine }: DoctorPorts): Iterable<Finding> {
  const variable = 'CASHIER_LEDGER';
  const there = existsSync(path);
  let folder = dirname(path);
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  if (!isWritable(there ? path : folder) || !isWritable(folder) || !statSync(folder).isDirectory()) {
    yield error('ledger.not-writable', {
      variable,
      zh: `当前用户不能写入账本 ${path}。`,
      en: `This user cannot write the ledger ${path}.`,
      remedy: [
        '修改权限，或让 CASHIER_HOME / CASHIER_LEDGER 指向可写的位置。',
        'Change its permissions, or point CASHIER_HOME or CASHIER_LEDGER at a place that can be written.',
      ],
    });
    return;
  }
  if (isOpenToOthers(path)) {
    yield warning('ledger.file-mode', {
      variable,
      zh: `账本 ${path} 可被这台机器上的其他用户读取。`,
      en: `The ledger ${path} can be read by other users of this machine.`,
      remedy: [`执行 chmod 600 ${path}。`, `Run chmod 600 ${path}.`],
    });
  }
  const free = machine.freeBytes(folder);
  if (free < LITTLE_SPACE) {
    const megabytes = Math.floor(free / 1024 / 1024);
    yield (free < NO_SPACE ? error : warning)('ledger.disk-space', {
      variable,
      zh: `账本所在磁盘只剩 ${megabytes} MB；没有空间就不能收款。`,
      en: `The ledger's disk has only ${megabytes} MB left; without space nothing can be collected.`,
      remedy: ['清理磁盘。', 'Free some space.'],
    });
  }
}

async function* examineContents(ledger: Ledger, config: Config): AsyncIterable<Finding> {
  const found = await ledger.read(async (book) => ({
    orders: (await book.orders.totals({})).count,
    unknown: (await book.orders.totals({ state: 'UNKNOWN' })).count,
    latest: (await book.orders.list({}, 1))[0],
    unsettled: await book.asking.any(),
    approvals: (await book.approvals.open()).length,
  }));
  yield ok('ledger.usable', {
    zh: `账本 ${config.ledgerName} 可用：${config.realm} 环境，${found.orders} 笔订单${found.latest ? `，最近一笔 ${beijingIso(found.latest.createdAt)}` : ''}。`,
    en: `The ledger ${config.ledgerName} is usable: realm ${config.realm}, ${found.orders} orders${found.latest ? `, the latest of ${beijingIso(found.latest.createdAt)}` : ''}.`,
  });
  if (found.unknown > 0) {
    yield warning('ledger.unknown-orders', {
      zh: `${found.unknown} 笔订单的结果待确认（支付平台没有给出答复）。`,
      en: `The outcome of ${found.unknown} orders is unknown (the gateway has not told).`,
      remedy: [
        '保持服务器运行，它会自动查询；用 mcp-cashier orders 查看。',
        'Keep the server running, it asks by itself; see mcp-cashier orders.',
      ],
    });
  }
  if (found.unsettled) {
    yield ok('ledger.unsettled', {
      zh: '有尚未了结的订单或退款；服务器运行期间会自动查询。',
      en: 'Some orders or refunds are not settled; a running server asks about them.',
    });
  }
  if (found.approvals > 0) {
    yield ok('ledger.open-approvals', {
      zh: `${found.approvals} 项待审批：mcp-cashier approvals。`,
      en: `${found.approvals} calls wait for a person: mcp-cashier approvals.`,
    });
  }
  yield* operatorSecret(await hasOperatorSecret(ledger), config);
}

function* operatorSecret(set: boolean, { realm }: Config): Iterable<Finding> {
  if (set) {
    yield ok('ledger.operator-secret', { zh: '操作员口令已设置。', en: 'The operator secret is set.' });
    return;
  }
  if (realm === 'simulator') {
    yield ok('ledger.operator-secret', {
      zh: '没有操作员口令；模拟环境不需要。',
      en: 'No operator secret is set; the simulator needs none.',
    });
    return;
  }
  yield warning('ledger.operator-secret', {
    zh: '还没有设置操作员口令：退款等需要人工批准的操作都无法批准。',
    en: 'No operator secret is set: nothing that needs a person, such as refunds, can be approved.',
    remedy: ['现在就运行 mcp-cashier operator set-secret。', 'Run mcp-cashier operator set-secret now.'],
  });
}

async function examinePolicyFile(
  config: Config,
  { readPolicy }: DoctorPorts,
): Promise<{ readonly policy: Policy | undefined; readonly finding: Finding }> {
  try {
    const policy = await readPolicy(config);
    const finding =
      config.policyFile === undefined
        ? ok('policy.default', {
            zh: '没有规则文件：单笔收款不超过 5000 元，退款都要人工批准。',
            en: 'No policy file: payments up to 5,000 yuan, and every refund needs a person.',
          })
        : ok('policy.file', {
            variable: 'CASHIER_POLICY',
            zh: `规则文件 ${config.policyFile} 正确。`,
            en: `The policy file ${config.policyFile} is valid.`,
          });
    return { policy, finding };
  } catch (thrown) {
    return { policy: undefined, finding: refusal(thrown, () => 'policy.invalid') };
  }
}

async function* examineRules(ledger: Ledger, policy: Policy | undefined): AsyncIterable<Finding> {
  const { accepted, inForce, frozen } = await ledger.read(async (book) => ({
    accepted: await book.operator.policy(),
    inForce: policy === undefined || (await isInForce(book, policy)),
    frozen: await book.operator.freeze(),
  }));
  if (!inForce && accepted) {
    yield warning('policy.not-in-force', {
      variable: 'CASHIER_POLICY',
      zh: `规则文件与生效的规则（第 ${accepted.version} 版）不同，后者继续有效。`,
      en: `The policy file differs from the rules in force (version ${accepted.version}), which stay in force.`,
      remedy: [
        '核对 mcp-cashier policy，再运行 mcp-cashier policy accept。',
        'Compare with mcp-cashier policy, then run mcp-cashier policy accept.',
      ],
    });
  }
  if (frozen) {
    yield warning('policy.frozen', {
      zh: `收款和退款自 ${beijingIso(frozen.at)} 起已暂停，不会有新的资金变动。`,
      en: `Payments and refunds have been paused since ${beijingIso(frozen.at)}.`,
      remedy: ['确认原因后运行 mcp-cashier unfreeze。', 'When the reason is gone, run mcp-cashier unfreeze.'],
    });
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false; // the answer to the question
  }
}
