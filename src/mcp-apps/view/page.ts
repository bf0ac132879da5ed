import { createHash } from 'node:crypto';
import type { Text } from '../../domain/errors.ts';
import { WALLETS } from '../../providers/registry.ts';
import type { AppName } from '../names.ts';
import { scriptOf } from './script.ts';
import { STYLE } from './style.ts';
import { PHASES, WORDS } from './words.ts';

const pages = new Map<AppName, string>();

/** A view's whole page, the same for everybody: what it shows comes to it through the host. */
export function appPage(name: AppName): string {
  const page = pages.get(name) ?? build(name);
  pages.set(name, page);
  return page;
}

function build(name: AppName): string {
  const script = scriptOf(name, {
    W: inTwo(WORDS[name]),
    PHASES: Object.fromEntries(
      Object.entries(PHASES[name]).map(([phase, { tone, badge, headline, advice }]) => [
        phase,
        [tone, pair(badge), pair(headline), ...(advice ? [pair(advice)] : [])],
      ]),
    ),
    ...(name === 'payment' ? { WALLETS: wallets() } : {}),
  });
  const hash = createHash('sha256').update(script).digest('base64');
  // The host keeps it from the network as well; this holds where a host is lax.
  const policy = `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; img-src data:`;
  return `<!DOCTYPE html>
<html lang="zh-CN">
<head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="viewport" content="width=device-width,initial-scale=1"><title>mcp-cashier</title><style>${STYLE}</style></head>
<body><header class="band" hidden></header><main></main><p id="said" class="quiet" role="status" aria-live="polite"></p><script>${script}</script></body>
</html>
`;
}

/** Each as its name, sign, colour and app; and how the app of any of them is called. */
function wallets() {
  const known = WALLETS.map(({ id, name, app, page: { glyph, colours } }) => [
    id,
    [pair(name), glyph, colours.strong, pair(app)],
  ]);
  return { any: ['支付应用', 'a payment app'], ...Object.fromEntries(known) };
}

function inTwo(words: Readonly<Record<string, Text>>): Record<string, readonly [zh: string, en: string]> {
  return Object.fromEntries(Object.entries(words).map(([key, text]) => [key, pair(text)]));
}

function pair({ zh, en }: Text): readonly [zh: string, en: string] {
  return [zh, en];
}
