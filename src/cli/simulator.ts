import { join } from 'node:path';
import { systemClock, systemRandom } from '../platform/system.ts';
import { openSimulator } from '../simulator/index.ts';
import { wholeNumber } from './arguments.ts';
import type { CommandContext, Typed } from './command.ts';
import { printJson } from './terminal.ts';

/**
 * `mcp-cashier simulator [--port N] [--certificates | --seller 1|2]`: serves only the gateway simulator and prints, as
 * JSON, the environment that points a server at it.
 */
export async function run({ values }: Typed<'simulator'>, context: CommandContext): Promise<number> {
  const { signal } = context;
  const { say } = context;
  const port =
    values.port === undefined ? undefined : wholeNumber('--port', values.port, { least: 0, most: 65_535 });
  const { home } = await context.config('operator', values);
  const simulator = await openSimulator({
    folder: join(home, 'simulator'),
    clock: systemClock,
    randomBytes: systemRandom,
    ...(port === undefined ? {} : { port }),
  });
  const serving = await simulator.serve();
  const ofSeller = values.seller && simulator.platformEnvs[Number(values.seller) - 1];
  printJson(ofSeller || (values.certificates ? simulator.certificateEnv : simulator.env));
  process.stderr.write(
    `${
      serving
        ? say.line('模拟收银台：', 'simulator:')
        : say.line('另一进程正在提供模拟器：', 'another process serves the simulator:')
    } ${simulator.origin}\n`,
  );
  while (!signal.aborted) {
    // Takes over when the process that serves it goes.
    await systemClock.sleep(2_000, signal);
    if (!signal.aborted) await simulator.serve();
  }
  await simulator.close();
  return 0;
}
