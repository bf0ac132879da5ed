// First `tools/list` over stdio, from spawn to answer: this server as npm installs it from the packed tarball, beside a
// bare unbundled server of the same SDK.
import { join } from 'node:path';
import { install, pack } from '../../test/package/packed.mjs';
import { listed, NOTHING } from '../listed.mjs';
import { ECHO } from '../processes.mjs';
import { atMost, median } from '../stage.mjs';

/** Above this a change is refused, on whatever machine. */
const LIMIT = 0.75;

export async function firstList(stage) {
  const ours = join(install(pack()), 'node_modules/mcp-cashier/dist/main.js');
  const env = {
    PATH: process.env.PATH,
    HOME: stage.folder,
    CASHIER_HOME: stage.folder,
    CASHIER_MODE: 'simulator',
  };
  const times = { ours: [], bare: [], node: [] };
  let first = 0;
  for (let i = 0; i <= stage.sizes.firstLists; i++) {
    for (const [name, script] of Object.entries({ ours, bare: ECHO, node: NOTHING })) {
      const ms = await listed(process.execPath, script === NOTHING ? ['-e', NOTHING] : [script], env);
      // The first round warms the disk cache; in ours it also writes the ledger and the compiled bundle.
      if (i > 0) times[name].push(ms);
      else if (name === 'ours') first = ms;
    }
  }
  const [value, beside] = [median(times.ours), median(times.bare)];
  return [
    atMost('start to first tools/list, of the bare server’s time', '', value / beside, 0.5, {
      ...{
        limit: LIMIT,
        note: `${value.toFixed(0)} of ${beside.toFixed(0)} ms, of which Node alone takes ${median(times.node).toFixed(0)}; the very first start ${first.toFixed(0)} ms`,
      },
    }),
  ];
}
