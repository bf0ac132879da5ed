/**
 * Most details of the trail say the same but for a number, a digest or the gateway's own name of a trade. What they
 * have in common, their shape, stands once in the ledger (in `words`, behind the tool's name), and a record has only
 * what fills its gaps. The chain is over the whole texts, so that nothing can be hidden in a shape.
 */

/** What stands in a shape in the place of a value: characters that no JSON text has. */
const GAP = { digest: '\u0001', number: '\u0002', text: '\u0003', at: '\u0004', caller: '\u0005' } as const;
const GAPS = /[\u0001-\u0005]/;
/** The shape of what has none: the whole text. */
export const SHAPELESS = '\u0006';
/** A value of JSON, or the name of one. */
const VALUES = /"([^"\\]*(?:\\.[^"\\]*)*)"(\s*:)?|-?\d[\d.eE+-]*/g;
/** Words of our own, of gateways and of programs; all else of a text may be different every time. */
const IS_WORD = /^[A-Za-z][A-Za-z_.-]{0,39}$/;
const IS_DIGEST = /^[0-9a-f]{24}$/;
const IS_NUMBER = /^(?:0|[1-9]\d{0,14})$/;
const DIGEST_BYTES = 12;
/** Characters; a longer one is hardly ever met again. */
const LONGEST = 400;

/** What of a record is not in its detail and often said there again. */
interface Told {
  readonly at: number;
  readonly caller: string;
}

/** A detail as it is stored: its shape, and in hex what fills it. */
export interface Shaped {
  readonly shape: string;
  readonly hex: string;
}

export function shapeless(detailJson: string): Shaped {
  return { shape: SHAPELESS, hex: Buffer.from(detailJson).toString('hex') };
}

/** @param detailJson as JSON.stringify writes it */
export function shaped(detailJson: string, told: Told): Shaped {
  let hex = '';
  const shape = detailJson.replace(VALUES, (value: string, text?: string, isName?: string) => {
    if (isName !== undefined) return value;
    if (text === undefined) {
      if (!IS_NUMBER.test(value)) return value;
      if (value === String(told.at)) return GAP.at;
      hex += numberHex(Number(value));
      return GAP.number;
    }
    if (text === told.caller) return GAP.caller;
    if (IS_WORD.test(text)) return value;
    if (IS_DIGEST.test(text)) {
      hex += text;
      return GAP.digest;
    }
    const bytes = Buffer.from(text);
    hex += numberHex(bytes.length) + bytes.toString('hex');
    return GAP.text;
  });
  return shape.length > LONGEST ? shapeless(detailJson) : { shape, hex };
}

/** Seven bits a byte, the lowest first; the last byte is below 128. */
function numberHex(value: number): string {
  let hex = '';
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    const byte = rest < 128 ? rest : 128 + (rest % 128);
    hex += (byte < 16 ? '0' : '') + byte.toString(16);
    if (rest < 128) return hex;
  }
}

/** What is in the gaps of a detail, as it stands in JSON. */
type Values = readonly string[];
type Members = ReadonlyMap<string, { readonly gap?: number; readonly is?: unknown }>;

/** Reads details of one shape back from the bytes that fill it. */
export class Shape {
  readonly tool: string | undefined;
  readonly toolJson: string;
  readonly #parts: readonly string[];
  /** The same inside a text of JSON. */
  readonly #quoted: readonly string[];
  readonly #gaps: readonly string[];
  readonly #isShapeless: boolean;
  #members: Members | null | undefined;

  /** @param word as it stands in `words` */
  constructor(word: string) {
    const end = word.indexOf('\n');
    this.tool = end > 0 ? word.slice(0, end) : undefined;
    this.toolJson = JSON.stringify(this.tool ?? null);
    const shape = word.slice(end + 1);
    this.#isShapeless = shape === SHAPELESS;
    this.#gaps = this.#isShapeless ? [SHAPELESS] : [...shape].filter((character) => GAPS.test(character));
    this.#parts = this.#isShapeless ? ['', ''] : shape.split(GAPS);
    this.#quoted = this.#parts.map(quotedText);
  }

  /** What fills it; undefined where the bytes do not do so exactly. */
  values(bytes: Buffer, start: number, end: number, { at, caller }: Told): Values | undefined {
    if (this.#isShapeless) return [bytes.toString('utf8', start, end)];
    const values: string[] = [];
    let place = start;
    const number = () => {
      let value = 0;
      for (let unit = 1; place < end; unit *= 128) {
        const byte = bytes[place++] ?? 0;
        if (byte < 128) return value + byte * unit;
        value += (byte - 128) * unit;
      }
      // It had no last byte.
      place = Number.NaN;
      return 0;
    };
    for (const gap of this.#gaps) {
      if (gap === GAP.digest) {
        values.push(`"${bytes.toString('hex', place, place + DIGEST_BYTES)}"`);
        place += DIGEST_BYTES;
      } else if (gap === GAP.number) values.push(String(number()));
      else if (gap === GAP.at) values.push(String(at));
      else if (gap === GAP.caller) values.push(`"${caller}"`);
      else {
        const length = number();
        values.push(`"${bytes.toString('utf8', place, place + length)}"`);
        place += length;
      }
    }
    return place === end ? values : undefined;
  }

  /** The detail. */
  text(values: Values): string {
    let text = this.#parts[0] ?? '';
    for (let i = 0; i < values.length; i++) text += `${values[i]}${this.#parts[i + 1]}`;
    return text;
  }

  /** A member of the detail, parsed: a fraction of the time that all of it takes. */
  member(values: Values, name: string): unknown {
    this.#members ??= this.#membersOf();
    const member = this.#members?.get(name);
    if (!this.#members) return (JSON.parse(this.text(values)) as Record<string, unknown>)[name];
    if (member?.gap === undefined) return member?.is;
    const json = values[member.gap] ?? '';
    return json.startsWith('"') && !json.includes('\\') ? json.slice(1, -1) : JSON.parse(json);
  }

  /** What of them is the same in all details of this shape, and what is in which gap; null where a gap is no member. */
  #membersOf(): Members | null {
    if (this.#isShapeless) return null;
    const marks = this.#gaps.map((_, gap) => JSON.stringify(`${GAP.text}${gap}`));
    const members = Object.entries(JSON.parse(this.text(marks)) as Record<string, unknown>).map(
      ([name, is]) => {
        const isGap = typeof is === 'string' && is.startsWith(GAP.text);
        return [name, isGap ? { gap: Number(is.slice(1)) } : { is }] as const;
      },
    );
    const gaps = members.filter(([, member]) => 'gap' in member);
    return gaps.length === this.#gaps.length ? new Map(members) : null;
  }

  /** The detail inside a text of JSON. */
  quoted(values: Values): string {
    if (this.#isShapeless) return quotedText(values[0] ?? '');
    let text = this.#quoted[0] ?? '';
    for (let i = 0; i < values.length; i++) text += quotedValue(values[i] ?? '') + this.#quoted[i + 1];
    return text;
  }
}

/** A value of JSON inside a text of JSON. */
function quotedValue(json: string): string {
  if (!json.startsWith('"')) return json;
  if (json.includes('\\')) return quotedText(json);
  return `\\"${json.slice(1, -1)}\\"`;
}

function quotedText(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** How a shape stands in `words`. */
export function shapeWord(tool: string | undefined, shape: string): string {
  return `${tool ?? ''}\n${shape}`;
}
