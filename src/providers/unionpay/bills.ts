import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { beijingDate, beijingMidnight, DAY_MS } from '../../domain/clock.ts';
import { unlessAbsent } from '../absence.ts';
import { type Bill, type BillLine, OutcomeUnknown } from '../contract.ts';
import { readZip, ZipError } from '../zip.ts';
import { readBillTable } from './bill-table.ts';
import { COMMON } from './plan.ts';
import { timeText } from './times.ts';
import type { Asker } from './trade.ts';

const unpacked = promisify(inflate);
/** Bytes of an answer with a bill in it, and of the bill; a line takes some 700. */
const MAX_BODY_BYTES = 32 * 1024 * 1024;
const MAX_FILE_BYTES = 64 * 1024 * 1024;
const TIMEOUT_MS = 60_000;
/** The merchant's own transactions; other files are of errors and sums. */
const TRANSACTIONS = /^INN\d{8}ZM_/;

/**
 * What UnionPay has cleared of one day's transactions. It clears from 23:00 to 23:00, so that a day of the calendar
 * stands in two files.
 *
 * @see https://open.unionpay.com/tjweb/acproduct/list?apiSvcId=448
 */
export async function downloadBill(asker: Asker, date: string): Promise<Bill> {
  const midnight = beijingMidnight(date) ?? 0;
  const lines: BillLine[] = [];
  for (const settled of [midnight, midnight + DAY_MS]) lines.push(...(await linesOf(asker, settled)));
  return { date, lines: lines.filter(({ at }) => beijingDate(at) === date) };
}

async function linesOf({ merId, gateway, now }: Asker, settled: number): Promise<BillLine[]> {
  const fields = {
    ...COMMON,
    ...{ txnType: '76', txnSubType: '01', bizType: '000000', fileType: '00' },
    ...{ merId, txnTime: timeText(now()), settleDate: timeText(settled).slice(4, 8) },
  };
  const sizes = { maxBodyBytes: MAX_BODY_BYTES, timeoutMs: TIMEOUT_MS };
  const answer = await unlessAbsent(gateway.bill(new Map(Object.entries(fields)), sizes));
  if (answer === undefined) return [];
  const said = answer.get('settleDate');
  if (said !== undefined && said !== fields.settleDate) throw new OutcomeUnknown('bill-of-another-day');
  const lines: BillLine[] = [];
  for (const file of await filesIn(answer.get('fileContent') ?? '')) {
    const table = readBillTable(file, merId, settled);
    if (table === undefined) throw new OutcomeUnknown('bill-line-unreadable');
    lines.push(...table);
  }
  return lines;
}

/** Packed by zlib, then base64: an archive of files. */
async function filesIn(content: string): Promise<Buffer[]> {
  if (!/^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(content)) throw new OutcomeUnknown('bill-unreadable');
  try {
    const archive = await unpacked(Buffer.from(content, 'base64'), { maxOutputLength: MAX_FILE_BYTES });
    const entries = readZip(archive, MAX_FILE_BYTES);
    return entries.flatMap(({ name, data }) => (TRANSACTIONS.test(name.toString('latin1')) ? [data] : []));
  } catch (error) {
    throw new OutcomeUnknown(error instanceof ZipError ? `bill-zip-${error.message}` : 'bill-unreadable');
  }
}
