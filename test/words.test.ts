import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const files = (folder: string, ending: string) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name).replaceAll('\\', '/'));
const PAGES = ['README.md', 'README.zh-CN.md', '.env.example', ...files('docs', '.md')];
const SOURCES = files('src', '.ts').filter((name) => !name.startsWith('src/simulator/'));

/** Words that people no longer read here, with where they may still stand. */
const RETIRED: readonly (readonly [word: RegExp, except: RegExp])[] = [
  [/不要换号|绝不换号|换号重/, /^$/],
  [/提议|提出退款/, /^$/],
  [/预算|充值/, /providers\/|payments\/errors|keys\.md/],
  [/策略/, /^$/],
  [/冻结/, /providers\/alipay/],
  [/等待人工|等待决定/, /^$/],
  [/待支付(?!平台)|已支付|尚不明确/, /^$/],
  [/(?<!微信|支付宝)钱包/, /^$/],
  // The gate is one, too: 收费网关.
  [/网关账单|连接网关|向网关|时钟与网关/, /reliability/],
  [/结果不明|需要人工确认/, /^$/],
  [/keep a distance|top up a prepaid|talked over|Propose(?!-refund)/i, /cli\/demo/],
];

describe('what people read', () => {
  it.each(RETIRED)('no longer says %s', (word, except) => {
    const found = [...PAGES, ...SOURCES]
      .filter((name) => !except.test(name))
      .flatMap((name) =>
        readFileSync(join(ROOT, name), 'utf8')
          .split('\n')
          .filter((line) => word.test(line) && !/^\s*(\*|\/\/|\/\*)/.test(line))
          .map((line) => `${name}: ${line.trim()}`),
      );
    expect(found).toEqual([]);
  });
});
