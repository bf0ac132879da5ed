import { openApp } from '../compose.ts';
import { selectTools } from '../tools/index.ts';
import { serveOverStdio } from '../transports/stdio.ts';
import { version } from '../version.ts';
import type { CommandContext } from './command.ts';

/** `mcp-cashier stdio`: serves until the client hangs up. */
export async function run(_args: readonly string[], { config, signal }: CommandContext): Promise<number> {
  const settings = await config();
  const tools = selectTools(settings.selectTools);
  const app = await openApp(settings);
  if (settings.realm === 'simulator') {
    process.stderr.write('mcp-cashier: 模拟环境，不是真钱 · SIMULATOR, no real money\n');
  }
  try {
    await serveOverStdio(
      {
        version,
        setting: app.setting,
        tools,
        present: app.present,
        caller: settings.caller,
        cashier: app.cashier,
        underWay: new Set(),
        log: app.log,
      },
      signal,
    );
  } finally {
    await app.close();
  }
  return 0;
}
