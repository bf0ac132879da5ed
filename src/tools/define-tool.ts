import { z } from 'zod';
import { CashierError, type Text } from '../domain/errors.ts';
import type { ProviderId, Scene } from '../domain/order.ts';
import type { Call, Cashier } from '../payments/cashier.ts';
import type { Language, ToolAnswer } from './answer.ts';
import { reworded, type Words } from './face.ts';
import type { Presenter } from './present.ts';

/** What the published schema depends on: fixed for the life of a process. */
export interface ToolSetting {
  readonly language: Language;
  readonly providers: readonly ProviderId[];
  readonly scenes: readonly Scene[];
}

/** All four are said for every tool; clients show and gate by them. */
export interface ToolHints {
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  readonly openWorldHint: boolean;
}

/** One tool, ready to be registered. `run` never throws anything but CashierError. */
export interface Tool {
  readonly name: string;
  readonly title: Text;
  readonly description: Text;
  readonly hints: ToolHints;
  /** JSON Schemas as published; the same object every time. */
  inputSchema(setting: ToolSetting): Record<string, unknown>;
  /** Absent where every client is to show the text. */
  readonly outputSchema: Readonly<Record<string, unknown>> | undefined;
  /** Absent: an error's first block is its JSON. Else the words around its sentence, which come before that. */
  readonly failure: ((sentence: string) => string) | undefined;
  run(context: ToolContext, args: unknown): Promise<ToolAnswer>;
}

export interface ToolContext {
  readonly cashier: Cashier;
  readonly call: Call;
  readonly setting: ToolSetting;
  readonly present: Presenter;
}

/**
 * Makes a tool of one strict schema: it is what the client sees and what the arguments are parsed by, here and not in
 * the SDK, so that a mistake is answered in the errors of the contract. `null` counts as absent.
 */
export function defineTool<Shape extends z.ZodObject>(definition: {
  readonly name: string;
  readonly title: Text;
  readonly description: Text;
  readonly hints: ToolHints;
  readonly input: (setting: ToolSetting) => Shape;
  readonly outputSchema?: Readonly<Record<string, unknown>>;
  readonly failure?: (sentence: string) => string;
  /** For toolsets with names of their own: what is said beyond the tool itself names the unified ones. */
  readonly words?: Words;
  readonly run: (context: ToolContext, args: z.output<Shape>) => Promise<ToolAnswer>;
}): Tool {
  // A server is built per HTTP request: schemas are made once per setting.
  const made = new WeakMap<ToolSetting, { readonly shape: Shape; readonly json: Record<string, unknown> }>();
  const schemaOf = (setting: ToolSetting) => {
    const known = made.get(setting);
    if (known) return known;
    const shape = definition.input(setting);
    const { $schema: _, ...json } = z.toJSONSchema(shape, { io: 'input' });
    made.set(setting, { shape, json });
    return { shape, json };
  };
  return {
    name: definition.name,
    title: definition.title,
    description: definition.description,
    hints: definition.hints,
    outputSchema: definition.outputSchema,
    failure: definition.failure,
    inputSchema: (setting) => schemaOf(setting).json,
    async run(context, args) {
      const parsed = parse(schemaOf(context.setting).shape, args);
      try {
        return await definition.run(context, parsed);
      } catch (error) {
        throw definition.words ? reworded(error, definition.words) : error;
      }
    },
  };
}

function parse<Shape extends z.ZodObject>(shape: Shape, args: unknown): z.output<Shape> {
  const given = typeof args === 'object' && args !== null ? Object.entries(args) : [];
  const parsed = shape.safeParse(Object.fromEntries(given.filter(([, value]) => value !== null)));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  if (issue?.code === 'unrecognized_keys') throw unknownArguments(issue.keys, Object.keys(shape.shape));
  throw invalidArgument(issue?.path.join('.') || 'arguments', issue?.message ?? '');
}

const MAX_NAMED = 5;

/** Names come back only as far as they look like names, and only some: they are the model's words, not ours. */
function unknownArguments(keys: readonly string[], known: readonly string[]): CashierError {
  const names = keys.filter((key) => /^\w{1,40}$/.test(key));
  const named = names.slice(0, MAX_NAMED).join(', ') || '?';
  return new CashierError(
    'INVALID_ARGUMENT',
    {
      zh: `不认识的参数：${named}。可用参数：${known.join(', ')}。没有资金变动。`,
      en: `Unknown argument: ${named}. Known: ${known.join(', ')}. No money moved.`,
      next: { zh: '去掉它后重试。', en: 'Remove it and call again.' },
    },
    { argument: named },
  );
}

function invalidArgument(argument: string, problem: string): CashierError {
  return new CashierError(
    'INVALID_ARGUMENT',
    {
      zh: `参数 ${argument} 不正确：${problem}。没有资金变动。`,
      en: `Argument ${argument} is wrong: ${problem}. No money moved.`,
      next: { zh: '改正后重试。', en: 'Correct it and call again.' },
    },
    { argument },
  );
}
