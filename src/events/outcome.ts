import { CLOCKS_APART_MS, DAY_MS, type RandomBytes } from '../domain/clock.ts';
import { defined } from '../domain/defined.ts';
import type { ChannelState, Delivery } from '../ledger/channel-rows.ts';
import type { Health, Told } from '../ledger/outbox.ts';
import type { DisabledWhy } from './event.ts';
import type { ChannelKind, Judged } from './kinds/kind.ts';

/** After so many failures in a row a channel is left alone for a while (ms), longer each time. */
const PATIENCE = 3;
const FIRST_REST_MS = 5_000;
const LONGEST_REST_MS = 5 * 60_000;
/** A channel to which nothing could be told for this share of all its attempts' time, and so long (ms), is told no more. */
const SILENT_SHARE = 0.9;
const LEAST_SILENCE_MS = DAY_MS;

/** What was told, or not, in one request. */
export interface Tried {
  readonly part: readonly Delivery[];
  readonly judged: Judged;
}

/** What is noted of tries. */
export interface Outcome {
  readonly told: readonly Told[];
  readonly health: Health | undefined;
  readonly disable: { readonly why: DisabledWhy; readonly code?: string } | undefined;
}

/** What comes of tries that were made at once. @param now ms */
export function outcomeOf(
  tried: readonly Tried[],
  kind: Pick<ChannelKind, 'retryAfterMs'>,
  { failures, failingSince }: Pick<ChannelState, 'failures' | 'failingSince'>,
  now: number,
  randomBytes: RandomBytes,
): Outcome {
  const told: Told[] = [];
  let disable: Outcome['disable'];
  let [isIll, asked] = [false, 0];
  const isWell = tried.some(({ judged }) => judged.is === 'delivered');
  for (const { part, judged } of tried) {
    const seqs = part.map(({ seq }) => seq);
    if (judged.is === 'delivered') told.push({ seqs, is: 'delivered' });
    else if (judged.is === 'bug') told.push({ seqs, is: 'refused' });
    else if (judged.is === 'disable') disable = judged;
    else {
      asked = Math.max(asked, judged.afterMs ?? 0);
      // Where others are told, it is this one that is not taken.
      const isAlone = isWell || failingSince === undefined;
      const tries = Math.max(...part.map((one) => one.tries));
      const wait = kind.retryAfterMs[tries] ?? (isAlone ? undefined : kind.retryAfterMs.at(-1));
      if (wait === undefined) told.push({ seqs, is: 'refused' });
      else told.push({ seqs, is: 'again', dueAt: now + spread(wait, randomBytes) });
      isIll ||= wait !== undefined;
      // A machine that slept has waited, and not tried.
      const hasTried = failures >= kind.retryAfterMs.length;
      const isSilent = failingSince !== undefined && now - failingSince > silenceOf(kind);
      if (hasTried && isSilent && !isWell)
        disable ??= { why: 'unreachable', ...defined({ code: judged.code }) };
    }
  }
  const rest = Math.max(asked, isWell ? 0 : restOf(failures));
  const health = { isWell, isBack: isWell && failures >= PATIENCE, restUntil: rest === 0 ? 0 : now + rest };
  return { told, health: isWell || isIll ? health : undefined, disable };
}

/** For how long (ms) nothing could be told when a channel is given up. */
function silenceOf({ retryAfterMs }: Pick<ChannelKind, 'retryAfterMs'>): number {
  const all = retryAfterMs.reduce((sum, wait) => sum + wait, 0);
  return Math.max(SILENT_SHARE * all, LEAST_SILENCE_MS);
}

/** How much later at most, so that those who failed together do not come together. */
const SPREAD = 1 / 5;

function spread(wait: number, randomBytes: RandomBytes): number {
  const lot = (randomBytes(1)[0] ?? 0) / 256;
  return Math.round(wait * (1 + lot * SPREAD));
}

/**
 * For how long (ms) an event waits at most, by how often it was tried; the last is for all that were more often. What
 * is due later was put there by a clock that has been set back.
 */
export function longestWaits({ retryAfterMs }: Pick<ChannelKind, 'retryAfterMs'>): readonly number[] {
  return [0, ...retryAfterMs].map((wait) => wait * (1 + SPREAD) + CLOCKS_APART_MS);
}

/** How long (ms) a channel is left alone after so many failures before this one. */
function restOf(failures: number): number {
  const beyond = failures + 1 - PATIENCE;
  return beyond < 0 ? 0 : Math.min(FIRST_REST_MS * 2 ** Math.min(beyond, 10), LONGEST_REST_MS);
}
