// What is mutated, by which tests each is tried, and how much of it they must notice. A group's tests are the fast ones
// that are about it, the fastest first: whatever else would notice a mutant does not count.

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
      'src/providers/v3/states.ts',
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
    tests: ['test/policy/decisions.test.ts', 'test/policy/approvals.test.ts'],
    setup: WORLD,
  },
  {
    name: 'limits',
    floor: 90,
    mutate: ['src/ledger/quotas.ts', 'src/ledger/counting.ts', 'src/ledger/tallies.ts', 'src/ledger/sums.ts'],
    tests: ['test/ledger/quotas.test.ts', 'test/ledger/tallies.test.ts'],
    setup: WORLD,
  },
  ofWallet('alipay', {
    mutate: ['signer', 'signature', 'verification', 'certificates', 'form', 'notify', 'keys', 'answer'],
    tests: [
      ...['signature', 'answer', 'trusted-key', 'notify-hostile', 'notify', 'certificates', 'isv'],
      ...['notify-fields', 'keys', 'certificate-mode', 'payment', 'agreement-notify', 'agreements'],
    ],
  }),
  ofWallet('wechatpay', {
    mutate: [
      ...['signer', 'platform-keys', 'notify'],
      ...['verifier', 'downloaded-keys', 'certificates', 'cipher', 'notify', 'keys', 'answer'].map(
        (file) => `../v3/${file}`,
      ),
    ],
    tests: [
      ...['cipher', 'answer', 'notify-forged', 'verifier', 'signer', 'notify', 'notify-hostile'],
      ...['keys', 'key-modes', 'partner', '../douyinpay/certificates'],
      ...['notify-certificates', 'platform-keys'],
    ],
  }),
  {
    name: 'notify',
    floor: 90,
    mutate: ['src/payments/apply-notify.ts', 'src/notify/routes.ts'],
    tests: ['routes', 'outcomes', 'agreements'].map((name) => `test/notify/${name}.test.ts`),
    setup: WORLD,
  },
];

/** How a wallet signs, verifies and reads. `../` leads to what it shares with others. */
function ofWallet(name, { mutate, tests }) {
  const path = (file) => `providers/${name}/${file}`.replace(`${name}/../`, '');
  return {
    name,
    floor: 90,
    mutate: mutate.map((file) => `src/${path(file)}.ts`),
    tests: [...tests.map((file) => `test/${path(file)}.test.ts`), 'test/providers/long-texts.test.ts'],
    setup: KEYS,
  };
}
