// What is mutated, by which tests each is tried, and how much of it they must notice. A group's tests are the fast ones
// that are about it: whatever else would notice a mutant does not count.

const KEYS = ['test/support/rsa-setup.ts'];
const WORLD = ['test/support/postgres.ts'];

export const GROUPS = [
  {
    name: 'money',
    floor: 100,
    mutate: ['src/domain/money.ts', 'src/domain/capitals.ts', 'src/ledger/refunded.ts'],
    tests: ['test/domain/money.test.ts', 'test/domain/capitals.test.ts', 'test/ledger/refunded.test.ts'],
  },
  {
    name: 'states',
    floor: 100,
    mutate: [
      'src/ledger/order-machine.ts',
      'src/ledger/refund-machine.ts',
      'src/providers/alipay/states.ts',
      'src/providers/wechatpay/states.ts',
    ],
    tests: ['test/ledger/machines.test.ts', 'test/providers/states.test.ts'],
  },
  {
    name: 'policy',
    floor: 90,
    mutate: ['src/policy/decide.ts', 'src/policy/rules.ts', 'src/policy/read-policy.ts'],
    tests: ['decide', 'read-policy', 'policy', 'policy-file'].map((name) => `test/policy/${name}.test.ts`),
  },
  {
    name: 'approvals',
    floor: 90,
    mutate: ['src/policy/approvals.ts', 'src/policy/decisions.ts', 'src/ledger/approvals.ts'],
    tests: ['test/policy/approvals.test.ts', 'test/policy/decisions.test.ts'],
    setup: WORLD,
  },
  {
    name: 'limits',
    floor: 90,
    mutate: ['src/ledger/quotas.ts', 'src/ledger/counting.ts', 'src/ledger/tallies.ts', 'src/ledger/sums.ts'],
    tests: ['test/ledger/quotas.test.ts', 'test/ledger/tallies.test.ts'],
    setup: WORLD,
  },
  {
    name: 'alipay',
    floor: 90,
    mutate: ['signer', 'signature', 'verification', 'certificates', 'form', 'notify', 'keys', 'answer'].map(
      (name) => `src/providers/alipay/${name}.ts`,
    ),
    tests: [
      'certificate-mode',
      'certificates',
      'answer',
      'keys',
      'notify',
      'notify-fields',
      'notify-hostile',
      'payment',
    ].map((name) => `test/providers/alipay/${name}.test.ts`),
    setup: KEYS,
  },
  {
    name: 'wechatpay',
    floor: 90,
    mutate: ['signer', 'verifier', 'platform-keys', 'certificates', 'cipher', 'notify', 'keys', 'answer'].map(
      (name) => `src/providers/wechatpay/${name}.ts`,
    ),
    tests: [
      'answer',
      'cipher',
      'key-modes',
      'notify',
      'notify-certificates',
      'notify-forged',
      'notify-hostile',
      'partner',
      'platform-keys',
      'signer',
      'verifier',
    ].map((name) => `test/providers/wechatpay/${name}.test.ts`),
    setup: KEYS,
  },
  {
    name: 'notify',
    floor: 90,
    mutate: ['src/payments/apply-notify.ts', 'src/notify/routes.ts'],
    tests: ['test/notify/routes.test.ts', 'test/notify/outcomes.test.ts'],
    setup: WORLD,
  },
];
