// What is in the bundle, and under which terms: dist/sbom.cdx.json (CycloneDX) and dist/THIRD-PARTY-NOTICES.txt, from
// what esbuild says it took.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const { name, version, description } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** Where the package's own description says it otherwise than SPDX does. */
const LICENCES = { 'pause-stream': 'MIT OR Apache-2.0' };

/** Inside a package of ours, without a package.json: what its documents say about it. */
const EMBEDDED = {
  '@photostructure/sqlite': ({ versions }) => [
    {
      name: 'sqlite',
      version: versions.sqlite,
      licence: 'blessing',
      text: 'SQLite is in the public domain. https://sqlite.org/copyright.html',
      purl: `pkg:generic/sqlite@${versions.sqlite}`,
    },
  ],
};

/**
 * Both files' texts by name.
 * @param metafile esbuild's
 * @param without packages of which the build put in nothing but their name
 */
export function noticesOf(metafile, without = []) {
  const packages = packagesOf(metafile).filter((found) => !without.includes(found.name));
  return {
    'sbom.cdx.json': `${JSON.stringify(sbomOf(packages), null, 2)}\n`,
    'THIRD-PARTY-NOTICES.txt': textOf(packages),
  };
}

/** Every package of which something is in the bundle, by name and version. Throws for one without a licence text. */
function packagesOf(metafile) {
  const folders = new Set(['node_modules/@photostructure/sqlite']);
  const found = new Map();
  for (const output of Object.values(metafile.outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(output.inputs)) {
      if (bytesInOutput === 0 || !path.startsWith('node_modules/')) continue;
      folders.add(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)[0]);
      for (const inner of inlined(path)) folders.add(inner);
    }
  }
  for (const folder of folders) {
    const about = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
    add({
      name: about.name,
      version: about.version,
      licence: LICENCES[about.name] ?? about.license,
      text: licenceText(folder, about),
      purl: `pkg:npm/${about.name.replace('@', '%40')}@${about.version}`,
      homepage: about.homepage,
    });
    for (const part of EMBEDDED[about.name]?.(about) ?? []) add(part);
  }
  function add(one) {
    found.set(`${one.name}@${one.version}`, one);
  }
  return [...found.values()].sort((a, b) => (a.purl < b.purl ? -1 : 1));
}

/** Packages that another one has put into its own files; its bundler names them in comments. */
function inlined(path) {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const found = [...text.matchAll(/^\/\/#region .*node_modules\/((?:@[^/\s]+\/)?[^/\s]+)\//gm)];
  return [...new Set(found.map(([, inner]) => `node_modules/${inner}`))];
}

function licenceText(folder, { license, author }) {
  const files = readdirSync(join(ROOT, folder)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  if (files.length > 0) {
    return files.map((file) => readFileSync(join(ROOT, folder, file), 'utf8').trim()).join('\n\n');
  }
  if (license !== 'MIT' || !author) throw new Error(`${folder} has no licence text`);
  return MIT.replace('HOLDER', typeof author === 'string' ? author : author.name);
}

/** For a package that says it is under this licence and forgot the text. */
const MIT = `MIT License

Copyright (c) HOLDER

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

function sbomOf(packages) {
  const self = `pkg:npm/${name}@${version}`;
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    // No time and no random number: the same input gives the same file.
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify(packages))}`,
    metadata: {
      lifecycles: [{ phase: 'build' }],
      component: { type: 'application', 'bom-ref': self, name, version, description, purl: self },
    },
    components: packages.map((one) => ({
      type: 'library',
      'bom-ref': one.purl,
      name: one.name,
      version: one.version,
      licenses: [
        / OR | AND /.test(one.licence) ? { expression: one.licence } : { license: { id: one.licence } },
      ],
      purl: one.purl,
      ...(one.homepage ? { externalReferences: [{ type: 'website', url: one.homepage }] } : {}),
    })),
    dependencies: [{ ref: self, dependsOn: packages.map(({ purl }) => purl) }],
  };
}

function uuidOf(text) {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function textOf(packages) {
  const line = '-'.repeat(80);
  return [
    `${name} ${version} contains the following software. 本软件包含以下第三方软件。`,
    ...packages.map(
      (one) => `${line}\n${one.name} ${one.version} (${one.licence})\n${line}\n\n${one.text}\n`,
    ),
  ].join('\n\n');
}
