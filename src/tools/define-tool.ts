import { z } from 'zod';
import type { Text } from '../domain/errors.ts';
import type { ProviderId, Scene } from '../domain/order.ts';
import type { Call, Till } from '../payments/till.ts';
import type { Scope } from '../policy/identity.ts';
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
  /** Where no wallet is named, the buyer chooses one on the page. */
  readonly letsBuyerChoose?: boolean;
}

/** What a tool's arguments are parsed by, how mistakes are explained, and what is published of it. */
interface Schemas {
  readonly shape: z.ZodObject;
  readonly whole: InputSchema;
  readonly json: InputSchema;
}

/** All four are said for every tool; clients show and gate by them. */
export interface ToolHints {
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  readonly openWorldHint: boolean;
}

/** What a tool is called. */
export interface ToolWords {
  readonly name: string;
  readonly title: Text;
  readonly description: Text;
}

/** One tool, ready to be registered. `run` never throws anything but CashierError. */
export interface Tool extends ToolWords {
  /** What an OAuth token must be good for to call it. */
  readonly scope: Scope;
  readonly hints: ToolHints;
  /** JSON Schemas as published; the same object every time. */
  inputSchema(setting: ToolSetting): InputSchema;
  /** Of the rules: where they have no such section, it is not listed. */
  readonly section: 'delivery' | undefined;
  /** It answers with an image, which some clients drop beside a structure. */
  readonly showsImage: boolean;
  /** The view that a client which has views shows beside its answers. */
  readonly app: 'payment' | 'approval' | undefined;
  /** Absent where every client is to show the text. */
  readonly outputSchema: Readonly<Record<string, unknown>> | undefined;
  /** Absent: an error's first block is its JSON. Else the words around its sentence, which come before that. */
  readonly failure: ((sentence: string) => string) | undefined;
  run(context: ToolContext, args: unknown): Promise<ToolAnswer>;
}

export interface ToolContext {
  readonly till: Till;
  readonly call: Call;
  readonly setting: ToolSetting;
  readonly present: Presenter;
}

/**
 * Makes a tool of one strict schema: it is what the client sees and what the arguments are parsed by, here and not in
 * the SDK, so that a mistake is answered in the errors of the contract.
 */
export function defineTool<Shape extends z.ZodRawShape, Output extends View = never>(
  definition: ToolWords & {
    readonly scope: Scope;
    readonly hints: ToolHints;
    /** The arguments by their unified names. */
    readonly input: (setting: ToolSetting) => Shape;
    readonly section?: Tool['section'];
    readonly showsImage?: true;
    readonly app?: Tool['app'];
    /** Left out where every client is to show the text. */
    readonly output?: z.ZodObject & z.ZodType<Output>;
    readonly failure?: (sentence: string) => string;
    /** For toolsets with names of their own, by which the arguments are published and everything is said. */
    readonly words?: Words;
    readonly run: (
      context: ToolContext,
      args: z.output<z.ZodObject<Shape>>,
    ) => Promise<ToolAnswer<NoInfer<Output>>>;
  },
): Tool {
  const {
    name,
    title,
    description,
    scope,
    hints,
    failure,
    output,
    words,
    app,
    section,
    showsImage = false,
  } = definition;
  // A server is built per HTTP request: schemas are made once per setting.
  const made = new WeakMap<ToolSetting, Schemas>();
  const schemaOf = (setting: ToolSetting) => {
    const known = made.get(setting);
    if (known) return known;
    const shape = z.strictObject(renamed(definition.input(setting), words?.names));
    const schemas = { shape, ...publish(shape) };
    made.set(setting, schemas);
    return schemas;
  };
  return {
    ...{ name, title, description, scope, hints, section, showsImage, app, failure },
    get outputSchema() {
      return output && publishedView(output);
    },
    inputSchema: (setting) => schemaOf(setting).json,
    async run(context, args) {
      const { shape, whole } = schemaOf(context.setting);
      const parsed = renamed(readArguments(shape, whole, args), words && inverse(words.names));
      try {
        return await definition.run(context, parsed as z.output<z.ZodObject<Shape>>);
      } catch (error) {
        throw words ? reworded(error, words) : error;
      }
    },
  };
}

function renamed<T>(fields: Readonly<Record<string, T>>, names: Words['names'] = {}): Record<string, T> {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [names[name] ?? name, field]));
}

function inverse(names: Words['names']): Words['names'] {
  return Object.fromEntries(Object.entries(names).map(([name, own]) => [own, name]));
}

/**
 * Of an argument's alternatives the first is published: one scalar type each, because clients of Gemini refuse a whole
 * request for a union.
 * @see https://ai.google.dev/api/caching#Schema
 */
function publish(shape: z.ZodObject): Pick<Schemas, 'json' | 'whole'> {
  const { $schema: _, ...json } = z.toJSONSchema(shape, {
    io: 'input',
    override({ zodSchema, jsonSchema }) {
      if (!(zodSchema instanceof z.ZodUnion)) return;
      const [first] = zodSchema.options;
      delete jsonSchema.anyOf;
      jsonSchema.type = first instanceof z.ZodNumber ? 'number' : 'string';
    },
  });
  const whole: InputSchema = json as typeof json & InputSchema;
  const told = Object.entries(whole.properties).map(([name, property]) => {
    const { untold, pattern: _form, ...rest } = property;
    return [name, untold ? rest : property];
  });
  return { whole, json: { ...whole, properties: Object.fromEntries(told) } };
}
