import { openLedger } from '../compose.ts';
import { beijingIso } from '../domain/clock.ts';
import { freeze } from '../policy/decisions.ts';
import { oneLine } from '../policy/reason.ts';
import { readArguments, usage } from './arguments.ts';
import type { CommandContext } from './command.ts';
import { print, printJson, printTable } from './terminal.ts';

const USE = { zh: 'freeze [--reason 原因] [--json]', en: 'freeze [--reason TEXT] [--json]' };

/**
 * `mcp-cashier freeze [--reason TEXT] [--json]`: stops everything that moves money, in every process on the ledger.
 * Anybody may stop; only a person lets it go on.
 */
export async function run(args: readonly string[], { config }: CommandContext): Promise<number> {
  const { positionals, values } = readArguments(
    args,
    { json: { type: 'boolean', default: false }, reason: { type: 'string' } },
    USE,
  );
  if (positionals.length > 0) throw usage(USE);
  // To stop is never refused for its reason: what is too long is cut.
  const reason = oneLine(values.reason ?? '');
  const settings = await config();
  const ledger = await openLedger(settings);
  try {
    const { before, now } = await ledger.as({ caller: 'operator', tool: 'freeze' }).write(async (book) => {
      const before = await freeze(book, 'terminal', reason);
      return { before, now: await book.operator.freeze() };
    });
    const at = now && beijingIso(now.at);
    if (values.json) {
      printJson({
        frozen: true,
        already: before !== undefined,
        at,
        by: now?.by,
        reason: now?.reason ?? null,
      });
    } else {
      if (before) printTable([['早已冻结 already frozen:', at ?? '', before.by, before.reason ?? '-']]);
      else {
        print('已冻结：所有进程停止收款、关单和退款，查询照常');
        print('frozen: no payment, close or refund in any process; queries go on');
      }
      print(`账本 ledger: ${settings.realm} ${settings.ledger}`);
      print('解冻 to unfreeze: mcp-cashier unfreeze');
    }
    return 0;
  } finally {
    await ledger.close();
  }
}
