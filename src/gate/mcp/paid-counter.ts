import { type JSONRPCErrorResponse, ProtocolErrorCode, type Result } from '@modelcontextprotocol/server';
import { CashierError } from '../../domain/errors.ts';
import type { PaidCallRecord, PaidResult } from '../../ledger/records.ts';
import { isGatewayError } from '../../payments/errors.ts';
import { type Priced, quoteCall } from '../../payments/paid-calls/quote.ts';
import { askCall, type Claim, claimCall, delivered } from '../../payments/paid-calls/redeem.ts';
import type { Till } from '../../payments/till.ts';
import type { McpUpstream } from '../prices.ts';
import { type ProblemName, problemOf } from '../problems.ts';
import { Ways } from '../ways.ts';
import { argumentProblem } from './argument-problem.ts';
import { type Asked, askedFor } from './asked.ts';
import { billAnswer, resourceOf, type Speech, withReceipt } from './bill.ts';
import type { ListedTool } from './catalogue.ts';
import type { Behind, Counter, Params, Served } from './counter.ts';
import { type Executed, Executions } from './executions.ts';
import { isSchema, pricedTool } from './priced-tool.ts';
import * as refusals from './refusals.ts';

export interface CounterOptions extends Speech {
  readonly upstream: Pick<McpUpstream, 'name' | 'refundAfterMs' | 'prices'>;
  readonly till: () => Promise<Till>;
  /** Whether all calls are of one client, who need not repeat the number of what is not delivered yet. */
  readonly ofOneClient: boolean;
  /** What is being executed, which is paid for. */
  readonly underWay: Set<Promise<unknown>>;
}

/** Bills that one client may have open without having to name them. */
const MOST_REMEMBERED = 1_000;

/** Sells single calls of an upstream's tools. */
export class PaidCounter implements Counter {
  readonly #options: CounterOptions;
  readonly #executions: Executions;
  #ways: Ways | undefined;
  /** By what they are bound to, the numbers of bills that this client need not name. */
  readonly #remembered = new Map<string, string>();

  constructor(options: CounterOptions) {
    this.#options = options;
    this.#executions = new Executions(options.underWay);
  }

  charges(tool: string): boolean {
    return this.#options.upstream.prices.has(tool);
  }

  listed(tool: ListedTool): ListedTool {
    const price = this.#options.upstream.prices.get(tool.name);
    return price ? pricedTool(tool, price, this.#options.language) : tool;
  }

  async serve(params: Params, behind: Behind): Promise<Served> {
    const name = String(params.name);
    const price = this.#options.upstream.prices.get(name);
    const tool = await behind.tool(name);
    if (!tool || !price) return invalid('tool not found');
    const { arguments: args = {} } = params;
    if (!isSchema(args)) return invalid('arguments must be an object');
    if (params.task !== undefined) return invalid('a call that is paid for cannot be a task');
    try {
      return await this.#sell(askedFor(params, args, { tool, price, source: behind.source }), behind);
    } catch (error) {
      if (error instanceof CashierError) return this.#refuse(refusals.refusalOf(error));
      if (isGatewayError(error)) return this.#refuse(refusals.NOT_TOLD);
      throw error;
    }
  }

  async #sell(asked: Asked, behind: Behind): Promise<Served> {
    const till = await this.#options.till();
    const shown = await this.#shown(till, asked);
    if (shown === undefined) return this.#charge(till, asked);
    if (shown === 'unknown-number') return this.#refuse(refusals.UNKNOWN_NUMBER);
    if (typeof shown === 'string') return this.#charge(till, asked, shown);
    if (!this.#isOf(shown, asked)) return this.#refuse(refusals.OTHER_CALL);
    // What a proof says is known by now; of a number the gateways are asked.
    const call = asked.proof === undefined ? await this.#asking(till, shown, asked) : shown;
    return this.#redeem(till, call, asked, behind);
  }

  /** The call that is shown to be paid for; undefined where none is. */
  async #shown(till: Till, asked: Asked): Promise<PaidCallRecord | ProblemName | undefined> {
    const { proof, requestHash, source } = asked;
    if (proof !== undefined) return this.#waysOf(till).payByProof(proof, requestHash, source);
    const number = asked.number ?? this.#remembered.get(requestHash);
    if (number === undefined) return undefined;
    const known = await till.ledger.read((book) => book.paidCalls.get(number));
    return known ?? (asked.number === undefined ? undefined : 'unknown-number');
  }

  /** As it stands, where a gateway has to be asked for that. */
  async #asking(till: Till, shown: PaidCallRecord, { source }: Asked): Promise<PaidCallRecord> {
    if (shown.state !== 'QUOTED') return shown;
    const ways = this.#waysOf(till);
    ways.mayAsk(source);
    const asked = (await askCall(till, shown.number)) ?? shown;
    if (asked.state === 'QUOTED') ways.askedInVain(source);
    return asked;
  }

  async #redeem(till: Till, shown: PaidCallRecord, asked: Asked, behind: Behind): Promise<Served> {
    await this.#executions.of(shown.number);
    const claim = await claimCall(till, shown, this.#executions.held(shown.number));
    if (claim.todo !== 'execute') return this.#tell(till, claim, asked);
    const out = await this.#executions.execute(till, claim.call, (over) => behind.call(asked.params, over));
    if (out.is === 'stored') return this.#deliver(till, claim.call, out.result, asked);
    return out.is === 'again' ? this.#redeem(till, shown, asked, behind) : this.#instead(out);
  }

  async #tell(till: Till, claim: Exclude<Claim, { todo: 'execute' }>, asked: Asked): Promise<Served> {
    const { call } = claim;
    switch (claim.todo) {
      case 'deliver':
        return this.#deliver(till, call, claim.result, asked);
      case 'busy':
        return this.#refuse(refusals.EXECUTING);
      case 'refunded':
        this.#forget(asked, call);
        return this.#refuse(refusals.REFUNDED);
      case 'gone':
        this.#forget(asked, call);
        return this.#refuse(refusals.GONE);
      case 'late':
        return this.#charge(till, asked, 'late');
      case 'unpaid':
        if (till.clock.now() >= call.expiresAt) return this.#charge(till, asked, 'expired');
        return this.#bill(till, call, asked);
    }
  }

  async #deliver(till: Till, call: PaidCallRecord, { body }: PaidResult, asked: Asked): Promise<Served> {
    const result = JSON.parse(Buffer.from(body).toString('utf8')) as Result;
    const receipt = await this.#waysOf(till).receiptOf(call);
    return {
      result: withReceipt(result, call, asked.meta, receipt),
      delivered: async () => {
        await delivered(till, call);
        this.#forget(asked, call);
      },
    };
  }

  /** What there is where nothing is stored. */
  #instead(out: Exclude<Executed, { is: 'stored' | 'again' }>): Served {
    if (out.is === 'asks') return { result: out.result };
    if (out.is === 'unreached') return this.#refuse(refusals.UNREACHED);
    if (out.is === 'too-large') return this.#refuse(refusals.TOO_LARGE);
    // Its own words, as data, behind what has become of the money.
    return this.#refuse(refusals.FAILED, 'said' in out ? out.said : []);
  }

  /** @param shown what is wrong with what was shown */
  async #charge(till: Till, asked: Asked, shown?: ProblemName): Promise<Served> {
    const problem = argumentProblem(asked.tool, asked.params.arguments);
    if (problem !== undefined) return this.#refuse(refusals.badArguments(problem));
    const ways = this.#waysOf(till);
    const terms = ways.proofTerms(asked.price, resourceOf(asked.tool.name));
    const quoted = await quoteCall(till, this.#priced(asked), asked.requestHash, terms);
    return this.#bill(till, await ways.withCode(quoted, asked.price, asked.source), asked, shown);
  }

  async #bill(till: Till, call: PaidCallRecord, asked: Asked, shown?: ProblemName): Promise<Served> {
    this.#remember(asked, call);
    const ways = this.#waysOf(till).shownIn(call);
    const problem = shown && problemOf(shown);
    return { result: await billAnswer(this.#options, call, asked.argument, ways, problem) };
  }

  #waysOf(till: Till): Ways {
    this.#ways ??= new Ways(till, this.#options.pageOf);
    return this.#ways;
  }

  #priced({ tool, price }: Asked): Priced {
    const { name, refundAfterMs } = this.#options.upstream;
    const { amountFen, title, retry } = price;
    return {
      ...{ face: 'mcp', upstream: name, priced: tool.name, amountFen, title },
      ...{ repeatable: retry, refundAfterMs },
    };
  }

  /** Whether a bill is one of this very call. */
  #isOf({ face, upstream, priced, requestHash }: PaidCallRecord, asked: Asked): boolean {
    const isOfTool = face === 'mcp' && upstream === this.#options.upstream.name && priced === asked.tool.name;
    return isOfTool && requestHash === asked.requestHash;
  }

  #remember({ requestHash }: Asked, { number }: PaidCallRecord): void {
    if (!this.#options.ofOneClient) return;
    this.#remembered.delete(requestHash);
    this.#remembered.set(requestHash, number);
    const [oldest] = this.#remembered.keys();
    if (oldest !== undefined && this.#remembered.size > MOST_REMEMBERED) this.#remembered.delete(oldest);
  }

  #forget({ requestHash }: Asked, { number }: PaidCallRecord): void {
    if (this.#remembered.get(requestHash) === number) this.#remembered.delete(requestHash);
  }

  #refuse(said: refusals.Refusal, beside: readonly unknown[] = []): Served {
    return { result: refusals.refusal(said, this.#options.language, this.#options, beside) };
  }
}

function invalid(problem: string): Served {
  const error: JSONRPCErrorResponse['error'] = {
    code: ProtocolErrorCode.InvalidParams,
    message: `Invalid params: ${problem}`,
  };
  return { error };
}
