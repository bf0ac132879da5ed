import type { RandomBytes } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import { sorted } from '../domain/sorted.ts';
import { rowDigest } from '../ledger/audit-digest.ts';
import type { Book } from '../ledger/book.ts';
import { holdToPolicy } from '../policy/decisions.ts';
import { hider, keptMeta } from './client-meta.ts';
import type { Call, Errand, Outcome, Till } from './till.ts';

/** Deeper than this (levels) the digest of arguments does not look: no tool takes any such. */
const MAX_ARGS_DEPTH = 16;

/** A call that did nothing leaves little behind, however much was sent along: `_meta` (bytes), a detail (characters). */
const REFUSED_META_BYTES = 256;
const MAX_DETAIL = 200;

export interface Attempt {
  readonly tool: string;
  /** As the agent sent them; only a digest is kept, for they may name a buyer. */
  readonly args: unknown;
  /** `_meta` of the request, as the client gave it: what fits of it is kept. */
  readonly meta: unknown;
}

/**
 * Runs one call that may move money so that the audit trail has it: `call` is committed with the first thing the call
 * commits, ahead of anything a gateway hears, and `result` before the client is answered, with the last thing it commits
 * where that tells the answer; of a refused call both.
 */
export async function attempt<T>(
  till: Till,
  call: Call,
  { tool, args, meta }: Attempt,
  run: (errand: Errand) => Promise<T>,
  outcomeOf: (result: T) => Outcome,
): Promise<T> {
  const { id = newCallId(till.randomBytes) } = call;
  const numbers = numbersIn(args);
  const hides = hider(args, till.isSecret ?? (() => false));
  const client = call.client !== undefined && hides(call.client) ? '***' : call.client;
  let isRefused = false;
  const opening = async (book: Book) => {
    await book.audit.append({
      kind: 'call',
      ...numbers,
      detail: {
        digest: digestOf(await book.salt(), args),
        ...(client === undefined ? {} : { client }),
        ...keptMeta(meta, hides, isRefused ? REFUSED_META_BYTES : undefined),
      },
    });
  };
  const ledger = till.ledger.as({ caller: call.caller, tool, call: id }, opening);
  const append = async (book: Book, outcome: Outcome) => {
    const { outTradeNo = numbers.outTradeNo, outRefundNo = numbers.outRefundNo, ...rest } = outcome;
    // A refusal names the argument that is wrong, and an agent may have sent anything in the place of its name.
    const isHidden = typeof rest.argument === 'string' && hides(rest.argument);
    const detail: Outcome = isHidden ? { ...rest, argument: '***' } : rest;
    await book.audit.append({
      kind: 'result',
      outTradeNo: name(outTradeNo),
      outRefundNo: name(outRefundNo),
      detail,
    });
    // What was refused by the rules has been decided by them: they are the ledger's from now on.
    if (detail.code === 'POLICY_DENIED') await holdToPolicy(book, till.policy);
  };
  const end = (outcome: Outcome) =>
    ledger.write((book) => append(book, outcome)).catch((error: unknown) => unrecorded(till, tool, error));
  let recorded: string | undefined;
  const conclude = async (book: Book, outcome: Outcome) => {
    await append(book, outcome);
    // Where this is not committed, the call fails.
    recorded = JSON.stringify(outcome);
  };
  try {
    const result = await run({ till: { ...till, ledger }, call: { ...call, id, conclude } });
    const outcome = outcomeOf(result);
    isRefused = outcome.code !== undefined;
    if (JSON.stringify(outcome) !== recorded) await end(outcome);
    return result;
  } catch (error) {
    const refused =
      error instanceof CashierError ? { code: error.code, ...briefly(error.details) } : { code: 'INTERNAL' };
    isRefused = true;
    await end(refused);
    throw error;
  }
}

/** Links what one call did, in the trail and in the log. */
export function newCallId(randomBytes: RandomBytes): string {
  return randomBytes(9).toString('base64url');
}

/** What is refused may name what was sent, which may be as long as anything. */
function briefly(details: CashierError['details']): Outcome {
  return Object.fromEntries(
    Object.entries(details).map(([name, value]) => [
      name,
      typeof value === 'string' ? value.slice(0, MAX_DETAIL) : value,
    ]),
  );
}

/** What the call did is committed by then, and the call itself; only its last word is missing. */
function unrecorded(till: Till, tool: string, error: unknown): void {
  till.log.error('the end of a call could not be recorded', { tool, error: String(error) });
}

/** The numbers that a call names, where they look like numbers. */
function numbersIn(args: unknown): { outTradeNo: string | undefined; outRefundNo: string | undefined } {
  const given = typeof args === 'object' && args !== null ? (args as Record<string, unknown>) : {};
  return {
    outTradeNo: name(given.outTradeNo ?? given.out_trade_no),
    outRefundNo: name(given.outRefundNo ?? given.out_refund_no ?? given.outRequestNo),
  };
}

function name(value: unknown): string | undefined {
  return typeof value === 'string' && /^\w{1,64}$/.test(value) ? value : undefined;
}

/** Salted: a buyer's id must not be found again by trying all of them. The order of members does not matter. */
function digestOf(salt: string, args: unknown): string {
  return rowDigest(salt, JSON.stringify(sorted(args, MAX_ARGS_DEPTH)));
}
