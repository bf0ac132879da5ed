/**
 * A request to a program on this machine, which is the only way there: nothing of it leaves, and no proxy is asked.
 * Rejects with a TypeError where nobody listens, and otherwise where it is not answered within so long.
 * @param withinMs ms
 */
export function onThisMachine(url: string, request: RequestInit, withinMs: number): Promise<Response> {
  return fetch(url, { ...request, signal: AbortSignal.timeout(withinMs) });
}
