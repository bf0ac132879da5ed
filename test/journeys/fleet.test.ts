import { describe, it } from 'vitest';
import { canRunPostgres } from '../support/embedded-postgres.mjs';
import { postgresMark } from '../support/skipped.ts';
import { Fleet } from './fleet/fleet.ts';

/** Chooses wishes, faults and moments. The machine chooses the rest, so a seed repeats the attack, not every instant. */
const SEED = Number(process.env.FLEET_SEED ?? Math.floor(Math.random() * 1_000_000));
/** How many fleets go through it, one after the other. */
const { STORMS = '1' } = process.env;
const FLEETS = STORMS === 'long' ? 10 : Number(STORMS) || 1;
const KILLS = Number(process.env.FLEET_KILLS ?? 200);
/** One outage of the database in so many kills. */
const KILLS_PER_OUTAGE = 30;
/** ms, several times what it takes where nobody else is at work. */
const ENDS_WITHIN_MS = 240_000 + KILLS * 4_800;
/** ms, for telling why it has not. */
const TELLS_WITHIN_MS = 120_000;

const skipped = postgresMark(canRunPostgres);
describe.skipIf(!canRunPostgres)(`three replicas on one PostgreSQL, killed with SIGKILL${skipped}`, () => {
  it.each(Array.from({ length: FLEETS }, (_, i) => SEED + 10 * i))(
    'lose nothing and do nothing twice (FLEET_SEED=%i)',
    async (seed) => {
      const fleet = await Fleet.open(seed);
      let failed: unknown;
      try {
        await fleet.within(ENDS_WITHIN_MS, async () => {
          await fleet.storm({ kills: KILLS, outages: Math.ceil(KILLS / KILLS_PER_OUTAGE) });
          await fleet.reconcile();
        });
      } catch (error) {
        failed = error ?? new Error('it failed');
      }
      const { wrongs } = fleet;
      const report = failed || wrongs.length > 0 ? await fleet.report(failed) : undefined;
      process.stdout.write(`\n${fleet.summary}\n`);
      await fleet.end();
      if (report === undefined) return;
      const first = [...(failed ? [String(failed)] : []), ...wrongs].slice(0, 20);
      throw new Error(`FLEET_SEED=${seed}, the whole history is in ${report}\n${first.join('\n')}`);
    },
    ENDS_WITHIN_MS + TELLS_WITHIN_MS,
  );
});
