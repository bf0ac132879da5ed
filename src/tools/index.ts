import { CashierError } from '../domain/errors.ts';
import { closePaymentTool } from './close-payment.ts';
import { createPaymentTool } from './create-payment.ts';
import type { Tool } from './define-tool.ts';
import { listPaymentsTool } from './list-payments.ts';
import { queryPaymentTool } from './query-payment.ts';
import { queryRefundTool } from './query-refund.ts';
import { refundPaymentTool } from './refund-payment.ts';

/** The catalogue, in the order in which clients list it. */
export const UNIFIED_TOOLS: readonly Tool[] = [
  createPaymentTool,
  queryPaymentTool,
  closePaymentTool,
  refundPaymentTool,
  queryRefundTool,
  listPaymentsTool,
];

const TOOLSETS: ReadonlyMap<string, readonly Tool[]> = new Map([['unified', UNIFIED_TOOLS]]);

/**
 * The tools of `AP_SELECT_TOOLS`: a comma list of toolset and tool names. Throws CONFIGURATION for a name that does
 * not exist, listing those that do.
 */
export function selectTools(selection: string | undefined): readonly Tool[] {
  const names = (selection ?? 'unified')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  const chosen = new Set<Tool>();
  for (const name of names.length > 0 ? names : ['unified']) {
    const tools = TOOLSETS.get(name) ?? UNIFIED_TOOLS.filter((tool) => tool.name === name);
    if (tools.length === 0) throw noSuchTool(name);
    for (const tool of tools) chosen.add(tool);
  }
  return UNIFIED_TOOLS.filter((tool) => chosen.has(tool));
}

function noSuchTool(name: string): CashierError {
  const known = [...TOOLSETS.keys(), ...UNIFIED_TOOLS.map((tool) => tool.name)].join(', ');
  return new CashierError(
    'CONFIGURATION',
    {
      zh: `AP_SELECT_TOOLS 中的 ${JSON.stringify(name)} 不存在；可用：${known}。`,
      en: `AP_SELECT_TOOLS names ${JSON.stringify(name)}, which does not exist; there are: ${known}.`,
      next: { zh: '改正 AP_SELECT_TOOLS。', en: 'Correct AP_SELECT_TOOLS.' },
    },
    { variable: 'AP_SELECT_TOOLS' },
  );
}
