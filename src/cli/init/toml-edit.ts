import { isDeepStrictEqual } from 'node:util';
import { parse } from 'smol-toml';
import { type Edit, type JsonObject, NotEditable, objectIn, splice } from './json-edit.ts';

/** The table at `path` of a TOML text; undefined where there is none. Throws {@link NotEditable} for what is no TOML. */
export function tableAt(text: string, path: readonly string[]): JsonObject | undefined {
  return objectIn(read(text), path);
}

/** Sets `section.name`, at the end or where its table stands, and leaves every other byte as it is. */
export function setTable(text: string, [section, name]: readonly [string, string], entry: JsonObject): Edit {
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const own = written(`${section}.${name}`, entry).join(newline);
  const before = read(text);
  const [start, end] = spanOf(text, section, name) ?? [text.length, text.length];
  const gap =
    start === text.length && text.trim() !== '' ? (text.endsWith('\n') ? newline : newline + newline) : '';
  const tail = end < text.length ? newline : '';
  const edit = splice(text, start, end, `${gap}${own}${newline}${tail}`);
  const expected = { ...before, [section]: { ...objectIn(before, [section]), [name]: entry } };
  // Written inline, or in a form that was not foreseen: the result must say exactly this.
  if (!isDeepStrictEqual(read(edit.text), expected)) throw new NotEditable('shape');
  return edit;
}

/** From a table's head to the next that is not its own. */
function spanOf(text: string, section: string, name: string): readonly [number, number] | undefined {
  const own = new RegExp(
    `^[ \\t]*\\[[ \\t]*${section}[ \\t]*\\.[ \\t]*["']?${name}["']?[ \\t]*(\\.[^\\]]*)?\\]`,
  );
  let at = 0;
  let start: number | undefined;
  for (const line of text.split(/(?<=\n)/)) {
    if (/^[ \t]*\[/.test(line)) {
      if (own.test(line)) start ??= at;
      else if (start !== undefined) return [start, at];
    }
    at += line.length;
  }
  return start === undefined ? undefined : [start, at];
}

function written(path: string, entry: JsonObject): string[] {
  const values = Object.entries(entry).filter(([, value]) => !isTable(value));
  const tables = Object.entries(entry).filter((one): one is [string, JsonObject] => isTable(one[1]));
  return [
    `[${path}]`,
    ...values.map(([key, value]) => `${key} = ${JSON.stringify(value)}`),
    ...tables.flatMap(([key, table]) => ['', ...written(`${path}.${key}`, table)]),
  ];
}

/** Dates and whole numbers of any size as their text: they are only compared. */
function read(text: string): JsonObject {
  try {
    const tables = parse(text.replace(/^\uFEFF/, ''));
    return JSON.parse(JSON.stringify(tables, (_, one) => (typeof one === 'bigint' ? String(one) : one)));
  } catch {
    throw new NotEditable('invalid');
  }
}

function isTable(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
