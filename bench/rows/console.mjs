// What a person with a browser waits for, on a large ledger and, beside it, on a small one of the same shop.
import { atMost, median, p99 } from '../stage.mjs';
import { SMALL } from './grown.mjs';

const MOST_MS = 200;

/** Every page of the console, from the request to its last byte. */
export async function consolePages(stage) {
  const { pages } = await stage.bundled('console');
  const large = await pages(await stage.ledger(stage.sizes.orders));
  const small = await pages(await stage.ledger(Math.min(SMALL, stage.sizes.orders)));
  return Object.keys(large).map((name) =>
    atMost(`console, ${name}, p99`, 'ms', p99(large[name].took), MOST_MS, {
      ...{ beside: p99(small[name].took), besideWhat: 'on 10,000 orders' },
      note: `median ${median(large[name].took).toFixed(1)}, nothing else had a turn for ${median(large[name].held).toFixed(1)}`,
    }),
  );
}
