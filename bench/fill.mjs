// Fills a ledger: npm run bench:fill -- [--orders 1000000] [--kind years|today] [--ledger FILE]
// Without --ledger it is kept in the temporary folder and found again by the benchmarks. `audit verify` accepts it.
import { parseArgs } from 'node:util';
import { filledLedger, fillLedger } from './ledgers.mjs';

const { values } = parseArgs({
  options: {
    orders: { type: 'string', default: '1000000' },
    kind: { type: 'string', default: 'years' },
    ledger: { type: 'string' },
  },
});
const [orders, kind] = [Number(values.orders), values.kind];
if (values.ledger === undefined) await filledLedger(orders, kind, console.log);
else await fillLedger({ path: values.ledger, orders, kind }, console.log);
