import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readZip, ZipError } from '../../src/providers/zip.ts';
import { archive, type File } from './alipay/archive.ts';

const MEGABYTE = 1_048_576;
const file = (change: Partial<File> = {}): File => ({
  name: 'a.csv',
  data: Buffer.from('hello, bill'),
  ...change,
});
const read = (bytes: Buffer, limit = MEGABYTE) => readZip(bytes, limit).map(({ data }) => data.toString());
const refusal = (bytes: Buffer, limit = MEGABYTE): string => {
  try {
    readZip(bytes, limit);
  } catch (error) {
    if (error instanceof ZipError) return error.message;
    throw error;
  }
  return 'read';
};

describe('an archive', () => {
  it('gives its files in the order of its directory, stored or deflated', () => {
    const second = file({ name: 'b.csv', data: Buffer.from('second'), stored: true });
    expect(read(archive([file(), second, file({ name: 'empty', data: Buffer.alloc(0) })]))).toEqual([
      'hello, bill',
      'second',
      '',
    ]);
    expect(read(archive([]))).toEqual([]);
  });

  it('means nothing by its paths: they are bytes, and nothing is written', () => {
    const [entry] = readZip(archive([file({ name: '../../etc/passwd' })]), MEGABYTE);
    expect(entry?.name.toString()).toBe('../../etc/passwd');
  });

  it.each<[string, Buffer, string]>([
    ['something else', Buffer.from('<html>下载超时</html>'), 'not-a-zip'],
    ['nothing', Buffer.alloc(0), 'not-a-zip'],
    ['a wrong checksum', archive([file({ crc: 1 })]), 'crc'],
    ['a size too small', archive([file({ size: 5 })]), 'deflate'],
    ['a size too large', archive([file({ size: 50 })]), 'size'],
    ['a stored size that is not', archive([file({ stored: true, size: 5 })]), 'size'],
    ['garbage instead of deflate', archive([file({ packed: Buffer.from([0xff, 0xff, 0xff]) })]), 'deflate'],
    ['encryption', archive([file({ flags: 1 })]), 'encrypted'],
    ['another method', archive([file({ method: 12 })]), 'method'],
    ['two names for a file', archive([file({ localName: 'b.csv' })]), 'header'],
    ['a file that is not there', archive([file({ offset: 9 })]), 'header'],
    ['a file in the directory', archive([file({ offset: 0xffff })]), 'header'],
    ['two files in the same bytes', archive([file(), file({ offset: 0 })]), 'overlap'],
    ['bytes behind it', archive([file()], { tail: 'x' }), 'not-a-zip'],
    ['bytes before it', Buffer.concat([Buffer.from('x'), archive([file()])]), 'directory'],
    ['files left out of its count', archive([file(), file({ name: 'b' })], { count: 1 }), 'directory'],
    ['more files than it has', archive([file()], { count: 2 }), 'directory'],
    [
      'a thousand files',
      archive(Array.from({ length: 1000 }, (_, i) => file({ name: `f${i}` }))),
      'directory',
    ],
  ])('with %s is refused', (_what, bytes, why) => {
    expect(refusal(bytes)).toBe(why);
  });

  it('bombs nobody: not with one file, not with many, not with a lie about its size', () => {
    const zeros = Buffer.alloc(20 * MEGABYTE);
    expect(refusal(archive([file({ data: zeros })]))).toBe('too-large');
    const halves = [1, 2, 3].map((i) => file({ name: `f${i}`, data: Buffer.alloc(MEGABYTE / 2) }));
    expect(refusal(archive(halves))).toBe('too-large');
    const packed = deflateRawSync(zeros);
    expect(refusal(archive([file({ packed })]))).toBe('deflate');
  });

  it('is whole or refused, wherever it is cut or bent', () => {
    const whole = archive([file({ data: Buffer.from('支付宝交易号,商户订单号\r\n'.repeat(20)) }), file()]);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), (length) => {
        expect(refusal(whole.subarray(0, length))).not.toBe('read');
      }),
    );
    const truth = read(whole);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bent = Buffer.from(whole);
        bent.writeUInt8((bent[at] ?? 0) ^ change, at);
        // Some bytes (times, versions) say nothing about the content; all others must be noticed.
        if (refusal(bent) === 'read') expect(read(bent)).toEqual(truth);
      }),
      { numRuns: 500 },
    );
  });
});
