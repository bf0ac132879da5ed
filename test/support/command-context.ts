import type { CommandContext } from '../../src/cli/command.ts';
import { speaker } from '../../src/cli/speaker.ts';
import type { Config } from '../../src/config.ts';

/** What a command gets that is run without a command line: one configuration, in both languages. */
export function commandContext(
  config: () => Promise<Config>,
  signal = new AbortController().signal,
): CommandContext {
  return {
    env: {},
    cwd: '',
    config,
    configs: async () => [await config()],
    home: config,
    signal,
    say: speaker(undefined),
  };
}
