import { sha256 } from '../persons/password.ts';
import type { Site } from './frame.ts';

/** What a browser keeps for us. */
export type Kept = 'session' | 'device' | 'challenge';

/**
 * The names under which one ledger's cookies stand: two ledgers on one machine share a browser, and must not put each
 * other's people out. Under https no other host, and no page in clear, can set one of that name.
 * @param whose of a device: who has signed in on it
 */
export function cookieName(
  ledgerId: string,
  kept: Kept,
  { secure }: Pick<Site, 'secure'>,
  whose = '',
): string {
  const digest = sha256(`cookie ${ledgerId}${whose}`).slice(0, 12);
  return `${secure ? '__Host-' : ''}operator-${kept === 'session' ? '' : `${kept}-`}${digest}`;
}

/**
 * The `Set-Cookie`s of one: under https for the whole host, as `__Host-` wants it; else only for the approvals and, of a
 * session, the console. Without `maxAge` (s) it goes with the browser.
 */
export function setCookies(
  name: string,
  value: string,
  maxAge: number,
  { base, secure }: Site,
  kept: Kept,
): string[] {
  const rooms = kept === 'session' ? ['/approvals', '/console'] : ['/approvals'];
  const paths = secure ? ['/'] : rooms.map((room) => `${base}${room}`);
  return paths.map(
    (path) =>
      `${name}=${value}; Path=${path}; Max-Age=${maxAge}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`,
  );
}

/** Two of one name are none: nobody can tell which of them is ours. */
export function cookieValue(cookies: string | undefined, name: string): string | undefined {
  const found = (cookies ?? '')
    .split(';')
    .map((pair) => pair.trim().split('='))
    .filter(([key]) => key === name)
    .map(([, value]) => value);
  return new Set(found).size === 1 ? found[0] : undefined;
}
