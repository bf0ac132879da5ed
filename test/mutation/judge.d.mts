export interface Mutant {
  readonly file: string;
  readonly line: number;
  /** The line it is on, trimmed. */
  readonly code: string;
  /** The text that it replaces, and what it says instead; on one line. */
  readonly from: string;
  readonly to: string;
  readonly fate: 'killed' | 'timeout' | 'survived' | 'words';
}

export interface Survivor extends Pick<Mutant, 'file' | 'code' | 'to'> {
  /** Where the line has more than one mutant that says this. */
  readonly from?: string;
  /** `same`: no behaviour is another; `kept`: one is, and no test tells. */
  readonly why: 'same' | 'kept';
  readonly reason: string;
}

type Why = ReadonlyMap<Mutant, Survivor | undefined>;
interface Place {
  readonly line: number;
  readonly column: number;
}

export function mutantOf(
  result: {
    readonly location: { readonly start: Place; readonly end: Place };
    readonly replacement: string;
    readonly status: string;
  },
  file: string,
  source: string,
): Mutant;
export function explained(
  mutants: readonly Mutant[],
  list: readonly Survivor[],
): { readonly why: Why; readonly unlisted: readonly Mutant[] };
export function stale(
  mutants: readonly Mutant[],
  list: readonly Survivor[],
  files: readonly string[],
): readonly Survivor[];
export function counted(mutants: readonly Mutant[], why: Why): Counted;
export interface Counted {
  readonly mutants: number;
  readonly killed: number;
  readonly timeout: number;
  readonly same: number;
  readonly survived: number;
  readonly words: number;
}
export function scoreOf(counted: Pick<Counted, 'killed' | 'timeout' | 'survived'>): number;
export function percent(score: number): string;
