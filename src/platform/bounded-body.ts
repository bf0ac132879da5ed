/**
 * A body, or undefined when it has more than so many bytes: then no more of it is read. Where its length was announced
 * it is read as a whole, which costs a fraction of a stream; Node lets no more through than that.
 */
export async function boundedBody(of: Request | Response, maxBytes: number): Promise<Buffer | undefined> {
  const announced = of.headers.get('content-length');
  if (announced !== null) {
    return Number(announced) > maxBytes ? undefined : Buffer.from(await of.arrayBuffer());
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of of.body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
