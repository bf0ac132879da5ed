import { type ParseArgsConfig, parseArgs } from 'node:util';
import { CashierError, type Text } from '../domain/errors.ts';

/** A command's arguments. Throws INVALID_ARGUMENT with its usage for options that it does not have. */
export function readArguments<O extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: O,
  use: Text,
) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch {
    throw usage(use);
  }
}

/** What to write instead, such as `budget show [CALLER]`. */
export function usage({ zh, en }: Text): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: `用法：mcp-cashier ${zh}。`,
    en: `Usage: mcp-cashier ${en}.`,
    next: { zh: '', en: '' },
  });
}
