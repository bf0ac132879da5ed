import { z } from 'zod';
import type { Text } from '../domain/errors.ts';
import type { ServedPrompt } from '../protocol/offer.ts';
import { invalidParams } from '../protocol/refusals.ts';
import type { Language } from '../tools/answer.ts';
import type { PromptDefinition } from './definition.ts';
import { facesWith } from './faces.ts';
import { handleRefundRequest } from './handle-refund-request.ts';
import { sellAService } from './sell-a-service.ts';
import { sellASubscription } from './sell-a-subscription.ts';

export interface PromptOptions {
  readonly language: Language;
  /** The tools of this server: a prompt names no other, and is left out where they do not suffice. */
  readonly tools: readonly { readonly name: string }[];
}

/** Every prompt that the tools suffice for. */
export function promptsOf(options: PromptOptions): readonly ServedPrompt[] {
  return [
    ...served(options, sellAService),
    ...served(options, handleRefundRequest),
    ...served(options, sellASubscription),
  ];
}

interface Arguments<Args> {
  readonly shape: z.ZodType<Args>;
  readonly listed: readonly {
    readonly name: string;
    readonly description?: string;
    readonly required: boolean;
  }[];
}
function served<Args>({ language, tools }: PromptOptions, prompt: PromptDefinition<Args>): ServedPrompt[] {
  const faces = facesWith(tools, prompt.needs);
  if (faces.length === 0) return [];
  const say = (text: Text) => text[language];
  const description = say(prompt.description);
  // Few clients look at prompts, and those that start are waiting for the tools.
  let made: Arguments<Args> | undefined;
  const known = () => {
    made ??= argumentsOf(prompt, language);
    return made;
  };
  return [
    {
      get listed() {
        return { name: prompt.name, title: say(prompt.title), description, arguments: [...known().listed] };
      },
      async get(given) {
        const text = prompt.text(read(known(), given, language), faces, language);
        return { description, messages: [{ role: 'user', content: { type: 'text', text } }] };
      },
    },
  ];
}

function argumentsOf<Args>(prompt: PromptDefinition<Args>, language: Language): Arguments<Args> {
  const shape = prompt.arguments((text) => text[language]);
  const { properties = {}, required = [] } = z.toJSONSchema(shape, { io: 'input' });
  const listed = Object.entries(properties).map(([name, property]) => {
    const { description } = property as { readonly description?: string };
    return { name, ...(description === undefined ? {} : { description }), required: required.includes(name) };
  });
  return { shape, listed };
}

/** Throws a ProtocolError that says what is missing, unknown or wrong. An empty optional argument counts as absent. */
function read<Args>(
  { shape, listed }: Arguments<Args>,
  given: Readonly<Record<string, string>>,
  language: Language,
): Args {
  const zh = language === 'zh';
  const filled = Object.entries(given).filter(
    ([name, value]) => value !== '' || !listed.some((known) => known.name === name && !known.required),
  );
  const missing = listed.filter(({ name, required }) => required && !Object.hasOwn(given, name));
  const names = missing.map(({ name }) => name);
  if (names.length > 0)
    throw invalidParams(zh ? `缺少参数 ${names.join('、')}` : `${names.join(', ')} missing`);
  if (filled.some(([name]) => !listed.some((known) => known.name === name))) {
    const known = listed.map(({ name }) => name).join(', ');
    throw invalidParams(zh ? `有不认识的参数；可用参数：${known}` : `unknown argument; known: ${known}`);
  }
  const parsed = shape.safeParse(Object.fromEntries(filled));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const name = String(issue?.path[0]);
  throw invalidParams(zh ? `参数 ${name} 须为${issue?.message}` : `${name} must be ${issue?.message}`);
}
