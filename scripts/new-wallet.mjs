// `npm run new:wallet NAME`: the two folders of a new wallet, out of scripts/new-wallet, and its entries in the two lists of
// wallets. All of it or nothing: whatever stands in the way is said before the first file is written.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SKELETON = join(ROOT, 'scripts/new-wallet');
/** Where each part of the skeleton goes, and the list that has to name what is in it. */
const PARTS = [
  { from: 'provider', room: 'src/providers', list: 'src/providers/registry.ts', entry: 'wallet.ts' },
  { from: 'simulator', room: 'src/simulator', list: 'src/simulator/fakes.ts', entry: 'fake.ts' },
];

function refuse(why) {
  console.error(why);
  process.exit(1);
}

const [name = ''] = process.argv.slice(2);
if (!/^[a-z][a-z0-9]{2,19}$/.test(name))
  refuse('Usage: npm run new:wallet NAME, with 3 to 20 small letters and digits, such as jdpay.');
const constant = name.toUpperCase();
const written = (text) =>
  text
    .replaceAll('newpay', name)
    .replaceAll('NEWPAY', constant)
    .replaceAll('Newpay', `${constant[0]}${name.slice(1)}`);

const files = new Map();
for (const { from, room, list, entry } of PARTS) {
  if (existsSync(join(ROOT, room, name)))
    refuse(`${room}/${name} is there already: choose another name, or remove it first.`);
  for (const file of readdirSync(join(SKELETON, from)))
    files.set(join(room, name, file), written(readFileSync(join(SKELETON, from, file), 'utf8')));
  const text = readFileSync(join(ROOT, list), 'utf8');
  const named = text.replace(/(\[\] = \[[A-Z0-9,\s]+?),?\s*\]/, `$1, ${constant}]`);
  if (named === text)
    refuse(`${list} has no list of wallets that could be read: name ${constant} in it first.`);
  files.set(list, `import { ${constant} } from './${name}/${entry}';\n${named}`);
}
for (const path of readdirSync(join(ROOT, 'src/providers'), { recursive: true }))
  if (
    /wallet\.ts$/.test(path) &&
    readFileSync(join(ROOT, 'src/providers', path), 'utf8').includes(`prefix: '${constant}'`)
  )
    refuse(`${constant}_ begins the variables of src/providers/${path}: choose another name.`);
for (const [path, text] of files) {
  mkdirSync(dirname(join(ROOT, path)), { recursive: true });
  writeFileSync(join(ROOT, path), text);
}
execFileSync(
  process.execPath,
  [
    join(ROOT, 'node_modules/@biomejs/biome/bin/biome'),
    'check',
    '--write',
    '--log-level=error',
    ...files.keys(),
  ],
  { cwd: ROOT, stdio: 'inherit' },
);
console.log(`src/providers/${name} and src/simulator/${name} are there, and named in registry.ts and fakes.ts.
What is to be done, in order: npx vitest run test/providers/contract.test.ts -t "left to do"
Why in that order: CONTRIBUTING.md, "Add a wallet".`);
