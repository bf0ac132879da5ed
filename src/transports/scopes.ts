import type { RefusedCall } from '../calls/refused-call.ts';
import { appAt } from '../mcp-apps/names.ts';
import { type Identity, mayUse, type Scope } from '../policy/identity.ts';
import type { Tool } from '../tools/define-tool.ts';

/** All that they tell is about orders. */
const READING: ReadonlySet<unknown> = new Set([
  'resources/read',
  'resources/subscribe',
  'subscriptions/listen',
]);

type Members = Readonly<Record<string, unknown>>;

/** The scope that a message, or one of a batch, needs and its caller has not; undefined where all is allowed. */
export function scopeMissing({ scopes }: Identity, body: unknown, tools: readonly Tool[]): Scope | undefined {
  if (!scopes) return undefined;
  const needed = messagesIn(body).map((message) =>
    READING.has(message.method) && !asksForView(message) ? 'cashier:read' : calledIn(message, tools)?.scope,
  );
  return needed.find((scope) => scope !== undefined && !scopes.has(scope));
}

/** The first call of a message or batch that might move money and that its caller's token does not allow. */
export function callBeyond(
  identity: Identity,
  body: unknown,
  tools: readonly Tool[],
): RefusedCall | undefined {
  if (!identity.scopes && !identity.tools) return undefined;
  const beyond = messagesIn(body).flatMap(({ method, params }) => {
    const tool = calledIn({ method, params }, tools);
    return tool === undefined || tool.hints.readOnlyHint || mayUse(identity, tool) ? [] : [{ tool, params }];
  });
  const [first] = beyond;
  if (!first) return undefined;
  const { arguments: args, _meta: meta } = membersOf(first.params);
  const { name, scope } = first.tool;
  const code = identity.scopes?.has(scope) === false ? 'INSUFFICIENT_SCOPE' : 'TOOL_NOT_ALLOWED';
  return {
    tool: name,
    args,
    meta,
    outcome: { code, ...(beyond.length > 1 ? { calls: beyond.length } : {}) },
  };
}

/** The same page for everybody, which tells of no order. */
function asksForView({ params }: Members): boolean {
  return appAt(membersOf(params).uri) !== undefined;
}

function messagesIn(body: unknown): Members[] {
  return (Array.isArray(body) ? body : [body]).map(membersOf);
}

function calledIn({ method, params }: Members, tools: readonly Tool[]): Tool | undefined {
  return method === 'tools/call' ? tools.find(({ name }) => name === membersOf(params).name) : undefined;
}

function membersOf(value: unknown): Members {
  return (value ?? {}) as Members;
}
