import { createHash } from 'node:crypto';

/** Path, below the page's base, to which the wallet sends a buyer back. */
export const BACK_PATH = '/c/back/';
/** Name of the cookie that remembers, for that path alone, which page the buyer left. */
const BACK_COOKIE = 'page';

/**
 * A name of the page that its token cannot be made from: the way back goes through the wallet's hands, and the token
 * must not. 60 bits.
 */
function handleOf(token: string): string {
  return createHash('sha256').update(`back ${token}`).digest('base64url').slice(0, 10);
}

/** Where the wallet sends the buyer of this page. `base` is the page's own, without a slash at the end. */
export function backUrl(base: string, token: string): string {
  return `${base}${BACK_PATH}${handleOf(token)}`;
}

/** What the browser keeps while the buyer is away; it comes back to us at the return address and nowhere else. */
export function backCookie(base: string, token: string, seconds: number): string {
  const { protocol, pathname } = new URL(backUrl(base, token));
  const secure = protocol === 'https:' ? '; Secure' : '';
  return `${BACK_COOKIE}=${token}; Path=${pathname}; Max-Age=${seconds}; HttpOnly; SameSite=Lax${secure}`;
}

/** The token that a Cookie header remembers for a handle; undefined when there is none, or not that one. */
export function tokenBehind(cookies: string | undefined, handle: string): string | undefined {
  const values = (cookies ?? '').split(';').flatMap((pair) => {
    const [name = '', value = ''] = pair.trim().split('=', 2);
    return name === BACK_COOKIE ? [value] : [];
  });
  return values.find((token) => handleOf(token) === handle);
}
