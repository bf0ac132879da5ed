import { openApp } from '../compose.ts';
import type { Config } from '../config.ts';
import { configuration } from '../domain/errors.ts';
import { partsOf } from '../gate/mcp/on-port.ts';
import { relayOverStdio } from '../gate/mcp/stdio.ts';
import { insistOnWays } from '../gate/needed-ways.ts';
import type { McpUpstream, Prices } from '../gate/prices.ts';
import { systemPorts } from '../platform/system.ts';
import { qrImage } from '../tools/qr-image.ts';
import { typedFor } from './books.ts';
import type { CommandContext } from './command.ts';
import { noticeUnacceptedPolicy } from './policy-notice.ts';
import { wakeForWork } from './stdio.ts';

/** `mcp-cashier gate --stdio`: in the place of the one MCP server that the price file names, for one client. */
export async function gateOverStdio(
  prices: Prices,
  settings: Config,
  { env, say, signal }: CommandContext,
): Promise<void> {
  const upstream = onlyOne(prices);
  const app = await openApp(settings, { ...systemPorts, runnable: typedFor(say, settings) });
  const { realm, language } = settings;
  const simulated = realm === 'simulator';
  if (simulated)
    process.stderr.write(`mcp-cashier: ${say.line('模拟环境，不是真钱', 'SIMULATOR, no real money')}\n`);
  await noticeUnacceptedPolicy(app, say);
  const awake = wakeForWork(app);
  const { clock, randomBytes, log, underWay } = app;
  try {
    await insistOnWays(prices, () => app.till());
    const parts = partsOf(
      upstream,
      {
        ...{ upstreams: [upstream], clock, randomBytes, log, env, language, qrImage },
        ...{ simulated, trial: realm === 'trial' },
        pageOf: ({ pageToken }) => app.buyerPage(pageToken),
        till: async () => {
          app.startBackground();
          return app.till();
        },
      },
      true,
      underWay,
    );
    const streams = { input: process.stdin, output: process.stdout };
    await relayOverStdio({ ...parts, ...streams, clock, underWay }, signal);
  } finally {
    awake.abort();
    await app.close();
  }
}

function onlyOne({ mcp }: Prices): McpUpstream {
  const [first, ...others] = mcp;
  if (first && others.length === 0) return first;
  const names = mcp.map(({ name }) => name).join(', ');
  throw configuration('CASHIER_PRICES', {
    zh: first
      ? `--stdio 代替一个 MCP 服务器，价目文件里有 ${mcp.length} 个（${names}）。`
      : '--stdio 代替一个 MCP 服务器，价目文件里没有 mcp。',
    en: first
      ? `--stdio stands for one MCP server, and the price file has ${mcp.length} (${names}).`
      : '--stdio stands for one MCP server, and the price file has no mcp.',
    next: {
      zh: '给它一个只有一个 mcp 条目的价目文件。',
      en: 'Give it a price file with a single mcp entry.',
    },
  });
}
