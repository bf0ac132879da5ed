import { DAY_MS } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import { forgetOlder, forgetOrder } from '../payments/forgetting.ts';
import { systemClock } from '../platform/system.ts';
import { wholeNumber } from './arguments.ts';
import { noLedger, withBooks } from './books.ts';
import type { CommandContext, Typed } from './command.ts';
import { printJson, tell } from './terminal.ts';

type Values = Extract<Typed<'ledger'>, { readonly action: 'forget' }>['values'];

const MOST_DAYS = 36_500;

/** `mcp-cashier ledger forget ORDER | --older-than DAYS`: blanks who has paid; nothing brings it back. */
export async function forget(
  number: string | undefined,
  values: Values,
  context: CommandContext,
): Promise<number> {
  const older = values['older-than'];
  if ((number === undefined) === (older === undefined)) throw oneOfBoth();
  const days =
    older === undefined ? undefined : wholeNumber('--older-than', older, { least: 0, most: MOST_DAYS });
  return withBooks(context, values, 'read', async ({ ledger, settings, where, announce }) => {
    if (where.realm === null) throw noLedger(settings);
    const operator = ledger.as({ actor: 'operator', tool: 'ledger' });
    const orders =
      days === undefined
        ? Number(await forgetOrder(operator, number ?? ''))
        : await forgetOlder(operator, systemClock.now() - days * DAY_MS);
    if (values.json) {
      printJson({ ...where, orders });
      return 0;
    }
    announce();
    tell(context.say, {
      zh: `已删去 ${orders} 笔订单的买家信息。此前的备份里还有。`,
      en: `The payers of ${orders} orders are forgotten. Earlier backups still have them.`,
    });
    return 0;
  });
}

function oneOfBoth(): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: 'ledger forget 要么写订单号，要么写 --older-than。',
    en: 'ledger forget takes an order number or --older-than, one of the two.',
    next: {
      zh: '例如：mcp-cashier ledger forget --older-than 180',
      en: 'For example: mcp-cashier ledger forget --older-than 180',
    },
  });
}
