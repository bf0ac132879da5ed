import { createWriteStream, rmSync } from 'node:fs';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { beijingIso, DAY_MS } from '../domain/clock.ts';
import { csvCell } from '../domain/csv.ts';
import { CashierError, codeOf } from '../domain/errors.ts';
import type { StoredLink } from '../ledger/audit-chain.ts';
import { BEFORE_ALL, readLinks, type Span } from '../ledger/audit-reader.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { insistSpan } from '../payments/list-payments.ts';
import { dayStart } from './arguments.ts';
import type { Books } from './books.ts';
import type { Say } from './speaker.ts';
import { print, printJson } from './terminal.ts';

export type Format = 'jsonl' | 'csv';

const PAGE = 2_000;

/** The columns of the CSV file, in this order for ever; new ones are added at the end. */
export const CSV_COLUMNS = [
  'seq',
  'time',
  'at',
  'kind',
  'caller',
  'tool',
  'call',
  'outTradeNo',
  'outRefundNo',
  'detail',
  'hash',
] as const;

export interface ExportWish {
  readonly format: Format;
  /** `YYYY-MM-DD` in Beijing, both inclusive. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** A file that does not exist yet; stdout without one. */
  readonly out: string | undefined;
  readonly json: boolean;
}

/** Writes the trail out page by page. Returns the exit code; a reader that stops early is no error. */
export async function exportAudit(
  { ledger, where, announce }: Books,
  wish: ExportWish,
  say: Say,
): Promise<number> {
  const span = {
    from: wish.from === undefined ? undefined : dayStart('--from', wish.from),
    to: wish.to === undefined ? undefined : dayStart('--to', wish.to) + DAY_MS,
  };
  insistSpan(span, '--from', '--to');
  const counted = { records: 0 };
  const source = Readable.from(pages(ledger, wish.format, span, counted));
  if (wish.out === undefined) {
    // stdout is the records' alone.
    process.stderr.write(`${say.line('账本：', 'ledger:')} ${where.realm} ${where.ledger}\n`);
    await pipeline(source, process.stdout as Writable, { end: false }).catch(unlessReaderLeft);
    return 0;
  }
  const file = wish.out;
  const target = createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true });
  let isOurs = false;
  target.once('open', () => {
    isOurs = true;
  });
  await pipeline(source, target).catch((error: unknown) => {
    // Half a trail must not pass for all of it, nor keep the next attempt from its name.
    if (isOurs) rmSync(file, { force: true });
    throw notWritten(file, error);
  });
  const { records } = counted;
  if (wish.json) printJson({ ...where, file, format: wish.format, records });
  else {
    announce();
    print(say.line(`✔ 已导出 ${records} 条记录到 ${file}`, `✔ ${records} records written to ${file}`));
  }
  return 0;
}

async function* pages(
  ledger: Ledger,
  format: Format,
  span: Span,
  counted: { records: number },
): AsyncGenerator<string> {
  if (format === 'csv') yield `${CSV_COLUMNS.join(',')}\r\n`;
  for (let last = BEFORE_ALL; Number.isFinite(last); ) {
    const after = last;
    const links = await ledger.inspect((tx) => readLinks(tx, after, PAGE, span));
    counted.records += links.length;
    if (links.length > 0) yield links.map(format === 'csv' ? csvLine : jsonLine).join('');
    if (links.length < PAGE) return;
    last = links.at(-1)?.seq ?? Number.NaN;
  }
}

/** One JSON object; `detail` in the very bytes that the hash covers, as long as they are one line of JSON. */
export function jsonLine(link: StoredLink): string {
  const { detailJson, hash, ...rest } = link;
  const head = JSON.stringify({ ...rest, time: timeOf(link.at) }).slice(0, -1);
  return `${head},"detail":${isJsonLine(detailJson) ? detailJson : JSON.stringify(detailJson)},"hash":${JSON.stringify(hash)}}\n`;
}

/** RFC 4180, and nothing in it that a spreadsheet would run. */
export function csvLine(link: StoredLink): string {
  const { seq, at, kind, caller, tool, call, outTradeNo, outRefundNo, detailJson, hash } = link;
  const cells = [seq, timeOf(at), at, kind, caller, tool, call, outTradeNo, outRefundNo, detailJson, hash];
  return `${cells.map(csvCell).join(',')}\r\n`;
}

/** Empty for an instant that is none: somebody edited it. */
function timeOf(at: number): string {
  return Math.abs(at) < 8.64e15 - DAY_MS ? beijingIso(at) : '';
}

function isJsonLine(text: string): boolean {
  try {
    JSON.parse(text);
  } catch {
    return false;
  }
  return !/[\r\n]/.test(text);
}

function unlessReaderLeft(error: unknown): void {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'EPIPE' && code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
}

function notWritten(file: string, error: unknown): unknown {
  const code = codeOf(error);
  if (!/^E[A-Z]+$/.test(code)) return error;
  return new CashierError('INVALID_ARGUMENT', {
    zh: `无法写入 ${file}（${code}）；已有的文件不会被覆盖。`,
    en: `${file} cannot be written (${code}); a file that exists is not overwritten.`,
    next: { zh: '换一个路径。', en: 'Choose another path.' },
  });
}
