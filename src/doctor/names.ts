import { SECRETS } from '../config.ts';

/** Every variable that means something, but for the `…_FILE` forms of the secrets. */
const PLAIN_NAMES = [
  'AP_APP_ID',
  'AP_APP_KEY',
  'AP_PUB_KEY',
  'AP_RETURN_URL',
  'AP_NOTIFY_URL',
  'AP_ENCRYPTION_ALGO',
  'AP_CURRENT_ENV',
  'AP_SELECT_TOOLS',
  'AP_LOG_ENABLED',
  'AP_INVOKE_AUTH_TOKEN',
  'AP_SELLER_ID',
  'AP_PRECREATE_PRODUCT_CODE',
  'AP_GATEWAY',
  'WXPAY_APP_ID',
  'WXPAY_MCH_ID',
  'WXPAY_MCH_KEY',
  'WXPAY_MCH_SERIAL',
  'WXPAY_API_V3_KEY',
  'WXPAY_PUB_KEY',
  'WXPAY_PUB_KEY_ID',
  'WXPAY_NOTIFY_URL',
  'WXPAY_GATEWAY',
  'CASHIER_MODE',
  'CASHIER_HOME',
  'CASHIER_LEDGER',
  'CASHIER_POLICY',
  'CASHIER_PUBLIC_URL',
  'CASHIER_HTTP_HOST',
  'CASHIER_HTTP_PORT',
  'CASHIER_TOKENS_FILE',
  'CASHIER_OAUTH_ISSUER',
  'CASHIER_OAUTH_AUDIENCE',
  'CASHIER_CALLER',
  'CASHIER_OPERATOR_SECRET',
  'CASHIER_LANG',
  'CASHIER_LOG_LEVEL',
  'CASHIER_LOG_FILE',
  'CASHIER_TEXT_ONLY_CLIENTS',
] as const;

export const KNOWN_NAMES: readonly string[] = [...PLAIN_NAMES, ...SECRETS.map((name) => `${name}_FILE`)];

/** Prefixes that people use for ours, from other servers and other habits. */
const FOREIGN_PREFIXES: readonly (readonly [RegExp, string])[] = [
  [/^(ALIPAY|ALI|ZFB)_/, 'AP_'],
  [/^(WECHATPAY|WECHAT_PAY|WECHAT|WX|WXP)_/, 'WXPAY_'],
  [/^(MCP_CASHIER)_/, 'CASHIER_'],
];

/** A name that is not one of ours but was surely meant to be; undefined when it is known or nobody's. */
export function misspelt(name: string): { readonly nearest: string | undefined } | undefined {
  if (KNOWN_NAMES.includes(name)) return undefined;
  if (KNOWN_NAMES.includes(name.toUpperCase())) return { nearest: name.toUpperCase() };
  if (/^(AP|WXPAY|CASHIER)_/.test(name)) return { nearest: nearest(name, KNOWN_NAMES) };
  const foreign = FOREIGN_PREFIXES.find(([prefix]) => prefix.test(name));
  if (!foreign) {
    // One wrong letter in the prefix; more could be anybody's variable.
    const close = nearest(name, KNOWN_NAMES, 1);
    return close === undefined ? undefined : { nearest: close };
  }
  // `ALIPAY_HOME` is none of our business, `ALIPAY_APP_ID` is.
  const ours = name.replace(foreign[0], foreign[1]);
  const meant = nearest(ours, KNOWN_NAMES, 2);
  return meant === undefined ? undefined : { nearest: meant };
}

/** The candidate that differs least, within `most` typing errors (default: a third of its letters). */
export function nearest(word: string, candidates: readonly string[], most?: number): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, far: distance(word.toUpperCase(), candidate.toUpperCase()) }))
    .sort((a, b) => a.far - b.far);
  const [best] = ranked;
  return best && best.far <= (most ?? Math.floor(best.candidate.length / 3)) ? best.candidate : undefined;
}

/** Letters to add, drop or change to get from one word to the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
