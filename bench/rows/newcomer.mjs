// What a newcomer and a model pay: `npx` with an empty cache, from the packed tarball to the first `tools/list`, beside
// a package that has nothing in it; and the tokens that the list of tools takes of a model's context.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { discard, pack, temporary } from '../../test/package/packed.mjs';
import { listed, NOTHING } from '../listed.mjs';
import { atMost, median, timesAtMost } from '../stage.mjs';

const ROUNDS = 5;
/** As the contract of its tools has it. */
const MOST_TOKENS = 1_200;
/** Ours is unpacked, and started; an empty one is, too. */
const MOST = 2.5;

export async function newcomer(stage) {
  const tarballs = { ours: pack(), empty: emptyPackage() };
  const times = { ours: [], empty: [] };
  for (let i = 0; i < Math.min(ROUNDS, stage.sizes.firstLists); i++) {
    for (const [name, tarball] of Object.entries(tarballs)) {
      const cache = temporary('cashier-npx');
      const env = {
        PATH: process.env.PATH,
        HOME: cache,
        CASHIER_HOME: join(cache, 'home'),
        CASHIER_MODE: 'simulator',
      };
      const args = ['-y', '--offline', '--cache', cache, `file:${tarball}`];
      times[name].push((await listed('npx', args, env)).ms);
      discard(cache);
    }
  }
  const server = await stage.server();
  const { result } = await server.request('tools/list');
  const said = result.tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
  return [
    timesAtMost(
      'npx with an empty cache, to the first tools/list',
      's',
      median(times.ours) / 1000,
      median(times.empty) / 1000,
      'an empty package',
      MOST,
    ),
    atMost(
      'names, descriptions and schemas of the tools',
      'tokens',
      encode(JSON.stringify(said)).length,
      MOST_TOKENS,
    ),
  ];
}

/** One that answers anything at once. */
function emptyPackage() {
  const folder = temporary('cashier-empty');
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin/main.js'), `#!/usr/bin/env node\n${NOTHING}`, { mode: 0o755 });
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'empty', version: '1.0.0', bin: 'bin/main.js' }),
  );
  const [{ filename }] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  );
  return join(folder, filename);
}
