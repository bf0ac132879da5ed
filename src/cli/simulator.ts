import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock, systemRandom } from '../platform/system.ts';
import { openSimulator } from '../simulator/index.ts';
import type { CommandContext } from './command.ts';
import { printJson } from './terminal.ts';

/**
 * `mcp-cashier simulator [--port N]`: serves only the gateway simulator and prints, as JSON, the environment that
 * points a server at it.
 */
export async function run(args: readonly string[], { config, signal }: CommandContext): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { port: { type: 'string' } } });
  const { home } = await config();
  const simulator = await openSimulator({
    folder: join(home, 'simulator'),
    clock: systemClock,
    randomBytes: systemRandom,
    ...(values.port === undefined ? {} : { port: Number(values.port) }),
  });
  const serving = await simulator.serve();
  printJson(simulator.env);
  process.stderr.write(
    serving
      ? `模拟收银台 simulator: ${simulator.origin}\n`
      : `另一进程正在提供模拟器 another process serves it: ${simulator.origin}\n`,
  );
  while (!signal.aborted) {
    // Takes over when the process that serves it goes.
    await systemClock.sleep(2_000, signal);
    if (!signal.aborted) await simulator.serve();
  }
  await simulator.close();
  return 0;
}
