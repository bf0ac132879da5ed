import type { Text } from '../domain/errors.ts';

/** A request's target as it was written, and what it is compared by. */
export interface Target {
  /** As it was written: this is forwarded, byte for byte. */
  readonly path: string;
  /** As it was written, with its `?`; empty without one. */
  readonly query: string;
  /** As {@link pathKey}. */
  readonly key: string;
  /** Whether it ends in a slash: what is asked for is then inside of what the key names, to those who tell them apart. */
  readonly inside: boolean;
}

/** RFC 3986 characters of a path, and nothing that a server behind us may take for another separator. */
const PATH = /^\/[\w\-.~!$&'()*+,;=:@%/]*$/;
/** Most paths: nothing in them is written in more than one way, but for case. */
const PLAIN = /^(?:\/[\w-]+(?:\.[\w-]+)*)+$/;
/** Whatever is visible: queries are written loosely, and nothing is matched by one. */
const QUERY = /^\?[!"$-~]*$/;
const MAX_CHARACTERS = 8_192;

/**
 * Reads the target of a request line. What two servers could read in two ways is no target, because one that is
 * charged for could be asked for as one that is not: the problem comes back in words.
 */
export function targetOf(written: string): Target | { readonly ambiguous: Text } {
  if (!written.startsWith('/')) {
    return ambiguous('请求行须以 / 开头', 'the request line must begin with a path, that is with /');
  }
  if (written.length > MAX_CHARACTERS) return ambiguous('地址过长', 'the address is too long');
  const at = written.indexOf('?');
  const path = at < 0 ? written : written.slice(0, at);
  const query = at < 0 ? '' : written.slice(at);
  if (query !== '' && !QUERY.test(query)) {
    return ambiguous('? 之后有不允许的字符', 'there is a character behind ? that cannot stand there');
  }
  const key = pathKey(path);
  return typeof key === 'string' ? { path, query, key, inside: path.endsWith('/') } : key;
}

/**
 * What a path is compared by: characters decoded, case and what servers commonly drop left out (`;parameters`, dots,
 * blanks and slashes at an end), so that no way of writing a path leads around its price.
 */
export function pathKey(path: string): string | { readonly ambiguous: Text } {
  if (PLAIN.test(path)) return path.toLowerCase();
  if (!PATH.test(path)) {
    return ambiguous('路径里有不允许的字符', 'there is a character in the path that cannot stand there');
  }
  for (const [code, hex] of path.matchAll(/%(.{0,2})/g)) {
    const byte = /^[0-9a-f]{2}$/i.test(hex ?? '') ? Number.parseInt(hex ?? '', 16) : undefined;
    if (byte === undefined)
      return ambiguous('% 后面须有两位十六进制数', 'a % is not followed by two hexadecimal digits');
    const character = String.fromCharCode(byte);
    if (/[\w\-.~]/.test(character)) {
      return ambiguous(`${code} 应直接写成 ${character}`, `${code} is to be written as ${character}`);
    }
    if (byte < 0x20 || byte === 0x7f || '/\\%'.includes(character)) {
      return ambiguous(`路径里不能有 ${code}`, `${code} cannot stand in a path`);
    }
  }
  let plain: string;
  try {
    plain = decodeURIComponent(path);
  } catch {
    return ambiguous('路径不是 UTF-8', 'the path is not in UTF-8');
  }
  const segments = plain.split('/').slice(1);
  const bare = segments.map((segment) => segment.replace(/;.*$/, '').replace(/[. ]+$/, ''));
  const last = bare.length - 1;
  if (bare.some((segment, i) => segment === '' && (i < last || segments[i] !== ''))) {
    return ambiguous(
      '路径里有 //、. 或 .. 这样的段',
      'the path has an empty segment, or one such as . or ..',
    );
  }
  return `/${bare.join('/')}`
    .replace(/(?<=.)\/$/, '')
    .normalize('NFKC')
    .toLowerCase();
}

function ambiguous(zh: string, en: string): { readonly ambiguous: Text } {
  return { ambiguous: { zh, en } };
}
