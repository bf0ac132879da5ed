import { z } from 'zod';

/** What is wrong with a body, said in a gateway's own words. */
interface Refusals {
  readonly parameterError: (field: string, issue: string) => Error;
  readonly undefinedParameter: (field: string) => Error;
}

/** Text with a limit in characters. */
export const text = (most: number) => z.string().min(1).max(most);
/** Text with a limit in UTF-8 bytes. */
export const bytes = (most: number) =>
  z
    .string()
    .min(1)
    .refine((value) => Buffer.byteLength(value, 'utf8') <= most);

/** A whole number of fen, at least 1. */
export const fenAmount = z.int().min(1).max(10_000_000_000);

/** Absolute, and without a query string, which these gateways refuse. */
export const notifyUrl = z
  .string()
  .max(256)
  .refine((url) => /^https?:\/\/[^\s?#]+$/.test(url) && URL.canParse(url));

export const outRefundNo = z.string().regex(/^[0-9A-Za-z_\-|*@]{1,64}$/);

/** Reads a body as JSON of a shape; anything else is refused, naming the first field that does not fit. */
export function readJson<T>(body: Buffer, schema: z.ZodType<T>, refusals: Refusals): T {
  const parsed = schema.safeParse(parseJson(body, refusals));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw issue?.code === 'unrecognized_keys'
    ? refusals.undefinedParameter([...issue.path, issue.keys[0]].join('/'))
    : refusals.parameterError(issue?.path.join('/') ?? 'body', '参数缺失、类型或取值有误');
}

/** UTF-8 of one to three bytes a character: nothing beyond the basic plane. */
function parseJson(body: Buffer, { parameterError }: Refusals): unknown {
  const written = body.toString('utf8');
  const astral = /[\u{10000}-\u{10FFFF}]/u;
  if (astral.test(written) || written.includes('\uFFFD')) throw parameterError('body', '含有不支持的字符');
  let value: unknown;
  try {
    value = JSON.parse(written);
  } catch {
    throw parameterError('body', '不是合法的 JSON');
  }
  if (astral.test(JSON.stringify(value))) throw parameterError('body', '含有不支持的字符');
  return value;
}

/** The same text for the same parameters, whatever their order. */
export function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, inner]) => [name, canonical(inner)]);
}

/** What stands in a path between a prefix and a suffix, decoded; one segment, nothing that climbs. */
export function pathSegment(path: string, prefix: string, suffix: string, refuse: () => Error): string {
  const raw = path.slice(prefix.length, path.length - suffix.length);
  let decoded = '';
  try {
    decoded = decodeURIComponent(raw);
  } catch {
    throw refuse();
  }
  if (!/^[0-9A-Za-z_\-|*@]{1,64}$/.test(decoded)) throw refuse();
  return decoded;
}
