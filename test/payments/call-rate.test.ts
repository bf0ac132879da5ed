import { describe, expect, it } from 'vitest';
import { CallRate } from '../../src/payments/call-rate.ts';

function rate() {
  const time = { now: 1_000_000 };
  const clock = { now: () => time.now, sleep: async () => undefined };
  return { time, calls: new CallRate(clock) };
}
/** How many of so many calls are admitted. */
function admitted(calls: CallRate, caller: string, count: number, moves = false): number {
  let passed = 0;
  for (let i = 0; i < count; i++) {
    try {
      calls.admit(caller, moves);
      passed += 1;
    } catch (error) {
      expect(error).toMatchObject({ code: 'TRY_LATER', retryable: true });
    }
  }
  return passed;
}

describe('the call rate', () => {
  it('lets an agent poll twenty times a second for ever', () => {
    const { calls, time } = rate();
    for (let second = 0; second < 3_600; second++) {
      expect(admitted(calls, 'poller', 20)).toBe(20);
      time.now += 1_000;
    }
  });

  it('stops one who floods, and nobody else', () => {
    const { calls, time } = rate();
    expect(admitted(calls, 'flood', 10_000)).toBe(3_000);
    expect(admitted(calls, 'other', 100)).toBe(100);
    time.now += 1_000;
    expect(admitted(calls, 'flood', 10_000)).toBe(50);
    time.now += 3_600_000;
    expect(admitted(calls, 'flood', 10_000)).toBe(3_000);
  });

  it('stops who is refused all the time from being recorded for ever, and lets them ask', () => {
    const { calls, time } = rate();
    for (let i = 0; i < 300; i++) calls.refused('confused');
    expect(admitted(calls, 'confused', 10, true)).toBe(0);
    expect(admitted(calls, 'confused', 10, false)).toBe(10);
    expect(admitted(calls, 'other', 10, true)).toBe(10);
    time.now += 5_000;
    expect(admitted(calls, 'confused', 10, true)).toBe(10);
  });

  it('says when to call again', () => {
    const { calls } = rate();
    admitted(calls, 'flood', 3_000);
    expect(() => calls.admit('flood', false)).toThrow(
      expect.objectContaining({ details: { retryAfterSeconds: 1 } }),
    );
  });

  it('gives and takes nothing while the clock is set back', () => {
    const { calls, time } = rate();
    admitted(calls, 'a', 2_990);
    time.now -= 3_600_000;
    expect(admitted(calls, 'a', 100)).toBe(10);
    time.now += 1_000;
    expect(admitted(calls, 'a', 100)).toBe(50);
  });

  it('tells of those it stopped once a minute, by their number', () => {
    const { calls, time } = rate();
    const told = Array.from({ length: 500 }, () => calls.limited('flood')).filter((n) => n !== undefined);
    expect(told).toEqual([1]);
    time.now += 60_000;
    expect(calls.limited('flood')).toBe(500);
  });

  it('remembers no more callers than there can be', () => {
    const { calls, time } = rate();
    for (let i = 0; i < 30_000; i++) {
      calls.admit(`caller ${i}`, true);
      time.now += 1;
    }
    expect(admitted(calls, 'last', 10_000)).toBe(3_000);
  });
});
