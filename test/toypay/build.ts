import { mkdtempSync, readFileSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The lists in which a wallet stands, and where the toy has what belongs into each. */
const ENTRIES = {
  'src/providers/registry.ts': 'test/toypay/provider/wallet.ts',
  'src/simulator/fakes.ts': 'test/toypay/fake.ts',
};

const withEntries: Plugin = {
  name: 'entries',
  setup({ onLoad }) {
    for (const [list, folder] of Object.entries(ENTRIES)) {
      const path = join(ROOT, list);
      onLoad({ filter: new RegExp(`${path.replace(/[^\w/]/g, '\\$&')}$`) }, () => {
        const text = readFileSync(path, 'utf8');
        const contents = text.replace(/(\[\] = \[ALIPAY[^\]]*)\]/, '$1, TOYPAY]');
        if (contents === text) throw new Error(`no list of wallets in ${list}`);
        return { contents: `import { TOYPAY } from '${join(ROOT, folder)}';\n${contents}`, loader: 'ts' };
      });
    }
  },
};

/** The product with one more wallet, in a folder of its own. */
export async function buildWithToy() {
  const folder = mkdtempSync(join(tmpdir(), 'toypay-'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/main.ts', 'src/settings-documents.ts'],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    ...{
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      mainFields: ['module', 'main'],
      // Its native part lies beside it.
      external: ['@photostructure/sqlite'],
      // What is CommonJS in the bundle asks for Node's own modules.
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
      metafile: true,
    },
    plugins: [withEntries],
    logLevel: 'error',
  });
  return {
    folder,
    program: [process.execPath, join(folder, 'main.mjs')],
    documents: join(folder, 'settings-documents.mjs'),
    sources: Object.keys(metafile.inputs).filter((name) => !name.includes('node_modules/')),
  };
}
