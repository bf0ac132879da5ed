import { openLedger, readPolicy } from '../compose.ts';
import type { Config } from '../config.ts';
import { beijingIso } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { AcceptedPolicy } from '../ledger/operator-book.ts';
import { acceptPolicy, isInForce, policyInForce } from '../policy/decisions.ts';
import type { Policy } from '../policy/policy.ts';
import { changedRules, type RuleChange, statedRules } from '../policy/policy-words.ts';
import { readArguments, usage } from './arguments.ts';
import type { CommandContext } from './command.ts';
import { askPerson } from './operator-secret.ts';
import { print, printJson, printTable } from './terminal.ts';

const USE = { zh: 'policy [show] | accept [--json]', en: 'policy [show] | accept [--json]' };

/** What the ledger and the policy file say. */
interface Comparison {
  /** undefined: nothing has been decided yet, and the first call takes the file's rules as they are. */
  readonly accepted: AcceptedPolicy | undefined;
  readonly inForce: Policy;
  readonly offered: Policy;
  readonly differs: boolean;
  readonly changes: readonly RuleChange[];
}

/**
 * `mcp-cashier policy [show] | accept [--json]`: the rules in force, whether the policy file differs from them, and,
 * for a person only, putting the file's in force in every process on the ledger.
 */
export async function run(args: readonly string[], { config }: CommandContext): Promise<number> {
  const { positionals, values } = readArguments(args, { json: { type: 'boolean', default: false } }, USE);
  const [action = 'show', ...rest] = positionals;
  if ((action !== 'show' && action !== 'accept') || rest.length > 0) throw usage(USE);
  const settings = await config('operator');
  const offered = await readPolicy(settings);
  const ledger = await openLedger(settings);
  try {
    const found = await compare(ledger, offered);
    if (action === 'show') show(found, settings.policyFile, values.json);
    else await accept(ledger, settings, found, values.json);
    return 0;
  } finally {
    await ledger.close();
  }
}

function compare(ledger: Ledger, offered: Policy): Promise<Comparison> {
  return ledger.read(async (book) => {
    const accepted = await book.operator.policy();
    const inForce = await policyInForce(book, offered);
    return {
      accepted,
      inForce,
      offered,
      differs: !(await isInForce(book, offered)),
      changes: changedRules(accepted ? inForce : {}, offered),
    };
  });
}

function show({ accepted, inForce, differs, changes }: Comparison, file: string | undefined, json: boolean) {
  if (json) {
    printJson({
      ...versionOf(accepted),
      rules: Object.fromEntries(statedRules(inForce)),
      file: file ?? null,
      differs,
      changes: differs ? changes : [],
    });
    return;
  }
  if (accepted) {
    const { version, acceptedAt, acceptedBy } = accepted;
    print(
      `生效规则 in force: 第 ${version} 版 version ${version}, ${beijingIso(acceptedAt)}, ${by(acceptedBy)}`,
    );
  } else {
    print(
      '账本尚无规则，首次调用时以下列规则为准。Nothing is in force yet; the first call takes these rules:',
    );
  }
  printTable([...statedRules(inForce)].map(([path, value]) => [`  ${path}`, value]));
  if (!accepted) return;
  print(`策略文件 file: ${file ?? '无，即默认规则 none, so the default rules'}`);
  if (!differs) return print('与文件一致 the file says the same');
  print('文件不同，尚未生效 the file differs and is not in force:');
  printChanges(changes);
  print('接受 to accept it: mcp-cashier policy accept');
}

async function accept(
  ledger: Ledger,
  settings: Config,
  { accepted, offered, differs, changes }: Comparison,
  json: boolean,
): Promise<void> {
  if (accepted && !differs) {
    if (json) printJson({ ...versionOf(accepted), accepted: false, changes: [] });
    else print(`没有需要接受的改动，第 ${accepted.version} 版已生效 nothing to accept`);
    return;
  }
  if (!json) printChanges(changes);
  const person = await askPerson(ledger, settings);
  const version = await ledger.as({ caller: 'operator', tool: 'policy accept' }).write(async (book) => {
    // The person has seen what changes from that version, and no other.
    if ((await book.operator.policy())?.version !== accepted?.version) throw changedMeanwhile();
    return acceptPolicy(book, person, offered);
  });
  if (json) printJson({ version, accepted: true, changes });
  else print(`第 ${version} 版规则已生效，所有进程立即采用 version ${version} is in force in every process`);
}

function versionOf(accepted: AcceptedPolicy | undefined) {
  return {
    version: accepted?.version ?? null,
    acceptedAt: accepted ? beijingIso(accepted.acceptedAt) : null,
    acceptedBy: accepted?.acceptedBy ?? null,
  };
}

function by(acceptedBy: string): string {
  return acceptedBy === 'first' ? '首份规则 the first of this ledger' : `由操作员接受 by ${acceptedBy}`;
}

function printChanges(changes: readonly RuleChange[]): void {
  printTable([
    ['规则 rule', '生效 in force', '文件 file'],
    ...changes.map(({ path, inForce = '-', offered = '-' }) => [path, inForce, offered]),
  ]);
}

function changedMeanwhile(): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: '规则刚被他人更改，本次没有接受。',
    en: 'The rules were just changed elsewhere; nothing was accepted.',
    next: { zh: '运行 mcp-cashier policy show 后重试。', en: 'Run mcp-cashier policy show and try again.' },
  });
}
