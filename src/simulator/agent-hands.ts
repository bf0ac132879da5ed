import { onThisMachine } from '../platform/loopback.ts';
import { isLoopback } from './courier.ts';
import { parseOrNull } from './http.ts';

/* What an agent does on the web, on this machine only. */

/** Nothing was bought; the message says at which step. */
export class NotBought extends Error {
  override readonly name = 'NotBought';
}

const WITHIN_MS = 15_000;

export function send(url: string, request: RequestInit): Promise<Response> {
  if (!isLoopback(url)) throw new NotBought('it buys on this machine only');
  return onThisMachine(url, request, WITHIN_MS);
}

/** Posts JSON, and reads what comes back. Throws NotBought for what is none. */
export async function post(url: string, body: object): Promise<Readonly<Record<string, unknown>>> {
  const headers = { 'content-type': 'application/json' };
  const answer = await send(url, { method: 'POST', headers, body: JSON.stringify(body) });
  const value = parseOrNull(await answer.text());
  if (typeof value !== 'object' || value === null)
    throw new NotBought(`${new URL(url).pathname}: HTTP ${answer.status}`);
  return value as Readonly<Record<string, unknown>>;
}

/** A page as a browser gets it. */
export async function read(url: string, request: RequestInit = {}): Promise<{ url: string; html: string }> {
  const origin = request.method === 'POST' ? { origin: new URL(url).origin } : {};
  const answer = await send(url, { ...request, headers: { ...origin, accept: 'text/html' } });
  const html = await answer.text();
  if (!answer.ok) throw new NotBought(`${new URL(url).pathname}: HTTP ${answer.status}`);
  return { url: answer.url, html };
}

/** A person opens a page of the simulator's cashier and presses *pay*. */
export async function press(link: string): Promise<void> {
  const page = await read(link);
  const action = /<form[^>]*action="([^"]*\/pay)"/.exec(page.html)?.[1];
  if (action === undefined) throw new NotBought('the cashier page has no button to pay');
  await read(new URL(unescaped(action), page.url).href, { method: 'POST' });
}

/** An attribute as its page means it. */
export function unescaped(attribute: string): string {
  return attribute.replaceAll('&amp;', '&');
}
