import type { Text } from '../../domain/errors.ts';
import { type Fact, lineOf } from '../message.ts';
import { inMarkdown, lineInMarkdown } from '../their-words.ts';
import type { Answer, Given, Judged, Wrong } from './kind.ts';

/*
 * What the platforms' group robots and push services have in common: they say in the body whether they took a
 * message, whatever the status; they know no message twice.
 */

/** ms. A word that could not be told for a day is no news any more. */
export const RETRY_AFTER_MS: readonly number[] = [
  ...[5_000, 30_000, 60_000, 300_000, 900_000, 1_800_000],
  ...[3_600_000, 7_200_000, 14_400_000, 28_800_000, 28_800_000],
];

/** ms after which a platform that is asked too often, and does not say for how long, is tried again. */
export const LEFT_ALONE_MS = 60_000;
/** ms; longer is not believed. */
const LONGEST_WAIT_MS = 3_600_000;

/** What an answer says by a number, under one of these names; what is not known is never success. */
export function judgedBy(
  answer: Answer,
  names: { readonly code: readonly string[]; readonly message: readonly string[] },
  meaningOf: (code: number, message: string) => Judged | undefined,
  /** What stands for success. */
  success = 0,
): Judged {
  const { status, headers } = answer;
  const afterMs = retryAfterMs(headers['retry-after']);
  if (status === 429) return again(`HTTP ${status}`, afterMs ?? LEFT_ALONE_MS);
  if (status >= 500) return again(`HTTP ${status}`, afterMs);
  const said = membersOf(answer.body);
  const code = names.code.map((name) => said[name]).find((value) => value !== undefined);
  if (typeof code !== 'number') return again(`HTTP ${status}`);
  if (code === success) return status >= 200 && status < 300 ? { is: 'delivered' } : again(`HTTP ${status}`);
  const message = names.message.map((name) => said[name]).find((value) => typeof value === 'string');
  return meaningOf(code, String(message ?? '')) ?? again(String(code));
}

export function again(code: string, afterMs?: number): Judged {
  return { is: 'again', code, ...(afterMs === undefined ? {} : { afterMs }) };
}

/** The wait that a `Retry-After` in seconds asks for; undefined where it asks for none. */
export function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined || !/^\d{1,6}$/.test(header.trim())) return undefined;
  return Math.min(Number(header) * 1_000, LONGEST_WAIT_MS);
}

function membersOf(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {}; // a proxy's page, or half an answer
  }
}

export function wrongUrl(zh: string, en: string): Wrong {
  return { wrong: 'url', text: { zh, en } };
}

/** That an address is none of this platform's; undefined where it is. `like` shows one, without a key. */
export function notLike(
  { url }: Given,
  name: Text,
  is: (url: URL) => boolean,
  like: string,
): Wrong | undefined {
  if (is(url)) return undefined;
  return wrongUrl(
    `不是${spaced(name.zh)}的地址；应类似 ${like}`,
    `is no address of ${name.en}; it looks like ${like}`,
  );
}

/** That a key was given to a kind whose address is its only one. */
export function noSecret({ secret }: Given): Wrong | undefined {
  if (secret === undefined) return undefined;
  return {
    wrong: 'secret',
    text: {
      zh: '这种渠道没有密钥，地址就是凭证；请去掉这一项',
      en: 'is none of this kind, whose address is its key: remove it',
    },
  };
}

/** A name inside a Chinese sentence. */
export function spaced(name: string): string {
  return name.replace(/^(?=[A-Za-z])/, ' ').replace(/(?<=[A-Za-z])$/, ' ');
}

/** A fact as a line of Markdown: what the agent has written is quoted. */
export function factInMarkdown({ label, value, byAgent }: Fact, language: 'zh' | 'en'): string {
  return byAgent
    ? `> ${lineOf({ label, value: inMarkdown(value) }, language)}`
    : itemInMarkdown(lineOf({ label, value }, language));
}

export function itemInMarkdown(line: string): string {
  return `- ${lineInMarkdown(line)}`;
}

/** The lines that fit into so many bytes: the first and the last stay, of the others the last go first. */
export function fitting(lines: readonly string[], bytes: number, separator = '\n'): string {
  const kept = [...lines];
  while (kept.length > 2 && Buffer.byteLength(kept.join(separator)) > bytes) kept.splice(-2, 1);
  return kept.join(separator);
}

export const JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8' };
