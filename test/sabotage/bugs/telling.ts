import type { Bug } from '../bug.ts';

const TOLD = 'Every committed fact is told at least once, in its order';
const HOME = 'Secrets stay home';

/** What a merchant is told, and what is told to nobody. */
export const TELLING: readonly Bug[] = [
  {
    name: 'told-counts-without-an-answer',
    deed: 'What was sent counts as told, although no answer came.',
    breaks: TOLD,
    edits: [
      [
        'src/events/courier.ts',
        "if (error instanceof NotSent) return { part, judged: { is: 'again', code: error.code } };",
        "if (error instanceof NotSent) return { part, judged: { is: 'delivered' } };",
      ],
    ],
    caughtBy: ['test/events/deliverer.test.ts'],
    simulated: true,
  },
  {
    name: 'channel-moved-on-past-what-waits',
    deed: 'A channel is moved on, and of what it passed only the first event is kept.',
    breaks: TOLD,
    edits: [
      [
        'src/events/taking-in.ts',
        'outbox.takeIn(name, base, looked, wanted)',
        'outbox.takeIn(name, base, looked, wanted.slice(0, 1))',
      ],
    ],
    caughtBy: ['test/events/deliverer.test.ts'],
    simulated: true,
  },
  {
    name: 'corrected-clock-leaves-events-in-the-future',
    deed: 'What a clock that was ahead has put off is told only when that time comes, also after a restart.',
    breaks: TOLD,
    edits: [
      [
        'src/events/deliverer.ts',
        'wasSetBack ? [0] : longestWaits(kind)',
        'wasSetBack ? [0] : longestWaits(kind).map((ms) => ms + 2 * KEPT_MS)',
      ],
    ],
    caughtBy: ['test/events/deliverer.test.ts'],
    simulated: true,
  },
  {
    name: 'later-event-of-an-order-told-first',
    deed: 'What comes behind an event of the same order does not wait for it.',
    breaks: TOLD,
    edits: [
      [
        'src/ledger/outbox.ts',
        '...[channel, seq, type, lane, rank, isBehind ? null : this.#now],',
        '...[channel, seq, type, lane, rank, isBehind ? this.#now : this.#now],',
      ],
    ],
    caughtBy: ['test/events/schedules.test.ts'],
    simulated: true,
  },
  {
    name: 'dead-holder-keeps-its-channel',
    deed: 'A channel that a killed process was telling something waits for it for ever.',
    breaks: TOLD,
    edits: [
      [
        'src/ledger/outbox.ts',
        'const isFree = state.holder === undefined || state.holder === holder || state.beat === seen;',
        'const isFree = state.holder === undefined || state.holder === holder;',
      ],
    ],
    caughtBy: ['test/events/deliverer.test.ts'],
    simulated: true,
  },
  {
    name: 'asked-told-as-paid',
    deed: 'A payment that is closed is told as paid.',
    breaks: 'What did not happen is not told',
    edits: [
      ['src/events/derive.ts', "'order-closed': closed,", "'order-closed': payment(always('payment.paid')),"],
    ],
    caughtBy: ['test/events/derive.test.ts', 'test/events/facts.test.ts'],
    simulated: true,
  },
  {
    name: 'address-of-a-channel-logged',
    deed: 'What went wrong with a message is logged as it is, with the address in it.',
    breaks: HOME,
    edits: [
      [
        'src/events/courier.ts',
        "log.error('channel: a message could not be made', { channel: name, error: errorName(error) });",
        "log.error('channel: a message could not be made', { channel: name, error: String(error), url: this.#channel.url.href });",
      ],
    ],
    caughtBy: ['test/events/deliverer.test.ts'],
  },
];
