import type { McpServer } from '@modelcontextprotocol/server';
import type { z } from 'zod';
import type { Text } from '../domain/errors.ts';
import type { Language } from '../tools/answer.ts';
import type { PromptDefinition } from './definition.ts';
import { facesWith } from './faces.ts';
import { handleRefundRequest } from './handle-refund-request.ts';
import { sellAService } from './sell-a-service.ts';

export interface PromptOptions {
  readonly language: Language;
  /** The tools of this server: a prompt names no other, and is left out where they do not suffice. */
  readonly tools: readonly { readonly name: string }[];
}

/** Every prompt that the tools suffice for. */
export function registerPrompts(server: McpServer, options: PromptOptions): void {
  register(server, options, sellAService);
  register(server, options, handleRefundRequest);
}

/** A server is built per HTTP request: schemas are made once per language. */
const made = new Map<string, z.ZodType>();

function register<Args>(
  server: McpServer,
  { language, tools }: PromptOptions,
  prompt: PromptDefinition<Args>,
): void {
  const faces = facesWith(tools, prompt.needs);
  if (faces.length === 0) return;
  const say = (text: Text) => text[language];
  const key = `${prompt.name} ${language}`;
  const argsSchema = made.get(key) ?? prompt.arguments(say);
  made.set(key, argsSchema);
  server.registerPrompt(
    prompt.name,
    { title: say(prompt.title), description: say(prompt.description), argsSchema },
    (args) => ({
      description: say(prompt.description),
      messages: [
        {
          role: 'user' as const,
          content: { type: 'text' as const, text: prompt.text(args as Args, faces, language) },
        },
      ],
    }),
  );
}
