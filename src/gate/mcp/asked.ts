import type { Price } from '../prices.ts';
import { paymentIn } from './bill.ts';
import { boundTo } from './bound-to.ts';
import type { ListedTool } from './catalogue.ts';
import type { Params } from './counter.ts';
import { isSchema, numberArgument } from './priced-tool.ts';

/** What is called, and by whom. */
interface Called {
  readonly tool: ListedTool;
  readonly price: Price;
  /** Who asks, for limits. */
  readonly source: string;
}

/** A call of a tool that has a price, taken apart. */
export interface Asked extends Called {
  /** Of the argument with the number. */
  readonly argument: string;
  readonly number: string | undefined;
  /** What a wallet has given to show that it has paid. */
  readonly proof: string | undefined;
  /** As they go to the upstream. */
  readonly params: Params;
  readonly requestHash: string;
  readonly meta: unknown;
}

/** @param given the arguments, as the client sent them */
export function askedFor(params: Params, given: Params, called: Called): Asked {
  const { tool } = called;
  const argument = numberArgument(tool);
  const { [argument]: shown, ...args } = given;
  const { _meta: meta, ...rest } = params;
  const { 'x402/payment': _, ...passed } = isSchema(meta) ? meta : {};
  const said = typeof shown === 'string' && shown.trim() !== '' ? shown.trim() : undefined;
  const { outTradeNo, paymentProof } = paymentIn(meta);
  return {
    ...called,
    ...{ argument, meta },
    number: said ?? outTradeNo,
    proof: said === undefined ? paymentProof : undefined,
    params: { ...rest, arguments: args, ...(isSchema(meta) ? { _meta: passed } : {}) },
    requestHash: boundTo(tool.name, args),
  };
}
