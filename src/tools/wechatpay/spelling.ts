import { z } from 'zod';
import type { ToolAnswer } from '../answer.ts';
import { defineTool, type Tool, type ToolContext, type ToolSetting } from '../define-tool.ts';
import { WORDS } from './words.ts';

type Definition = Parameters<typeof defineTool>[0];

/** A tool whose arguments stand here in our spelling and are published in the gateway's: `out_trade_no` for `outTradeNo`. */
export function wechatTool<Shape extends z.ZodRawShape>(
  face: Pick<Definition, 'name' | 'title' | 'description' | 'hints' | 'words'> & {
    readonly input: (setting: ToolSetting) => Shape;
    readonly run: (context: ToolContext, args: z.output<z.ZodObject<Shape>>) => Promise<ToolAnswer<never>>;
  },
): Tool {
  return defineTool({
    words: WORDS,
    ...face,
    input: (setting) => z.strictObject(respelt(face.input(setting), snakeCase)),
    run: (context, args) => face.run(context, respelt(args, camelCase) as z.output<z.ZodObject<Shape>>),
  });
}

function respelt<T>(named: Readonly<Record<string, T>>, spell: (name: string) => string): Record<string, T> {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [spell(name), value]));
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
