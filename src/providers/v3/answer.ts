import { type Fen, fen } from '../../domain/money.ts';

/** A JSON object as the gateway sent it. Fields may be added at any time, so only what is asked for is looked at. */
export type Answer = Readonly<Record<string, unknown>>;

/** Words of the gateway that may be shown and stored: codes, states, ids. Anything else could be a sentence. */
const WORD = /^[A-Za-z0-9._-]{1,64}$/;
/** Longer than a word, as request ids are; still nothing that could be read as text. */
const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

export const UNREADABLE = 'unreadable';

/** Parses bytes that were verified before; undefined unless they are a JSON object. */
export function readAnswer(body: Buffer): Answer | undefined {
  try {
    return asObject(JSON.parse(body.toString()));
  } catch {
    return undefined;
  }
}

/** A JSON string, with the colon that makes it a key. */
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?/g;

/**
 * As {@link readAnswer}, but undefined when a key stands twice in one object: two readers of the same signed bytes could
 * take them for different things. As many keys must be in the text as were read from it.
 */
export function readUnambiguous(body: Buffer): Answer | undefined {
  const answer = readAnswer(body);
  // In what is no JSON, strings need have no end, and each of them would be looked for up to that of the text.
  if (answer === undefined) return undefined;
  let surplus = 0;
  for (const [, colon] of body.toString().matchAll(STRING)) if (colon !== undefined) surplus += 1;
  const values: unknown[] = [answer];
  for (const value of values) {
    if (typeof value !== 'object' || value === null) continue;
    const members: unknown[] = Object.values(value);
    if (!Array.isArray(value)) surplus -= members.length;
    for (const member of members) values.push(member);
  }
  return surplus === 0 ? answer : undefined;
}

/** A nested object. */
export function objectAt(answer: Answer | undefined, field: string): Answer | undefined {
  return asObject(answer?.[field]);
}

export function textAt(answer: Answer | undefined, field: string): string | undefined {
  const value = answer?.[field];
  return typeof value === 'string' ? value : undefined;
}

/** A field that is a code, a state or an id; undefined when it is missing or could be anything else. */
export function wordAt(answer: Answer | undefined, field: string): string | undefined {
  return textAt(answer, field)?.match(WORD)?.[0];
}

/** A positive whole number of fen in an `amount` object; undefined for anything else, other currencies included. */
export function fenAt(amount: Answer | undefined, field: string): Fen | undefined {
  const value = amount?.[field];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) return undefined;
  return (amount?.currency ?? 'CNY') === 'CNY' ? fen(value) : undefined;
}

/** ms; undefined when there is none. */
export function instantAt(answer: Answer | undefined, field: string): number | undefined {
  const text = textAt(answer, field) ?? '';
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})$/.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** The key under which the merchant and the gateway's support find this exchange again. */
export function requestIdOf(headers: Readonly<Record<string, string>>): string | undefined {
  return headers['request-id']?.match(REQUEST_ID)?.[0];
}

export function asObject(value: unknown): Answer | undefined {
  return isObject(value) ? value : undefined;
}

function isObject(value: unknown): value is Answer {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
