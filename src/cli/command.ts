import type { Config, Env } from '../config.ts';

/** What every command gets: how to read the configuration, and when to stop. */
export interface CommandContext {
  readonly env: Env;
  readonly config: (role?: 'operator' | 'drop-in') => Promise<Config>;
  readonly signal: AbortSignal;
}

/** One command, one file; the number is the exit code. */
export interface Command {
  run(args: readonly string[], context: CommandContext): Promise<number>;
}
