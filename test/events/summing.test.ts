import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVENT_TYPES } from '../../src/events/event.ts';
import { partsOf, rankOf, type Waiting } from '../../src/events/summing.ts';

const paid = (from: number, count: number): Waiting[] =>
  Array.from({ length: count }, (_, i) => ({ seq: from + i, type: 'payment.paid' }));
const asked = (from: number, count: number): Waiting[] =>
  Array.from({ length: count }, (_, i) => ({ seq: from + i, type: 'approval.asked' }));
const sizes = (parts: readonly (readonly Waiting[])[]) => parts.map(({ length }) => length);

describe('what is told next', () => {
  it('one by one as long as there is room', () => {
    expect(sizes(partsOf(paid(1, 15), 18, true))).toEqual(Array(15).fill(1));
  });

  it('in one message where there is more than fits', () => {
    expect(sizes(partsOf(paid(1, 16), 18, true))).toEqual([16]);
    expect(sizes(partsOf(paid(1, 500), 4, true))).toEqual([500]);
  });

  it('approvals before all else, each by itself as long as there is room', () => {
    const parts = partsOf([...paid(1, 40), ...asked(50, 3)], 18, true);
    expect(sizes(parts)).toEqual([1, 1, 1, 40]);
    expect(parts[0]?.[0]?.type).toBe('approval.asked');
    expect(sizes(partsOf(asked(1, 30), 18, true))).toEqual([...Array(17).fill(1), 13]);
  });

  it('keeps something of a minute back for approvals', () => {
    expect(partsOf(paid(1, 5), 3, true)).toEqual([]);
    expect(sizes(partsOf([...paid(1, 5), ...asked(9, 2)], 3, true))).toEqual([1, 1]);
    expect(partsOf(asked(9, 2), 0, true)).toEqual([]);
  });

  it('nothing is summed up for programs', () => {
    expect(sizes(partsOf(paid(1, 500), 8, false))).toEqual(Array(8).fill(1));
    expect(sizes(partsOf(paid(1, 5), Number.POSITIVE_INFINITY, true))).toEqual(Array(5).fill(1));
  });

  it('is never told twice, never of two types, never more than fits, and the oldest first', () => {
    const waiting = fc
      .uniqueArray(fc.record({ seq: fc.nat(1_000), type: fc.constantFrom(...EVENT_TYPES) }), {
        selector: ({ seq }) => seq,
        maxLength: 60,
      })
      .map((list): Waiting[] => list);
    fc.assert(
      fc.property(waiting, fc.nat(30), fc.boolean(), (list, room, sumsUp) => {
        const parts = partsOf(list, room, sumsUp);
        const told = parts.flat();
        expect(parts.length).toBeLessThanOrEqual(room);
        expect(new Set(told).size).toBe(told.length);
        for (const part of parts) {
          expect(part.length).toBeGreaterThan(0);
          expect(new Set(part.map(({ type }) => type)).size).toBe(1);
        }
        for (const type of EVENT_TYPES) {
          const seqs = told.filter((one) => one.type === type).map(({ seq }) => seq);
          expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
        }
        const ranks = told.map((one) => rankOf(one.type));
        expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
        // Where there is room enough, nobody waits.
        if (room >= list.length + 3) expect(told).toHaveLength(list.length);
      }),
    );
  });
});
