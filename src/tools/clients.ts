import { type CashierError, configuration } from '../domain/errors.ts';

/**
 * Clients that show a model only `structuredContent` when it is there, dropping text and images: a QR code would never
 * reach the buyer. They get what answers with a code without `outputSchema` and `structuredContent`.
 * @see https://github.com/anthropics/claude-code/issues/54737 Claude Code
 * @see https://github.com/CherryHQ/cherry-studio/issues/15105 Cherry Studio
 * @see https://github.com/openai/codex/blob/main/codex-rs/protocol/src/models.rs Codex: `structured_content` first
 */
const DROPS_CONTENT: readonly string[] = ['claude-code', 'cherry-studio', 'cherrystudio', 'codex-mcp-client'];

/** Whether a client, by its own `clientInfo.name`, drops content. */
export type DropsContent = (clientName: string | undefined) => boolean;

/**
 * @param override the merchant's word on the table, a comma list: names to add and, with a `-` before them, to take
 *   out. Throws CONFIGURATION for an entry that is no name.
 */
export function contentDroppers(override?: string): DropsContent {
  const names = new Set(DROPS_CONTENT);
  for (const entry of (override ?? '').split(',').filter((part) => part.trim() !== '')) {
    const [, minus, given = ''] = /^\s*(-?)(.*?)\s*$/s.exec(entry) ?? [];
    const name = normal(given);
    if (!NAME.test(name)) throw noName(entry);
    if (minus) names.delete(name);
    else names.add(name);
  }
  return (clientName) => clientName !== undefined && names.has(normal(clientName));
}

/** By the table as it is. */
export const dropsContent: DropsContent = contentDroppers();

const NAME = /^[\p{L}\p{N}][\p{L}\p{N}./@+()-]{0,63}$/u;

function normal(name: string): string {
  return name
    .toLowerCase()
    .trim()
    .replace(/[\s_]+/g, '-');
}

function noName(entry: string): CashierError {
  const shown = JSON.stringify(entry.slice(0, 64));
  return configuration('CASHIER_TEXT_ONLY_CLIENTS', {
    zh: `CASHIER_TEXT_ONLY_CLIENTS 中的 ${shown} 不是客户端名称。`,
    en: `CASHIER_TEXT_ONLY_CLIENTS has ${shown}, which is no client's name.`,
    next: {
      zh: '填逗号分隔的 clientInfo.name；前面加 - 表示从内置表中去掉。',
      en: 'Give a comma list of clientInfo names; a - before one takes it out of the built-in table.',
    },
  });
}
