import { DAY_MS } from '../../domain/clock.ts';
import { isLoopbackName } from '../../domain/names.ts';
import { unlessAbsent } from '../absence.ts';
import { type Bill, OutcomeUnknown } from '../contract.ts';
import type { GatewayHttp } from '../gateway-http.ts';
import { readZip, type ZipEntry, ZipError } from '../zip.ts';
import { type BillTable, readBillTable } from './bill-table.ts';
import type { AlipayConfig } from './config.ts';
import { accepted } from './errors.ts';
import type { AlipayGateway } from './gateway.ts';
import { bizContent } from './plan.ts';

/** Bytes of the archive, and of everything in it: a line is about 300 bytes, a zip makes a tenth of it. */
const MAX_ARCHIVE_BYTES = 32 * 1_048_576;
const MAX_UNPACKED_BYTES = 256 * 1_048_576;
/** ms; the address lives 30 s, and a download that has begun may go on. */
const DOWNLOAD_TIMEOUT_MS = 60_000;

/** Where Alipay keeps bills. It still hands the address out with http, and answers on https as well. */
const BILL_HOST = 'dwbillcenter.alipay.com';
/** The sandbox has had several hosts, all under this name. */
const SANDBOX_HOSTS = '.alipaydev.com';
/** A signed word for a day without trades; a file of comments comes with it. */
const EMPTY = 'EMPTY_DATA_WITH_BILL_FILE';

interface Parts {
  readonly gateway: AlipayGateway;
  readonly http: GatewayHttp;
  readonly config: Pick<AlipayConfig, 'gateway' | 'realm' | 'sellerId'>;
}

/**
 * Downloads the trade bill of a day: a signed answer names the address of a zip with GBK tables, which is fetched at
 * once. The archive itself is neither signed nor hashed; https and the signed address are all that vouches for it.
 *
 * Throws GatewayDeclined, GatewayUnavailable, and OutcomeUnknown for a bill that is not whole or not this one.
 *
 * @see https://opendocs.alipay.com/apis/api_15/alipay.data.dataservice.bill.downloadurl.query
 */
export async function downloadBill(parts: Parts, date: string): Promise<Bill> {
  const { gateway, http, config } = parts;
  const asked = gateway.call({
    method: 'alipay.data.dataservice.bill.downloadurl.query',
    biz_content: bizContent({ bill_type: 'trade', bill_date: date, secure: 'true' }),
  });
  const answer = await unlessAbsent(accepted(asked, 'bill', ''));
  if (answer === undefined) return { date, lines: [] };
  if (answer.fields.get('bill_file_code') === EMPTY) return { date, lines: [] };
  const address = fetchable(answer.fields.get('bill_download_url') ?? '', config);
  if (address === undefined) throw new OutcomeUnknown('bill-address', answer.requestId);
  const response = await http.send({
    method: 'GET',
    url: address,
    headers: { accept: '*/*' },
    maxBodyBytes: MAX_ARCHIVE_BYTES,
    timeoutMs: DOWNLOAD_TIMEOUT_MS,
  });
  // A redirect would lead away from the address that was signed.
  if (response.status !== 200) throw new OutcomeUnknown(`bill-http-${response.status}`, answer.requestId);
  const tables = unpack(response.body).flatMap((text) => readBillTable(text) ?? []);
  if (tables.length === 0) throw new OutcomeUnknown('bill-column-missing 支付宝交易号', answer.requestId);
  for (const table of tables) requireThisBill(table, date, config.sellerId);
  return { date, lines: tables.flatMap(({ lines }) => lines) };
}

/**
 * The address to fetch, always by https; undefined for any host but Alipay's own (a sandbox has further ones). A
 * gateway on this machine, as a simulated one, may also name an address on this machine, and plain http there.
 */
function fetchable(address: string, { gateway, realm }: Parts['config']): string | undefined {
  if (!/^[\x21-\x7e]{1,4096}$/.test(address) || !URL.canParse(address)) return undefined;
  const url = new URL(address);
  const { protocol, hostname, port, username, password } = url;
  if (!/^https?:$/.test(protocol) || username !== '' || password !== '') return undefined;
  if (isLoopbackName(hostname)) return isLoopbackName(new URL(gateway).hostname) ? url.href : undefined;
  const isAlipays = hostname === BILL_HOST || (realm === 'sandbox' && hostname.endsWith(SANDBOX_HOSTS));
  if (!isAlipays || port !== '') return undefined;
  url.protocol = 'https:';
  return url.href;
}

function unpack(archive: Buffer): string[] {
  try {
    return readZip(archive, MAX_UNPACKED_BYTES).map(decode);
  } catch (error) {
    if (error instanceof ZipError) throw new OutcomeUnknown(`bill-zip-${error.message}`);
    throw error;
  }
}

/** GBK, of which GB18030 is the superset with every character; UTF-8 only where the file or the archive says so. */
function decode({ data, utf8 }: ZipEntry): string {
  const isUtf8 = utf8 || (data[0] === 0xef && data[1] === 0xbb && data[2] === 0xbf);
  return new TextDecoder(isUtf8 ? 'utf-8' : 'gb18030').decode(data);
}

/** The bill of another day or seller would make every order a difference, or worse, none. */
function requireThisBill(table: BillTable, date: string, sellerId: string | undefined): void {
  if (table.date !== undefined && table.date !== date) throw new OutcomeUnknown('bill-of-another-day');
  const isOthers =
    sellerId !== undefined && table.account !== undefined && !table.account.startsWith(sellerId);
  if (isOthers) throw new OutcomeUnknown('bill-of-another-seller');
  const start = Date.parse(`${date}T00:00:00+08:00`);
  // A trade of the last second may be booked on the neighbouring day, but no further away.
  const strays = table.lines.some(({ at }) => at < start - DAY_MS || at >= start + 2 * DAY_MS);
  if (strays) throw new OutcomeUnknown('bill-of-another-day');
}
