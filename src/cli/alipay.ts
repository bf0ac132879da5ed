import type { CommandContext } from './command.ts';
import { serve } from './stdio.ts';

/** `mcp-cashier alipay`, also the bin `mcp-server-alipay`: stands in for Alipay's own server on stdio. */
export function run(_typed: unknown, context: CommandContext): Promise<number> {
  return serve(context, 'alipay');
}
