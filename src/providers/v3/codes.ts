import type { Scene } from '../../domain/order.ts';
import type { RowAdvice, Verb } from '../advice.ts';
import type { DeclineReason } from '../contract.ts';

/** A code's meaning: a no with its reason, or "I do not know" in the gateway's own words. */
export type Meaning = DeclineReason | 'unsettled';

/** One line of a table: what a gateway's codes mean after certain calls, and what to do next. */
export interface CodeRow<Operation extends string> extends RowAdvice {
  readonly calls: readonly Operation[];
  /** As documented; compared without `_`, on which documents disagree. */
  readonly codes: readonly string[];
  /** Only when an order of this scene was made. */
  readonly scenes?: readonly Scene[];
  readonly meaning: Meaning;
  /** Also under a status of 500, which the documents give this refusal. */
  readonly despite500?: true;
}

export function row<Operation extends string>(
  calls: readonly Operation[],
  codes: readonly string[],
  meaning: Meaning,
  more?: Partial<CodeRow<Operation>>,
): CodeRow<Operation> {
  return { calls, codes, meaning, ...more };
}

/** The line of a table for a code after a call; one that names the scene comes before one that does not. */
export function rowIn<Operation extends string>(
  table: readonly CodeRow<Operation>[],
  operation: Operation,
  code: string | undefined,
  scene: Scene | undefined,
): CodeRow<Operation> | undefined {
  if (code === undefined) return undefined;
  const word = bare(code);
  return table.find(
    ({ calls, codes, scenes }) =>
      calls.includes(operation) &&
      codes.some((known) => bare(known) === word) &&
      (scenes === undefined || (scene !== undefined && scenes.includes(scene))),
  );
}

function bare(code: string): string {
  return code.replaceAll('_', '').toUpperCase();
}

/** What was asked of the gateway by a call, as advice tells it. */
export function verbOf(operation: string): Verb {
  return operation === 'create' || operation === 'close' || operation === 'refund' ? operation : 'ask';
}

/** For answers of proxies and the edge, which carry no code of the gateway. */
export const REASONS_OF_STATUS: ReadonlyMap<number, DeclineReason> = new Map<number, DeclineReason>([
  [401, 'credentials'],
  [429, 'rate-limited'],
]);
