import { beijingIso } from '../domain/clock.ts';
import type { Text } from '../domain/errors.ts';
import { fen, groupedYuan } from '../domain/money.ts';
import { type AuditRecord, BY_PERSON, PAY_BACK } from '../ledger/records.ts';
import type { Frame } from './frame.ts';
import { brief } from './layout.ts';
import { foreign, html, type Markup } from './markup.ts';
import { BY_PERSONS, BY_SERVER, EVENTS, VIA, WORDS } from './words.ts';

/** Who acts for nobody. */
const SERVER: ReadonlySet<string> = new Set([PAY_BACK, 'settler']);
/** How many records are told at most, the newest of them. */
const MAX_TOLD = 40;

/** An order's records as a list in plain words, oldest first. */
export function story(frame: Frame, events: readonly AuditRecord[]): Markup {
  const all = events.flatMap((event) => {
    const markup = line(frame, event);
    return markup ? [{ event, markup }] : [];
  });
  const told = newest(all);
  return html`${told.length < all.length ? html`<p class="soft">${frame.say(WORDS.earlier)}</p>` : ''}
<ol class="story">${told.map(({ markup }) => markup)}</ol>`;
}

/**
 * As many as are told, in their order: alarms and a person's decisions before anything else, refused calls last. An
 * agent can have a call refused as often as it likes, and must not push out of sight what a person should know.
 */
function newest<T extends { readonly event: AuditRecord }>(all: readonly T[]): readonly T[] {
  const kept = new Set<T>();
  for (let weight = 2; weight >= 0; weight--) {
    const room = MAX_TOLD - kept.size;
    const equals = all.filter(({ event }) => weightOf(event) === weight);
    for (const one of room > 0 ? equals.slice(-room) : []) kept.add(one);
  }
  return all.filter((one) => kept.has(one));
}

function weightOf({ kind }: AuditRecord): 0 | 1 | 2 {
  if (kind === 'result') return 0;
  return /^(?:alarm-|approval-(?:approved|denied)$)/.test(kind) ? 2 : 1;
}

function line(frame: Frame, event: AuditRecord): Markup | undefined {
  const code = event.detail.code;
  const refused = event.kind === 'result' && typeof code === 'string';
  const isAlarm = event.kind.startsWith('alarm-');
  const told = refused ? 'call-refused' : isAlarm ? 'alarm' : event.kind;
  const person = /^operator(?::(.+))?$/s.exec(event.caller);
  const ofPerson = person ? BY_PERSONS[told] : undefined;
  const ofServer = SERVER.has(event.caller) ? BY_SERVER[event.kind] : undefined;
  const words = ofPerson ?? ofServer ?? toldIn(told);
  // Who wants it of their own accord was not asked.
  if (!words || event.detail.rule === BY_PERSON) return undefined;
  const { amountFen, reason } = event.detail;
  const isNew = event.kind === 'order-created' || event.kind === 'refund-created';
  const amount =
    isNew && typeof amountFen === 'number' ? html` <b>¥${groupedYuan(fen(amountFen))}</b>` : undefined;
  const decidedBy = ofPerson ? person?.[1] : event.detail.decidedBy;
  const isDecision =
    ofPerson !== undefined || event.kind === 'approval-approved' || event.kind === 'approval-denied';
  const who =
    isDecision && typeof decidedBy === 'string' && !Object.hasOwn(VIA, decidedBy)
      ? html` ${foreign(decidedBy)}`
      : undefined;
  const why = typeof reason === 'string' ? html`${colon(frame)}${foreign(reason)}` : undefined;
  // Codes and the names of alarms are ours or the gateway's short words.
  const what = refused || typeof code === 'string' ? String(code) : isAlarm ? event.kind.slice(6) : undefined;
  return html`<li class="${isAlarm ? 'alarm' : 'event'}"><time datetime="${beijingIso(event.at)}">${brief(event.at, frame.now)}</time>
<span>${frame.say(words)}${who}${amount}${why}${what === undefined ? '' : html` <code>${foreign(what)}</code>`}${event.outRefundNo === undefined ? '' : html` <small class="number">${foreign(event.outRefundNo)}</small>`}</span></li>`;
}

function toldIn(kind: string): Text | undefined {
  return Object.hasOwn(EVENTS, kind) ? EVENTS[kind as keyof typeof EVENTS] : undefined;
}

function colon(frame: Frame): string {
  return frame.language === 'zh' ? '：' : ': ';
}
