import type { Text } from '../domain/errors.ts';
import type { ProviderId } from '../domain/order.ts';
import { WALLETS } from '../providers/registry.ts';

export type Language = 'zh' | 'en';

/** The app whose built-in browser shows the page: a wallet's, or a mini program in one. */
export type InApp = ProviderId | 'mini-program';

/** Who looks at the page, as far as their browser says. */
export interface Reader {
  readonly language: Language;
  readonly inApp: InApp | undefined;
  /** On a phone or tablet; browsers that do not say so are told by the style sheet. */
  readonly phone: boolean;
  /** Sent back here by the wallet, which proves nothing. */
  readonly returned: boolean;
}

/** What a request says of its reader. Anybody can say anything here: it chooses words, never what may be seen. */
export function readerOf(
  request: { readonly query: URLSearchParams; readonly headers: Headers },
  fallback: Language,
): Reader {
  const agent = request.headers.get('user-agent') ?? '';
  return {
    language:
      chosen(request.query.get('lang')) ?? preferred(request.headers.get('accept-language'), fallback),
    inApp: inAppOf(agent),
    phone: /Android|iPhone|iPad|iPod|HarmonyOS|Mobile/i.test(agent),
    returned: request.query.has('returned'),
  };
}

/** The sentence in the reader's language. */
export function say(text: Text, { language }: { readonly language: Language }): string {
  return text[language];
}

function inAppOf(agent: string): InApp | undefined {
  if (/miniProgram/i.test(agent)) return 'mini-program';
  return WALLETS.find(({ page }) => page.browser.test(agent))?.id;
}

function chosen(language: string | null): Language | undefined {
  return language === 'zh' || language === 'en' ? language : undefined;
}

/**
 * The first of our two languages by the browser's weights; English for one that names neither, since its reader knows
 * it more likely.
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-accept-language
 */
function preferred(header: string | null, fallback: Language): Language {
  if (!header?.trim()) return fallback;
  const wanted = header
    .split(',')
    .map((part) => {
      const [range = '', ...parameters] = part.trim().split(';');
      const weight = parameters
        .map((text) => /^\s*q=([\d.]+)\s*$/.exec(text)?.[1])
        .find((q) => q !== undefined);
      return { primary: range.trim().toLowerCase().split('-')[0] ?? '', weight: Number(weight ?? 1) };
    })
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight);
  for (const { primary } of wanted) {
    if (primary === '*') return fallback;
    const language = chosen(primary);
    if (language) return language;
  }
  return 'en';
}
