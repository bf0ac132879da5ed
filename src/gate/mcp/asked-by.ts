import type { AuthInfo } from '@modelcontextprotocol/server';

/** The SDK's way to tell who serves a message what its transport knows of it: here, who asks, for limits. */
export function askedBy(source: string): { readonly authInfo: AuthInfo } {
  return { authInfo: { token: '', clientId: source, scopes: [] } };
}
