import type { Text } from '../domain/errors.ts';
import { REALMS } from '../domain/order.ts';

/** One option of a command. */
export interface OptionUse {
  readonly type: 'boolean' | 'string';
  readonly multiple?: true;
  /** What stands for its value in the help. */
  readonly value?: string;
  /** The only values there are. */
  readonly choices?: readonly string[];
  readonly does: Text;
}
export type OptionUses = Readonly<Record<string, OptionUse>>;

/** One thing that a command does. */
export interface ActionUse {
  readonly does: Text;
  /** What follows it: `ID`, `CALLER YUAN`; `[CALLER]` may be left out. */
  readonly args?: string;
  readonly options?: OptionUses;
}

/** How a command is used: its help, its errors and what it reads come from here. */
export interface Use {
  readonly does: Text;
  /** By the word that follows the command; `''` where none does. */
  readonly actions: Readonly<Record<string, ActionUse>>;
  /** The action that is meant when none is named. */
  readonly otherwise?: string;
}

type Value<O extends OptionUse> = O extends { readonly type: 'boolean' }
  ? boolean
  : O extends { readonly multiple: true }
    ? readonly string[]
    : (O extends { readonly choices: readonly (infer C)[] } ? C : string) | undefined;

type Values<A extends ActionUse> = A extends { readonly options: infer O extends OptionUses }
  ? { readonly [K in keyof O]: Value<O[K]> }
  : Readonly<Record<never, never>>;

/** What was typed, by action. */
export type Typed<U extends Use> = {
  [A in keyof U['actions'] & string]: {
    readonly action: A;
    readonly args: readonly string[];
    readonly values: Values<U['actions'][A]> &
      Values<{ readonly does: Text; readonly options: typeof EVERYWHERE }>;
  };
}[keyof U['actions'] & string];

export const JSON_OPTION = {
  json: { type: 'boolean', does: { zh: '输出 JSON，供程序读取', en: 'JSON, for programs' } },
} as const satisfies OptionUses;

/** Which ledger an operator's command means. */
export const PLACE_OPTIONS = {
  ...JSON_OPTION,
  realm: {
    type: 'string',
    choices: REALMS,
    does: {
      zh: '哪个环境的账本；不写时，有正式账本就用正式账本',
      en: "which realm's ledger; without it the live one where there is one",
    },
  },
  home: { type: 'string', value: 'DIR', does: { zh: '数据文件夹', en: 'the data folder' } },
  ledger: { type: 'string', value: 'ADDRESS', does: { zh: '账本文件', en: 'the ledger file' } },
} as const satisfies OptionUses;

/** Known to every command. */
export const EVERYWHERE = {
  lang: { type: 'string', choices: ['zh', 'en'], does: { zh: '输出语言', en: 'language' } },
  help: { type: 'boolean', does: { zh: '显示用法', en: 'show how it is used' } },
  version: { type: 'boolean', does: { zh: '显示版本', en: 'show the version' } },
} as const satisfies OptionUses;
