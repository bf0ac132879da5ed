import { parse } from 'smol-toml';
import { type Edit, isSame, NotEditable } from './json-edit.ts';

type Table = Readonly<Record<string, unknown>>;

/** The table at `path` of a TOML text; undefined where there is none. Throws {@link NotEditable} for what is no TOML. */
export function tableAt(text: string, path: readonly string[]): Table | undefined {
  let value: unknown = read(text);
  for (const key of path) {
    if (!isTable(value)) throw new NotEditable('shape');
    value = Object.hasOwn(value, key) ? value[key] : undefined;
    if (value === undefined) return undefined;
  }
  if (!isTable(value)) throw new NotEditable('shape');
  return value;
}

/** Sets `section.name`, at the end or where its table stands, and leaves every other byte as it is. */
export function setTable(text: string, [section, name]: readonly [string, string], entry: Table): Edit {
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const own = written(`${section}.${name}`, entry).join(newline);
  const before = read(text);
  const [start, end] = spanOf(text, section, name) ?? [text.length, text.length];
  const gap =
    start === text.length && text.trim() !== '' ? (text.endsWith('\n') ? newline : newline + newline) : '';
  const tail = end < text.length ? newline : '';
  const added = `${gap}${own}${newline}${tail}`;
  const after = text.slice(0, start) + added + text.slice(end);
  const servers = before[section];
  const expected = { ...before, [section]: { ...(isTable(servers) ? servers : {}), [name]: entry } };
  // Written inline, or in a form that was not foreseen: the result must say exactly this.
  if (!isSame(plain(read(after)), plain(expected))) throw new NotEditable('shape');
  return {
    text: after,
    line: text.slice(0, start).split('\n').length,
    added,
    removed: text.slice(start, end),
  };
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

function written(path: string, entry: Table): string[] {
  const values = Object.entries(entry).filter(([, value]) => !isTable(value));
  const tables = Object.entries(entry).filter((one): one is [string, Table] => isTable(one[1]));
  return [
    `[${path}]`,
    ...values.map(([key, value]) => `${key} = ${JSON.stringify(value)}`),
    ...tables.flatMap(([key, table]) => ['', ...written(`${path}.${key}`, table)]),
  ];
}

function read(text: string): Table {
  try {
    return parse(text.replace(/^\uFEFF/, ''));
  } catch {
    throw new NotEditable('invalid');
  }
}

/** Dates and whole numbers of any size as their text: for comparing only. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? String(one) : one)),
  );
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
