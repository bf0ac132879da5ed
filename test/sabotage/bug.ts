/** One change of one file of `src`: a text that stands there exactly once, and what stands there instead. */
export type Edit = readonly [file: string, from: string, to: string];

/** A bug that is planted to see that it is found. */
export interface Bug {
  readonly name: string;
  /** What a careless developer would have done, in one sentence. */
  readonly deed: string;
  /** The law or promise that it breaks. */
  readonly breaks: string;
  readonly edits: readonly Edit[];
  /** Test files that have to catch it, the cheapest first; behind ` > ` a group of tests, where that is enough. */
  readonly caughtBy: readonly string[];
  /** Whether the simulated world has to catch it by itself, too. */
  readonly simulated?: true;
}
