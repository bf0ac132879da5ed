import { openLedger } from '../compose.ts';
import { beijingIso } from '../domain/clock.ts';
import { fen, parseAmount, toSignedYuan, toYuan } from '../domain/money.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { BudgetMove } from '../ledger/quotas.ts';
import { type BudgetState, budgetState, moveBudget } from '../policy/decisions.ts';
import { readArguments, usage } from './arguments.ts';
import type { CommandContext } from './command.ts';
import { askPerson } from './operator-secret.ts';
import { print, printJson, printTable } from './terminal.ts';

const USE = {
  zh: 'budget [show [调用方]] | top-up 调用方 金额元 [--note 备注] | draw 调用方 金额元 [--note 备注] [--json]',
  en: 'budget [show [CALLER]] | top-up CALLER YUAN [--note TEXT] | draw CALLER YUAN [--note TEXT] [--json]',
};

/**
 * `mcp-cashier budget [show [CALLER]] | top-up CALLER YUAN | draw CALLER YUAN [--note TEXT] [--json]`: what callers may
 * move at most, where the policy says `from: budget`. Only a person fills it.
 */
export async function run(args: readonly string[], { config }: CommandContext): Promise<number> {
  const { positionals, values } = readArguments(
    args,
    { json: { type: 'boolean', default: false }, note: { type: 'string' } },
    USE,
  );
  const [action = 'show', caller, amount, ...rest] = positionals;
  const moves = action === 'top-up' || action === 'draw';
  if (caller === '' || rest.length > 0) throw usage(USE);
  if (moves ? caller === undefined || amount === undefined : action !== 'show' || amount !== undefined) {
    throw usage(USE);
  }
  const amountFen = amount === undefined ? fen(0) : parseAmount(amount, 'YUAN');
  const settings = await config('operator');
  const ledger = await openLedger(settings);
  try {
    if (!moves || caller === undefined) {
      await show(ledger, caller, values.json);
      return 0;
    }
    const person = await askPerson(ledger, settings);
    const signed = action === 'draw' ? -amountFen : amountFen;
    const state = await ledger
      .as({ caller: 'operator', tool: `budget ${action}` })
      .write((book) => moveBudget(book, person, caller, signed, values.note));
    if (values.json) printJson({ caller, movedYuan: toSignedYuan(signed), ...inYuan(state) });
    else {
      print(`${action === 'draw' ? '已支取 drawn' : '已充值 topped up'}: ${toYuan(amountFen)}`);
      printBudgets([{ caller, state, moves: [] }]);
    }
    return 0;
  } finally {
    await ledger.close();
  }
}

interface Budget {
  readonly caller: string;
  readonly state: BudgetState;
  /** Oldest first. */
  readonly moves: readonly BudgetMove[];
}

async function show(ledger: Ledger, caller: string | undefined, json: boolean): Promise<void> {
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
    printJson(
      budgets.map(({ caller: name, state, moves }) => ({
        caller: name,
        ...inYuan(state),
        moves: moves.map(({ at, amountFen, by, note = null }) => ({
          at: beijingIso(at),
          amountYuan: toSignedYuan(amountFen),
          by,
          note,
        })),
      })),
    );
    return;
  }
  printBudgets(budgets);
  const moves = budgets.flatMap((budget) => budget.moves);
  if (moves.length === 0) return;
  print();
  printTable([
    ['时间 time', '调用方 caller', '元 yuan', '由 by', '备注 note'],
    ...moves.map(({ at, budget, amountFen, by, note = '-' }) => [
      beijingIso(at),
      budget,
      toSignedYuan(amountFen),
      by,
      note,
    ]),
  ]);
}

function printBudgets(budgets: readonly Budget[]): void {
  printTable([
    ['调用方 caller', '充入 filled', '占用 held', '剩余 left'],
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
