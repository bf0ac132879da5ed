import { type App, openApp } from '../compose.ts';
import { TRIAL } from '../domain/words.ts';
import { systemPorts } from '../platform/system.ts';
import { OrderNews } from '../resources/order-news.ts';
import { contentDroppers } from '../tools/clients.ts';
import { selectTools, toolsWith } from '../tools/index.ts';
import { serveOverStdio } from '../transports/stdio.ts';
import { typedFor } from './books.ts';
import type { CommandContext, Typed } from './command.ts';
import { noticeUnacceptedPolicy } from './policy-notice.ts';
import type { Say } from './speaker.ts';

/** Clients start throw-away siblings to probe: what lives shorter than this (ms) touches nothing. */
const QUIET_START_MS = 2_000;

/** `mcp-cashier stdio`: serves until the client hangs up. */
export function run({ values }: Typed<'stdio'>, context: CommandContext): Promise<number> {
  return serve(context, 'unified', values.merchant);
}

/**
 * @param face whose tools are served when none are selected
 * @param merchant whose, where several are configured
 */
export async function serve(
  context: CommandContext,
  face: 'unified' | 'alipay',
  merchant?: string,
): Promise<number> {
  const { config, signal } = context;
  const { say } = context;
  const settings = await config(face === 'alipay' ? 'drop-in' : undefined, { merchant });
  const selection = selectTools(settings.selectTools, face);
  for (const name of selection.notServed) process.stderr.write(`mcp-cashier: ${notServed(name, say)}\n`);
  const drops = contentDroppers(settings.textOnlyClients);
  const app = await openApp(settings, { ...systemPorts, runnable: typedFor(say, settings) });
  const tools = toolsWith(app.setting.providers, selection);
  if (settings.realm === 'simulator') {
    process.stderr.write(`mcp-cashier: ${say.line('模拟环境，不是真钱', 'SIMULATOR, no real money')}\n`);
  }
  if (settings.realm === 'trial') process.stderr.write(`mcp-cashier: ${say.line(TRIAL.zh, TRIAL.en)}\n`);
  await noticeUnacceptedPolicy(app, say);
  const awake = wakeForWork(app);
  const identity = { caller: settings.caller ?? 'stdio', named: settings.caller !== undefined };
  try {
    await serveOverStdio(
      {
        ...app,
        tools,
        dropsContent: drops,
        identity,
        bus: new OrderNews(app).busOf(identity),
        till: async () => {
          app.startBackground();
          return app.till();
        },
      },
      signal,
    );
  } finally {
    awake.abort();
    await app.close();
  }
  return 0;
}

/** Starts the background once there is something for it to do, until what comes back is aborted. */
export function wakeForWork(app: App): AbortController {
  const probed = new AbortController();
  const wake = async () => {
    // Another process may begin something at any time, and end before it is settled.
    for (;;) {
      await app.clock.sleep(QUIET_START_MS, probed.signal);
      if (probed.signal.aborted) return;
      // A ledger that cannot be read just now is looked at again.
      if (await app.hasBackgroundWork().catch(() => false)) return app.startBackground();
    }
  };
  wake().catch((error: unknown) => app.log.error('background', { error: String(error) }));
  return probed;
}

function notServed(name: string, say: Say): string {
  return say.line(
    `AP_SELECT_TOOLS：本服务器没有工具 ${name}，已忽略。`,
    `AP_SELECT_TOOLS: this server has no tool ${name}; it is left out.`,
  );
}
