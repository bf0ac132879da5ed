/** A request that is turned away before anybody has understood it. */
export function refused(
  status: number,
  code: number,
  message: string,
  { id = null, data }: { readonly id?: string | number | null; readonly data?: unknown } = {},
): Response {
  const error = { code, message, ...(data === undefined ? {} : { data }) };
  return Response.json({ jsonrpc: '2.0', id, error }, { status });
}

/** There is no room for another. */
export function tooMany(): Response {
  const response = refused(503, -32_000, 'Too many at once; try again later');
  response.headers.set('retry-after', '60');
  return response;
}
