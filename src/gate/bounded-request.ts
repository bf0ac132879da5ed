import type { Asked } from '../platform/relay.ts';

/** The body of a request that has a price (bytes). */
export const MAX_BODY_BYTES = 1024 * 1024;
/** Of all that are being read at a time. */
const MAX_HELD_BYTES = 128 * 1024 * 1024;

/** Reads bodies whole, so many bytes at a time of all together. */
export class BodyReader {
  #held = 0;

  /** `too-large`, or `crowded` while others have what there is; undefined when its client has left. */
  async read(request: Asked): Promise<Buffer | 'too-large' | 'crowded' | undefined> {
    const announced = request.headers['content-length'];
    if (Number(announced ?? 0) > MAX_BODY_BYTES) return 'too-large';
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of request.iterator({ destroyOnReturn: false })) {
        size += chunk.length;
        this.#held += chunk.length;
        if (size > MAX_BODY_BYTES) return 'too-large';
        if (this.#held > MAX_HELD_BYTES) return 'crowded';
        chunks.push(chunk);
      }
    } catch {
      return undefined; // nobody is there to be told
    } finally {
      this.#held -= size;
    }
    return request.complete ? Buffer.concat(chunks) : undefined;
  }
}
