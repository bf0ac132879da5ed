import type { Bug } from '../bug.ts';

const BOUND = 'A bill is bound to its request';
const ONCE = 'What is paid for is executed once, or paid back';
const PRICED = 'No way of asking leads around a price';
const SALE = ['test/gate/http-sale.test.ts'];
const PATHS = ['test/gate/path.test.ts'];
const RELAY = ['test/gate/relay.test.ts'];

/** What stands between a payer and somebody's HTTP API. */
export const API_CALLS: readonly Bug[] = [
  {
    name: 'bill-forgets-the-body',
    deed: 'A bill redeems any body that is sent to the same address.',
    breaks: BOUND,
    edits: [['src/gate/wanted.ts', '[method, path, query, digest]', '[method, path, query]']],
    caughtBy: SALE,
  },
  {
    name: 'bill-of-one-price-redeems-another',
    deed: 'The number of a cheap bill redeems a dear request.',
    breaks: BOUND,
    edits: [['src/gate/wanted.ts', '    call.requestHash === requestHash &&\n', '']],
    caughtBy: SALE,
  },
  {
    name: 'lost-answer-is-asked-for-again',
    deed: 'An upstream that broke off is asked again, whatever the price says of that.',
    breaks: ONCE,
    edits: [['src/gate/executions.ts', ': isFailure && claimed.repeatable', ': isFailure']],
    caughtBy: SALE,
  },
  {
    name: 'failure-is-kept-as-delivered',
    deed: 'An answer 500 of the upstream is stored, and its price kept.',
    breaks: ONCE,
    edits: [['src/gate/executions.ts', 'if (came.status >= 500) return', 'if (came.status >= 600) return']],
    caughtBy: SALE,
  },
  {
    name: 'case-leads-around-a-price',
    deed: 'Another spelling of a path that an upstream takes for the same has no price.',
    breaks: PRICED,
    edits: [
      [
        'src/gate/path.ts',
        'if (PLAIN.test(path)) return path.toLowerCase();',
        'if (PLAIN.test(path)) return path;',
      ],
    ],
    caughtBy: PATHS,
  },
  {
    name: 'encoded-letters-lead-around-a-price',
    deed: 'A path with encoded letters is passed on, and compared as it is written.',
    breaks: PRICED,
    edits: [['src/gate/path.ts', '/[\\w\\-.~]/.test(character)', '/[\\-.~]/.test(character)']],
    caughtBy: PATHS,
  },
  {
    name: 'proof-goes-to-the-upstream',
    deed: 'What redeems a bill is passed on with the other headers.',
    breaks: 'A number that redeems is nobody’s but the payer’s',
    edits: [['src/gate/forwarded.ts', '        OF_SALES.has(key) ||\n', '']],
    caughtBy: RELAY,
  },
  {
    name: 'caches-keep-what-was-paid-for',
    deed: 'What the upstream says of caches stands on an answer that somebody has paid for.',
    breaks: ONCE,
    edits: [['src/gate/executions.ts', "'Cache-Control', 'no-store', 'Content-Length'", "'Content-Length'"]],
    caughtBy: SALE,
  },
];
