import { boundedBody } from '../platform/bounded-body.ts';

/** Far above anything that these forms hold (bytes). */
const MAX_BODY_BYTES = 8 * 1024;

/** The fields of a form, each at most once. `too-large` and `malformed` are never read any further. */
export async function readForm(
  request: Request,
): Promise<ReadonlyMap<string, string> | 'too-large' | 'malformed'> {
  const [type] = (request.headers.get('content-type') ?? '').toLowerCase().split(';');
  if (type?.trim() !== 'application/x-www-form-urlencoded') return 'malformed';
  const body = await boundedBody(request, MAX_BODY_BYTES);
  if (body === undefined) return 'too-large';
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(body.toString('utf8'))) {
    // Two answers to one question are none.
    if (fields.has(name)) return 'malformed';
    fields.set(name, value);
  }
  return fields;
}

/** What was typed into a field, on one line. */
export function onOneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
}
