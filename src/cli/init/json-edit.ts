import { isDeepStrictEqual } from 'node:util';
import { type Node, type ParseError, parseTree } from 'jsonc-parser';

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
  readonly reason: 'invalid' | 'shape';

  constructor(reason: NotEditable['reason']) {
    super(`not editable: ${reason}`);
    this.reason = reason;
  }
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** Comments and a comma too many are what editors write into these files themselves. */
const LENIENT = { allowTrailingComma: true, disallowComments: false };

/** The object at `path` of a JSON text with or without comments; undefined where there is none. */
export function objectAt(text: string, path: readonly string[]): JsonObject | undefined {
  return objectIn(valueIn(treeOf(text)), path);
}

/** As {@link objectAt}, of what has been read. Throws {@link NotEditable} where something else stands. */
export function objectIn(root: unknown, path: readonly string[]): JsonObject | undefined {
  let value = root;
  for (const key of path) {
    if (!isObject(value)) throw new NotEditable('shape');
    value = Object.hasOwn(value, key) ? value[key] : undefined;
    if (value === undefined) return undefined;
  }
  if (!isObject(value)) throw new NotEditable('shape');
  return value;
}

/**
 * Sets `root[section][name]` and leaves every other byte as it is, comments too. Throws {@link NotEditable} for a text
 * that is no JSON even so, or where the section is something else than an object.
 */
export function setEntry(text: string, [section, name]: readonly [string, string], entry: JsonObject): Edit {
  const source = text.trim() === '' ? '{}\n' : text;
  const servers = objectAt(source, [section]);
  const style = styleOf(source);
  const root = treeOf(source);
  const place = membersOf(root).get(section);
  let edit: Edit;
  if (place === undefined || servers === undefined) {
    edit = insert(source, root, section, { [name]: entry }, 1, style);
  } else {
    const old = membersOf(place).get(name);
    edit =
      old === undefined
        ? insert(source, place, name, entry, 2, style)
        : splice(source, old.offset, old.offset + old.length, written(entry, 2, style));
  }
  // Whatever the tree said: the result must say exactly this.
  const expected = { ...(valueIn(root) as JsonObject), [section]: { ...servers, [name]: entry } };
  if (!isDeepStrictEqual(valueIn(treeOf(edit.text)), expected)) throw new NotEditable('invalid');
  return edit;
}

/** The tree of a text, which must be an object. A mark at its beginning counts as a space, so that places stay right. */
function treeOf(text: string): Node {
  const bare = text.replace(/^\uFEFF/, ' ');
  const errors: ParseError[] = [];
  const root = parseTree(bare.trim() === '' ? '{}' : bare, errors, LENIENT);
  if (errors.length > 0 || root === undefined) throw new NotEditable('invalid');
  if (root.type !== 'object') throw new NotEditable('shape');
  return root;
}

function valueIn(node: Node): unknown {
  if (node.type === 'array') return (node.children ?? []).map(valueIn);
  if (node.type !== 'object') return node.value;
  return Object.fromEntries([...membersOf(node)].map(([key, value]) => [key, valueIn(value)]));
}

/** Where a key stands twice, the last one counts. */
function membersOf(node: Node): ReadonlyMap<string, Node> {
  const members = new Map<string, Node>();
  for (const { children: [key, value] = [] } of node.children ?? []) {
    if (key && value) members.set(String(key.value), value);
  }
  return members;
}

interface Style {
  readonly unit: string;
  readonly newline: string;
}

function styleOf(text: string): Style {
  return { unit: /\n([ \t]+)\S/.exec(text)?.[1] ?? '  ', newline: text.includes('\r\n') ? '\r\n' : '\n' };
}

function insert(
  text: string,
  object: Node,
  key: string,
  value: JsonObject,
  depth: number,
  style: Style,
): Edit {
  const { unit, newline } = style;
  const member = `${newline}${unit.repeat(depth)}${JSON.stringify(key)}: ${written(value, depth, style)}`;
  const last = object.children?.at(-1);
  const [start, end] = [object.offset + 1, object.offset + object.length - 1];
  if (last === undefined) {
    // What stands in an empty object are comments.
    const inside = text.slice(start, end).trimEnd();
    return splice(text, start, end, `${inside}${member}${newline}${unit.repeat(depth - 1)}`);
  }
  const after = last.offset + last.length;
  // A remark at the end of the last line belongs to that line.
  const [, comma = '', remark = ''] =
    /^([ \t]*,)?([ \t]*(?:\/\/[^\r\n]*|\/\*[^\r\n]*?\*\/))?/.exec(text.slice(after, end)) ?? [];
  const added = comma === '' ? `,${remark}${member}` : `${comma}${remark}${member},`;
  return splice(text, after, after + comma.length + remark.length, added);
}

function written(value: JsonObject, depth: number, { unit, newline }: Style): string {
  return JSON.stringify(value, null, unit).replaceAll('\n', `${newline}${unit.repeat(depth)}`);
}

/** Puts `added` in place of what stands from `start` to `end`. */
export function splice(text: string, start: number, end: number, added: string): Edit {
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
