import type { Text } from '../domain/errors.ts';
import type { Book } from '../ledger/book.ts';
import type { ChannelState, Waiting } from '../ledger/channel-rows.ts';
import { fact } from '../operator/facts.ts';
import type { Frame } from '../operator/frame.ts';
import { liveOf, moment, shell } from '../operator/layout.ts';
import { foreign, html, type Markup } from '../operator/markup.ts';
import { markOf } from './overview.ts';
import { WORDS } from './words.ts';

/** How many channels are shown at most. */
const MOST_CHANNELS = 50;

export interface ChannelsView {
  readonly channels: readonly { readonly state: ChannelState; readonly waiting: Waiting }[];
  readonly mark: string;
}

/** Every channel that was ever told anything. @param now ms */
export async function readChannels(book: Book, now: number): Promise<ChannelsView> {
  const names = (await book.outbox.names()).sort().slice(0, MOST_CHANNELS);
  const states = await book.outbox.states(names);
  const channels: ChannelsView['channels'][number][] = [];
  for (const state of states.values()) {
    channels.push({ state, waiting: await book.outbox.waiting(state.channel) });
  }
  channels.sort((a, b) => (a.state.channel < b.state.channel ? -1 : 1));
  return { channels, mark: await markOf(book, now) };
}

/** Who is told what happens, and whether that arrives. */
export function channelsPage(frame: Frame, { channels, mark }: ChannelsView): Markup {
  return shell(frame, {
    title: frame.say(WORDS.channels),
    room: 'channels',
    body: html`<h1>${frame.say(WORDS.channels)}</h1>
${liveOf(frame, {
  mark,
  announce: '',
  body: html`${channels.length === 0 ? html`<div class="card empty"><p><b>${frame.say(WORDS.noChannels)}</b></p><p class="soft">${frame.say(WORDS.noChannelsAdvice)}</p></div>` : html`<div class="pair">${channels.map((one, i) => channelCard(frame, one, i))}</div>`}
<p class="small soft">${frame.say(WORDS.channelsAt)} <code translate="no">${frame.typed('mcp-cashier channels')}</code></p>`,
})}`,
  });
}

function channelCard(frame: Frame, { state, waiting }: ChannelsView['channels'][number], i: number): Markup {
  const [words, look] = howItStands(state);
  const count = (n: number) => html`<span class="number">${n}</span>`;
  return html`<section class="card" aria-labelledby="channel-${i}"><div class="row"><h2 id="channel-${i}">${foreign(state.channel)}</h2><span class="badge ${look}">${frame.say(words)}</span></div>
<dl>${fact(frame, WORDS.lastTold, state.toldAt === undefined ? frame.say(WORDS.neverTold) : moment(frame, state.toldAt))}
${fact(frame, WORDS.toTell, count(waiting.count))}
${waiting.since === undefined ? '' : fact(frame, WORDS.oldest, moment(frame, waiting.since))}
${waiting.refused === 0 ? '' : fact(frame, WORDS.notTaken, count(waiting.refused))}
${state.failingSince === undefined ? '' : fact(frame, WORDS.failingSince, moment(frame, state.failingSince))}
${state.disabledAt === undefined ? '' : fact(frame, WORDS.disabledAt, moment(frame, state.disabledAt))}</dl></section>`;
}

function howItStands({ disabledAt, failures }: ChannelState): readonly [Text, string] {
  if (disabledAt !== undefined) return [WORDS.disabled, 'denied'];
  return failures > 0 ? [WORDS.failing, 'pending'] : [WORDS.well, 'approved'];
}
