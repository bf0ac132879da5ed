import type { CommandContext, Typed } from './command.ts';
import { servePage } from './serve-page.ts';

/** `mcp-cashier console [--port N]`: the merchant's console on this machine; see {@link servePage}. */
export function run({ values }: Typed<'console'>, context: CommandContext): Promise<number> {
  return servePage(values, context, '/console');
}
