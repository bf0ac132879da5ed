import { beijingInstant } from '../domain/clock.ts';
import { toSignedYuan } from '../domain/money.ts';

/**
 * What a record says as it is told outside: sums of fen as `…Yuan` strings, instants of ms as times of Beijing. What a
 * client has said within it stays as it came.
 */
export function toldDetail(detail: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(detail).map(([name, value]) => told(name, value)));
}

function told(name: string, value: unknown): [name: string, value: unknown] {
  // Of a record that somebody edited anything may stand there.
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) return [name, value];
  if (name === 'gatewayRefunded') return ['gatewayRefundedYuan', toSignedYuan(value)];
  if (name.endsWith('Fen')) return [`${name.slice(0, -3)}Yuan`, toSignedYuan(value)];
  return [name, name.endsWith('At') || name === 'since' ? (beijingInstant(value) ?? value) : value];
}
