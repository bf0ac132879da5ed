import { createHash, type KeyObject, sign, verify } from 'node:crypto';

/** What a message says, by its names. A value that is empty counts as absent, as it does for signatures. */
export type Fields = ReadonlyMap<string, string>;

/** UnionPay sends some forty. */
const MAX_FIELDS = 128;
const NAME = /^[A-Za-z0-9_]{1,64}$/;
const SIGNATURE = 'signature';

/**
 * Reads `k=v&k=v` as it stands: no value is encoded, so one with `&` in it (in braces or brackets) says so by them.
 * Undefined for what two readers could take for two messages.
 */
export function readMessage(text: string): Fields | undefined {
  return fieldsIn(pieces(text), (value) => value);
}

/** As {@link readMessage}, of bytes; undefined for what is not UTF-8. */
export function readBytes(body: Buffer): Fields | undefined {
  try {
    return readMessage(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body));
  } catch {
    return undefined;
  }
}

/** Reads a form, every value decoded once; undefined for what {@link readMessage} would refuse. */
export function readForm(body: Buffer): Fields | undefined {
  const text = body.toString('latin1');
  if (!/^[\x21-\x7e]+$/.test(text)) return undefined;
  return fieldsIn(text.split('&'), decode);
}

/** A form with every value encoded. */
export function writeForm(fields: Fields): string {
  return [...fields].map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
}

/** What is signed: everything but the signature, by name. */
export function signedText(fields: Fields): string {
  return [...fields]
    .filter(([name, value]) => name !== SIGNATURE && value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** The lower-case hex of SHA-256 that stands in the place of the text. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** @see https://open.unionpay.com/tjweb/acproduct/dictionary */
export function signMessage(fields: Fields, key: KeyObject): Fields {
  const signature = sign('sha256', Buffer.from(digestOf(signedText(fields))), key).toString('base64');
  return new Map([...fields, [SIGNATURE, signature]]);
}

/**
 * Whether the signature covers these fields and could cover no others: a value with `&` in it may look like two fields
 * once all stand in one text.
 */
export function signatureHolds(fields: Fields, key: KeyObject): boolean {
  const signature = fields.get(SIGNATURE) ?? '';
  const text = signedText(fields);
  if (!/^[A-Za-z0-9+/]{64,}={0,2}$/.test(signature) || !saysTheSame(text, fields)) return false;
  return verify('sha256', Buffer.from(digestOf(text)), key, Buffer.from(signature, 'base64'));
}

function saysTheSame(text: string, fields: Fields): boolean {
  const again = readMessage(text);
  const own = [...fields].filter(([name]) => name !== SIGNATURE);
  return again?.size === own.length && own.every(([name, value]) => again.get(name) === value);
}

/** Cut at every `&` outside of braces and brackets. */
function* pieces(text: string): Iterable<string> {
  let from = 0;
  let until = '';
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (until !== '') until = character === until ? '' : until;
    else if (character === '{') until = '}';
    else if (character === '[') until = ']';
    else if (character === '&') {
      yield text.slice(from, at);
      from = at + 1;
    }
  }
  yield text.slice(from);
}

/** Each name once, and what is empty left out. Undefined where a value cannot be read. */
function fieldsIn(pieces: Iterable<string>, read: (value: string) => string | undefined): Fields | undefined {
  const fields = new Map<string, string>();
  for (const piece of pieces) {
    const at = piece.indexOf('=');
    const name = piece.slice(0, Math.max(at, 0));
    const value = read(piece.slice(at + 1));
    if (!NAME.test(name) || value === undefined || fields.has(name) || fields.size >= MAX_FIELDS)
      return undefined;
    fields.set(name, value);
  }
  return new Map([...fields].filter(([, value]) => value !== ''));
}

/** Undefined for a broken escape and for escapes that are not UTF-8. */
function decode(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
