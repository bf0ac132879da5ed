import type { EventType, OwnType } from './event.ts';
import type { ChannelKind, OpenChannel } from './kinds/kind.ts';

/** Somebody who is told what happens, as the channels file has it. */
export interface Channel {
  /** Unique among those of one ledger. */
  readonly name: string;
  readonly kind: ChannelKind;
  readonly opened: OpenChannel;
  /** A credential: for whoever looks whether it can be reached, never to be shown. */
  readonly url: URL;
  /** What it wants to be told, as it is written: types, and `….*` for all that begin so. */
  readonly events: readonly string[];
  readonly language: 'zh' | 'en';
  readonly allowPrivate: boolean;
}

/** Whether a channel is told of an event; of another channel's silence all are. */
export function wants({ events }: Pick<Channel, 'events'>, type: EventType | OwnType): boolean {
  if (type === 'channel.disabled') return true;
  return events.some(
    (one) => one === '*' || one === type || (one.endsWith('.*') && type.startsWith(one.slice(0, -1))),
  );
}
