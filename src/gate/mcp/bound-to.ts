import { createHash } from 'node:crypto';
import { sorted } from '../../domain/sorted.ts';

/** What a bill is bound to, 64 hex digits: the tool and its arguments, in whatever order these are written. */
export function boundTo(tool: string, args: Readonly<Record<string, unknown>>): string {
  return createHash('sha256')
    .update(JSON.stringify(['tools/call', tool, sorted(args)]))
    .digest('hex');
}
