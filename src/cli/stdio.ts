import { openApp } from '../compose.ts';
import { systemClock } from '../platform/system.ts';
import { selectTools } from '../tools/index.ts';
import { serveOverStdio } from '../transports/stdio.ts';
import { version } from '../version.ts';
import type { CommandContext } from './command.ts';

/** Clients start throw-away siblings to probe: what lives shorter than this (ms) touches nothing. */
const QUIET_START_MS = 2_000;

/** `mcp-cashier stdio`: serves until the client hangs up. */
export async function run(_args: readonly string[], { config, signal }: CommandContext): Promise<number> {
  const settings = await config();
  const tools = selectTools(settings.selectTools);
  const app = await openApp(settings);
  if (settings.realm === 'simulator') {
    process.stderr.write('mcp-cashier: 模拟环境，不是真钱 · SIMULATOR, no real money\n');
  }
  const probed = new AbortController();
  const wake = systemClock.sleep(QUIET_START_MS, probed.signal).then(async () => {
    if (probed.signal.aborted || !(await app.hasBackgroundWork())) return;
    if (!probed.signal.aborted) app.startBackground();
  });
  wake.catch((error: unknown) => app.log.error('background', { error: String(error) }));
  try {
    await serveOverStdio(
      {
        version,
        setting: app.setting,
        tools,
        present: app.present,
        ledger: app.ledger,
        clock: systemClock,
        updates: 'server',
        caller: settings.caller ?? 'stdio',
        cashier: async () => {
          app.startBackground();
          return app.cashier();
        },
        underWay: new Set(),
        log: app.log,
      },
      signal,
    );
  } finally {
    probed.abort();
    await app.close();
  }
  return 0;
}
