import { beijingIso } from '../domain/clock.ts';
import type { Freeze } from '../ledger/operator-book.ts';
import { freeze } from '../policy/decisions.ts';
import { oneLine } from '../policy/reason.ts';
import { nameOf, onEveryLedger, placeOf } from './all-books.ts';
import { noLedger } from './books.ts';
import type { CommandContext, Typed } from './command.ts';
import { print, printJson, tell } from './terminal.ts';

/**
 * `mcp-cashier freeze`: stops everything that moves money, in every process on every ledger of the home. Anybody may
 * stop; only a person lets it go on. Exit code 1 where a ledger that the home knows of was not reached.
 */
export async function run({ values }: Typed<'freeze'>, context: CommandContext): Promise<number> {
  // To stop is never refused for its reason: what is too long is cut.
  const reason = oneLine(values.reason ?? '');
  const { settings, reached } = await onEveryLedger(context, values, (ledger) =>
    ledger.as({ actor: 'operator', tool: 'freeze' }).write(async (book) => {
      const before = await freeze(book, 'terminal', reason);
      return { already: before !== undefined, now: await book.operator.freeze() };
    }),
  );
  if (reached.length === 0) throw noLedger(settings);
  const frozen = reached.every((one) => 'done' in one);
  if (values.json) {
    const ledgers = reached.map((one) =>
      'done' in one
        ? {
            ...placeOf(one),
            frozen: true,
            already: one.done.already,
            ...told(one.done.now),
          }
        : {
            ...placeOf(one),
            frozen: false,
            problem: context.say(one.problem).join(' '),
          },
    );
    const first = reached.find((one) => 'done' in one)?.done;
    printJson({
      frozen,
      already: reached.every((one) => 'done' in one && one.done.already),
      ...told(first?.now),
      ledgers,
    });
    return frozen ? 0 : 1;
  }
  const { say } = context;
  for (const one of reached) {
    const name = nameOf(one);
    if (!('done' in one)) {
      print(say.line(`✘ 没有暂停：${name}：${one.problem.zh}`, `✘ NOT paused: ${name}: ${one.problem.en}`));
    } else if (one.done.already && one.done.now) {
      const { at, by, reason: why } = one.done.now;
      const since = `${beijingIso(at)} ${by} ${why ?? '-'}`;
      print(say.line(`✔ 早已暂停：${name}（${since}）`, `✔ already paused: ${name} (${since})`));
    } else print(say.line(`✔ 已暂停：${name}`, `✔ paused: ${name}`));
  }
  tell(say, {
    zh: frozen
      ? '所有进程都停止新的收款、关单和退款；已提交的不受影响，查询照常。'
      : '有账本没有暂停：它的进程还会收款和退款。请停止那些进程。',
    en: frozen
      ? 'No new payment, close or refund in any process; what was sent goes on, and so do queries.'
      : 'Not every ledger was paused: processes on that one go on charging and refunding. Stop them.',
  });
  tell(say, { zh: '恢复：mcp-cashier unfreeze', en: 'To resume: mcp-cashier unfreeze' });
  return frozen ? 0 : 1;
}

function told(now: Freeze | undefined) {
  return { at: now ? beijingIso(now.at) : null, by: now?.by ?? null, reason: now?.reason ?? null };
}
