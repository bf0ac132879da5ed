import type { EventType, OwnType } from './event.ts';

/** An event that may be told now. */
export interface Waiting {
  readonly seq: number;
  readonly type: EventType | OwnType;
}

/** Requests of a minute that are kept for what is most urgent, however much else there is to tell. */
const KEPT_BACK = 3;

/**
 * What is told next, each part in a request of its own, the most urgent first; approvals before all else. Where there
 * is more than fits, events of one type share a request: all of them, but of what is urgent only those that are left
 * when each of the others has one of its own.
 * @param waiting that may be told now, in no order
 * @param room how many requests the minute still has
 * @param sumsUp whether events of one type may share a request
 */
export function partsOf<T extends Waiting>(waiting: readonly T[], room: number, sumsUp: boolean): T[][] {
  const sorted = [...waiting].sort((a, b) => urgencyOf(a.type) - urgencyOf(b.type) || a.seq - b.seq);
  if (!sumsUp) return sorted.slice(0, room).map((one) => [one]);
  const types = [...new Set(sorted.map(({ type }) => type))];
  const groups = types.map((type) => sorted.filter((one) => one.type === type));
  const urgent = groups.filter((group) => isUrgent(group[0]));
  const others = groups.filter((group) => !isUrgent(group[0]));
  const first = fitted(urgent, room, room - urgent.length);
  const left = room - KEPT_BACK - first.length;
  const spare = others.flat().length <= left ? Number.POSITIVE_INFINITY : 0;
  return [...first, ...fitted(others, left, spare)];
}

/** At most `room` parts: one of each group, the oldest of it apart as long as there are `spare` requests. */
function fitted<T>(groups: readonly T[][], room: number, spare: number): T[][] {
  let left = Math.max(0, spare);
  return groups.slice(0, Math.max(0, room)).flatMap((group) => {
    const alone = Math.min(left, group.length - 1);
    left -= alone;
    return [...group.slice(0, alone).map((one) => [one]), group.slice(alone)];
  });
}

/** What is told before all else: what a person has to decide or to see to. */
const URGENT = [/^approval\.asked$/, /^approval\./, /^channel\./, /^(?:alarm|freeze)\./];

/** 0 for what is urgent, else 1. */
export function rankOf(type: Waiting['type']): 0 | 1 {
  return urgencyOf(type) < URGENT.length ? 0 : 1;
}

/** Less is more urgent. */
function urgencyOf(type: Waiting['type']): number {
  const at = URGENT.findIndex((of) => of.test(type));
  return at < 0 ? URGENT.length : at;
}

function isUrgent(one: Waiting | undefined): boolean {
  return one !== undefined && rankOf(one.type) === 0;
}
