import { openLedger } from '../compose.ts';
import { beijingIso } from '../domain/clock.ts';
import { unfreeze } from '../policy/decisions.ts';
import { readArguments, usage } from './arguments.ts';
import type { CommandContext } from './command.ts';
import { askPerson } from './operator-secret.ts';
import { print, printJson, printTable } from './terminal.ts';

const USE = { zh: 'unfreeze [--json]', en: 'unfreeze [--json]' };

/** `mcp-cashier unfreeze [--json]`: money may move again in every process on the ledger. Only a person may. */
export async function run(args: readonly string[], { config }: CommandContext): Promise<number> {
  const { positionals, values } = readArguments(args, { json: { type: 'boolean', default: false } }, USE);
  if (positionals.length > 0) throw usage(USE);
  const settings = await config('operator');
  const ledger = await openLedger(settings);
  try {
    const person = await askPerson(ledger, settings);
    const frozen = await ledger.read((book) => book.operator.freeze());
    if (!frozen) {
      if (values.json) printJson({ frozen: false, thawed: false });
      else print('没有冻结 nothing is frozen');
      return 0;
    }
    if (!values.json) {
      printTable([['冻结于 frozen since', beijingIso(frozen.at), frozen.by, frozen.reason ?? '-']]);
    }
    await ledger.as({ caller: 'operator', tool: 'unfreeze' }).write((book) => unfreeze(book, person));
    if (values.json) printJson({ frozen: false, thawed: true });
    else print('已解冻，收款与退款恢复 unfrozen: payments and refunds go on');
    return 0;
  } finally {
    await ledger.close();
  }
}
