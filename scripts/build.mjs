// Bundles src into dist. node scripts/build.mjs [folder [--readable]]; readable, functions keep their names, for profiles.
//
// esbuild splits src into parts that are loaded when they are needed. Those of a start on stdio go into one file,
// dist/app.js, whose compiled form src/launch.ts keeps; CommonJS, since only that can be kept on every Node we serve.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { leftOut } from './left-out.mjs';
import { noticesOf } from './notices.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUT = resolve(ROOT, process.argv[2] ?? 'dist');
const target = 'node20';
const minify = !process.argv.includes('--readable');

/** Modules that the bundle takes in another form. */
const REPLACED = {
  // Only the English sentences are ever shown; the other forty languages are a third of the start.
  'zod/v4/locales/index.js': () => "export { default as en } from './en.js';",
  '@photostructure/sqlite/dist/index.mjs': (text) =>
    text.replace('nodeGypBuild(join(_dirname(), ".."))', 'nodeGypBuild()'),
  // The native part lies in dist/prebuilds; the package's own loader also takes paths from the environment.
  'node-gyp-build/node-gyp-build.js': () => `
    const { join } = require('node:path');
    module.exports = () => {
      const folder = join(__dirname, 'prebuilds', process.platform + '-' + process.arch);
      try {
        return require(join(folder, 'sqlite.glibc.node'));
      } catch (error) {
        try {
          return require(join(folder, 'sqlite.musl.node'));
        } catch {
          throw error;
        }
      }
    };`,
};
const replaced = new Set();
const replace = {
  name: 'replace',
  setup(build) {
    build.onLoad({ filter: /node_modules/ }, ({ path }) => {
      const name = Object.keys(REPLACED).find((file) =>
        path.replaceAll('\\', '/').endsWith(`/node_modules/${file}`),
      );
      if (name === undefined) return undefined;
      replaced.add(name);
      return { contents: REPLACED[name](readFileSync(path, 'utf8')), resolveDir: dirname(path) };
    });
    // Its other form is put together while it runs, which no bundler can follow.
    build.onResolve({ filter: /^jsonc-parser$/ }, () => ({
      path: join(ROOT, 'node_modules/jsonc-parser/lib/esm/main.js'),
    }));
    // Ajv makes code of schemas and is a tenth of the bundle; the SDK's other validator reads them.
    const shims = /^(@modelcontextprotocol\/(?:server|client))\/_shims$/;
    build.onResolve({ filter: shims }, ({ path }) => ({ path, namespace: 'shims' }));
    build.onLoad({ filter: shims, namespace: 'shims' }, ({ path }) => ({
      contents: `
        export { default as process } from 'node:process';
        export const CORS_IS_POSSIBLE = false;
        export { CfWorkerJsonSchemaValidator as DefaultJsonSchemaValidator } from '${shims.exec(path)[1]}/validators/cf-worker';`,
      resolveDir: ROOT,
    }));
  },
};

const bundle = await esbuild.build({
  absWorkingDir: ROOT,
  // What a thread begins with, too.
  entryPoints: ['src/main.ts', 'src/cli/audit-half.ts'],
  entryNames: '[name]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target,
  outdir: OUT,
  define: { 'process.env.NODE_ENV': '"production"' },
  minify,
  metafile: true,
  write: false,
  logLevel: 'warning',
  plugins: [leftOut, replace],
});
const missing = Object.keys(REPLACED).filter((name) => !replaced.has(name));
if (missing.length > 0) throw new Error(`not in the bundle any more: ${missing.join(', ')}`);

const parts = new Map();
for (const { path, text } of bundle.outputFiles) {
  const { code } = await esbuild.transform(text, {
    format: 'cjs',
    platform: 'node',
    target,
    minify,
    // Tagged templates would keep characters that are not ASCII, and could not be escaped below.
    supported: { 'dynamic-import': false, 'template-literal': false },
  });
  parts.set(basename(path), `(function(exports,require,module,__filename,__dirname){${ascii(code)}})`);
}

const start = startOf(bundle.metafile.outputs);
const app = `({${start.map((name) => `${JSON.stringify(name)}:${parts.get(name)}`).join(',\n')}})`;
const hash = createHash('sha256').update(app).digest('hex').slice(0, 16);

const launchers = await esbuild.build({
  absWorkingDir: ROOT,
  entryPoints: { main: 'src/launch.ts', 'mcp-server-alipay': 'src/mcp-server-alipay.ts' },
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target,
  outdir: OUT,
  define: { BUNDLE_HASH: JSON.stringify(hash) },
  minifySyntax: true,
  write: false,
  logLevel: 'warning',
});

mkdirSync(OUT, { recursive: true });
const written = new Set();
/** A server may be running on the last build: files are replaced whole, and only where they differ. */
function write(name, content, mode = 0o644) {
  const path = join(OUT, name);
  written.add(name.split('/')[0]);
  if (existsSync(path) && readFileSync(path).equals(Buffer.from(content))) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, content, { mode });
  renameSync(`${path}.new`, path);
}
write('package.json', '{"type":"commonjs"}\n');
write('app.js', app);
for (const [name, code] of parts) if (!start.includes(name)) write(name, code);
for (const { path, text } of launchers.outputFiles) write(basename(path), text, 0o755);
const prebuilds = join(ROOT, 'node_modules/@photostructure/sqlite/prebuilds');
for (const platform of readdirSync(prebuilds)) {
  for (const file of readdirSync(join(prebuilds, platform))) {
    const name = `prebuilds/${platform}/${file.replace(/^.*\+/, '')}`;
    write(name, readFileSync(join(prebuilds, platform, file)));
  }
}
const papers = noticesOf(bundle.metafile, ['node-gyp-build']);
for (const [name, text] of Object.entries(papers)) write(name, text);
for (const name of readdirSync(OUT)) {
  if (!written.has(name)) rmSync(join(OUT, name), { recursive: true, force: true, maxRetries: 5 });
}

/** What esbuild leaves as it is, in regular expressions and comments: src/launch.ts reads a byte as a character. */
function ascii(code) {
  return code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The outputs that a start on stdio loads: the entry, its command, and whatever those import. */
function startOf(outputs) {
  const found = new Set();
  const add = (path) => {
    if (found.has(path)) return;
    found.add(path);
    for (const { path: next, kind, external } of outputs[path].imports) {
      if (!external && kind === 'import-statement') add(next);
    }
  };
  const at = (source) => Object.keys(outputs).find((path) => outputs[path].entryPoint === source);
  for (const source of ['src/main.ts', 'src/cli/stdio.ts', 'src/cli/alipay.ts']) add(at(source));
  // Of the wallets, those that have keys.
  for (const path of Object.keys(outputs)) {
    if (/^src\/providers\/[^/]+\/index\.ts$/.test(outputs[path].entryPoint ?? '')) add(path);
  }
  // The packaged SQLite, for where Node's own is not used.
  add(Object.keys(outputs).find((path) => outputs[path].entryPoint?.includes('@photostructure/sqlite')));
  return [...found].map((path) => basename(relative(ROOT, path)));
}
