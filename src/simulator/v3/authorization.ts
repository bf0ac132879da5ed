import { createVerify, type KeyObject } from 'node:crypto';
import type { Incoming } from '../http.ts';

/** Seconds a request's timestamp may be off. */
const TOLERANCE_S = 300;

const FIELDS = ['mchid', 'nonce_str', 'timestamp', 'serial_no', 'signature'] as const;
type Field = (typeof FIELDS)[number];
export type Authorization = Readonly<Record<Field, string>>;

/** The members of the header, in any order; each once. @param refuse says what is wrong, and throws */
export function readAuthorization(
  header: string | undefined,
  scheme: string,
  refuse: (issue: string) => Error,
): Authorization {
  if (!header?.startsWith(`${scheme} `)) throw refuse('Http头Authorization值格式错误');
  const fields: Partial<Record<Field, string>> = {};
  for (const part of header.slice(scheme.length + 1).split(',')) {
    const match = /^\s*([a-z_]+)="([^"]*)"\s*$/.exec(part);
    const name = FIELDS.find((known) => known === match?.[1]);
    if (!name || fields[name] !== undefined) throw refuse('Http头Authorization值格式错误');
    fields[name] = match?.[2] ?? '';
  }
  if (FIELDS.some((name) => !fields[name])) throw refuse('Http头Authorization缺少字段');
  return fields as Record<Field, string>;
}

/**
 * Checks time, nonce and the signature over `method \n path+query \n timestamp \n nonce \n body \n`, over the bytes as
 * they came.
 * @param now ms
 */
export function checkSignature(
  { method, target, body }: Incoming,
  { timestamp, nonce_str, signature }: Authorization,
  { publicKey, now }: { readonly publicKey: KeyObject; readonly now: number },
  refuse: (issue: string) => Error,
): void {
  if (!/^\d{1,12}$/.test(timestamp)) throw refuse('时间戳有误');
  if (Math.abs(Math.floor(now / 1000) - Number(timestamp)) > TOLERANCE_S) throw refuse('时间戳已过期');
  if (!/^[0-9A-Za-z_-]{1,64}$/.test(nonce_str)) throw refuse('随机串有误');
  const verify = createVerify('sha256').update(`${method}\n${target}\n${timestamp}\n${nonce_str}\n`, 'utf8');
  verify.update(body).update('\n');
  if (!verify.verify(publicKey, signature, 'base64')) throw refuse('签名验证失败');
}
