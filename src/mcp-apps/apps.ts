import type { ReadResourceResult } from '@modelcontextprotocol/server';
import { type AppName, appAt, appUri } from './names.ts';

/** @see https://github.com/modelcontextprotocol/ext-apps/blob/main/specification/2026-01-26/apps.mdx */
const EXTENSION = 'io.modelcontextprotocol/ui';
const MIME_TYPE = 'text/html;profile=mcp-app';

/** Whether a client that declares these capabilities shows views: nobody else is to notice that there are any. */
export function showsApps(declared: unknown): boolean {
  const { mimeTypes } = at(at(at(declared).extensions)[EXTENSION]);
  return Array.isArray(mimeTypes) && mimeTypes.includes(MIME_TYPE);
}

/**
 * What a client that shows views is told of a tool. A view may ask how things stand; whatever changes something is the
 * model's alone to call, however a view was tricked.
 */
export function appMeta(app: AppName | undefined, { readOnlyHint }: { readonly readOnlyHint: boolean }) {
  if (readOnlyHint) return {};
  const ui = { ...(app && { resourceUri: appUri(app) }), visibility: ['model'] };
  return { _meta: { ui } };
}

/** The page of a view; undefined for any other address. */
export async function readApp(uri: string): Promise<ReadResourceResult | undefined> {
  const name = appAt(uri);
  if (name === undefined) return undefined;
  const { appPage } = await import('./view/page.ts');
  // All that a view knows comes through the host: it reaches no address, not even ours.
  const ui = { csp: { connectDomains: [], resourceDomains: [] }, prefersBorder: true };
  return { contents: [{ uri, mimeType: MIME_TYPE, text: appPage(name), _meta: { ui } }] };
}

function at(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
