import type { Config, Env, Place, Role } from '../config.ts';
import type { Say } from './speaker.ts';
import type { Typed as TypedBy } from './use.ts';
import type { CommandName, USES } from './uses.ts';

/** What every command gets: how to read the configuration, how to speak, and when to stop. */
export interface CommandContext {
  readonly env: Env;
  /** Where it was typed: what paths on the command line stand against. */
  readonly cwd: string;
  /** @param place what options say of the ledger that is meant */
  readonly config: (role?: Role, place?: Place) => Promise<Config>;
  /** As `config`, of every merchant that is meant. */
  readonly configs: (role?: Role, place?: Place) => Promise<readonly [Config, ...Config[]]>;
  /** What holds for a home whoever its merchants are, also where their file cannot be read. */
  readonly home: (place?: Place) => Promise<Config>;
  readonly signal: AbortSignal;
  readonly say: Say;
  /** What `npx` was given, where the program was started so. */
  readonly spec?: string | undefined;
}

/** What was typed after a command's name, by the table. */
export type Typed<N extends CommandName> = TypedBy<(typeof USES)[N]>;

/** One command, one file; the number is the exit code. */
export interface Command<N extends CommandName> {
  run(typed: Typed<N>, context: CommandContext): Promise<number>;
}
