import type { Bug } from '../bug.ts';

const PROVEN = 'Charged, agreed and ended mean proven';
const NO_ANSWER = 'No answer is not "no"';
const WHOSE = 'A consent counts for whom it was given';

const ADAPTER = 'test/providers/alipay/agreements.test.ts';
const NOTICES = 'test/providers/alipay/agreement-notify.test.ts';

/** Charging by consent, at the gateway's edge. */
export const AGREEMENTS: readonly Bug[] = [
  {
    name: 'ended-agreement-holds',
    deed: 'An agreement that Alipay calls STOP is taken for one in force.',
    breaks: PROVEN,
    edits: [['src/providers/alipay/agreement-snapshot.ts', "['STOP', 'ENDED']", "['STOP', 'ACTIVE']"]],
    caughtBy: [ADAPTER],
  },
  {
    name: 'strange-word-holds',
    deed: 'A word for an agreement that no document has counts as in force.',
    breaks: PROVEN,
    edits: [['src/providers/alipay/agreement-snapshot.ts', "?? 'UNKNOWN'", "?? 'ACTIVE'"]],
    caughtBy: [ADAPTER],
  },
  {
    name: 'accepted-charge-is-paid',
    deed: 'A charge that Alipay has accepted, and not made yet, counts as paid.',
    breaks: PROVEN,
    edits: [['src/providers/alipay/agreements.ts', "fields.get('code') !== DONE || ", '']],
    caughtBy: [ADAPTER],
  },
  {
    name: 'charge-of-another-order',
    deed: 'Whether the answer to a charge is about that charge is not looked at.',
    breaks: PROVEN,
    edits: [['src/providers/alipay/agreements.ts', '  requireOrderNumber(answer, outTradeNo);\n', '']],
    caughtBy: [ADAPTER],
  },
  {
    name: 'strange-refusal-of-a-charge',
    deed: 'A refusal of a charge that is in no table means that nothing was charged.',
    breaks: NO_ANSWER,
    edits: [['src/providers/alipay/codes.ts', "charge: 'unrecognised'", "charge: 'other'"]],
    caughtBy: [ADAPTER],
  },
  {
    name: 'charge-turned-away-for-its-rate',
    deed: 'A charge that was turned away for its rate was not made.',
    breaks: NO_ANSWER,
    edits: [['src/providers/alipay/errors.ts', "'confirm', 'charge', ", "'confirm', "]],
    caughtBy: [ADAPTER],
  },
  {
    name: 'unsigned-end-of-an-agreement',
    deed: 'That the agreement has ended is believed of a refusal that nobody signed.',
    breaks: PROVEN,
    edits: [
      ['src/providers/alipay/errors.ts', 'if (retry !== undefined && proves)', 'if (retry !== undefined)'],
    ],
    caughtBy: [ADAPTER],
  },
  {
    name: 'link-without-an-end',
    deed: 'The link that asks for consent works for ever.',
    breaks: WHOSE,
    edits: [['src/providers/alipay/agreements.ts', ', effect_time: String(seconds) }', ' }']],
    caughtBy: [ADAPTER],
  },
  {
    name: 'consent-to-another-merchant-of-the-app',
    deed: 'What a platform hears of a consent counts for whichever of its merchants asks.',
    breaks: WHOSE,
    edits: [
      [
        'src/providers/alipay/notify.ts',
        'signScene !== undefined && appAuthToken === undefined && isOurs(fields)',
        'signScene !== undefined && isOurs(fields)',
      ],
    ],
    caughtBy: [NOTICES],
  },
  {
    name: 'consent-recut',
    deed: 'A message about an agreement can be cut into its parameters in another way.',
    breaks: WHOSE,
    edits: [['src/providers/alipay/notify.ts', "  'status',\n", '']],
    caughtBy: [NOTICES],
  },
];
