import { createHash, type KeyObject, sign, verify } from 'node:crypto';

export type Fields = Readonly<Record<string, string>>;

/** Everything but the signature and what is empty, by name. */
function textOf(fields: Fields): string {
  const names = Object.keys(fields).filter((name) => name !== 'signature' && fields[name] !== '');
  return names
    .sort()
    .map((name) => `${name}=${fields[name]}`)
    .join('&');
}

/** SHA-256 in lower-case hex, which is what is signed. */
function digest(fields: Fields): Buffer {
  return Buffer.from(createHash('sha256').update(textOf(fields), 'utf8').digest('hex'), 'ascii');
}

export function signed(fields: Fields, key: KeyObject): Fields {
  return { ...fields, signature: sign('sha256', digest(fields), key).toString('base64') };
}

export function isSigned(fields: Fields, key: KeyObject): boolean {
  return verify('sha256', digest(fields), key, Buffer.from(fields.signature ?? '', 'base64'));
}

/** A form as merchants post it; undefined where a name comes twice. */
export function readForm(text: string): Fields | undefined {
  const pairs = [...new URLSearchParams(text)];
  return new Set(pairs.map(([name]) => name)).size === pairs.length ? Object.fromEntries(pairs) : undefined;
}
