// Makes mcp-cashier-<version>.mcpb, for clients that install servers as one file: the npm package with a manifest.
// node scripts/mcpb.mjs [file]
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MCPB = '@anthropic-ai/mcpb@2.1.2';
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const out = resolve(process.argv[2] ?? `mcp-cashier-${version}.mcpb`);

const run = (command, args, cwd = ROOT) =>
  execFileSync(command, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
const folder = mkdtempSync(join(tmpdir(), 'cashier-mcpb-'));
try {
  const [{ filename }] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]),
  );
  run('tar', ['-xzf', filename], folder);
  const contents = join(folder, 'package');
  copyFileSync(join(ROOT, 'mcpb/manifest.json'), join(contents, 'manifest.json'));
  // Claude Desktop runs it in a process of its own, into which macOS lets no library that others have signed: there
  // Node's own SQLite serves, and nothing makes the system ask about a file that is not to be trusted.
  for (const name of readdirSync(join(contents, 'dist/prebuilds'))) {
    if (name.startsWith('darwin-')) rmSync(join(contents, 'dist/prebuilds', name), { recursive: true });
  }
  writeFileSync(join(contents, '.mcpbignore'), ['.env.example', 'docs', ''].join('\n'));
  run('npx', ['-y', MCPB, 'validate', 'manifest.json'], contents);
  run('npx', ['-y', MCPB, 'pack', '.', out], contents);
  console.log(out);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
