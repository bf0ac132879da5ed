import type { Config, Env, Place, Role } from '../config.ts';
import { type Say, speaker } from './speaker.ts';

/** What every command gets: how to read the configuration, how to speak, and when to stop. */
export interface CommandContext {
  readonly env: Env;
  /** @param place what options say of the ledger that is meant */
  readonly config: (role?: Role, place?: Place) => Promise<Config>;
  readonly signal: AbortSignal;
  /** In both languages where it is not given. */
  readonly say?: Say;
  /** What `npx` was given, where the program was started so. */
  readonly spec?: string | undefined;
}

/** One command, one file; the number is the exit code. */
export interface Command {
  run(args: readonly string[], context: CommandContext): Promise<number>;
}

const BOTH = speaker(undefined);

export function sayOf({ say = BOTH }: CommandContext): Say {
  return say;
}
