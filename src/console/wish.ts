import { beijingMidnight, DAY_MS } from '../domain/clock.ts';
import { defined } from '../domain/defined.ts';
import type { Text } from '../domain/errors.ts';
import { ORDER_STATES } from '../domain/order.ts';
import type { OrderFilter } from '../ledger/order-filter.ts';
import type { Query } from '../operator/frame.ts';
import { placeIn } from '../payments/list-payments.ts';
import { WALLET_IDS } from '../providers/registry.ts';
import { WORDS } from './words.ts';

/** Longer than any number, title or caller. */
const MOST_CHARACTERS = 200;

/** What a person asked of the orders. */
export interface OrderWish {
  /** By what an index leads to. */
  readonly filter: OrderFilter;
  /** What was typed into the search box. */
  readonly text: string | undefined;
  /** What was understood, as it stands in addresses. */
  readonly query: Query;
  /** Names of what was not. */
  readonly wrong: readonly Text[];
}

/** Reads a query; what is none of it is left out, and said. */
export function readWish(asked: Query): OrderWish {
  const query: Record<string, string> = {};
  const wrong: Text[] = [];
  function take<T>(name: string, words: Text, read: (value: string) => T | undefined): T | undefined {
    const value = asked[name]?.trim() ?? '';
    if (value === '') return undefined;
    const understood = value.length > MOST_CHARACTERS ? undefined : read(value);
    if (understood === undefined) wrong.push(words);
    else query[name] = value;
    return understood;
  }
  const text = take('q', WORDS.searchLabel, (value) => value);
  const state = take('state', WORDS.state, (value) => ORDER_STATES.find((one) => one === value));
  const provider = take('wallet', WORDS.wallet, (value) => WALLET_IDS.find((one) => one === value));
  const caller = take('caller', WORDS.caller, (value) => value);
  const from = take('from', WORDS.from, beijingMidnight);
  const to = take('to', WORDS.to, beijingMidnight);
  const after = take('after', WORDS.older, placeIn);
  const until = to === undefined ? undefined : to + DAY_MS;
  return { filter: defined({ state, provider, caller, from, to: until, after }), text, query, wrong };
}
