/** A span of the calendar: days of Beijing, or months of it. A week is seven days, a year twelve months. */
export interface Period {
  readonly unit: 'day' | 'month';
  /** 7 to 366 days, 1 to 12 months. */
  readonly count: number;
}

const WRITTEN = /^P([1-9]\d{0,2})([DWMY])$/;
const UNITS: Readonly<Record<string, Period>> = {
  D: { unit: 'day', count: 1 },
  W: { unit: 'day', count: 7 },
  M: { unit: 'month', count: 1 },
  Y: { unit: 'month', count: 12 },
};

/** Reads an ISO 8601 duration of one part from `P7D` to `P1Y`; undefined for every other. */
export function parsePeriod(text: string): Period | undefined {
  const [, number = '', letter = ''] = WRITTEN.exec(text) ?? [];
  const of = UNITS[letter];
  if (!of) return undefined;
  const count = Number(number) * of.count;
  const fits = of.unit === 'day' ? count >= 7 && count <= 366 : count <= 12;
  return fits ? { unit: of.unit, count } : undefined;
}
