/**
 * Clients that show a model only `structuredContent` when it is there, dropping text and images: a QR code would never
 * reach the buyer. They get `create-payment` without `outputSchema` and `structuredContent`.
 * @see https://github.com/anthropics/claude-code/issues/54737 Claude Code
 * @see https://github.com/CherryHQ/cherry-studio/issues/15105 Cherry Studio
 */
const DROPS_CONTENT: ReadonlySet<string> = new Set(['claude-code', 'cherry-studio', 'cherrystudio']);

/** By the client's own `clientInfo.name`. */
export function dropsContent(clientName: string | undefined): boolean {
  return clientName !== undefined && DROPS_CONTENT.has(clientName.toLowerCase().replace(/[\s_]+/g, '-'));
}
