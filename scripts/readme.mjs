// Puts the table of settings into both READMEs. node --experimental-strip-types is not on every Node, so the list is bundled.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const ROOT = new URL('..', import.meta.url);
const { outputFiles } = await esbuild.build({
  entryPoints: [fileURLToPath(new URL('src/settings.ts', ROOT))],
  bundle: true,
  format: 'esm',
  write: false,
});
const { settingsTable } = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
for (const [name, language] of [
  ['README.md', 'en'],
  ['README.zh-CN.md', 'zh'],
]) {
  const file = new URL(name, ROOT);
  const text = readFileSync(file, 'utf8');
  const table = `<!-- settings -->\n${settingsTable(language)}\n<!-- /settings -->`;
  writeFileSync(
    file,
    text.replace(/<!-- settings -->[\s\S]*<!-- \/settings -->/, () => table),
  );
}
