import { createSecretKey, type KeyObject } from 'node:crypto';
import { type Text, wrongSetting } from '../../domain/errors.ts';
import { missing } from './keys.ts';

/** The value of a variable, without blanks around it. */
export type Get = (name: string) => string | undefined;

const API_KEY_BYTES = 32;

/** A setting of a form. Throws CONFIGURATION. */
export function matching(get: Get, name: string, form: RegExp, what: Text): string {
  const value = get(name);
  if (value === undefined) throw missing(name, what.zh, what.en);
  if (!form.test(value)) {
    throw wrongSetting(name, `格式不对；填${what.zh}。`, `is malformed; set ${what.en}.`);
  }
  return value;
}

/** The key of AES-256-GCM as the merchant platform has it: a text of 32 bytes. Throws CONFIGURATION. */
export function readApiKey(get: Get, name: string, what: Text): KeyObject {
  const text = get(name);
  if (text === undefined) throw missing(name, what.zh, what.en);
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length !== API_KEY_BYTES) {
    throw wrongSetting(
      name,
      `必须正好是 ${API_KEY_BYTES} 个字节，现在是 ${bytes.length} 个；填${what.zh}。`,
      `must be exactly ${API_KEY_BYTES} bytes and has ${bytes.length}; set ${what.en}.`,
    );
  }
  return createSecretKey(bytes);
}
