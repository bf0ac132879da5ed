// Puts the tables of settings and of the simulator's scenarios into the pages. node --experimental-strip-types is not
// on every Node, so the lists are bundled.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const ROOT = new URL('..', import.meta.url);
const { settingsTable } = await listsOf('src/settings.ts');
const { scenariosTable } = await listsOf('src/simulator/scenarios.ts');
for (const [folder, language] of [
  ['docs/', 'en'],
  ['docs/zh-CN/', 'zh'],
]) {
  put(`${folder}settings.md`, 'settings', settingsTable(language));
  put(`${folder}simulator.md`, 'scenarios', scenariosTable(language));
}

async function listsOf(source) {
  const { outputFiles } = await esbuild.build({
    entryPoints: [fileURLToPath(new URL(source, ROOT))],
    bundle: true,
    format: 'esm',
    write: false,
  });
  return import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
}

function put(page, name, table) {
  const file = new URL(page, ROOT);
  const text = readFileSync(file, 'utf8');
  const marked = new RegExp(`<!-- ${name} -->[\\s\\S]*<!-- /${name} -->`);
  writeFileSync(
    file,
    text.replace(marked, () => `<!-- ${name} -->\n${table}\n<!-- /${name} -->`),
  );
}
