/**
 * Cuts a JSON object's text into its members without interpreting them: key → the exact text of the value, so that a
 * signature can be checked over the characters that arrived. Undefined when the text is not exactly one object, or
 * when a key occurs twice (two readers would then disagree on what was signed). Values are not validated inside.
 */
export function jsonMembers(text: string): ReadonlyMap<string, string> | undefined {
  const members = new Map<string, string>();
  let at = skipBlanks(text, 0);
  if (text[at] !== '{') return undefined;
  do {
    const keyStart = skipBlanks(text, at + 1);
    const keyEnd = endOfString(text, keyStart);
    const key = keyEnd === undefined ? undefined : readJsonString(text.slice(keyStart, keyEnd));
    if (keyEnd === undefined || key === undefined || members.has(key)) return undefined;
    const colon = skipBlanks(text, keyEnd);
    if (text[colon] !== ':') return undefined;
    const start = skipBlanks(text, colon + 1);
    const end = endOfValue(text, start);
    if (end === undefined) return undefined;
    members.set(key, text.slice(start, end));
    at = skipBlanks(text, end);
  } while (text[at] === ',');
  return text[at] === '}' && skipBlanks(text, at + 1) === text.length ? members : undefined;
}

/** The text of one JSON string as its value; undefined when it is anything else. */
export function readJsonString(text: string): string | undefined {
  if (!text.startsWith('"')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at += 1;
  return at;
}

/** Index after the closing quote of the string that opens at `from`. */
function endOfString(text: string, from: number): number | undefined {
  if (text[from] !== '"') return undefined;
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return undefined;
}

/** Index after the value that begins at `from`; braces inside strings do not count. */
function endOfValue(text: string, from: number): number | undefined {
  let depth = 0;
  let at = from;
  while (at < text.length) {
    const character = text[at];
    if (character === '"') {
      const end = endOfString(text, at);
      if (end === undefined) return undefined;
      at = end;
    } else if (depth === 0 && (character === ',' || character === '}' || character === ']')) {
      return at > from ? at : undefined;
    } else {
      if (character === '{' || character === '[') depth += 1;
      if (character === '}' || character === ']') depth -= 1;
      at += 1;
    }
    if (depth === 0 && (character === '"' || character === '}' || character === ']')) return at;
  }
  return undefined;
}
