import type { Clock } from '../domain/clock.ts';
import type { ClientRequest, IncomingMessage, Upstream } from '../platform/relay.ts';
import type { RawHeaders } from '../platform/relay-headers.ts';

/** An answer that is stored (bytes). */
export const MAX_ANSWER_BYTES = 1024 * 1024;

/** What an upstream was asked for, and may be asked for again. */
export interface Order {
  readonly method: string;
  readonly path: string;
  readonly headers: RawHeaders;
  readonly body: Buffer;
}

/** How one attempt came out. */
export type Attempt =
  | {
      readonly is: 'answered';
      readonly status: number;
      readonly rawHeaders: RawHeaders;
      readonly body: Buffer;
    }
  /** Provably nothing has reached it. */
  | { readonly is: 'unreached' }
  /** Nobody knows what it has done. */
  | { readonly is: 'failed' | 'too-large' | 'timed-out' };

/**
 * Asks once, on a connection of its own: one that others have used before could be closed just then, and nobody would
 * know whether this request was seen.
 * @param withinMs ms, for all of the answer
 */
export async function attempt(
  upstream: Upstream,
  order: Order,
  clock: Clock,
  withinMs: number,
): Promise<Attempt> {
  const { method, path, body } = order;
  const headers = [...order.headers];
  if (body.length > 0 || !/^(GET|HEAD|DELETE)$/.test(method))
    headers.push('Content-Length', String(body.length));
  const over = new AbortController();
  const asking = upstream.open({ method, path, headers, fresh: true });
  const late = clock.sleep(withinMs, over.signal).then((): Attempt => ({ is: 'timed-out' }));
  try {
    return await Promise.race([answered(asking, body), late]);
  } finally {
    over.abort();
    asking.destroy();
  }
}

function answered(asking: ClientRequest, body: Buffer): Promise<Attempt> {
  return new Promise((resolve) => {
    let reached = false;
    let begun = false;
    const unanswered = () => begun || resolve({ is: reached ? 'failed' : 'unreached' });
    asking.once('socket', (socket) => {
      // Until then nothing can have left this machine.
      socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => {
        reached = true;
      });
    });
    asking.on('error', unanswered);
    asking.once('close', unanswered);
    asking.once('response', (answer) => {
      begun = true;
      void collected(answer).then(resolve);
    });
    asking.end(body);
  });
}

async function collected(answer: IncomingMessage): Promise<Attempt> {
  const { statusCode: status = 502, rawHeaders } = answer;
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer) {
      size += chunk.length;
      if (size > MAX_ANSWER_BYTES) return { is: 'too-large' };
      chunks.push(chunk);
    }
  } catch {
    return { is: 'failed' };
  }
  return answer.complete
    ? { is: 'answered', status, rawHeaders, body: Buffer.concat(chunks) }
    : { is: 'failed' };
}
