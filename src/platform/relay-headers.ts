/** Names and values in turn, as `rawHeaders` of Node has them. */
export type RawHeaders = readonly string[];

/** What holds for one connection only. `Trailer` goes on, because trailers do. */
const HOP_BY_HOP = [
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authorization', 'proxy-authenticate'],
  ...['te', 'transfer-encoding', 'upgrade', 'http2-settings'],
];
const NEVER_PASSED: ReadonlySet<string> = new Set(HOP_BY_HOP);

/** A name as programs behind CGI and WSGI read it, to whom `_` and `-` are one. */
export function headerKey(name: string): string {
  const lower = name.toLowerCase();
  return lower.includes('_') ? lower.replaceAll('_', '-') : lower;
}

/**
 * What of these headers goes on to the other side: in their order and spelling, without what concerns this connection
 * only, and without what is `withheld` (by {@link headerKey}).
 */
export function passedHeaders(raw: RawHeaders, withheld: (key: string) => boolean): string[] {
  const named = namedByConnection(raw);
  const passed: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const [name = '', value = ''] = [raw[i], raw[i + 1]];
    const key = headerKey(name);
    if (NEVER_PASSED.has(key) || named?.has(key) || withheld(key)) continue;
    passed.push(name, value);
  }
  return passed;
}

/** What `Connection` names besides holds for this connection only; it cannot take away what frames or addresses a message. */
function namedByConnection(raw: RawHeaders): ReadonlySet<string> | undefined {
  let named: Set<string> | undefined;
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]?.toLowerCase() !== 'connection') continue;
    for (const word of (raw[i + 1] ?? '').split(',')) {
      const key = headerKey(word.trim());
      if (KEPT.has(key)) continue;
      named ??= new Set();
      named.add(key);
    }
  }
  return named;
}

const KEPT: ReadonlySet<string> = new Set([
  ...['', 'close', 'host', 'content-length', 'content-type', 'content-encoding', 'authorization', 'cookie'],
  ...['cache-control', 'set-cookie', 'location', 'date', 'trailer', 'expect', 'range'],
  ...['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'],
]);

/** Pairs, for those who take them so. */
export function pairsOf(raw: RawHeaders): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i < raw.length; i += 2) pairs.push([raw[i] ?? '', raw[i + 1] ?? '']);
  return pairs;
}
