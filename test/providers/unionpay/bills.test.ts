import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { OutcomeUnknown } from '../../../src/providers/contract.ts';
import { zip } from '../../../src/simulator/archive.ts';
import { echo, MER_ID, QUERY_ID, sealed, world } from './merchant.ts';

const WIDTHS = [
  ...[3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1],
  ...[15, 32, 13, 13, 8, 32, 13, 13, 12, 2, 1, 32, 98],
];
const line = (cells: Readonly<Record<number, string>>) =>
  WIDTHS.map((width, at) => (cells[at + 1] ?? '').padEnd(width)).join(' ');
const payment = (time: string, more = {}) =>
  line({
    5: time,
    7: '000000001990',
    10: QUERY_ID,
    12: 'ord20261128001',
    16: 'D000000000012',
    20: '01',
    28: MER_ID,
    ...more,
  });
const back = (time: string) =>
  line({
    5: time,
    7: '000000000300',
    10: '202611281900001234567',
    12: 'ref20261128001',
    16: 'C000000000002',
    20: '04',
    27: QUERY_ID,
    28: MER_ID,
    41: 'ord20261128001',
  });
const packed = (text: string, name = `INN26112888ZM_${MER_ID}`) =>
  deflateSync(zip([{ name: Buffer.from(name), data: Buffer.from(text, 'latin1') }])).toString('base64');

/** @param files by the day that they are of, MMDD */
async function bill(files: Readonly<Record<string, string>>, date = '2026-11-28') {
  const { provider, requests } = world((asked) => {
    const fileContent = files[asked.get('settleDate') ?? ''];
    const said = fileContent === undefined ? { respCode: '98' } : { respCode: '00', fileContent };
    return sealed({ ...echo(asked), ...said });
  });
  const told = await provider.downloadBill(date).catch((error: unknown) => {
    if (error instanceof OutcomeUnknown) return error.detail;
    throw error;
  });
  return { told, requests };
}

describe('a bill', () => {
  it('has what was paid and what went back on that day, out of the two files in which it stands', async () => {
    const first = `${payment('1128180000')}\r\n${payment('1127233000', { 12: 'ord20261127001' })}\r\n`;
    const second = `${back('1128233000')}\r\n${payment('1129080000', { 12: 'ord20261129001' })}\r\n`;
    const { told, requests } = await bill({ 1128: packed(first), 1129: packed(second) });
    expect(told).toEqual({
      date: '2026-11-28',
      lines: [
        {
          ...{ kind: 'payment', outTradeNo: 'ord20261128001', gatewayTradeNo: QUERY_ID, state: 'PAID' },
          ...{ amountFen: 1990, feeFen: 12, gatewayState: '01' },
          ...{ at: Date.parse('2026-11-28T10:00:00Z'), sentAt: Date.parse('2026-11-28T10:00:00Z') },
        },
        {
          ...{ kind: 'refund', outTradeNo: 'ord20261128001', outRefundNo: 'ref20261128001' },
          ...{ gatewayTradeNo: QUERY_ID, state: 'SUCCESS', amountFen: 300, feeFen: -2, gatewayState: '04' },
          ...{ at: Date.parse('2026-11-28T15:30:00Z'), sentAt: Date.parse('2026-11-28T15:30:00Z') },
        },
      ],
    });
    expect(requests.map(({ url }) => url)).toEqual(Array(2).fill('https://filedownload.95516.com/'));
  });

  it('has no lines where there is no file, and none of files or transactions of other kinds', async () => {
    expect((await bill({})).told).toEqual({ date: '2026-11-28', lines: [] });
    const other = packed(payment('1128180000'), `INN26112888ZME_${MER_ID}`);
    expect((await bill({ 1128: other })).told).toMatchObject({ lines: [] });
    expect((await bill({ 1128: packed(payment('1128180000', { 20: '02' })) })).told).toMatchObject({
      lines: [],
    });
  });

  it('reads the year of a time that has none', async () => {
    const { told } = await bill({ 1231: packed(payment('1231120000')) }, '2026-12-31');
    expect(told).toMatchObject({ lines: [{ at: Date.parse('2026-12-31T04:00:00Z') }] });
  });

  it.each([
    [
      'a line of another merchant',
      packed(payment('1128180000', { 28: '777290058110097' })),
      'bill-line-unreadable',
    ],
    ['a line that is cut', packed(payment('1128180000').slice(0, 300)), 'bill-line-unreadable'],
    ['a shifted line', packed(`x${payment('1128180000')}`), 'bill-line-unreadable'],
    ['a sum that is none', packed(payment('1128180000', { 7: '0000000019.9' })), 'bill-line-unreadable'],
    ['a time that is none', packed(payment('1328180000')), 'bill-line-unreadable'],
    ['half of an archive', packed(payment('1128180000')).slice(0, 200), 'bill-unreadable'],
    ['no archive', deflateSync(Buffer.from('x')).toString('base64'), /^bill-zip-/],
    ['what is not packed', 'not base64 at all!', 'bill-unreadable'],
    [
      'more than anybody can hold',
      deflateSync(Buffer.alloc(65 * 1024 * 1024)).toString('base64'),
      'bill-unreadable',
    ],
  ])('is not believed with %s', async (_, content, why) => {
    expect((await bill({ 1128: content })).told).toEqual(
      typeof why === 'string' ? why : expect.stringMatching(why),
    );
  });
});
