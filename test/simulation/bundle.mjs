// Bundles a TypeScript module of the simulation with the code that it plays, so that Node runs it.
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { leftOut } from '../../scripts/left-out.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** RSA costs more than all the rest of a history, and what a picture looks like is nothing that money hangs on. */
const played = {
  name: 'played',
  setup(build) {
    build.onResolve({ filter: /^(node:)?crypto$/ }, ({ importer, path }) =>
      importer.endsWith('signatures.ts') ? { path, external: true } : { path: `${HERE}signatures.ts` },
    );
    build.onLoad({ filter: /src\/tools\/qr-image\.ts$/ }, () => ({
      contents: 'export const qrImage = async () => ""; export const fitsCode = () => true;',
    }));
  },
};

/**
 * Where the bundle is. @param plugins more of esbuild's, such as what patches the code that is played
 * @param outfile by default beside the packages
 */
export async function bundle({
  plugins = [],
  outfile = `${ROOT}node_modules/.simulation/simulation.cjs`,
} = {}) {
  mkdirSync(`${ROOT}node_modules/.simulation`, { recursive: true });
  await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: [`${HERE}index.ts`],
    ...{ outfile, bundle: true, format: 'cjs', platform: 'node', target: 'node20', logLevel: 'warning' },
    external: ['@photostructure/sqlite', 'node:sqlite'],
    define: { 'import.meta.url': '"file:///"' },
    plugins: [...plugins, played, leftOut],
  });
  return outfile;
}

/** The bundle's exports, anew: what an earlier one has made is not shared. */
export function load(outfile) {
  const require = createRequire(import.meta.url);
  delete require.cache[require.resolve(outfile)];
  return require(outfile);
}
