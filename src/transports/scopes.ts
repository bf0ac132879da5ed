import type { Identity, Scope } from '../policy/identity.ts';
import type { Tool } from '../tools/define-tool.ts';

/** All that they tell is about orders. */
const READING: ReadonlySet<unknown> = new Set([
  'resources/read',
  'resources/subscribe',
  'subscriptions/listen',
]);

/** The scope that a message, or one of a batch, needs and its caller has not; undefined where all is allowed. */
export function scopeMissing({ scopes }: Identity, body: unknown, tools: readonly Tool[]): Scope | undefined {
  if (!scopes) return undefined;
  const needed = (Array.isArray(body) ? body : [body]).map((message: unknown) => {
    const { method, params } = (message ?? {}) as Readonly<Record<string, unknown>>;
    if (READING.has(method)) return 'cashier:read';
    const { name } = (params ?? {}) as Readonly<Record<string, unknown>>;
    return method === 'tools/call' ? tools.find((tool) => tool.name === name)?.scope : undefined;
  });
  return needed.find((scope) => scope !== undefined && !scopes.has(scope));
}
