// npm run sabotage [-- NAME… | --seconds N] [--write]: see run.ts, which is bundled here because Node 20 reads no TypeScript.
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const outfile = fileURLToPath(new URL('../../node_modules/.sabotage/run.mjs', import.meta.url));
await build({
  entryPoints: [fileURLToPath(new URL('run.ts', import.meta.url))],
  ...{ outfile, bundle: true, format: 'esm', platform: 'node', packages: 'external', logLevel: 'warning' },
});
const { main } = await import(pathToFileURL(outfile).href);
process.exit(await main(process.argv.slice(2), fileURLToPath(new URL('../../', import.meta.url))));
