/** A value of a JSON text, by its place in it. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** What changed in a text: `added` stands where `removed` stood. */
export interface Edit {
  readonly text: string;
  /** Of the first changed line, from 1. */
  readonly line: number;
  readonly added: string;
  readonly removed: string;
}

/** Why a text cannot be edited. */
export class NotEditable extends Error {
  override readonly name = 'NotEditable';
  readonly reason: 'comments' | 'invalid' | 'shape';

  constructor(reason: NotEditable['reason']) {
    super(`not editable: ${reason}`);
    this.reason = reason;
  }
}

type JsonObject = Readonly<Record<string, unknown>>;

/** The object at `path` of a JSON text, read strictly; undefined where there is none. */
export function objectAt(text: string, path: readonly string[]): JsonObject | undefined {
  let value: unknown = parse(text);
  for (const key of path) {
    if (!isObject(value)) throw new NotEditable('shape');
    value = Object.hasOwn(value, key) ? value[key] : undefined;
    if (value === undefined) return undefined;
  }
  if (!isObject(value)) throw new NotEditable('shape');
  return value;
}

/**
 * Sets `root[section][name]` and leaves every other byte as it is. Throws {@link NotEditable} for a text that is not
 * strict JSON, or where the section is something else than an object.
 */
export function setEntry(text: string, [section, name]: readonly [string, string], entry: JsonObject): Edit {
  const source = text.trim() === '' ? '{}\n' : text;
  const servers = objectAt(source, [section]);
  const style = styleOf(source);
  const root = rootSpan(source);
  const rootMembers = members(source, root);
  // Where a key stands twice, the last one counts, for JSON.parse as for us.
  const place = rootMembers.get(section);
  let edit: Edit;
  if (place === undefined || servers === undefined) {
    edit = insert(source, root, rootMembers, section, { [name]: entry }, 1, style);
  } else {
    const inside = members(source, place);
    const old = inside.get(name);
    edit =
      old === undefined
        ? insert(source, place, inside, name, entry, 2, style)
        : splice(source, old, written(entry, 2, style));
  }
  // Whatever the scanner believed: the result must say exactly this.
  const expected = { ...(parse(source) as JsonObject), [section]: { ...servers, [name]: entry } };
  if (!isSame(parse(edit.text), expected)) throw new NotEditable('invalid');
  return edit;
}

/** Whether two JSON values say the same, whatever the order of their keys. */
export function isSame(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((one, i) => isSame(one, b[i]))
    );
  }
  if (!isObject(a) || !isObject(b)) return a === b;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isSame(a[key], b[key]))
  );
}

function parse(text: string): unknown {
  const bare = text.replace(/^\uFEFF/, '');
  if (bare.trim() === '') return {};
  try {
    return JSON.parse(bare);
  } catch {
    throw new NotEditable(isJsonWithComments(bare) ? 'comments' : 'invalid');
  }
}

/** Whether comments and trailing commas are all that keeps a text from being JSON. */
function isJsonWithComments(text: string): boolean {
  const bare = text
    .replace(
      /("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g,
      (_, string: string | undefined) => string ?? '',
    )
    .replace(/("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])/g, (_, string: string | undefined) => string ?? '');
  try {
    JSON.parse(bare);
    return true;
  } catch {
    return false; // the answer to the question
  }
}

interface Style {
  readonly unit: string;
  readonly newline: string;
}

function styleOf(text: string): Style {
  return { unit: /\n([ \t]+)\S/.exec(text)?.[1] ?? '  ', newline: text.includes('\r\n') ? '\r\n' : '\n' };
}

function rootSpan(text: string): Span {
  return { start: text.indexOf('{'), end: text.lastIndexOf('}') + 1 };
}

/** The values of an object's members by their keys. The text is known to be JSON. */
function members(text: string, span: Span): Map<string, Span> {
  const found = new Map<string, Span>();
  let at = skipBlanks(text, span.start + 1);
  while (text[at] === '"') {
    const keyEnd = valueEnd(text, at);
    const key = String(JSON.parse(text.slice(at, keyEnd)));
    const start = skipBlanks(text, skipBlanks(text, keyEnd) + 1);
    const end = valueEnd(text, start);
    found.set(key, { start, end });
    at = skipBlanks(text, end);
    if (text[at] === ',') at = skipBlanks(text, at + 1);
  }
  return found;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (/\s/.test(text[at] ?? '')) at += 1;
  return at;
}

/** Where the value that begins at `start` ends. */
function valueEnd(text: string, start: number): number {
  let depth = 0;
  let at = start;
  do {
    const character = text[at];
    if (character === '"') {
      at += 1;
      while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
    } else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
    else if (depth === 0 && /[^\s,:]/.test(character ?? '')) {
      while (/[^\s,}\]]/.test(text[at] ?? ',')) at += 1;
      return at;
    }
    at += 1;
  } while (depth > 0 && at < text.length);
  return at;
}

function insert(
  text: string,
  object: Span,
  existing: ReadonlyMap<string, Span>,
  key: string,
  value: JsonObject,
  depth: number,
  style: Style,
): Edit {
  const { unit, newline } = style;
  const member = `${newline}${unit.repeat(depth)}${JSON.stringify(key)}: ${written(value, depth, style)}`;
  const ends = [...existing.values()].map(({ end }) => end);
  if (ends.length > 0) {
    const end = Math.max(...ends);
    return splice(text, { start: end, end }, `,${member}`);
  }
  const closing = `${newline}${unit.repeat(depth - 1)}`;
  return splice(text, { start: object.start + 1, end: object.end - 1 }, `${member}${closing}`);
}

function written(value: JsonObject, depth: number, { unit, newline }: Style): string {
  return JSON.stringify(value, null, unit).replaceAll('\n', `${newline}${unit.repeat(depth)}`);
}

function splice(text: string, { start, end }: Span, added: string): Edit {
  return {
    text: text.slice(0, start) + added + text.slice(end),
    line: text.slice(0, start).split('\n').length,
    added,
    removed: text.slice(start, end),
  };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
