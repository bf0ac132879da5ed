import { beijingIso } from '../domain/clock.ts';
import { CashierError, type Text } from '../domain/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { AcceptedPolicy } from '../ledger/operator-book.ts';
import { onRecord } from '../persons/person.ts';
import { acceptPolicy, isInForce, policyInForce } from '../policy/decisions.ts';
import type { Policy } from '../policy/policy.ts';
import { changedRules, type RuleChange, statedRules } from '../policy/policy-words.ts';
import { readPolicy } from '../policy/read-policy-file.ts';
import { type Books, withBooks } from './books.ts';
import type { CommandContext, Typed } from './command.ts';
import { promptPerson } from './operator-secret.ts';
import type { Say } from './speaker.ts';
import { isTerminal, print, printJson, printTable } from './terminal.ts';

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
export async function run(typed: Typed<'policy'>, context: CommandContext): Promise<number> {
  const { action, values } = typed;
  const { say } = context;
  const offered = await readPolicy(await context.config('operator', values));
  return withBooks(context, values, action === 'show' ? 'read' : 'write', async (books) => {
    const found = await compare(books.ledger, offered);
    if (typed.action === 'show') show(found, books, values.json, say);
    else await accept(found, books, typed.values, say);
    return 0;
  });
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

function show(
  { accepted, inForce, differs, changes }: Comparison,
  { where, announce, settings }: Books,
  json: boolean,
  say: Say,
): void {
  const file = settings.policyFile;
  if (json) {
    printJson({
      ...where,
      ...versionOf(accepted),
      rules: Object.fromEntries(statedRules(inForce)),
      file: file ?? null,
      differs,
      changes: differs ? changes : [],
    });
    return;
  }
  announce();
  if (accepted) {
    const { version, acceptedAt } = accepted;
    const since = beijingIso(acceptedAt);
    const by = byWhom(accepted.acceptedBy);
    print(
      say.line(
        `生效规则：第 ${version} 版，${since}，${by.zh}`,
        `in force: version ${version}, ${since}, ${by.en}`,
      ),
    );
  } else {
    print(
      say.line(
        '账本尚无规则，首次调用时以下列规则为准：',
        'Nothing is in force yet; the first call takes these rules:',
      ),
    );
  }
  printTable([...statedRules(inForce)].map(([path, value]) => [`  ${path}`, value]));
  if (!accepted) return;
  print(
    file === undefined
      ? say.line('规则文件：无，即默认规则', 'file: none, so the default rules')
      : say.line(`规则文件：${file}`, `file: ${file}`),
  );
  if (!differs) {
    print(say.line('与文件一致', 'the file says the same'));
    return;
  }
  print(say.line('文件不同，尚未生效：', 'the file differs and is not in force:'));
  printChanges(changes, say);
  print(say.line('接受：mcp-cashier policy accept', 'to accept it: mcp-cashier policy accept'));
}

async function accept(
  { accepted, offered, differs, changes }: Comparison,
  books: Books,
  { json, as }: { readonly json: boolean; readonly as: string | undefined },
  say: Say,
): Promise<void> {
  const { ledger, where, settings } = books;
  if (accepted && !differs) {
    if (json) printJson({ ...where, ...versionOf(accepted), accepted: false, changes: [] });
    else {
      books.announce();
      print(say.line(`没有需要接受的改动，第 ${accepted.version} 版已生效`, 'nothing to accept'));
    }
    return;
  }
  if (!json && isTerminal()) {
    books.announce();
    printChanges(changes, say);
  }
  const person = await promptPerson(ledger, settings, say, as);
  const version = await onRecord(ledger.as(person.acting('policy accept')), {}, async (book) => {
    // The person has seen what changes from that version, and no other.
    if ((await book.operator.policy())?.version !== accepted?.version) throw changedMeanwhile();
    return acceptPolicy(book, person, offered);
  });
  if (json) {
    printJson({ ...where, version, accepted: true, changes });
    return;
  }
  if (!isTerminal()) {
    books.announce();
    printChanges(changes, say);
  }
  print(
    say.line(
      `✔ 第 ${version} 版规则已生效，所有进程立即采用`,
      `✔ version ${version} is in force in every process`,
    ),
  );
}

function versionOf(accepted: AcceptedPolicy | undefined) {
  return {
    version: accepted?.version ?? null,
    acceptedAt: accepted ? beijingIso(accepted.acceptedAt) : null,
    acceptedBy: accepted?.acceptedBy ?? null,
  };
}

function byWhom(acceptedBy: string): Text {
  return acceptedBy === 'first'
    ? { zh: '首份规则', en: 'the first of this ledger' }
    : { zh: `由操作员接受（${acceptedBy}）`, en: `accepted by the operator (${acceptedBy})` };
}

function printChanges(changes: readonly RuleChange[], say: Say): void {
  printTable([
    say.row('规则|生效|文件', 'rule|in force|file'),
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
