import type { z } from 'zod';
import type { Text } from '../domain/errors.ts';
import type { Language } from '../tools/answer.ts';
import type { Face, Step } from './faces.ts';

/** One prompt: a recipe for a model that a person picks, with the tools that are served. */
export interface PromptDefinition<Args> {
  readonly name: string;
  readonly title: Text;
  readonly description: Text;
  /** Steps without which the recipe cannot be followed. */
  readonly needs: readonly Step[];
  arguments(say: (text: Text) => string): z.ZodType<Args>;
  text(args: Args, faces: readonly Face[], language: Language): string;
}
