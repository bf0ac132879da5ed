import { join } from 'node:path';
import type { Config } from './config.ts';
import type { Clock, RandomBytes } from './domain/clock.ts';
import { DEFAULT_MERCHANT } from './domain/merchant.ts';
import { isLoopbackName } from './domain/names.ts';
import type { Log } from './domain/ports.ts';
import { type Channel, wants } from './events/channel.ts';
import type { ChannelsFile } from './events/channels-file.ts';
import type { CashierEvent, ToldOutcome } from './events/event.ts';
import { type KindId, NotSent, type Send } from './events/kinds/kind.ts';
import type { Ledger } from './ledger/ledger.ts';
import { outgoingProxyOf } from './platform/outgoing-proxy.ts';
import { systemPorts } from './platform/system.ts';
import type { Simulator } from './simulator/index.ts';

/** The channel of a simulated merchant who has named none. */
const INBOX = 'inbox';

/** Who is told what happens, in one process. */
export interface Channels {
  /** As the file names them; in the embedded simulator its inbox, once that is open. */
  readonly all: readonly Channel[];
  /** Tells them, and records what only time brings about, until `signal` aborts; for a merchant without any, nothing. */
  run(signal: AbortSignal): Promise<void>;
}

export interface ChannelPorts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly log: Log;
  /** Where it is embedded and open. */
  readonly simulator: () => Simulator | undefined;
  /** Where a person who is signed in decides on an approval. */
  readonly approvalUrl: (id: string) => Promise<string | undefined>;
  readonly tried: ((kind: KindId, outcome: ToldOutcome) => void) | undefined;
}

/** Who is to be told, as the file says; nobody without one. Throws CONFIGURATION as `readChannels`. */
export async function namedChannels({ channelsFile, language }: Config): Promise<Partial<ChannelsFile>> {
  if (channelsFile === undefined) return {};
  const { readChannels } = await import('./events/channels-file.ts');
  return readChannels(channelsFile, language);
}

/** The page on which the simulator of a folder shows what a merchant was told who has named nobody. */
export async function inboxPage(folder: string): Promise<string> {
  const { openSimulator } = await import('./simulator/index.ts');
  const { clock, randomBytes } = systemPorts;
  const simulator = await openSimulator({ folder, clock, randomBytes });
  await simulator.close();
  return `${simulator.origin}/inbox`;
}

/** Where a merchant's embedded simulator is kept. */
export function simulatorFolder({ home, merchant }: Pick<Config, 'home' | 'merchant'>): string {
  return join(home, 'simulator', ...(merchant === DEFAULT_MERCHANT ? [] : [merchant]));
}

/** Tells nothing yet: what happens from now on is told. */
export async function openChannels(
  config: Config,
  { channels: named = [], dailyAtMs }: Partial<ChannelsFile>,
  ports: ChannelPorts,
): Promise<Channels> {
  const { channelsFile, language, embeddedSimulator, merchantName, realm, env } = config;
  const { ledger, simulator, approvalUrl } = ports;
  let all = named;
  const mayHaveAny = all.length > 0 || (channelsFile === undefined && embeddedSimulator);
  const from = mayHaveAny ? await ledger.read((book) => book.trail.head()) : 0;
  const simulated = realm === 'simulator';
  return {
    get all() {
      return all;
    },
    async run(signal) {
      if (!mayHaveAny) return;
      const opened = simulator();
      if (all.length === 0 && opened) all = [await inboxOf(opened, language)];
      if (all.length === 0) return;
      const { egress } = await import('./events/egress.ts');
      const { runDeliverer } = await import('./events/deliverer.ts');
      const { runNoticing } = await import('./events/noticing.ts');
      const { DAILY_AT_MS } = await import('./events/daily.ts');
      const wantsDays = all.some((one) => wants(one, 'daily.summary'));
      const sender = egress({ proxy: outgoingProxyOf(env) });
      const send = opened ? selfServing(sender, opened) : sender;
      const linkOf = ({ data }: CashierEvent) => linkTo(data.approval?.id, approvalUrl, simulated);
      const { clock, randomBytes, log, tried } = ports;
      const deliverer = { ledger, clock, randomBytes, log, tried, send, channels: all, simulated, linkOf };
      await Promise.all([
        runDeliverer({ ...deliverer, payee: merchantName }, from, signal),
        runNoticing(
          { ledger, clock, log, dailyAtMs: wantsDays ? (dailyAtMs ?? DAILY_AT_MS) : undefined },
          signal,
        ),
      ]);
    },
  };
}

async function inboxOf({ inbox }: Simulator, language: 'zh' | 'en'): Promise<Channel> {
  const { KINDS } = await import('./events/kinds/registry.ts');
  const kind = Object.values(KINDS).find(({ id }) => id === inbox.kind);
  const url = new URL(inbox.url);
  const opened = kind?.open({ url, secret: inbox.secret });
  if (!kind || !opened || 'wrong' in opened) throw new Error('the inbox of the simulator is no channel');
  return { name: INBOX, kind, opened, url, events: ['*'], language, allowPrivate: false };
}

/** The process that served the simulator may be gone: whoever finds nobody there serves it, and sends then. */
function selfServing(send: Send, simulator: Simulator): Send {
  return async (request, how) => {
    try {
      return await send(request, how);
    } catch (error) {
      if (!(error instanceof NotSent) || !request.url.startsWith(`${simulator.origin}/`)) throw error;
      await simulator.serve();
      return send(request, how);
    }
  };
}

/** A page that may be opened from a message: by https, and where no money is real, on this machine. */
async function linkTo(
  approval: string | undefined,
  approvalUrl: ChannelPorts['approvalUrl'],
  simulated: boolean,
): Promise<string | undefined> {
  const url = approval === undefined ? undefined : await approvalUrl(approval);
  if (url === undefined) return undefined;
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || (simulated && isLoopbackName(hostname)) ? url : undefined;
}
