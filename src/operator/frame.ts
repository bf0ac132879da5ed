import type { Text } from '../domain/errors.ts';
import { canonical, isLoopbackName } from '../domain/names.ts';
import type { Realm } from '../domain/order.ts';
import type { Person } from '../persons/person.ts';

export type Language = 'zh' | 'en';
/** What stands behind the `?`. */
export type Query = Readonly<Record<string, string>>;

/** What every page of one request shares. */
export interface Frame {
  readonly language: Language;
  /** The same where the address asked for it. */
  readonly asked: Language | undefined;
  readonly realm: Realm;
  /** The instant (ms) the page speaks of. */
  readonly now: number;
  /** Who is paid, as the merchant calls it. */
  readonly payee: string | undefined;
  /** What the forms of a person who is signed in carry; undefined for everybody else. */
  readonly csrf: string | undefined;
  /** Who is signed in. */
  readonly person: Pick<Person, 'name' | 'role'> | undefined;
  say(text: Text): string;
  /** A command of ours as whoever reads the page can type it. */
  typed(command: string): string;
  /** The address of a page below `/approvals`, in the language that was asked for by address. */
  to(path: string, query?: Query): string;
  /** As {@link to}, below `/console`. */
  console(path: string, query?: Query): string;
  /** The page itself, as it was asked for but for what `query` says. */
  self(query?: Query): string;
}

/** Where a request has come in, and how. */
export interface Site {
  /** What stands before `/approvals` in the browser: the public address's path, and the merchant's, if they have any. */
  readonly base: string;
  /** Whether the browser speaks https. */
  readonly secure: boolean;
  /** The origin that the browser knows the page by. */
  readonly origin: string;
}

/** A request to the public address came by that address, any other straight to this machine. */
export function siteOf(url: string, publicUrl: string | undefined, mount = ''): Site {
  const asked = new URL(url);
  const known = publicUrl === undefined ? undefined : new URL(publicUrl);
  const secure = asked.protocol === 'https:';
  // Without the port, which proxies drop; on this machine the port is all that tells two services apart.
  const isKnown =
    known !== undefined &&
    (isLoopbackName(known.hostname)
      ? known.host === asked.host
      : canonical(known.hostname) === canonical(asked.hostname));
  if (!isKnown) return { base: mount, secure, origin: asked.origin };
  return {
    base: `${known.pathname.replace(/\/+$/, '')}${mount}`,
    secure: secure || known.protocol === 'https:',
    origin: known.origin,
  };
}

export function frameOf(options: {
  readonly site: Site;
  readonly realm: Realm;
  readonly now: number;
  /** Where the page is, below the site's base, and what was asked of it. */
  readonly path: string;
  readonly query?: Query;
  readonly payee?: string | undefined;
  readonly csrf: string | undefined;
  readonly person?: Pick<Person, 'name' | 'role'> | undefined;
  /** Of the address (`?lang=`), of the browser, and when neither says. */
  readonly asked: string | undefined;
  readonly accepted: string | undefined;
  readonly fallback: Language;
  readonly runnable?: ((text: string) => string) | undefined;
}): Frame {
  const asked = isLanguage(options.asked) ? options.asked : undefined;
  const language = asked ?? preferred(options.accepted) ?? options.fallback;
  const { site, realm, now, path, payee, csrf, person, runnable = (text) => text } = options;
  const at = (path: string, query: Query) => {
    const search = new URLSearchParams({ ...(asked === undefined ? {} : { lang: asked }), ...query });
    return `${site.base}${path}${search.size === 0 ? '' : `?${search}`}`;
  };
  return {
    ...{ language, asked, realm, now, payee, csrf, person },
    say: (text) => runnable(text[language]),
    typed: runnable,
    to: (path, query = {}) => at(`/approvals${path}`, query),
    console: (path, query = {}) => at(`/console${path}`, query),
    self: (query = {}) => at(path, { ...options.query, ...query }),
  };
}

/** The first of our languages in `Accept-Language`, by weight. */
function preferred(header: string | undefined): Language | undefined {
  const wishes = (header ?? '').split(',').map((part) => {
    const [tag = '', ...rest] = part.trim().split(/\s*;\s*/);
    const weight = rest.find((word) => word.startsWith('q='))?.slice(2);
    return { language: tag.toLowerCase().split('-')[0], weight: weight === undefined ? 1 : Number(weight) };
  });
  const [best] = wishes
    .filter(({ language, weight }) => isLanguage(language) && weight > 0)
    .sort((a, b) => b.weight - a.weight);
  return isLanguage(best?.language) ? best.language : undefined;
}

function isLanguage(value: string | undefined): value is Language {
  return value === 'zh' || value === 'en';
}
