import { needsMerchant } from '../config-merchants.ts';
import { beijingIso } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import { onRecord } from '../persons/person.ts';
import { hasOperatorSecret } from '../persons/secret.ts';
import { unfreeze } from '../policy/decisions.ts';
import { nameOf, onEveryLedger, placeOf } from './all-books.ts';
import { noLedger } from './books.ts';
import type { CommandContext, Typed } from './command.ts';
import { secretAsker } from './operator-secret.ts';
import { print, printJson } from './terminal.ts';

/**
 * `mcp-cashier unfreeze`: money may move again in every process on every ledger of the home. Only a person may; each
 * ledger has its own secret, and the one that is typed is tried on all. Exit code 1 where one was not reached.
 */
export async function run({ values }: Typed<'unfreeze'>, context: CommandContext): Promise<number> {
  const { say } = context;
  // What lets money move is said of each merchant.
  const [{ merchants }, ...others] = await context.configs('operator', values);
  if (others.length > 0) throw needsMerchant(merchants);
  const personOf = secretAsker(await context.home(values), say, values.as);
  const refusals: CashierError[] = [];
  const { settings, reached } = await onEveryLedger(context, values, async (ledger) => {
    try {
      const before = await ledger.read((book) => book.operator.freeze());
      // Where there is no secret yet, nobody could prove who they are, nor is there anything to do.
      if (!before && !(await hasOperatorSecret(ledger))) return undefined;
      const person = await personOf(ledger);
      if (before) {
        await onRecord(ledger.as(person.acting('unfreeze')), {}, (book) =>
          unfreeze(book, person, values['despite-differences']),
        );
      }
      return before;
    } catch (error) {
      if (error instanceof CashierError) refusals.push(error);
      throw error;
    }
  });
  if (reached.length === 0) throw noLedger(settings);
  const [refusal] = refusals;
  // Nothing has changed, and that is all there is to say.
  if (refusal && refusals.length === reached.length) throw refusal;
  const isDone = reached.every((one) => 'done' in one);
  const thawed = reached.some((one) => 'done' in one && one.done !== undefined);
  if (values.json) {
    printJson({
      frozen: !isDone,
      thawed,
      ledgers: reached.map((one) => ({
        ...placeOf(one),
        ...('done' in one
          ? { frozen: false, thawed: one.done !== undefined }
          : { thawed: false, problem: say(one.problem).join(' ') }),
      })),
    });
    return isDone ? 0 : 1;
  }
  for (const one of reached) {
    const name = nameOf(one);
    if (!('done' in one)) {
      print(say.line(`✘ 没有恢复：${name}：${one.problem.zh}`, `✘ not resumed: ${name}: ${one.problem.en}`));
    } else if (!one.done) {
      print(say.line(`✔ 没有暂停过：${name}`, `✔ was not paused: ${name}`));
    } else {
      const since = `${beijingIso(one.done.at)} ${one.done.by} ${one.done.reason ?? '-'}`;
      print(say.line(`✔ 已恢复：${name}（暂停于 ${since}）`, `✔ resumed: ${name} (paused ${since})`));
    }
  }
  return isDone ? 0 : 1;
}
