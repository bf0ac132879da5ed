// Node 20 reads no TypeScript: a module of this folder, bundled beside node_modules, where its packages are found.
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export async function bundled(name) {
  const outfile = `${ROOT}node_modules/.sabotage/${name}.mjs`;
  await build({
    entryPoints: [fileURLToPath(new URL(`${name}.ts`, import.meta.url))],
    ...{ outfile, bundle: true, format: 'esm', platform: 'node', packages: 'external', logLevel: 'warning' },
  });
  return import(pathToFileURL(outfile).href);
}
