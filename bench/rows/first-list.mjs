// First `tools/list` over stdio, from spawn to answer: this server as npm installs it from the packed tarball, beside a
// bare unbundled server of the same SDK.
import { join } from 'node:path';
import { install, pack } from '../../test/package/packed.mjs';
import { listed, NOTHING } from '../listed.mjs';
import { ECHO } from '../processes.mjs';
import { atMost, median } from '../stage.mjs';

/**
 * Above this a change is refused, on whatever machine: of the processor's time, which others there change least. Alone on
 * a machine it is 0.57 to 0.63, beside all that CI runs up to 0.69.
 */
const LIMIT = 0.85;

export async function firstList(stage) {
  const ours = join(install(pack()), 'node_modules/mcp-cashier/dist/main.js');
  const env = {
    PATH: process.env.PATH,
    HOME: stage.folder,
    CASHIER_HOME: stage.folder,
    CASHIER_MODE: 'simulator',
  };
  const taken = { ours: [], bare: [], node: [] };
  let first = 0;
  for (let i = 0; i <= stage.sizes.firstLists; i++) {
    for (const [name, script] of Object.entries({ ours, bare: ECHO, node: NOTHING })) {
      const one = await listed(process.execPath, script === NOTHING ? ['-e', NOTHING] : [script], env);
      // The first round warms the disk cache; in ours it also writes the ledger and the compiled bundle.
      if (i > 0) taken[name].push(one);
      else if (name === 'ours') first = one.ms;
    }
  }
  const wall = (name) => median(taken[name].map(({ ms }) => ms));
  const leastCpu = (name) => Math.min(...taken[name].map(({ cpuMs }) => cpuMs));
  return [
    atMost('start to first tools/list, of the bare server’s time', '', wall('ours') / wall('bare'), 0.5, {
      note: `${wall('ours').toFixed(0)} of ${wall('bare').toFixed(0)} ms, of which Node alone takes ${wall('node').toFixed(0)}; the very first start ${first.toFixed(0)} ms`,
    }),
    atMost('… of its processor’s time', '', leastCpu('ours') / leastCpu('bare'), LIMIT, {
      ...{ limit: LIMIT, note: `${leastCpu('ours').toFixed(0)} of ${leastCpu('bare').toFixed(0)} ms` },
    }),
  ];
}
