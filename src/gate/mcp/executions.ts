import { isJSONRPCErrorResponse, type Result } from '@modelcontextprotocol/server';
import type { PaidCallRecord, PaidResult } from '../../ledger/records.ts';
import { cannotDeliver, EXECUTING_MS, releaseCall, storeResult } from '../../payments/paid-calls/redeem.ts';
import type { Till } from '../../payments/till.ts';
import { type Answer, UpstreamLost } from './line.ts';

/** An upstream may take so long (ms): its claim ends later. */
const WITHIN_MS = EXECUTING_MS - 30_000;
/** A result that is kept (bytes). */
const MAX_RESULT_BYTES = 1024 * 1024;
/** Calls of which the client has been asked something, and that wait for its answer. */
const MOST_HELD = 1_000;

/** Asks the upstream, unless it is over by then: it has taken too long. */
type Ask = (over: AbortSignal) => Promise<Answer>;

/** What came of an execution; `again`: somebody else has seen to it meanwhile. */
export type Executed =
  | { readonly is: 'stored'; readonly result: PaidResult }
  /** Not the end of it: the upstream wants to know something of the client first. */
  | { readonly is: 'asks'; readonly result: Result }
  /** The money goes back; what the upstream has said, if anything. */
  | { readonly is: 'failed'; readonly said: readonly unknown[] }
  | { readonly is: 'too-large' | 'unreached' | 'again' };

/** Asks an upstream for what is paid for: once for each claim, whoever is still there to hear of it. */
export class Executions {
  readonly #all: Set<Promise<unknown>>;
  readonly #under = new Map<string, Promise<unknown>>();
  readonly #held = new Map<string, PaidCallRecord>();

  /** @param all where they are put while they last */
  constructor(all: Set<Promise<unknown>>) {
    this.#all = all;
  }

  /** The end of what this process is executing under a number; at once where it is nothing. */
  async of(number: string): Promise<void> {
    await this.#under.get(number);
  }

  /** The claim on a call of which the client has been asked something; whoever takes it is to go on. */
  held(number: string): PaidCallRecord | undefined {
    const held = this.#held.get(number);
    this.#held.delete(number);
    return held;
  }

  /** @param claimed with the claim, which ends here unless the upstream asks */
  execute(till: Till, claimed: PaidCallRecord, ask: Ask): Promise<Executed> {
    const running = this.#execute(till, claimed, ask);
    const noted: Promise<unknown> = running
      .catch(() => undefined)
      .then(() => {
        this.#under.delete(claimed.number);
        this.#all.delete(noted);
      });
    this.#under.set(claimed.number, noted);
    this.#all.add(noted);
    return running;
  }

  async #execute(till: Till, claimed: PaidCallRecord, ask: Ask): Promise<Executed> {
    const answer = await inTime(till, ask);
    if (answer instanceof UpstreamLost && !answer.refusal) {
      if (answer.reached && !claimed.repeatable)
        return payBack(till, claimed, 'lost', { is: 'failed', said: [] });
      await releaseCall(till, claimed);
      return { is: 'unreached' };
    }
    if (answer instanceof UpstreamLost || isJSONRPCErrorResponse(answer)) {
      const { message } = answer instanceof UpstreamLost ? answer : answer.error;
      const said = [{ type: 'text', text: message }];
      return payBack(till, claimed, 'error', { is: 'failed', said });
    }
    const { result } = answer;
    if (result.resultType === 'input_required') {
      this.#hold(claimed);
      return { is: 'asks', result };
    }
    if (result.isError === true) {
      const said = Array.isArray(result.content) ? result.content : [];
      return payBack(till, claimed, 'tool-error', { is: 'failed', said });
    }
    const body = Buffer.from(JSON.stringify(result));
    if (body.length > MAX_RESULT_BYTES) return payBack(till, claimed, 'too-large', { is: 'too-large' });
    const stored = await storeResult(till, claimed, { status: 200, headers: [], body });
    return stored ? { is: 'stored', result: stored } : { is: 'again' };
  }

  #hold(claimed: PaidCallRecord): void {
    this.#held.set(claimed.number, claimed);
    const [oldest] = this.#held.keys();
    if (oldest !== undefined && this.#held.size > MOST_HELD) this.#held.delete(oldest);
  }
}

async function payBack(till: Till, claimed: PaidCallRecord, why: string, told: Executed): Promise<Executed> {
  return (await cannotDeliver(till, claimed, why)) ? told : { is: 'again' };
}

/** Its answer, or why there is none. */
async function inTime({ clock }: Till, ask: Ask): Promise<Answer | UpstreamLost> {
  const over = new AbortController();
  const late = clock.sleep(WITHIN_MS, over.signal).then(() => new UpstreamLost('it took too long', true));
  const lost = (error: unknown) =>
    error instanceof UpstreamLost ? error : new UpstreamLost(String(error), true);
  try {
    return await Promise.race([ask(over.signal).catch(lost), late]);
  } finally {
    over.abort();
  }
}
