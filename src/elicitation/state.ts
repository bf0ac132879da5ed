import { createRequestStateCodec, type ServerContext } from '@modelcontextprotocol/server';
import { sorted } from '../domain/sorted.ts';
import type { ApprovalRecord } from '../ledger/records.ts';
import { sharedKey } from '../ledger/shared-key.ts';
import { digest } from '../payments/results.ts';
import type { Call, Till } from '../payments/till.ts';
import type { Mode } from './words.ts';

const META_KEY = 'elicitation_key';

/** Which call a state belongs to: it is worth nothing beside another. */
export interface Binding {
  readonly call: Call;
  readonly tool: string;
  readonly args: unknown;
}

interface Payload {
  readonly approval: string;
  readonly mode: Mode;
  /** Which question of this call it goes with, from 1. */
  readonly round: number;
}

/** What a question is about. */
export interface Asked {
  readonly approval: ApprovalRecord;
  readonly mode: Mode;
  readonly round: number;
}

/** What a client carries from the question to its answer; sealed until the approval expires. */
export async function seal(
  till: Till,
  ctx: ServerContext,
  binding: Binding,
  { approval, mode, round }: Asked,
): Promise<string> {
  const ttlSeconds = Math.floor((approval.expiresAt - till.clock.now()) / 1000);
  const codec = createRequestStateCodec<Payload>({ ...(await sealing(till, binding)), ttlSeconds });
  return codec.mint({ approval: approval.id, mode, round }, ctx);
}

/** The approval that a state was sealed for; undefined when it is not ours, not this call's or too old. */
export async function unseal(
  till: Till,
  ctx: ServerContext,
  binding: Binding,
  state: string,
): Promise<Asked | undefined> {
  // Of base64 that means the same bytes, only the one spelling that was given out.
  const mac = state.slice(state.lastIndexOf('.') + 1);
  if (Buffer.from(mac, 'base64url').toString('base64url') !== mac) return undefined;
  const codec = createRequestStateCodec<Payload>(await sealing(till, binding));
  // It rejects with one of four fixed words; which of them is nobody's business.
  const payload = await codec.verify(state, ctx).catch(() => undefined);
  if (!payload) return undefined;
  const approval = await till.ledger.read((book) => book.approvals.get(payload.approval));
  const stands = approval?.caller === binding.call.caller && approval.expiresAt > till.clock.now();
  return approval && stands ? { approval, mode: payload.mode, round: payload.round } : undefined;
}

async function sealing(till: Till, { call, tool, args }: Binding) {
  const bound = digest(call.caller, tool, JSON.stringify(sorted(args)));
  return { key: await sharedKey(till.ledger, META_KEY, till.randomBytes), bind: () => bound };
}
