import { describe, expect, it } from 'vitest';
import type { Bill } from '../../../src/providers/contract.ts';
import { archive } from './archive.ts';
import {
  ADDRESS,
  billOrWhy,
  billWorld,
  DATE,
  detail,
  gbk,
  HEADER,
  line,
  METHOD,
  zipped,
} from './bill-world.ts';
import { declined, forged, signed, unsigned } from './fake-gateway.ts';

const PAYMENT = {
  kind: 'payment',
  outTradeNo: 'ORDER_0001',
  gatewayTradeNo: '2026112022001400000000000001',
  amountFen: 990,
  feeFen: 6,
  at: Date.parse('2026-11-20T14:30:05+08:00'),
  state: 'PAID',
  gatewayState: '交易',
};
const REFUND_CELLS = {
  业务类型: '退款',
  '订单金额（元）': '-3.30',
  '退款批次号/请求号': 'REFUND_1\t',
  '服务费（元）': '0.02',
};
const bill = (text: string | Buffer) => billOrWhy(billWorld(() => text).provider);
const bytes = (data: Buffer) => archive([{ name: 'x.csv', data }]);

describe('a bill', () => {
  it('is asked for by day, and fetched at once from the address that was signed, without our identity', async () => {
    const { provider, gateway, fetched } = billWorld(() => detail([line({})]));
    await provider.downloadBill(DATE);
    expect(gateway.call.parameters.get('method')).toBe(METHOD);
    expect(gateway.call.biz).toEqual({ bill_type: 'trade', bill_date: DATE, secure: 'true' });
    expect(fetched).toHaveLength(1);
    expect(fetched[0]).toMatchObject({ method: 'GET', url: ADDRESS, headers: { accept: '*/*' } });
    expect(fetched[0]?.maxBodyBytes).toBeGreaterThan(1_048_576);
  });

  it('gives payments and refunds in fen, refunds without their sign', async () => {
    expect(await bill(detail([line({}), line(REFUND_CELLS)]))).toEqual({
      date: DATE,
      lines: [
        PAYMENT,
        {
          ...PAYMENT,
          kind: 'refund',
          amountFen: 330,
          feeFen: -2,
          outRefundNo: 'REFUND_1',
          state: 'SUCCESS',
          gatewayState: '退款',
        },
      ],
    });
  });

  it.each([
    ['0.00', 0],
    ['-0.00', 0],
    ['0.01', 1],
    ['0.1', 10],
    ['10', 1000],
    ['999999999.99', 99_999_999_999],
  ])('reads %s yuan as %s fen, to the digit', async (text, amountFen) => {
    const cells = { '订单金额（元）': text, '服务费（元）': '0.00' };
    expect(await bill(detail([line(cells)]))).toMatchObject({ lines: [{ amountFen, feeFen: 0 }] });
  });

  it.each([
    '1e2',
    '0x10',
    '1.234',
    '+1.00',
    '１.00',
    '',
    '--1.00',
    '1,000.00',
    'NaN',
    '-9.90',
    '9999999999.00',
  ])('refuses %j as the amount of a payment', async (text) => {
    expect(await bill(detail([line({ '订单金额（元）': text })]))).toBe('unknown bill-line-unreadable 6');
  });

  it.each<[string, { end?: string; header?: string }]>([
    ['LF', { end: '\n' }],
    ['CR', { end: '\r' }],
    ['half-width brackets', { header: HEADER.replaceAll('（', '(').replaceAll('）', ')') }],
    ['padded names', { header: HEADER.replaceAll(',', '\t, ') }],
    ['other columns before and between', { header: `新列,${HEADER.replace('操作员', '操作员,另一列')}` }],
    ['the columns the other way round', { header: HEADER.split(',').reverse().join(',') }],
  ])('is read by the names of its columns: %s', async (_what, form) => {
    const header = form.header ?? HEADER;
    const cells = Object.fromEntries(
      header.split(',').map((name) => {
        const plain = name.trim().replace('(', '（').replace(')', '）');
        return [name, line({}).split(',')[HEADER.split(',').indexOf(plain)] ?? 'x'];
      }),
    );
    expect(await bill(detail([line(cells, header)], form))).toMatchObject({ lines: [PAYMENT] });
  });

  it('is read in UTF-8 where the file says so, else in GBK', async () => {
    const text = detail([line({ 商品名称: '红烧肉' })]);
    expect(await bill(bytes(Buffer.from(`\ufeff${text}`)))).toMatchObject({ lines: [PAYMENT] });
    expect(await bill(bytes(gbk(text)))).toMatchObject({ lines: [PAYMENT] });
    expect(await bill(bytes(Buffer.from(text)))).toBe('unknown bill-column-missing 支付宝交易号');
  });

  it('is read in UTF-8 where the archive says so', async () => {
    const data = Buffer.from(detail([line({ 商品名称: '红烧肉' })]));
    expect(await bill(archive([{ name: '业务明细.csv', data, flags: 0x800 }]))).toMatchObject({
      lines: [PAYMENT],
    });
  });

  it('may be cut into several files', async () => {
    const second = detail([line({ 商户订单号: 'ORDER_0002' })]);
    const files = [detail([line({})]), second].map((text, i) => ({ name: `${i}.csv`, data: gbk(text) }));
    const lines = [PAYMENT, { ...PAYMENT, outTradeNo: 'ORDER_0002' }];
    expect(await bill(archive(files))).toMatchObject({ lines });
  });

  it.each([
    '支付宝交易号',
    '商户订单号',
    '业务类型',
    '完成时间',
    '订单金额（元）',
    '退款批次号/请求号',
    '服务费（元）',
  ])('without the column %s is refused with its name', async (name) => {
    const header = HEADER.replace(name, '别的');
    const plain = name.replace('（', '(').replace('）', ')');
    expect(await bill(detail([line({}, header)], { header }))).toBe(`unknown bill-column-missing ${plain}`);
  });

  it('with a column twice is refused', async () => {
    const header = HEADER.replace('分润（元）', '订单金额（元）');
    expect(await bill(detail([], { header }))).toBe('unknown bill-column-missing 订单金额(元)');
  });
});

describe('what a stranger writes into a title or a remark', () => {
  it.each([
    'a,b',
    '"quoted, with a comma"',
    'a,b,c,d,e,f,g,h',
    '",',
    '"',
    '#not a comment',
    '=HYPERLINK("x")',
    'x,2026-11-20 00:00:00',
    'x,2026-11-20 00:00:00,2026-11-20 00:00:00',
  ])('moves no other cell: %j', async (text) => {
    expect(await bill(detail([line({ 商品名称: text })]))).toMatchObject({ lines: [PAYMENT] });
    expect(await bill(detail([line({ 备注: text })]))).toMatchObject({ lines: [PAYMENT] });
    expect(await bill(detail([line({ 商品名称: text, 备注: text })]))).toMatchObject({ lines: [PAYMENT] });
  });

  it('cannot forge another amount: a line that could be read in two ways is refused', async () => {
    const rest = line({ '订单金额（元）': '0.01' }).split(',').slice(4);
    const forgedCells = ['x', ...rest].join(',');
    expect(await bill(detail([line({ 商品名称: forgedCells })]))).toBe('unknown bill-line-unreadable 6');
  });

  it('hides no line and adds none with a line break of its own kind', async () => {
    expect(await bill(detail([line({ 商品名称: 'a\u2028b\u0085c' }), line({})]))).toMatchObject({
      lines: [PAYMENT, PAYMENT],
    });
  });
});

describe('a line', () => {
  it('whose order has no number, or one that is a text, has none', async () => {
    for (const number of ['', '订单', 'a b', 'x'.repeat(65)]) {
      expect(await bill(detail([line({ 商户订单号: number })]))).toMatchObject({
        lines: [{ outTradeNo: '' }],
      });
    }
  });

  it('of an unknown kind is told by its sign, and its state is unknown', async () => {
    const cells = { 业务类型: '忽略以上指令' };
    expect(await bill(detail([line(cells)]))).toMatchObject({
      lines: [{ kind: 'payment', state: 'UNKNOWN', gatewayState: 'unreadable' }],
    });
    expect(await bill(detail([line({ ...cells, '订单金额（元）': '-1.00' })]))).toMatchObject({
      lines: [{ kind: 'refund', amountFen: 100, state: 'UNKNOWN' }],
    });
  });

  it.each<[string, string]>([
    ['a cell too few', line({}).split(',').slice(1).join(',')],
    ['no time', line({ 完成时间: '' })],
    ['no trade number', line({ 支付宝交易号: '' })],
    ['a refund that pays', line({ ...REFUND_CELLS, '订单金额（元）': '3.30' })],
    ['a thousand commas', line({ 商品名称: ','.repeat(1000) })],
    ['half a line', line({}).slice(0, 60)],
  ])('with %s makes the bill unreadable, not shorter', async (_what, text) => {
    expect(await bill(detail([line({}), text]))).toBe('unknown bill-line-unreadable 7');
  });
});

describe('a fee', () => {
  const fees = ['-', '--', '0.006', '1e2', '免费', '0.60%', '9999999999.00'];

  it.each(fees)('of %j is not known, and the day goes on', async (text) => {
    const { lines } = (await bill(
      detail([line({ '服务费（元）': text }), line({ ...REFUND_CELLS, '服务费（元）': text }), line({})]),
    )) as Bill;
    expect(lines).toMatchObject([{ kind: 'payment' }, { kind: 'refund', amountFen: 330 }, PAYMENT]);
    expect(lines.map(({ feeFen }) => feeFen)).toEqual([undefined, undefined, 6]);
  });

  it.each(['', '\t', ' '])('left blank (%j) is none', async (text) => {
    expect(
      await bill(detail([line({ '服务费（元）': text }), line({ ...REFUND_CELLS, '服务费（元）': text })])),
    ).toMatchObject({ lines: [{ feeFen: 0 }, { kind: 'refund', feeFen: 0 }] });
  });
});

describe('a day without trades', () => {
  it.each([
    'BILL_NOT_EXIST',
    'isp.bill_not_exist',
    'isp.bill-not-exist',
    'isv.BILL_NOT_EXISTS',
    'BillNotExist',
    'NO_BILL_DATA',
    'isp.no_bill_data',
  ])('%s is an empty bill', async (code) => {
    const { provider, gateway, fetched } = billWorld(() => '');
    gateway.answer(signed(METHOD, declined(code)));
    expect(await billOrWhy(provider)).toEqual({ date: DATE, lines: [] });
    gateway.answer(unsigned(METHOD, declined(code)));
    expect(await billOrWhy(provider)).toBe(`declined not-exist ${code} unproven`);
    expect(fetched).toEqual([]);
  });

  it('may also be a file without lines, or the signed word for one', async () => {
    expect(await bill(detail([]))).toEqual({ date: DATE, lines: [] });
    for (const bill_download_url of [ADDRESS, undefined]) {
      const { provider, fetched } = billWorld(() => detail([]), {
        node: { bill_file_code: 'EMPTY_DATA_WITH_BILL_FILE', bill_download_url },
      });
      expect(await billOrWhy(provider)).toEqual({ date: DATE, lines: [] });
      expect(fetched).toEqual([]);
    }
  });

  it.each([
    ['INVAILID_ARGUMENTS', 'declined bad-parameter INVAILID_ARGUMENTS proven'],
    ['invalid_arguments', 'declined bad-parameter invalid_arguments proven'],
    ['BILL_DATE_BEFORE_REGISTRATION', 'declined other BILL_DATE_BEFORE_REGISTRATION proven'],
    ['USER_RATE_LIMIT', 'declined rate-limited USER_RATE_LIMIT unproven'],
    ['SYSTEM_ERROR', 'unknown system-error'],
  ])('is not %s', async (code, why) => {
    const { provider, gateway } = billWorld(() => '');
    gateway.answer(signed(METHOD, declined(code)));
    expect(await billOrWhy(provider)).toBe(why);
  });
});

describe('the way to the file', () => {
  const QUERY = '/downloadBillFile.resource?bizType=trade&downloadFileName=a.csv.zip&token=a%2Bb%3D';
  const SANDBOX = { AP_CURRENT_ENV: 'sandbox' };

  it.each<[string, string, Record<string, string>]>([
    ['http', 'dwbillcenter.alipay.com', {}],
    ['https', 'dwbillcenter.alipay.com', {}],
    ['http', 'DWBILLCENTER.alipay.com:80', {}],
    ['http', 'dwbillcenter.alipaydev.com', SANDBOX],
    ['http', 'dwbillcenter-sandbox.dl.alipaydev.com', SANDBOX],
    ['http', 'dwbillcenter.alipay.com', SANDBOX],
  ])('goes by https although it is handed out as %s://%s', async (scheme, host, env) => {
    const { provider, fetched } = billWorld(() => detail([line({})]), {
      env,
      node: { bill_download_url: `${scheme}://${host}${QUERY}` },
    });
    expect(await billOrWhy(provider)).toMatchObject({ lines: [PAYMENT] });
    expect(fetched.map(({ url }) => url)).toEqual([
      `https://${host.toLowerCase().replace(':80', '')}${QUERY}`,
    ]);
  });

  it.each<[string, Record<string, string>]>([
    ['dwbillcenter.alipay.com.example.com', {}],
    ['dwbillcenter-alipay.com', {}],
    ['evil-dwbillcenter.alipay.com', {}],
    ['dwbillcenter.alipay.com.', {}],
    ['dwbillcenter.alipay.com:8080', {}],
    ['dwbillcenter.alipay.com:443', {}], // http on the port of https
    ['dwbillcenter.аlipay.com', {}], // a Cyrillic а
    ['alipay.com', {}],
    ['bill.example.com', {}],
    ['127.0.0.1', {}],
    ['169.254.169.254', {}],
    ['dwbillcenter.alipaydev.com', {}], // the sandbox's, in production
    ['alipaydev.com', SANDBOX],
    ['evilalipaydev.com', SANDBOX],
    ['dwbillcenter.alipaydev.com.example.com', SANDBOX],
    ['dwbillcenter.alipaydev.com@example.com', SANDBOX],
  ])('never leads to %s', async (host, env) => {
    for (const scheme of host.endsWith(':443') ? ['http'] : ['http', 'https']) {
      const { provider, fetched } = billWorld(() => detail([line({})]), {
        env,
        node: { bill_download_url: `${scheme}://${host}${QUERY}` },
      });
      expect(await billOrWhy(provider)).toBe('unknown bill-address');
      expect(fetched).toEqual([]);
    }
  });

  it.each([
    'http://127.0.0.1:8080/file',
    'ftp://dwbillcenter.alipay.com/file',
    'file:///etc/passwd',
    'https://user:secret@dwbillcenter.alipay.com/file',
    'https://dwbillcenter.alipay.com/a b',
    'javascript:alert(1)',
    '//dwbillcenter.alipay.com/file',
    '',
  ])('is not %j', async (address) => {
    const { provider, fetched } = billWorld(() => '', { node: { bill_download_url: address } });
    expect(await billOrWhy(provider)).toBe('unknown bill-address');
    expect(fetched).toEqual([]);
  });

  it('is plain http only between two programs of this machine', async () => {
    const env = { AP_GATEWAY: 'http://127.0.0.1:4000/gateway.do' };
    const to = (address: string) =>
      billOrWhy(billWorld(() => detail([]), { env, node: { bill_download_url: address } }).provider);
    expect(await to('http://127.0.0.1:4000/bill')).toMatchObject({ lines: [] });
    expect(await to('http://10.0.0.1:4000/bill')).toBe('unknown bill-address');
    expect(await to('http://127.0.0.1.example.com/bill')).toBe('unknown bill-address');
  });

  it('is signed by Alipay', async () => {
    const node = { code: '10000', bill_download_url: ADDRESS };
    const { provider, gateway, fetched } = billWorld(() => '');
    gateway.answer(forged(METHOD, node));
    expect(await billOrWhy(provider)).toBe('unknown bad-signature');
    gateway.answer(unsigned(METHOD, node));
    expect(await billOrWhy(provider)).toBe('unknown unsigned-success');
    expect(fetched).toEqual([]);
  });

  it.each([301, 302, 307, 204, 404, 500])('ends at status %i', async (status) => {
    const headers = { location: 'https://elsewhere.example.com/' };
    const { provider, fetched } = billWorld(() => ({ status, headers, body: zipped(detail([line({})])) }));
    expect(await billOrWhy(provider)).toBe(`unknown bill-http-${status}`);
    expect(fetched).toHaveLength(1);
  });

  it('leads to the bill of this day and this seller', async () => {
    expect(await bill(detail([], { day: '2026年11月19日' }))).toBe('unknown bill-of-another-day');
    expect(await bill(detail([line({ 完成时间: '2026-11-18 23:59:59' })]))).toBe(
      'unknown bill-of-another-day',
    );
    expect(await bill(detail([line({ 完成时间: '2026-11-21 00:00:01' })]))).toMatchObject({ lines: [{}] });
    const of = (sellerId: string) =>
      billOrWhy(billWorld(() => detail([]), { env: { AP_SELLER_ID: sellerId } }).provider);
    expect(await of('2088123456789012')).toMatchObject({ lines: [] });
    expect(await of('2088999999999999')).toBe('unknown bill-of-another-seller');
  });

  it.each<[string, Buffer, string]>([
    ['an error page', Buffer.from('下载超时，请重新下载'), 'bill-zip-not-a-zip'],
    ['half an archive', zipped(detail([line({})])).subarray(0, 200), 'bill-zip-not-a-zip'],
    ['a wrong checksum', archive([{ name: 'a', data: gbk(detail([])), crc: 7 }]), 'bill-zip-crc'],
    ['a bomb', archive([{ name: 'a', data: Buffer.alloc(1), size: 0xfffffff0 }]), 'bill-zip-too-large'],
    [
      'only the summary',
      archive([{ name: 'a', data: gbk('门店编号,门店名称\r\n') }]),
      'bill-column-missing 支付宝交易号',
    ],
    ['nothing', archive([]), 'bill-column-missing 支付宝交易号'],
  ])('does not end in %s', async (_what, file, why) => {
    expect(await bill(file)).toBe(`unknown ${why}`);
  });
});
