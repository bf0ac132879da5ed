import type { Fen } from '../../src/domain/money.ts';
import type { Policy } from '../../src/policy/policy.ts';

/** When every history begins. */
export const START = Date.parse('2026-11-21T14:30:05+08:00');

const fen = (sum: number) => sum as Fen;

/** The merchants' rules. */
export const RULES = {
  free: { payments: {}, refunds: {} },
  persons: { payments: { approveAboveFen: fen(2_000) }, refunds: { approveAboveFen: fen(300) } },
  limits: {
    payments: { perDay: { totalFen: fen(9_000) }, perMinute: { count: 4 } },
    refunds: { perDay: { totalFen: fen(1_500), count: 3 } },
  },
  budget: { payments: {}, refunds: { from: 'budget' } },
  few: { payments: { maxFen: fen(2_000) }, refunds: { approveAboveFen: fen(0) } },
} as const satisfies Readonly<Record<string, Policy>>;
export type RulesName = keyof typeof RULES;
