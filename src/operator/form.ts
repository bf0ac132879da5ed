/** Far above anything that these forms hold (bytes). */
const MAX_BODY_BYTES = 8 * 1024;

/** The fields of a form, each at most once. `too-large` and `malformed` are never read any further. */
export async function readForm(
  request: Request,
): Promise<ReadonlyMap<string, string> | 'too-large' | 'malformed'> {
  const [type] = (request.headers.get('content-type') ?? '').toLowerCase().split(';');
  if (type?.trim() !== 'application/x-www-form-urlencoded') return 'malformed';
  const body = await readBody(request);
  if (body === undefined) return 'too-large';
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(body)) {
    // Two answers to one question are none.
    if (fields.has(name)) return 'malformed';
    fields.set(name, value);
  }
  return fields;
}

async function readBody(request: Request): Promise<string | undefined> {
  if (Number(request.headers.get('content-length') ?? 0) > MAX_BODY_BYTES) return undefined;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
