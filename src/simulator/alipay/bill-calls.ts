import { z } from 'zod';
import { billLines, hasBill, keepBill } from '../bill-lines.ts';
import type { Incoming, Outgoing } from '../http.ts';
import type { Steered } from '../steering.ts';
import type { World } from '../world.ts';
import { billArchive } from './bill-file.ts';
import { readBusiness } from './reading.ts';
import { AlipayRefusal } from './refusal.ts';
import type { AlipayCall } from './request.ts';
import type { Fields } from './trade-calls.ts';

const billFields = z.strictObject({
  bill_type: z.literal('trade'),
  bill_date: z.string(),
  secure: z.enum(['true', 'false']).optional(),
});

/**
 * `alipay.data.dataservice.bill.downloadurl.query`: where the trade bill of a day is, for the next 30 seconds.
 * @see https://opendocs.alipay.com/apis/api_15/alipay.data.dataservice.bill.downloadurl.query
 */
export function queryBill(world: World, call: AlipayCall, steered: Steered): Fields {
  const { bill_date: date } = readBusiness(call, billFields);
  if (!hasBill(world, date)) throw new AlipayRefusal('40004', 'INVAILID_ARGUMENTS', '参数不合法');
  const seller = call.merchant?.sellerId;
  const lines = billLines(world, 'alipay', date, { space: seller, seller });
  if (lines.length === 0) throw new AlipayRefusal('40004', 'BILL_NOT_EXIST', '账单不存在');
  const token = keepBill(
    world,
    billArchive(
      { clock: world.clock, identity: { sellerId: seller ?? world.identity.sellerId } },
      date,
      lines,
    ),
    steered,
  );
  const origin = steered.has('bill-elsewhere') ? 'http://bill.example.com' : world.origin;
  return { bill_download_url: `${origin}/alipay/bill?bizType=trade&fileType=csv.zip&token=${token}` };
}

/** The file behind the address; whoever has the address gets it. */
export function serveBill(world: World, { target }: Incoming): Outgoing {
  const token = new URLSearchParams(target.split('?')[1]).get('token') ?? '';
  const file = world.billFiles.find(token, world.clock.now());
  if (!file) return { status: 200, headers: { 'content-type': 'text/html' }, body: '下载超时，请重新下载' };
  if (file.fault === 'redirect') {
    return { status: 302, headers: { location: `${world.origin}/alipay/bill` }, body: '' };
  }
  const bytes = Buffer.from(file.content, 'base64');
  const body = file.fault === 'truncated' ? bytes.subarray(0, bytes.length >> 1) : bytes;
  return { status: 200, headers: { 'content-type': 'application/octet-stream' }, body };
}
