import { beijingDateTime, parseBeijingDateTime } from '../../domain/clock.ts';

/** `yyyyMMddHHmmss` */
export function stamp(ms: number): string {
  return beijingDateTime(ms).replace(/\D/g, '');
}

/** ms */
export function fromStamp(text: string): number {
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text) ?? [];
  return parseBeijingDateTime(`${y}-${mo}-${d} ${h}:${mi}:${s}`) ?? 0;
}
