import { z } from 'zod';
import type { Text } from '../domain/errors.ts';
import type { ProviderId, Scene } from '../domain/order.ts';
import type { Call, Cashier } from '../payments/cashier.ts';
import type { Language, ToolAnswer } from './answer.ts';
import { type InputSchema, readArguments } from './arguments.ts';
import { reworded, type Words } from './face.ts';
import type { Presenter } from './present.ts';
import { publishedView, type View } from './views.ts';

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
  inputSchema(setting: ToolSetting): InputSchema;
  /** It answers with an image, which some clients drop beside a structure. */
  readonly showsImage: boolean;
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
 * the SDK, so that a mistake is answered in the errors of the contract.
 */
export function defineTool<Shape extends z.ZodObject, Output extends View = never>(definition: {
  readonly name: string;
  readonly title: Text;
  readonly description: Text;
  readonly hints: ToolHints;
  readonly input: (setting: ToolSetting) => Shape;
  readonly showsImage?: true;
  /** Left out where every client is to show the text. */
  readonly output?: z.ZodObject & z.ZodType<Output>;
  readonly failure?: (sentence: string) => string;
  /** For toolsets with names of their own: what is said beyond the tool itself names the unified ones. */
  readonly words?: Words;
  readonly run: (context: ToolContext, args: z.output<Shape>) => Promise<ToolAnswer<NoInfer<Output>>>;
}): Tool {
  // A server is built per HTTP request: schemas are made once per setting.
  const made = new WeakMap<ToolSetting, { readonly shape: Shape; readonly json: InputSchema }>();
  const schemaOf = (setting: ToolSetting) => {
    const known = made.get(setting);
    if (known) return known;
    const shape = definition.input(setting);
    const json = publish(shape);
    made.set(setting, { shape, json });
    return { shape, json };
  };
  return {
    name: definition.name,
    title: definition.title,
    description: definition.description,
    hints: definition.hints,
    showsImage: definition.showsImage ?? false,
    get outputSchema() {
      return definition.output && publishedView(definition.output);
    },
    failure: definition.failure,
    inputSchema: (setting) => schemaOf(setting).json,
    async run(context, args) {
      const { shape, json } = schemaOf(context.setting);
      const parsed = readArguments(shape, json, args);
      try {
        return await definition.run(context, parsed);
      } catch (error) {
        throw definition.words ? reworded(error, definition.words) : error;
      }
    },
  };
}

/**
 * Of an argument's alternatives the first is published: one scalar type each, because clients of Gemini refuse a whole
 * request for a union.
 * @see https://ai.google.dev/api/caching#Schema
 */
function publish(shape: z.ZodObject): InputSchema {
  const { $schema: _, ...json } = z.toJSONSchema(shape, {
    io: 'input',
    override({ zodSchema, jsonSchema }) {
      if (!(zodSchema instanceof z.ZodUnion)) return;
      const [first] = zodSchema.options;
      delete jsonSchema.anyOf;
      jsonSchema.type = first instanceof z.ZodNumber ? 'number' : 'string';
    },
  });
  return json as typeof json & InputSchema;
}
