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

/** A switch. */
export const flag = (zh: string, en: string) => ({ type: 'boolean', does: { zh, en } }) as const;
/** An option with a value, for which `value` stands in the help. */
export const text = (value: string, zh: string, en: string) =>
  ({ type: 'string', value, does: { zh, en } }) as const;
/** An option with one of a few values. */
export const choice = <const C extends readonly string[]>(choices: C, zh: string, en: string) =>
  ({ type: 'string', choices, does: { zh, en } }) as const;

export const JSON_OPTION = { json: flag('输出 JSON，供程序读取', 'JSON, for programs') };

/** Which merchant is meant, where `CASHIER_MERCHANTS` names several. */
export const MERCHANT_OPTION = { merchant: text('NAME', '哪个商户', 'which merchant') };

/** Which ledger an operator's command means. */
export const PLACE_OPTIONS = {
  ...JSON_OPTION,
  realm: choice(
    REALMS,
    '哪个环境的账本；不写时，有正式账本就用正式账本',
    "which realm's ledger; without it the live one where there is one",
  ),
  home: text('DIR', '数据文件夹', 'the data folder'),
  ledger: text('ADDRESS', '账本文件', 'the ledger file'),
  ...MERCHANT_OPTION,
};

/** Of what concerns all that a home has, unless one is named. */
export const EVERY_PLACE = {
  ...PLACE_OPTIONS,
  realm: choice(
    REALMS,
    '只对这个环境的账本；不写时，文件夹中的每一本',
    'the ledger of this realm only; without it every one of the home',
  ),
};

/** Known to every command. */
export const EVERYWHERE = {
  lang: choice(['zh', 'en'], '输出语言', 'language'),
  help: flag('显示用法', 'show how it is used'),
  version: flag('显示版本', 'show the version'),
};
