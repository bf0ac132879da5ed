// One planted bug in the simulated world, in a process of its own: simulate.mjs NAME SECONDS (of processor time).
// Prints what came of it.
import { bundle, load } from '../simulation/bundle.mjs';
import { bundled, ROOT } from './bundled.mjs';

const [name, seconds] = process.argv.slice(2);
const { BUGS, bundlePlanter } = await bundled('planting');
const bug = BUGS.find((one) => one.name === name);
const outfile = `${ROOT}node_modules/.sabotage/simulation-${process.pid}.cjs`;
const { Player } = load(await bundle({ plugins: [bundlePlanter(ROOT, bug)], outfile }));
const player = await Player.open();
const began = process.cpuUsage();
/** Of processor time, whatever else the machine has to do. */
function ms() {
  const { user, system } = process.cpuUsage(began);
  return Math.round((user + system) / 1000);
}
let found;
let histories = 0;
while (found === undefined && ms() < Number(seconds) * 1000) {
  const seed = ++histories;
  const { violations } = await player.seed(seed).catch((error) => ({
    violations: [{ check: 'a history that ends', what: String(error) }],
  }));
  if (violations.length > 0) found = { seed, rule: violations[0].check };
}
process.stdout.write(JSON.stringify({ ...found, histories, ms: ms() }));
process.exit(0);
