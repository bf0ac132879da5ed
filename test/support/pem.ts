import type { KeyObject } from 'node:crypto';

/** A key as text, in the form that merchants are given: PKCS #8 or SPKI. */
export const pem = (key: KeyObject): string =>
  String(key.export({ type: key.type === 'private' ? 'pkcs8' : 'spki', format: 'pem' }));
