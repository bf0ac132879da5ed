export interface Group {
  readonly name: string;
  /** The least score, in percent. */
  readonly floor: number;
  /** Files of the product. */
  readonly mutate: readonly string[];
  readonly tests: readonly string[];
  /** What those tests want set up, as in vitest.config.ts. */
  readonly setup?: readonly string[];
}
export const GROUPS: readonly Group[];
