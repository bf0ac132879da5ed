// Fills a ledger: npm run bench:fill -- [--orders 1000000] [--kind years|today|open] [--ledger FILE [--base FILE]]
// Without --ledger it is kept in the temporary folder and found again by the benchmarks. `audit verify` accepts it.
import { constants, copyFileSync, existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { bundled, filledLedger } from './ledgers.mjs';
import { wallets } from './wallets.mjs';

const { values } = parseArgs({
  options: {
    orders: { type: 'string', default: '1000000' },
    kind: { type: 'string', default: 'years' },
    ledger: { type: 'string' },
    base: { type: 'string' },
  },
});
const [orders, kind] = [Number(values.orders), values.kind];
if (values.ledger === undefined) {
  console.log(await filledLedger(orders, kind, console.log));
} else {
  if (existsSync(values.ledger)) throw new Error(`${values.ledger} is there already`);
  if (values.base !== undefined) copyFileSync(values.base, values.ledger, constants.COPYFILE_FICLONE);
  const { fill } = await bundled('fill');
  const startedAt = performance.now();
  const seconds = () => `${((performance.now() - startedAt) / 1000).toFixed(0)} s`;
  let told = startedAt;
  await fill({
    ...{ path: values.ledger, orders, kind, env: wallets().env },
    onProgress(done) {
      if (performance.now() - told < 10_000) return;
      told = performance.now();
      console.log(`${done} of ${orders} orders after ${seconds()}`);
    },
  });
  console.log(`${orders} orders in ${seconds()}`);
}
