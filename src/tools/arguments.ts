import type { z } from 'zod';
import { named } from '../domain/characters.ts';
import { type CashierError, invalidArgument, type Text } from '../domain/errors.ts';

/** One argument as published; what a model is told of it and what its mistakes are explained by. */
// Types, not interfaces: only those are JSON to the SDK.
export type Property = {
  readonly type: 'string' | 'number' | 'integer' | 'boolean';
  readonly description?: string;
  readonly enum?: string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  /** Its form is asked for and not published. */
  readonly untold?: boolean;
};

/** The published schema of a tool's arguments: one flat object. */
export type InputSchema = {
  readonly additionalProperties: false;
  readonly type: 'object';
  readonly properties: Record<string, Property>;
  readonly required?: string[];
};

/**
 * The arguments of a call, as far as models are forgiven: `null` counts as absent, `""` does for optional ones, and a
 * whole number may come as text. Throws INVALID_ARGUMENT: first for what is missing, with the unknown names beside it,
 * for one is usually the other misspelt; then for what is unknown; then for what is wrong.
 */
export function readArguments<Shape extends z.ZodObject>(
  shape: Shape,
  { properties, required = [] }: InputSchema,
  args: unknown,
): z.output<Shape> {
  const own = (name: string) => (Object.hasOwn(properties, name) ? properties[name] : undefined);
  const given = Object.entries(typeof args === 'object' && args !== null ? args : {}).filter(
    ([name, value]) => value !== null && (value !== '' || !own(name) || required.includes(name)),
  );
  const names = new Set(given.map(([name]) => name));
  const missing = required.filter((name) => !names.has(name));
  const unknown = [...names].filter((name) => !own(name));
  if (missing.length > 0 || unknown.length > 0) throw misnamed(missing, unknown, properties);
  const parsed = shape.safeParse(
    Object.fromEntries(given.map(([name, value]) => [name, whole(own(name), value)])),
  );
  if (parsed.success) return parsed.data;
  const name = String(parsed.error.issues[0]?.path[0] ?? '?');
  throw invalidArgument(name, wrong(name, own(name), new Map(given).get(name)));
}

function whole(property: Property | undefined, value: unknown): unknown {
  const digits =
    property?.type === 'integer' && typeof value === 'string' && /^\s*-?\d{1,15}\s*$/.test(value);
  return digits ? Number(value) : value;
}

const MAX_NAMED = 5;

/** Names come back only as far as they look like names, and only some: they are the model's words, not ours. */
function misnamed(
  missing: readonly string[],
  unknown: readonly string[],
  properties: InputSchema['properties'],
): CashierError {
  const known = Object.keys(properties);
  const named =
    unknown
      .filter((name) => /^\w{1,40}$/.test(name))
      .slice(0, MAX_NAMED)
      .join(', ') || '?';
  const lack: Text =
    missing.length === 0
      ? { zh: '', en: '' }
      : {
          zh: `缺少参数 ${missing.map((name) => withChoices(name, properties[name]).zh).join('、')}。`,
          en: `${missing.map((name) => withChoices(name, properties[name]).en).join(', ')} ${missing.length > 1 ? 'are' : 'is'} missing. `,
        };
  const excess: Text =
    unknown.length === 0
      ? { zh: '', en: '' }
      : {
          zh: `不认识的参数：${named}。可用参数：${known.join(', ')}。`,
          en: `Unknown: ${named}. Known: ${known.join(', ')}. `,
        };
  return invalidArgument(missing[0] ?? named, {
    zh: lack.zh + excess.zh,
    en: (lack.en + excess.en).trimEnd(),
  });
}

function withChoices(name: string, { enum: choices }: Partial<Property> = {}): Text {
  if (!choices) return { zh: name, en: name };
  return { zh: `${name}（${choices.join('、')} 之一）`, en: `${name} (one of ${choices.join(', ')})` };
}

/** What is asked of an argument, and where it falls short: the character or the length is named. */
function wrong(name: string, property: Property | undefined, value: unknown): Text {
  const { type, enum: choices, minimum, maximum, pattern, minLength = 1, maxLength } = property ?? {};
  const must = (zh: string, en: string): Text => ({ zh: `${name} ${zh}。`, en: `${name} must be ${en}.` });
  if (choices) return must(`只能是 ${choices.join('、')}`, `one of ${choices.join(', ')}`);
  if (type === 'integer' && maximum === undefined) return must('须为整数', 'a whole number');
  if (type === 'integer')
    return must(`须为 ${minimum}–${maximum} 的整数`, `a whole number from ${minimum} to ${maximum}`);
  if (type === 'number') return must('须为数字', 'a number');
  if (typeof value !== 'string') return must('须为文本', 'text');
  const [, letters, least, most] = /^\^\[([^\]]+)\]\{(\d+),(\d+)\}\$$/.exec(pattern ?? '') ?? [];
  if (letters === undefined)
    return must(`须为 ${minLength}–${maxLength} 个字符`, `${minLength}–${maxLength} characters long`);
  const also = letters.includes('-', letters.length - 1)
    ? { zh: '、_、-', en: ', _ and -' }
    : { zh: '、_', en: ' and _' };
  const asked = {
    zh: `须为 ${least}–${most} 位字母、数字${also.zh}`,
    en: `${least}–${most} letters, digits${also.en} only`,
  };
  const stranger = [...value].find((character) => !new RegExp(`^[${letters}]$`).test(character));
  return stranger === undefined
    ? must(`${asked.zh}，现为 ${value.length} 位`, `${asked.en}; it has ${value.length}`)
    : must(`${asked.zh}，不能有 ${named(stranger)}`, `${asked.en}, not ${named(stranger)}`);
}
