import type { ChannelState } from '../ledger/channel-rows.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { PAGE } from '../ledger/trail-pages.ts';
import { type Channel, wants } from './channel.ts';
import { EVENT_KINDS, laneOf, typeOf } from './derive.ts';
import { rankOf } from './summing.ts';

/** How far (records) a channel may lag in which nothing was for it, before that is noted. */
const MOST_UNNOTED = 5 * PAGE;

/** Puts what the trail has for one channel with what waits to be told to it. */
export class TakingIn {
  readonly #ledger: Ledger;
  readonly #channel: Channel;
  /** How far this process has looked through the trail, where that is not noted. */
  #looked = 0;
  /** Where the ledger had the channel when that was so. */
  #base = -1;

  constructor(ledger: Ledger, channel: Channel) {
    this.#ledger = ledger;
    this.#channel = channel;
  }

  /** Behind which record it goes on. */
  from({ seq }: Pick<ChannelState, 'seq'>): number {
    return seq === this.#base ? Math.max(this.#looked, seq) : seq;
  }

  /** A page at a time, until there is no more. */
  async run(state: ChannelState, signal: AbortSignal): Promise<void> {
    const { name } = this.#channel;
    let looked = this.from(state);
    let base = state.seq;
    for (let isLast = false; !isLast && !signal.aborted; ) {
      const page = await this.#ledger.read(({ trail }) => trail.page(looked, EVENT_KINDS));
      const wanted = page.records.flatMap((record) => {
        const type = typeOf(record);
        const isOwnSilence = type === 'channel.disabled' && record.detail.channel === name;
        if (type === undefined || isOwnSilence || !wants(this.#channel, type)) return [];
        return [{ seq: record.seq, type, lane: laneOf(record, type), rank: rankOf(type) }];
      });
      looked = page.upTo;
      if (wanted.length > 0 || looked - base > MOST_UNNOTED) {
        const isTakenIn = await this.#ledger.note(({ outbox }) => outbox.takeIn(name, base, looked, wanted));
        // Somebody has moved it meanwhile: the next look starts from there.
        if (!isTakenIn) return;
        base = looked;
      }
      this.#base = base;
      this.#looked = looked;
      isLast = page.isLast;
    }
  }
}
