import { beijingIso } from '../domain/clock.ts';
import { parseAmount, toSignedYuan, toYuan } from '../domain/money.ts';
import type { BudgetMove } from '../ledger/quotas.ts';
import { onRecord } from '../persons/person.ts';
import { type BudgetState, budgetState, moveBudget } from '../policy/decisions.ts';
import { announceToPerson, type Books, withBooks } from './books.ts';
import type { CommandContext, Typed } from './command.ts';
import { promptPerson } from './operator-secret.ts';
import type { Say } from './speaker.ts';
import { print, printJson, printTable } from './terminal.ts';

/**
 * `mcp-cashier budget [show [CALLER]] | top-up CALLER YUAN | draw CALLER YUAN [--note TEXT] [--json]`: what callers may
 * move at most, where the policy says `from: budget`. Only a person fills it.
 */
export async function run(typed: Typed<'budget'>, context: CommandContext): Promise<number> {
  const { action, values } = typed;
  const [caller = '', amount] = typed.args;
  const { say } = context;
  if (action === 'show') {
    return withBooks(context, values, 'read', async (books) => {
      await show(books, typed.args[0], values.json, say);
      return 0;
    });
  }
  const amountFen = parseAmount(amount ?? '', 'YUAN');
  return withBooks(context, values, 'write', async (books) => {
    const { ledger, settings, where } = books;
    announceToPerson(books, values.json);
    const person = await promptPerson(ledger, settings, say, values.as);
    const signed = action === 'draw' ? -amountFen : amountFen;
    const state = await onRecord(ledger.as(person.acting(`budget ${action}`)), {}, (book) =>
      moveBudget(book, person, caller, signed, values.note),
    );
    if (values.json) printJson({ ...where, caller, movedYuan: toSignedYuan(signed), ...inYuan(state) });
    else {
      books.announce();
      const sum = toYuan(amountFen);
      print(
        action === 'draw'
          ? say.line(`✔ 已减少额度 ${sum} 元`, `✔ ${sum} yuan taken from the allowance`)
          : say.line(`✔ 已追加额度 ${sum} 元`, `✔ ${sum} yuan added to the allowance`),
      );
      printBudgets([{ caller, state, moves: [] }], say);
    }
    return 0;
  });
}

interface Budget {
  readonly caller: string;
  readonly state: BudgetState;
  /** Oldest first. */
  readonly moves: readonly BudgetMove[];
}

async function show(
  { ledger, where, announce }: Books,
  caller: string | undefined,
  json: boolean,
  say: Say,
): Promise<void> {
  const budgets = await ledger.read(async (book) => {
    const names = caller === undefined ? await book.quotas.budgets() : [caller];
    return Promise.all(
      names.map(async (name) => ({
        caller: name,
        state: await budgetState(book, name),
        moves: await book.quotas.budgetMoves(name),
      })),
    );
  });
  if (json) {
    printJson({
      ...where,
      items: budgets.map(({ caller: name, state, moves }) => ({
        caller: name,
        ...inYuan(state),
        moves: moves.map(({ at, amountFen, by, note = null }) => ({
          at: beijingIso(at),
          amountYuan: toSignedYuan(amountFen),
          by,
          note,
        })),
      })),
    });
    return;
  }
  announce();
  printBudgets(budgets, say);
  const moves = budgets.flatMap((budget) => budget.moves);
  if (moves.length === 0) return;
  print();
  printTable([
    say.row('时间|调用方|元|由|备注', 'time|caller|yuan|by|note'),
    ...moves.map(({ at, budget, amountFen, by, note = '-' }) => [
      beijingIso(at),
      budget,
      toSignedYuan(amountFen),
      by,
      note,
    ]),
  ]);
}

function printBudgets(budgets: readonly Budget[], say: Say): void {
  printTable([
    say.row('调用方|总额度（元）|占用|剩余', 'caller|allowance (yuan)|held|left'),
    ...budgets.map(({ caller, state }) => [caller, ...Object.values(inYuan(state))]),
  ]);
}

function inYuan({ filledFen, heldFen, leftFen }: BudgetState) {
  return {
    filledYuan: toYuan(filledFen),
    heldYuan: toYuan(heldFen),
    leftYuan: toSignedYuan(leftFen),
  };
}
