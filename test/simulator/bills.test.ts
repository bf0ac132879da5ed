import { createHash } from 'node:crypto';
import { gunzipSync, inflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gbk } from '../../src/simulator/alipay/bill-charset.ts';
import { answered, type Bench, controlOf, freshNumber, openBench, refusal } from './bench.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const TODAY = '2026-11-21';
const METHOD = 'alipay.data.dataservice.bill.downloadurl.query';
const fault = (scenario: string) => controlOf(bench.simulator, 'POST', 'faults', { scenario, times: 1 });

async function alipayBill(date: string): Promise<Readonly<Record<string, string>>> {
  const bizContent = { bill_type: 'trade', bill_date: date };
  return bench.alipay.exec(METHOD, { bizContent }, { validateSign: true });
}

const wechatBill = (date: string, more: object = {}) =>
  bench.wechatpay.get('v3/bill/tradebill', {
    params: { bill_date: date, bill_type: 'ALL', tar_type: 'GZIP', ...more },
  });
/** Signed by the independent client, which does not expect downloads to be signed. */
const fetchBill = (address: string) =>
  bench.wechatpay.get(new URL(address).pathname, {
    params: { token: new URL(address).searchParams.get('token') },
    responseType: 'arraybuffer',
  });

async function paidAtAlipay(title: string): Promise<string> {
  const number = freshNumber();
  const order = {
    out_trade_no: number,
    total_amount: '10.00',
    subject: title,
    product_code: 'QR_CODE_OFFLINE',
  };
  await bench.alipay.exec('alipay.trade.precreate', { bizContent: order });
  await controlOf(bench.simulator, 'POST', 'pay', { provider: 'alipay', outTradeNo: number });
  return number;
}

async function paidAtWechatpay(description: string): Promise<string> {
  const number = freshNumber();
  await bench.wechatpay.post('v3/pay/transactions/native', {
    appid: bench.env.WXPAY_APP_ID,
    mchid: bench.env.WXPAY_MCH_ID,
    description,
    out_trade_no: number,
    notify_url: bench.env.WXPAY_NOTIFY_URL,
    amount: { total: 1000, currency: 'CNY' },
  });
  await controlOf(bench.simulator, 'POST', 'pay', { provider: 'wechatpay', outTradeNo: number });
  return number;
}

/** The files of an archive, by walking its local headers one after the other. */
function filesIn(archive: Buffer): Map<string, string> {
  const files = new Map<string, string>();
  const decode = (bytes: Buffer) => new TextDecoder('gbk', { fatal: true }).decode(bytes);
  for (let at = 0; archive.readUInt32LE(at) === 0x04034b50; ) {
    const data = at + 30 + archive.readUInt16LE(at + 26);
    const end = data + archive.readUInt32LE(at + 18);
    files.set(decode(archive.subarray(at + 30, data)), decode(inflateRawSync(archive.subarray(data, end))));
    at = end;
  }
  return files;
}

describe("Alipay's bill", () => {
  it('does not exist for a day without trades, and may not be asked for before its day', async () => {
    expect(await alipayBill('2026-11-20')).toMatchObject({ code: '40004', subCode: 'BILL_NOT_EXIST' });
    expect(await alipayBill('2026-11-22')).toMatchObject({ code: '40004', subCode: 'INVAILID_ARGUMENTS' });
    expect(await alipayBill('yesterday')).toMatchObject({ code: '40004', subCode: 'INVAILID_ARGUMENTS' });
  });

  it('is a zip of two GBK tables, at an address that lives 30 seconds', async () => {
    const number = await paidAtAlipay('红烧肉, 半份 😀');
    const { billDownloadUrl = '' } = await alipayBill(TODAY);
    const files = filesIn(Buffer.from(await (await fetch(billDownloadUrl)).arrayBuffer()));
    const account = `${bench.env.AP_SELLER_ID}0156`;
    expect([...files.keys()]).toEqual([
      `${account}_20261121_业务明细.csv`,
      `${account}_20261121_业务明细(汇总).csv`,
    ]);
    const lines = [...files.values()][0]?.split('\r\n') ?? [];
    expect(lines.slice(0, 3)).toEqual([
      '#支付宝业务明细查询',
      `#账号：[${account}]`,
      '#起始日期：[2026年11月21日 00:00:00]   终止日期：[2026年11月22日 00:00:00]',
    ]);
    expect(lines[4]).toContain('支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间');
    expect(lines[5]).toContain(`\t,${number}\t,交易,红烧肉, 半份 ?,2026-11-21 10:00:00,2026-11-21 10:00:00,`);
    expect(lines[5]).toContain(',-0.06,0.00,');
    expect(lines.at(-4)).toBe('#交易合计：1笔，商家实收共10.00元，商家优惠共0.00元');

    bench.clock.travel(29_000);
    expect((await fetch(billDownloadUrl)).headers.get('content-type')).toBe('application/octet-stream');
    bench.clock.travel(1_000);
    expect(await (await fetch(billDownloadUrl)).text()).toBe('下载超时，请重新下载');
  });

  it('is cut, led away or put elsewhere when a fault says so', async () => {
    const whole = (await (await fetch((await alipayBill(TODAY)).billDownloadUrl ?? '')).arrayBuffer())
      .byteLength;
    await fault('bill-truncated');
    const half = await fetch((await alipayBill(TODAY)).billDownloadUrl ?? '');
    expect((await half.arrayBuffer()).byteLength).toBe(whole >> 1);
    await fault('bill-redirect');
    const moved = await fetch((await alipayBill(TODAY)).billDownloadUrl ?? '', { redirect: 'manual' });
    expect(moved.status).toBe(302);
    await fault('bill-elsewhere');
    expect((await alipayBill(TODAY)).billDownloadUrl).toMatch(/^http:\/\/bill\.example\.com\//);
  });

  it('knows every character that GBK has, and turns the rest into question marks', () => {
    const text = '支付宝（元）：·—…囍龘 ABC~';
    expect(new TextDecoder('gbk').decode(gbk(text))).toBe(text);
    expect(gbk('\u{1f600}\u0e01').toString('latin1')).toBe('??');
  });
});

describe("WeChat Pay's bill", () => {
  it('does not exist for a day without trades, and may not be asked for before its day', async () => {
    expect(await refusal(wechatBill('2026-11-20'))).toBe('400 NO_STATEMENT_EXIST');
    expect(await refusal(wechatBill('2026-11-22'))).toBe('400 PARAM_ERROR');
    expect(await refusal(wechatBill(TODAY, { bill_type: 'REFUND' }))).toBe('400 PARAM_ERROR');
    expect(await refusal(wechatBill(TODAY, { tar_type: 'ZIP' }))).toBe('400 PARAM_ERROR');
    expect(await refusal(bench.wechatpay.get('v3/bill/tradebill'))).toBe('400 PARAM_ERROR');
  });

  it('is a gzip with the signed hash, every cell behind a backtick, sums at its end', async () => {
    const number = await paidAtWechatpay('红烧肉, 半份');
    await bench.wechatpay.post('v3/refund/domestic/refunds', {
      out_trade_no: number,
      out_refund_no: `${number}_R`,
      amount: { refund: 400, total: 1000, currency: 'CNY' },
    });
    const { data: ticket } = await answered(wechatBill(TODAY));
    expect(ticket).toMatchObject({ hash_type: 'SHA1' });
    const { data } = await fetchBill(ticket.download_url);
    const content = gunzipSync(data);
    expect(createHash('sha1').update(content).digest('hex')).toBe(ticket.hash_value);
    expect(content.subarray(0, 3).toString('hex')).toBe('efbbbf');
    const [header, payment, refund, sumHeader, sums] = content.subarray(3).toString('utf8').split('\r\n');
    expect(header).toMatch(/^交易时间,公众账号ID,商户号,.*,订单金额,申请退款金额,费率备注$/);
    expect(payment).toMatch(/^`2026-11-21 10:00:3\d,`wx\w+,`\d{10},`0,`,`\d{28},`/);
    expect(payment).toContain(
      '`SUCCESS,`OTHERS,`CNY,`10.00,`0.00,`0,`0,`0.00,`0.00,`,`,`红烧肉, 半份,`,`0.06000,`0.60%,`10.00,`0.00,`',
    );
    expect(refund).toContain(`,\`${number}_R,\`4.00,\`0.00,\`ORIGINAL,\`PROCESSING,`);
    expect(sumHeader).toMatch(/^总交易单数,/);
    expect(sums).toBe('`2,`10.00,`4.00,`0.00,`0.04000,`10.00,`4.00');
  });

  it('wants a signature for the file and gives none, for 30 seconds', async () => {
    const { data: ticket } = await answered(wechatBill(TODAY));
    expect((await fetch(ticket.download_url)).status).toBe(401);
    const { headers } = await fetchBill(ticket.download_url);
    expect(headers['wechatpay-signature']).toBeUndefined();
    bench.clock.travel(30_000);
    const late = await answered(fetchBill(ticket.download_url)).catch((error: unknown) => error);
    expect(late).toMatchObject({ status: 400 });
  });

  it('is unfinished, wrongly hashed or put elsewhere when a fault says so', async () => {
    await fault('bill-creating');
    expect(await refusal(wechatBill(TODAY))).toBe('400 STATEMENT_CREATING');
    await fault('bill-wrong-hash');
    const { data: wrong } = await answered(wechatBill(TODAY));
    const { data } = await fetchBill(wrong.download_url);
    expect(createHash('sha1').update(gunzipSync(data)).digest('hex')).not.toBe(wrong.hash_value);
    await fault('bill-elsewhere');
    expect((await answered(wechatBill(TODAY))).data.download_url).toMatch(/^https:\/\/bill\.example\.com\//);
  });
});
