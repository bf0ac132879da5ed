import {
  type ElicitResult,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { ApprovalRecord } from '../ledger/records.ts';
import type { Call, Till } from '../payments/till.ts';
import { invalidRequestState } from '../protocol/refusals.ts';
import type { ToolAnswer } from '../tools/answer.ts';
import type { Tool, ToolSetting } from '../tools/define-tool.ts';
import type { Presenter } from '../tools/present.ts';
import { decideByForm, isForm } from './form.ts';
import { type ApprovalUrl, type Means, meansOf } from './means.ts';
import { seal, unseal } from './state.ts';
import { Vigil } from './vigil.ts';
import { formOf, type Mode, question } from './words.ts';

/** How long (ms) a client's dialog may stay open. */
const DIALOG_MS = 25_000;
/** How much later (ms) the SDK gives up a dialog of its own accord. */
const SLACK_MS = 2_000;
/** How long (ms) a person who has opened the page has while the call waits. */
const PAGE_MS = 20_000;
/** The longest (ms) that a call takes longer for being asked about: clients give up after 60 s. */
const TOGETHER_MS = 40_000;
/** Of what went wrong, no more than this is logged (characters). */
const MAX_LOGGED = 300;
/** Of a client that answers with nothing that is an answer, no more is asked than this (questions a call). */
const MAX_ROUNDS = 3;
/** The one question of a round. */
const KEY = 'approval';

/** One tool call, and how its client can be reached. */
export interface Encounter {
  readonly till: Till;
  readonly call: Call;
  readonly ctx: ServerContext;
  /** Requests go to the client (2025), or a result asks it to call again with the answer (2026-07-28). */
  readonly era: 'legacy' | 'modern';
  /** The client's capabilities, as it declared them for this call. */
  readonly declared: unknown;
  readonly tool: Tool;
  readonly args: unknown;
  readonly setting: ToolSetting;
  readonly present: Presenter;
  readonly approvalUrl: ApprovalUrl | undefined;
}

/** Runs the tool. `waited`: so far it waited for a person, so that what it does now is this call's own doing. */
export type Run = (args: unknown, waited: boolean) => Promise<ToolAnswer>;

/**
 * Runs a tool, and where that ends in waiting for a person asks for one, as far as the client has declared. With a
 * decision the same call runs again, for that is what carries it out. Whatever goes wrong with the asking, the call is
 * answered as if nobody had been asked. Throws a ProtocolError for a `requestState` that was not given out for this
 * very call.
 */
export async function withPerson(encounter: Encounter, run: Run): Promise<ToolAnswer | InputRequiredResult> {
  const heard = encounter.era === 'modern' ? await heed(encounter) : undefined;
  const answer = await run(heard?.args ?? encounter.args, heard?.waited ?? false);
  if (heard?.answered) return answer;
  const next = await safely(encounter, () => pose(encounter, answer, (heard?.round ?? 0) + 1));
  if (next === undefined) return answer;
  return 'again' in next ? run(next.again, true) : next.question;
}

type Next = { readonly again: unknown } | { readonly question: InputRequiredResult } | undefined;

async function pose(encounter: Encounter, answer: ToolAnswer, round: number): Promise<Next> {
  const { till, declared, approvalUrl, era, setting, present } = encounter;
  const approval = await awaited(encounter, answer);
  if (!approval) return undefined;
  const means = await meansOf(till, declared, approval.id, approvalUrl);
  if (!means || encounter.call.signal?.aborted) return undefined;
  const message = present.plain(question(approval, means.mode, setting.language));
  if (era === 'modern') return { question: await questionOf(encounter, approval, means, message, round) };
  const decided = await dialog(encounter, approval, means, message);
  return decided ? { again: numbered(encounter, approval) } : undefined;
}

/** The caller's own approval that an answer waits for. */
async function awaited(
  { till, call }: Encounter,
  { outcome }: ToolAnswer,
): Promise<ApprovalRecord | undefined> {
  const { state, outTradeNo, outRefundNo } = outcome;
  if (state !== 'PENDING_APPROVAL') return undefined;
  const open = await till.ledger.read((book) => book.approvals.open(call.caller));
  return open.findLast(
    (approval) => approval.outTradeNo === outTradeNo && approval.outRefundNo === outRefundNo,
  );
}

/** 2026-07-28: a result that asks, to be answered by the same call with the state that goes with it. */
async function questionOf(
  encounter: Encounter,
  approval: ApprovalRecord,
  means: Means,
  message: string,
  round: number,
): Promise<InputRequiredResult> {
  const { till, ctx, setting } = encounter;
  const requestState = await seal(till, ctx, binding(encounter), { approval, mode: means.mode, round });
  const request =
    means.mode === 'url'
      ? inputRequired.elicitUrl({ message, url: means.url })
      : inputRequired.elicit({ message, requestedSchema: formOf(setting.language) });
  return inputRequired({ inputRequests: { [KEY]: request }, requestState });
}

/** What a call brings in answer to an earlier question. */
interface Heard {
  /** To go on with. */
  readonly args: unknown;
  readonly waited: boolean;
  /** With no answer, or none that can be one, the question is asked again. */
  readonly answered: boolean;
  /** The question that it answers. */
  readonly round: number;
}

/** Heeds the answer that a call brings to an earlier question; undefined when it brings none. */
async function heed(encounter: Encounter): Promise<Heard | undefined> {
  const { till, ctx, call } = encounter;
  const state = ctx.mcpReq.requestState();
  if (state === undefined) return undefined;
  const asked = typeof state === 'string' ? await unseal(till, ctx, binding(encounter), state) : undefined;
  if (!asked) throw invalidRequestState();
  const { approval, mode, round } = asked;
  const waited = await waits(till, approval);
  const reply = replyOf(ctx, mode);
  if (reply?.action === 'accept') {
    const vigil = new Vigil(till, call, approval, PAGE_MS);
    await safely(encounter, () => consented(encounter, vigil, approval, mode, reply.content));
  }
  return {
    args: numbered(encounter, approval),
    waited,
    answered: reply !== undefined || round >= MAX_ROUNDS,
    round,
  };
}

/** What the client says to the question, if it is something that can be said to it. */
function replyOf(
  { mcpReq }: ServerContext,
  mode: Mode,
): { readonly action: string; readonly content?: unknown } | undefined {
  const reply = inputResponse(mcpReq.inputResponses, KEY);
  if (reply.kind !== 'elicit' || !['accept', 'decline', 'cancel'].includes(reply.action)) return undefined;
  const { action, content } = reply;
  return action === 'accept' && mode === 'form' && !isForm(content) ? undefined : { action, content };
}

/** Whether what an approval is about has not been carried out yet. */
async function waits({ ledger }: Till, { outTradeNo, outRefundNo }: ApprovalRecord): Promise<boolean> {
  const state = await ledger.read(async (book) =>
    outRefundNo === undefined
      ? (await book.orders.get(outTradeNo))?.state
      : (await book.refunds.get(outTradeNo, outRefundNo))?.state,
  );
  return state === 'PENDING_APPROVAL';
}

/** 2025: a request to the client while the call waits, taken back when the decision comes from elsewhere. */
async function dialog(
  encounter: Encounter,
  approval: ApprovalRecord,
  means: Means,
  message: string,
): Promise<boolean> {
  const { till, call, ctx, setting } = encounter;
  const vigil = new Vigil(till, call, approval, TOGETHER_MS);
  const closed = new AbortController();
  const answered = new AbortController();
  const elicitationId = till.randomBytes(16).toString('base64url');
  const request =
    means.mode === 'url'
      ? { mode: 'url' as const, message, url: means.url, elicitationId }
      : { mode: 'form' as const, message, requestedSchema: formOf(setting.language) };
  // On the call's own stream: the session's other streams may be at another process.
  const options = {
    timeout: DIALOG_MS + SLACK_MS,
    signal: closed.signal,
    relatedRequestId: ctx.mcpReq.id,
  };
  const [decided, reply] = await Promise.all([
    vigil.decided(DIALOG_MS, answered.signal).finally(() => closed.abort()),
    ctx.mcpReq
      .elicitInput(request, options)
      .catch((error: unknown): undefined => {
        if (!closed.signal.aborted) throw error;
      })
      .finally(() => answered.abort()),
  ]);
  if (decided || !accepts(reply)) return decided;
  const done = await consented(encounter, vigil, approval, means.mode, reply.content);
  if (done && means.mode === 'url') {
    const params = { elicitationId };
    await safely(encounter, () =>
      ctx.mcpReq.notify({ method: 'notifications/elicitation/complete', params }),
    );
  }
  return done;
}

function accepts(reply: ElicitResult | undefined): reply is ElicitResult {
  return reply?.action === 'accept';
}

/**
 * What a consent is worth: to open the page it decides nothing, somebody who is signed in does; a form decides where
 * the merchant trusts it. Returns whether there is a decision.
 */
async function consented(
  { till, call }: Encounter,
  vigil: Vigil,
  approval: ApprovalRecord,
  mode: Mode,
  content: unknown,
): Promise<boolean> {
  return mode === 'url' ? vigil.decided(PAGE_MS) : decideByForm(till, call, approval.id, content);
}

function binding({ call, tool, args }: Encounter) {
  return { call, tool: tool.name, args };
}

/** The same call again: a number that was made for it has to be said, or it would be another payment. */
function numbered({ tool, args, setting }: Encounter, { kind, outTradeNo }: ApprovalRecord): unknown {
  const { properties } = tool.inputSchema(setting);
  const known = typeof properties === 'object' && properties !== null ? properties : {};
  const argument = ['outTradeNo', 'out_trade_no'].find((name) => name in known);
  return kind === 'payment' && argument ? { ...(args as object), [argument]: outTradeNo } : args;
}

async function safely<T>(
  { till, tool }: Encounter,
  work: () => Promise<T | undefined>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    till.log.warn('nobody could be asked', { tool: tool.name, error: said.slice(0, MAX_LOGGED) });
    return undefined;
  }
}
