import type { Dice } from '../support/dice.ts';

/** Texts at which readers of all kinds have stumbled. */
export const HARD_TEXTS: readonly string[] = [
  '',
  ' ',
  '\0',
  '\u0000a',
  '0',
  '-0',
  '-1',
  '1e400',
  '1e-7',
  '0x10',
  '00.01',
  '0.010',
  '.5',
  '1.',
  '99999999999999999999',
  '9007199254740993',
  '100000000.01',
  'NaN',
  'null',
  'true',
  '__proto__',
  'constructor',
  'toString',
  '../../../etc/passwd',
  '%00',
  '%E0%A4%A',
  '%u0041',
  '\u202e\u2066abc\u2069',
  '\ud800',
  '\udfff\ud800',
  '\ufeff',
  '\u2028',
  'Ａ１',
  '１２.００',
  '中文',
  '👩‍👩‍👧‍👦',
  'a\r\nb: c',
  "' OR 1=1 --",
  '<script>alert(1)</script>',
  '{{7*7}}',
  '[1](javascript:x)',
  '\u001b[2J',
  'a'.repeat(65),
  '中'.repeat(43),
  'x'.repeat(4096),
];

/** What is repeated until it is long: each has been a way to make some reader slow. */
const PUMPED: readonly string[] = [
  ...[
    '[',
    '{"a":',
    '[[',
    '"',
    '\\',
    '\\"',
    '"\\',
    '{',
    '}',
    ',',
    ':',
    ' ',
    '\t',
    '\n',
    '\r',
    '%',
    '%2',
    '&',
    '=',
    'a&',
  ],
  ...[
    'a=',
    '&a=1',
    '9',
    '0',
    '-',
    '/',
    '.',
    '_',
    '+',
    '*',
    '#',
    '`',
    ',`',
    ';',
    '(',
    '<',
    '<a ',
    '\0',
    '\u202e',
    '中',
  ],
  ...[
    '-----BEGIN CERTIFICATE-----',
    '-----BEGIN RSA PRIVATE KEY-----',
    '- ',
    '\\n',
    '"a"',
    '"a":',
    '1e',
    '&amp;',
  ],
  ...['Bearer ', 'a.', '..', 'A', 'AA==', '\u200b', ' a', 'x,', '\ufeff', '\u00e9', 'ﬁ'],
];

const HARD_NUMBERS: readonly string[] = [
  ...[
    '0',
    '-0',
    '-1',
    '1',
    '1.5',
    '1e400',
    '-1e400',
    '1e-400',
    '9007199254740993',
    '1e21',
    '99999999999999999999999',
  ],
  ...['0.1', '1E2', '2147483648', '-2147483649', '4294967296', '10000000001'],
];

/** Text that is written as it is, where a value belongs. */
class Literal {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}
/** An object in whatever order, and with whatever keys twice. */
class Members {
  readonly entries: [string, Node][];
  constructor(entries: [string, Node][]) {
    this.entries = entries;
  }
}
type Node = string | number | boolean | null | Literal | Members | Node[];

function nodeOf(value: unknown): Node {
  if (Array.isArray(value)) return value.map(nodeOf);
  if (typeof value === 'object' && value !== null)
    return new Members(Object.entries(value).map(([key, member]) => [key, nodeOf(member)]));
  return value as Node;
}

function written(node: Node, random: Dice): string {
  if (node instanceof Literal) return node.text;
  if (Array.isArray(node)) return `[${node.map((one) => written(one, random)).join(',')}]`;
  if (node instanceof Members) {
    return `{${node.entries.map(([key, value]) => `${quoted(key, random)}:${written(value, random)}`).join(',')}}`;
  }
  return typeof node === 'string' ? quoted(node, random) : JSON.stringify(node);
}

/** Now and then in other words that mean the same. */
function quoted(text: string, random: Dice): string {
  const plain = JSON.stringify(text);
  if (!random.chance(0.02)) return plain;
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `"${[...plain.slice(1, -1)].map((c) => (/[\w/]/.test(c) && random.chance(0.5) ? escaped(c) : c)).join('')}"`;
}

function nested(random: Dice): Node {
  const depth = random.pick([3, 40, 600, 6_000]);
  const [open, close] = random.pick([
    ['[', ']'],
    ['{"a":', '}'],
    ['[{"a":', '}]'],
  ]);
  return new Literal(`${open.repeat(depth)}1${close.repeat(depth)}`);
}

function hardNode(random: Dice): Node {
  return random.pick<() => Node>([
    () => random.pick(HARD_TEXTS),
    () => random.pick(HARD_TEXTS),
    () => new Literal(random.pick(HARD_NUMBERS)),
    () => new Literal(random.pick(HARD_NUMBERS)),
    () => null,
    () => random.chance(0.5),
    () => [],
    () => new Members([]),
    () => [random.pick(HARD_TEXTS)],
    () => new Members([['__proto__', new Members([['state', 'PAID']])]]),
    () => nested(random),
  ])();
}

/** Every list and object of a value, itself included. */
function places(node: Node, found: (Members | Node[])[] = []): (Members | Node[])[] {
  if (node instanceof Members) {
    found.push(node);
    for (const [, member] of node.entries) places(member, found);
  } else if (Array.isArray(node)) {
    found.push(node);
    for (const member of node) places(member, found);
  }
  return found;
}

/**
 * JSON in which something has been changed by its structure: values, keys, keys that stand twice, huge numbers, depth.
 * @param more further texts that may stand in the place of another
 */
export function mutatedJson(value: unknown, random: Dice, more: readonly string[] = []): string {
  const root = nodeOf(value);
  for (let left = 1 + random.below(3); left > 0; left -= 1) {
    const all = places(root);
    if (all.length === 0) break;
    const place = random.pick(all);
    if (Array.isArray(place)) {
      const at = random.below(place.length + 1);
      random.pick([
        () => void place.splice(at, 1),
        () => void place.splice(at, 0, hardNode(random)),
        () => void place.splice(at, 0, ...place.slice(0, 2)),
        () => void place.reverse(),
      ])();
      continue;
    }
    const { entries } = place;
    const at = random.below(Math.max(1, entries.length));
    const entry = entries[at];
    const other = entries[random.below(Math.max(1, entries.length))];
    if (!entry || !other) {
      entries.push([random.pick(HARD_TEXTS), hardNode(random)]);
      continue;
    }
    random.pick([
      () => void entries.splice(at, 1),
      () => void entries.splice(at, 1, [entry[0], hardNode(random)]),
      () => void entries.splice(at, 1, [entry[0], hardNode(random)]),
      () => void entries.splice(at, 1, [entry[0], more.length > 0 ? random.pick(more) : other[1]]),
      () =>
        void entries.splice(at, 1, [
          entry[0],
          typeof entry[1] === 'string' ? mutatedText(entry[1], random) : null,
        ]),
      () => void entries.push([entry[0], hardNode(random)]),
      () => void entries.unshift([entry[0], hardNode(random)]),
      () => void entries.push([...entry]),
      () =>
        void entries.splice(at, 1, [
          random.pick([entry[0].toUpperCase(), `${entry[0]} `, random.pick(HARD_TEXTS)]),
          entry[1],
        ]),
      () => void entries.splice(at, 1, [entry[0], [entry[1]]]),
      () =>
        void entries.splice(at, 1, [entry[0], typeof entry[1] === 'number' ? String(entry[1]) : other[1]]),
      () => void entries.splice(at, 1, [other[0], entry[1]]),
      () => void entries.push([random.pick(HARD_TEXTS), hardNode(random)]),
    ])();
  }
  return written(root, random);
}

/** A text with a little of it changed. */
export function mutatedText(text: string, random: Dice): string {
  const at = random.below(text.length + 1);
  return random.pick([
    () => random.pick(HARD_TEXTS),
    () => text.slice(0, at),
    () => text.slice(at),
    () => text.slice(0, at) + random.pick(HARD_TEXTS) + text.slice(at),
    () => text.slice(0, at) + String.fromCharCode(random.below(0x10000)) + text.slice(at + 1),
    () => text + text,
    () => text.toUpperCase(),
    () => text.replace(/\d/, (digit) => String((Number(digit) + 1) % 10)),
    () => ` ${text} `,
    () => [...text].reverse().join(''),
  ])();
}

/** Bytes with a little of them changed: bits, bytes, ends, pieces of another sample, or something long put in. */
export function mutatedBytes(bytes: Buffer, random: Dice, { most = 65_536, other = bytes } = {}): Buffer {
  let now: Buffer = Buffer.from(bytes);
  for (let left = 1 + random.below(4); left > 0; left -= 1) {
    const at = random.below(now.length + 1);
    const size = random.below(Math.min(32, now.length - at + 1));
    const between = (middle: Buffer, until = at) =>
      Buffer.concat([now.subarray(0, at), middle, now.subarray(until)]);
    now = random.pick<() => Buffer>([
      () => flipped(now, random),
      () => flipped(now, random),
      () => between(random.bytes(1), Math.min(at + 1, now.length)),
      () => between(random.bytes(size)),
      () => between(Buffer.alloc(0), at + size),
      () => between(now.subarray(at, at + size)),
      () => now.subarray(0, at),
      () => now.subarray(at),
      () => between(Buffer.from(random.pick(HARD_TEXTS))),
      () =>
        Buffer.concat([
          now.subarray(0, at),
          other.subarray(Math.min(other.length, random.below(other.length + 1))),
        ]),
      () =>
        between(
          Buffer.of(random.pick([0, 0x22, 0x26, 0x2c, 0x3d, 0x5c, 0x7b, 0x7f, 0x80, 0xc0, 0xed, 0xfe, 0xff])),
        ),
    ])();
  }
  return random.chance(0.03) ? pumped(now, random, most) : now;
}

function flipped(bytes: Buffer, random: Dice): Buffer {
  const now = Buffer.from(bytes);
  for (let left = 1 + random.below(8); left > 0 && now.length > 0; left -= 1) {
    const at = random.below(now.length);
    now[at] = (now[at] ?? 0) ^ (1 << random.below(8));
  }
  return now;
}

/** With something short repeated somewhere until the whole has some size up to `most` (bytes). */
export function pumped(bytes: Buffer, random: Dice, most: number): Buffer {
  const token = Buffer.from(random.pick(PUMPED));
  const room = Math.max(0, most - bytes.length);
  const count = Math.floor((room * random.pick([0.02, 0.3, 1])) / token.length);
  const at = random.chance(0.3) ? 0 : random.below(bytes.length + 1);
  return Buffer.concat([
    bytes.subarray(0, at),
    Buffer.alloc(count * token.length, token),
    bytes.subarray(at),
  ]);
}

export type Pairs = readonly (readonly [string, string])[];

/** Named values with some of them changed, moved, dropped, doubled, or run together. */
export function mutatedPairs(pairs: Pairs, random: Dice, more: readonly string[] = []): Pairs {
  const now = pairs.map((pair) => [...pair] as [string, string]);
  for (let left = 1 + random.below(3); left > 0; left -= 1) {
    const at = random.below(Math.max(1, now.length));
    const other = now[random.below(Math.max(1, now.length))];
    const pair = now[at];
    if (!pair || !other) break;
    const [name, value] = pair;
    random.pick([
      () => void now.splice(at, 1),
      () => void (random.chance(0.2) && now.push([name, random.pick([value, ...HARD_TEXTS])])),
      () => void now.push([random.pick(HARD_TEXTS), value]),
      () => void now.splice(at, 1, [name, random.pick(HARD_TEXTS)]),
      () => void now.splice(at, 1, [name, mutatedText(value, random)]),
      () => void now.splice(at, 1, [name, mutatedText(value, random)]),
      () => void now.splice(at, 1, [name, more.length > 0 ? random.pick(more) : other[1]]),
      () => void now.splice(at, 1, [name, other[1]]),
      () =>
        void now.splice(at, 1, [
          random.pick([name.toUpperCase(), ` ${name}`, random.pick(HARD_TEXTS)]),
          value,
        ]),
      // One that swallows the next: the text that is signed stays the same.
      () => void now.splice(at, 2, [name, `${value}&${now[at + 1]?.join('=') ?? ''}`]),
      () => void now.splice(at, 1, [name, ''], [random.pick(HARD_TEXTS), value]),
      () => void now.reverse(),
    ])();
  }
  return now;
}

/** With half characters replaced, as they are when they become bytes. */
export const wellFormed = (text: string): string => Buffer.from(text).toString();

/** Named values as a form, in one of the spellings that readers take or should not take. */
export function formOf(pairs: Pairs, random: Dice): string {
  const style = random.chance(0.7) ? 0 : random.below(12);
  const encode = (text: string): string => {
    const usual = encodeURIComponent(wellFormed(text));
    if (style < 6) return usual.replaceAll('%20', '+');
    if (style === 6) return usual.replace(/%../g, (encoded) => encoded.toLowerCase());
    if (style === 7)
      return [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
    if (style === 8) return encodeURIComponent(usual);
    if (style === 9) return text.replace(/[&=+%]/g, encodeURIComponent);
    if (style === 10) return usual.replace(/%E4/g, '%u4e');
    return usual;
  };
  return pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join(style === 11 ? '&&' : '&');
}

/** Headers with some dropped, doubled, renamed in another case, or changed. Names are in lower case before. */
export function mutatedHeaders(headers: Readonly<Record<string, string>>, random: Dice): Pairs {
  const now = Object.entries(headers).map((pair) => [...pair] as [string, string]);
  if (random.chance(0.5)) return now;
  const at = random.below(Math.max(1, now.length));
  const pair = now[at];
  if (!pair) return now;
  const [name, value] = pair;
  random.pick([
    () => void now.splice(at, 1),
    () => void now.push([name, value]),
    () => void now.push([name, 'x']),
    () => void now.splice(at, 1, [name.toUpperCase(), value]),
    () => void now.splice(at, 1, [name, `${value} `]),
    () => void now.splice(at, 1, [name, '']),
    () => void now.splice(at, 1, [name, mutatedText(value, random)]),
    () => void now.splice(at, 1, [name, value.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))]),
    () =>
      void now.push([
        'content-type',
        random.pick([
          'text/plain; charset=gbk',
          'application/json;charset=utf-7',
          'multipart/form-data; boundary=x',
        ]),
      ]),
    () => void now.push(['content-encoding', random.pick(['gzip', 'br', 'identity, gzip'])]),
    () => void now.push(['content-length', random.pick(['0', '-1', '999999999', '1, 2', 'x'])]),
    () => void now.push(['transfer-encoding', 'chunked']),
    () => void now.push(['x-forwarded-for', random.pick(HARD_TEXTS)]),
  ])();
  // What no HTTP reader lets through does not arrive as a header.
  return now.map(([key, text]) => [key, text.replace(/[^\t\x20-\x7e\x80-\xff]/g, '')]);
}
