/** What a spreadsheet takes a file's first bytes for: UTF-8, which Chinese Excel does not guess. */
export const UTF8_MARK = '\uFEFF';

/** One cell of RFC 4180 that no spreadsheet takes for a formula. */
export function csvCell(value: string | number | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r\n＝＋－＠]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) || safe !== value ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * As {@link csvCell}, for a file that a person opens: a number of more digits than a spreadsheet keeps, or one that it
 * would write another way, ends in a tab and so stays text, as in Alipay's own bills.
 */
export function sheetCell(value: string | undefined): string {
  return csvCell(value !== undefined && /^(\d{12,}|0\d+|\d+[eE]\d+)$/.test(value) ? `${value}\t` : value);
}
