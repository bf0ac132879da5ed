import { createHash } from 'node:crypto';

/** Of what a client sends along, no more than this is kept (bytes of JSON). */
const MAX_BYTES = 2048;
/** Deeper than this (levels) nothing is kept, and nothing is read. */
const MAX_DEPTH = 8;
/** So many values are looked at. */
const MAX_VALUES = 256;
/** Shorter strings are not looked for: they stand in other words by chance. */
const MIN_HIDDEN_LENGTH = 4;

/** What is kept of a client's `_meta`: members as given, as many as there is room for, and a trace of the others. */
export interface KeptMeta {
  readonly meta?: Readonly<Record<string, unknown>>;
  /** Names are not kept: they may be as long as anything. `sha256` is over the members' JSON, one per line. */
  readonly metaOmitted?: { readonly members: number; readonly bytes: number; readonly sha256: string };
}

/**
 * @param meta plain data, as it came
 * @param hides whether a text must not be kept
 * @param most bytes of JSON that are kept
 */
export function keptMeta(meta: unknown, hides: (text: string) => boolean, most = MAX_BYTES): KeptMeta {
  if (typeof meta !== 'object' || meta === null) return {};
  const kept: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  const hash = createHash('sha256');
  const budget = { values: MAX_VALUES };
  let room = most;
  let members = 0;
  let omittedBytes = 0;
  for (const [name, value] of Object.entries(meta)) {
    const copied = { [name]: isTelling(name) ? HIDDEN : copy(value, hides, budget, 1) };
    const text = hides(name) ? undefined : JSON.stringify(copied);
    const bytes = text === undefined ? 0 : Buffer.byteLength(text);
    if (text !== undefined && bytes <= room) {
      kept[name] = copied[name];
      room -= bytes;
      continue;
    }
    members += 1;
    omittedBytes += bytes;
    if (text !== undefined) hash.update(`${text}\n`);
  }
  return {
    ...(Object.keys(kept).length > 0 ? { meta: { ...kept } } : {}),
    ...(members > 0 ? { metaOmitted: { members, bytes: omittedBytes, sha256: hash.digest('hex') } } : {}),
  };
}

/** Arguments whose value is a person's, however a toolset writes their names. */
const PERSONS: ReadonlySet<string> = new Set([
  'buyer',
  'subscriber',
  'openid',
  'payeropenid',
  'payerclientip',
]);

export function isPersons(argument: string): boolean {
  return PERSONS.has(argument.replaceAll('_', '').toLowerCase());
}

/** A test for texts that must not be kept: this call's own ids of a person, and what `isSecret` knows. */
export function hider(args: unknown, isSecret: (text: string) => boolean): (text: string) => boolean {
  const given = typeof args === 'object' && args !== null ? Object.entries(args) : [];
  const persons = given
    .filter(([name, id]) => isPersons(name) && (typeof id === 'string' || typeof id === 'number'))
    .map(([, id]) => String(id))
    .filter((id) => id.length >= MIN_HIDDEN_LENGTH);
  return (text) =>
    persons.some((id) => text.includes(id)) || isSecret(text) || CREDENTIALS.some((form) => form.test(text));
}

const HIDDEN = '***';
/** What a credential looks like, whoever's it is: clients and the programs between pass on more than they know. */
const CREDENTIALS: readonly RegExp[] = [
  /\bBearer\s+[\w+/=.~-]{8}/i,
  /^Basic\s+[A-Za-z0-9+/]{12,}={0,2}$/i,
  /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]/,
  /\bmcpc_[\w-]{16}/,
  /-----BEGIN [A-Z ]*PRIVATE KEY/,
];
/** Names of members that hold one, written together and in small letters. */
const SECRET_NAME =
  /(?:authorization|cookie|secret|passwd|password|credentials?|apikey|privatekey|accesskey|openid|unionid|(?<!progress)token)$/;

/** Whether what stands under this name is a credential or says who a person is. */
function isTelling(name: string): boolean {
  return isPersons(name) || SECRET_NAME.test(name.replaceAll(/[^A-Za-z]/g, '').toLowerCase());
}

function copy(
  value: unknown,
  hides: (text: string) => boolean,
  budget: { values: number },
  depth: number,
): unknown {
  budget.values -= 1;
  if (budget.values < 0 || depth > MAX_DEPTH) return '…';
  if (typeof value === 'string') return hides(value) ? HIDDEN : value;
  // A telephone number is one with or without quotes.
  if (typeof value === 'number') return hides(String(value)) ? HIDDEN : value;
  if (typeof value === 'boolean' || value === null) return value;
  if (typeof value !== 'object') return typeof value;
  const inner = (child: unknown) => copy(child, hides, budget, depth + 1);
  if (Array.isArray(value)) return value.slice(0, MAX_VALUES).map(inner);
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, MAX_VALUES)
      .map(([name, child]) => [hides(name) ? HIDDEN : name, isTelling(name) ? HIDDEN : inner(child)]),
  );
}
