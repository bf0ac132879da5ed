// Writes docs/third-party.md: what the two payment SDKs bring into the bundle, under which licence, and how old it is.
// Asks the registry about each of them. node scripts/third-party.mjs
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { LEFT_OUT, leftOut } from './left-out.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DOC = join(ROOT, 'docs/third-party.md');

/** The packages that the SDKs put into the bundle, themselves included: name, version, licence. */
export async function sdkPackages() {
  const { metafile } = await esbuild.build({
    absWorkingDir: ROOT,
    stdin: { contents: "import 'alipay-sdk'; import 'wechatpay-node-v3';", resolveDir: ROOT },
    bundle: true,
    format: 'esm',
    platform: 'node',
    outdir: 'dist',
    metafile: true,
    write: false,
    logLevel: 'error',
    // As in the product, where something of each is used.
    ignoreAnnotations: true,
    plugins: [leftOut],
  });
  const folders = Object.keys(metafile.inputs).flatMap(
    (path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [],
  );
  return [...new Set(folders)]
    .map((folder) => JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')))
    .map(({ name, version, license }) => ({ name, version, licence: license }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function released({ name, version }) {
  const times = JSON.parse(execFileSync('npm', ['view', name, 'time', '--json'], { encoding: 'utf8' }));
  const { created: _, modified: _modified, ...versions } = times;
  const last = Object.values(versions).sort().at(-1);
  return { own: times[version].slice(0, 10), last: last.slice(0, 10) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rows = (await sdkPackages()).map((one) => {
    const { own, last } = released(one);
    return `| ${one.name} | ${one.version} | ${one.licence} | ${own} | ${last} |`;
  });
  writeFileSync(
    DOC,
    `# What the payment SDKs bring along · 支付 SDK 带来了什么

Of \`alipay-sdk\` and \`wechatpay-node-v3\` only the signing of requests is used. Their transports, ciphers, certificate readers and form builders are not in the package: ${LEFT_OUT.map((name) => `\`${name}\``).join(', ')} stand there as modules that throw when they are called, and nothing behind them is taken along. What remains:

\`alipay-sdk\` 与 \`wechatpay-node-v3\` 只用于给请求签名。它们的传输、加解密、证书读取和表单部分不在安装包里（上面列出的模块一经调用就会报错），其后的依赖也都没有带入。留下的是：

| package 包 | version 版本 | licence 许可 | released 此版发布 | last release 最近发布 |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

Everything else in the package is listed in \`dist/sbom.cdx.json\` and \`dist/THIRD-PARTY-NOTICES.txt\`. This page is made by \`npm run third-party\`.

安装包中的其他软件见 \`dist/sbom.cdx.json\` 与 \`dist/THIRD-PARTY-NOTICES.txt\`。本页由 \`npm run third-party\` 生成。
`,
  );
}
