import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pathKey, targetOf } from '../../src/gate/path.ts';
import { patternOf } from '../../src/gate/pattern.ts';
import { isAt, isUnder } from '../../src/gate/prices.ts';

/** A request for a path that is no ambiguous one. */
function at(path: string) {
  const target = targetOf(path);
  if ('ambiguous' in target) throw new Error(path);
  return target;
}

describe('the target of a request', () => {
  it.each([
    ['/', '/', ''],
    ['/paid/weather', '/paid/weather', ''],
    ['/paid/weather?city=%E4%B8%8A&x[]=1', '/paid/weather', '?city=%E4%B8%8A&x[]=1'],
    ['/a?', '/a', '?'],
    ['/a?b=//../%2e', '/a', '?b=//../%2e'],
    ['/.well-known/x', '/.well-known/x', ''],
    ['/a/b/', '/a/b/', ''],
    ['/%E5%A4%A9%E6%B0%94', '/%E5%A4%A9%E6%B0%94', ''],
    ['/a%20b', '/a%20b', ''],
  ])('%s is passed on as it is', (written, path, query) => {
    expect(targetOf(written)).toMatchObject({ path, query });
  });

  it.each([
    ...[
      'http://127.0.0.1/paid',
      '*',
      '',
      'paid',
      '//paid',
      '/a//b',
      '/a//',
      '/./a',
      '/a/.',
      '/a/..',
      '/a/../b',
      '/..',
    ],
    ...[
      '/a/...',
      '/a/..;/b',
      '/;/a',
      '/a/;x',
      '/%70aid',
      '/pai%64',
      '/a%2fb',
      '/a%2Fb',
      '/a%5cb',
      '/a\\b',
      '/%2e%2e/a',
    ],
    ...[
      '/a%00',
      '/a%0d%0ab',
      '/a%7f',
      '/a%25%32%66',
      '/a%252fb',
      '/a%2',
      '/a%',
      '/a%zz',
      '/a b',
      '/a\u0000',
      '/a#b',
    ],
    ...[
      '/a?b#c',
      '/a"b',
      '/a<b>',
      '/[a]',
      '/a|b',
      '/%ff',
      '/%E5%A4',
      '/天气',
      `/${'a'.repeat(9_000)}`,
      '/a%2d',
      '/~%61',
      '/a%5F',
    ],
  ])('%j is two things to two servers, and refused', (written) => {
    expect(targetOf(written)).toHaveProperty('ambiguous');
  });
});

describe('a price', () => {
  it('is that of every way of writing its path', () => {
    const pattern = patternOf('GET /paid/weather');
    if ('problem' in pattern) throw new Error('no pattern');
    const written = [
      ...[
        '/paid/weather',
        '/paid/weather/',
        '/PAID/Weather',
        '/paid;v=1/weather',
        '/paid/weather;jsessionid=1',
      ],
      ...[
        '/paid/weather.',
        '/paid/weather%20',
        '/paid/weather/;x'.slice(0, -3),
        '/Paid./weather',
        '/%EF%BD%90aid/weather',
      ],
    ];
    for (const path of written) {
      const key = pathKey(path);
      expect([path, typeof key === 'string' && isAt(pattern, { key, inside: false })]).toEqual([path, true]);
    }
    for (const path of ['/paid', '/paid/weather/x', '/paid/weathers', '/x/paid/weather', '/paid-weather']) {
      expect(isAt(pattern, at(path))).toBe(false);
    }
  });

  it('with a star is that of whatever is beneath', () => {
    const pattern = patternOf('POST /v1/poster/*');
    if ('problem' in pattern) throw new Error('no pattern');
    for (const path of ['/v1/poster/a', '/v1/poster/a/b', '/V1/Poster/A/', '/v1/poster/'])
      expect(isAt(pattern, at(path))).toBe(true);
    for (const path of ['/v1/poster', '/v1/posters/a', '/v1/posters/', '/v1'])
      expect(isAt(pattern, at(path))).toBe(false);
    const all = patternOf('GET /*');
    if ('problem' in all) throw new Error('no pattern');
    expect([isAt(all, at('/a')), isAt(all, at('/'))]).toEqual([true, true]);
    expect([isUnder('/a', '/'), isUnder('/ab', '/a')]).toEqual([true, false]);
  });

  it('is not led around by any encoding that is let through', () => {
    // Every character written as it is, in the other case, or encoded: what is taken at all is taken for the same.
    const plain = '/paid/weather,now';
    const ways = fc
      .array(fc.nat(2), { minLength: plain.length, maxLength: plain.length })
      .map((how) =>
        [...plain]
          .map((c, i) => [c, c.toUpperCase(), `%${c.charCodeAt(0).toString(16)}`][how[i] ?? 0])
          .join(''),
      );
    fc.assert(
      fc.property(ways, (path) => {
        const key = pathKey(path);
        return typeof key !== 'string' || key === plain;
      }),
      { numRuns: 2_000 },
    );
  });
});
