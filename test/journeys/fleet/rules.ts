export const yuan = (fen: number) => (fen / 100).toFixed(2);

/** Agents without limits of their own. */
export const AGENTS = ['alice', 'bob', 'carol'];
/** Who sees all orders. */
export const BOSS = 'boss';

/** Callers whose limits are reached again and again, and the rule that is to refuse them then. */
export const SUMMED = ['summed-1', 'summed-2', 'summed-3', 'summed-4'];
export const COUNTED = ['counted-1', 'counted-2'];
export const PREPAID = ['prepaid-1', 'prepaid-2'];
export const GIVING = ['giving-1', 'giving-2'];
export const RETURNING = ['returning-1'];
export const LIMITED = [...SUMMED, ...COUNTED, ...PREPAID, ...GIVING, ...RETURNING];

export const SUM_FEN = 12_000;
export const COUNT = 16;
export const GIVEN_FEN = 3_000;
/** For all callers together; far above what the others need. */
export const TOP_FEN = 20_000_000;

const client = (name: string, payments: string, refunds: string) =>
  `  ${name}: {${payments && ` payments: { ${payments} },`} refunds: { approveAboveYuan: "none"${refunds && `, ${refunds}`} } }`;

/** @param freeRefundFen what needs no person, for everybody else */
export function policy(freeRefundFen: number): string {
  return [
    'version: 1',
    `payments: { maxYuan: "500000", perDay: { totalYuan: "${yuan(TOP_FEN)}" } }`,
    `refunds: { approveAboveYuan: "${yuan(freeRefundFen)}" }`,
    'clients:',
    ...SUMMED.map((name) => client(name, `perDay: { totalYuan: "${yuan(SUM_FEN)}" }`, '')),
    ...COUNTED.map((name) => client(name, `perDay: { count: ${COUNT} }`, '')),
    ...PREPAID.map((name) => client(name, 'from: budget', '')),
    ...GIVING.map((name) => client(name, '', `perDay: { totalYuan: "${yuan(GIVEN_FEN)}" }`)),
    ...RETURNING.map((name) => client(name, '', 'from: budget')),
    '',
  ].join('\n');
}
