// Writes what is made from the lists of settings, metrics and the simulator's scenarios: tables in the pages, .env.example, and
// what server.json and the .mcpb manifest ask for. node --experimental-strip-types is not on every Node, so the lists are
// bundled.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const ROOT = new URL('..', import.meta.url);
const { settingsTable, envExample, registryVariables, formOptions } =
  await listsOf('src/settings-documents.ts');
const { metricsTable } = await listsOf('src/telemetry/documents.ts');
const { scenariosTable } = await listsOf('src/simulator/scenarios.ts');
for (const [folder, language] of [
  ['docs/', 'en'],
  ['docs/zh-CN/', 'zh'],
]) {
  put(`${folder}settings.md`, 'settings', settingsTable(language));
  put(`${folder}metrics.md`, 'metrics', metricsTable(language));
  put(`${folder}simulator.md`, 'scenarios', scenariosTable(language));
}

writeFileSync(new URL('.env.example', ROOT), envExample());
edit('server.json', (server) => {
  server.packages[0].environmentVariables = registryVariables();
});
edit('mcpb/manifest.json', (manifest) => {
  const { env, user_config } = formOptions();
  manifest.server.mcp_config.env = env;
  manifest.user_config = user_config;
});

function edit(name, change) {
  const file = new URL(name, ROOT);
  const document = JSON.parse(readFileSync(file, 'utf8'));
  change(document);
  writeFileSync(file, `${JSON.stringify(document, null, 2)}\n`);
}
// As the lint wants it.
execFileSync('npx', ['biome', 'format', '--write', 'server.json'], { cwd: fileURLToPath(ROOT) });

async function listsOf(source) {
  const { outputFiles } = await esbuild.build({
    entryPoints: [fileURLToPath(new URL(source, ROOT))],
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
    // Wallets bring their adapters when they are used, which is never here.
    plugins: [
      {
        name: 'no-adapters',
        setup: (build) =>
          build.onResolve({ filter: /^\.\/(index|doctor)\.ts$/ }, ({ path }) => ({ path, external: true })),
      },
    ],
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
