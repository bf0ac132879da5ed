import { CashierError } from '../domain/errors.ts';
import { giveUpMove, moveLedger } from '../keeping/move.ts';
import { noteLedger } from '../platform/known-ledgers.ts';
import { systemClock, systemPorts } from '../platform/system.ts';
import { isThere, noLedger } from './books.ts';
import type { CommandContext, Typed } from './command.ts';
import { progressLine } from './ledger-backup.ts';
import { printJson, tell } from './terminal.ts';

type Values = Extract<Typed<'ledger'>, { readonly action: 'migrate' }>['values'];

/** `mcp-cashier ledger migrate [--from ADDRESS] --to ADDRESS | --undo`: a ledger to another database. */
export async function migrate(values: Values, context: CommandContext): Promise<number> {
  const { say } = context;
  const from = await context.config('operator', { ...values, ledger: values.from ?? values.ledger });
  if (!isThere(from)) throw noLedger(from);
  if (values.undo) {
    await giveUpMove({ from });
    if (values.json) printJson({ ledger: from.ledgerName, moving: false });
    else
      tell(say, {
        zh: `已放弃迁移，账本 ${from.ledgerName} 照常可用。`,
        en: `Given up: ${from.ledgerName} is in use again as it was.`,
      });
    return 0;
  }
  if (values.to === undefined) throw needsTarget();
  const to = await context.config('operator', { ...values, ledger: values.to });
  const { progress, end } = progressLine(say);
  const { realm, records, already } = await moveLedger({ from, to, ports: systemPorts, progress }).finally(
    end,
  );
  // So that a freeze finds it, until its servers say so themselves.
  await noteLedger(from.home, to.ledgerName, systemClock).catch(() => undefined);
  if (values.json) {
    printJson({ realm, from: from.ledgerName, ledger: to.ledgerName, records, already });
    return 0;
  }
  tell(say, {
    zh: `${already ? '早已迁完' : '已迁移'}：${realm} ${from.ledgerName} → ${to.ledgerName}，${records} 条记录，逐行比对并核对无误。`,
    en: `${already ? 'Moved before' : 'Moved'}: ${realm} ${from.ledgerName} → ${to.ledgerName}, ${records} records, every row compared and the trail verified.`,
  });
  tell(say, {
    zh: `把每个服务器的 CASHIER_LEDGER 改为 ${to.ledgerName}（带上密码）再启动。原来的账本留在原处，不能再打开。`,
    en: `Set CASHIER_LEDGER of every server to ${to.ledgerName} (with its password) and start them. The old ledger stays where it is and opens no more.`,
  });
  return 0;
}

function needsTarget(): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: 'ledger migrate 缺少 --to。',
    en: 'ledger migrate needs --to.',
    next: {
      zh: '例如：mcp-cashier ledger migrate --to postgres://cashier@db/cashier',
      en: 'For example: mcp-cashier ledger migrate --to postgres://cashier@db/cashier',
    },
  });
}
