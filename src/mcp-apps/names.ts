/** The views that a conversation can show: of a payment, and of a refund that may wait for a person. */
export const APPS = ['payment', 'approval'] as const;
export type AppName = (typeof APPS)[number];

export function appUri(name: AppName): string {
  return `ui://mcp-cashier/${name}`;
}

/** The view at an address, if there is one. */
export function appAt(uri: unknown): AppName | undefined {
  return APPS.find((app) => appUri(app) === uri);
}
