import type { CommandContext, Typed } from './command.ts';

/**
 * `mcp-cashier ledger info | backup FILE | restore FILE | forget ORDER | forget --older-than DAYS | migrate --from … --to …`, each with `--json`: a ledger as a whole.
 */
export async function run(typed: Typed<'ledger'>, context: CommandContext): Promise<number> {
  const [file = ''] = typed.args;
  switch (typed.action) {
    case 'info':
      return (await import('./ledger-info.ts')).info(typed.values, context);
    case 'backup':
      return (await import('./ledger-backup.ts')).backup(file, typed.values, context);
    case 'restore':
      return (await import('./ledger-backup.ts')).restoreFile(file, typed.values, context);
    case 'forget':
      return (await import('./ledger-forget.ts')).forget(typed.args[0], typed.values, context);
    case 'migrate':
      return (await import('./ledger-move.ts')).migrate(typed.values, context);
  }
}
