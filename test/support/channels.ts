import { onTestFinished } from 'vitest';
import type { Channel } from '../../src/events/channel.ts';
import type { Deliverer } from '../../src/events/courier.ts';
import { runDeliverer } from '../../src/events/deliverer.ts';
import type { CashierEvent } from '../../src/events/event.ts';
import type { Answer, ChannelKind, Judged, Send } from '../../src/events/kinds/kind.ts';
import { NotSent } from '../../src/events/kinds/kind.ts';
import { runNoticing } from '../../src/events/noticing.ts';
import type { Till } from '../../src/payments/till.ts';

/** Never to be seen anywhere but in a request's address. */
export const CANARY = 'canary-4f1d0c2b';

/** A kind whose requests say which events they tell. */
export function kind(over: Partial<ChannelKind> = {}): ChannelKind {
  return {
    id: 'webhook',
    limits: { bytes: 20_000 },
    sumsUp: false,
    retryAfterMs: [5_000, 60_000, 600_000, 3_600_000],
    open: ({ url }) => ({
      compose: ({ messages }) => ({
        url: url.href,
        headers: {},
        body: JSON.stringify(messages.map(({ id, seq, type, data }) => ({ id, seq, type, data }))),
      }),
      judge: ({ status, body }): Judged => {
        if (status === 200) return { is: 'delivered' };
        return body === '' ? { is: 'again', code: String(status) } : (JSON.parse(body) as Judged);
      },
    }),
    ...over,
  };
}

export function channel(name: string, over: Partial<Omit<Channel, 'name' | 'url' | 'opened'>> = {}): Channel {
  const url = new URL(`https://hook.example/${name}/${CANARY}`);
  const of = over.kind ?? kind();
  const opened = of.open({ url, secret: undefined });
  if ('wrong' in opened) throw new Error(opened.text.en);
  return { name, kind: of, opened, url, events: ['*'], language: 'zh', allowPrivate: false, ...over };
}

/** What was told, as it came in. */
export interface Heard extends Pick<CashierEvent, 'id' | 'seq' | 'type' | 'data'> {
  readonly channel: string;
  readonly at: number;
}

/** An endpoint behind every channel: what it answers is said by `answer`. */
export class Endpoint {
  readonly heard: Heard[] = [];
  readonly #clock: { now(): number };
  answer: (channel: string, events: readonly Heard[]) => Promise<Partial<Answer> | 'silent'> =
    async () => ({});

  constructor(clock: { now(): number }) {
    this.#clock = clock;
  }

  readonly send: Send = async ({ url, body }, { signal }) => {
    const channelName = new URL(url).pathname.split('/')[1] ?? '';
    const events = (JSON.parse(body) as Heard[]).map((one) => ({
      ...one,
      channel: channelName,
      at: this.#clock.now(),
    }));
    const answer = await this.answer(channelName, events);
    if (answer === 'silent' || signal.aborted) throw new NotSent('timeout');
    const { status = 200 } = answer;
    if (status === 200) this.heard.push(...events);
    return { status, headers: {}, body: '', ...answer };
  };

  /** Those of a channel, in the order in which they were told. */
  of(name: string): readonly Heard[] {
    return this.heard.filter((one) => one.channel === name);
  }
}

/** A process that tells these channels, until it is told to stop; `kill` is no end at all. */
export async function deliver(
  till: Pick<Till, 'ledger' | 'clock' | 'randomBytes' | 'log'>,
  endpoint: Endpoint,
  channels: readonly Channel[],
  over: Partial<Deliverer> & { readonly notices?: boolean } = {},
): Promise<{ stop(): Promise<void> }> {
  const { ledger, clock, randomBytes, log } = till;
  const signal = new AbortController();
  const deliverer: Deliverer = {
    ...{ ledger, clock, randomBytes, log, channels, send: endpoint.send },
    ...{ payee: undefined, simulated: true, linkOf: async () => undefined },
    ...over,
  };
  const from = await ledger.read((book) => book.trail.head());
  const running = [
    runDeliverer(deliverer, from, signal.signal),
    ...(over.notices ? [runNoticing({ ledger, clock, log }, signal.signal)] : []),
  ];
  // What goes on behind a test that has failed is in the way of what comes next.
  onTestFinished(() => signal.abort());
  return {
    async stop() {
      signal.abort();
      await Promise.all(running);
    },
  };
}
