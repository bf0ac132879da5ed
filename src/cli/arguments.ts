import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { beijingMidnight } from '../domain/clock.ts';
import { CashierError, type Text } from '../domain/errors.ts';
import { likely } from '../domain/nearest.ts';
import { expandHome } from '../platform/home-path.ts';
import { type ActionUse, EVERYWHERE, type OptionUse, type OptionUses, type Typed, type Use } from './use.ts';
import { type CommandName, USES } from './uses.ts';

/** So many slips make another word. */
const SLIPS = 2;

/**
 * A command's arguments, by the table. Throws INVALID_ARGUMENT with one sentence and the nearest right one for what it
 * does not have.
 */
export function readArguments<N extends CommandName>(
  name: N,
  args: readonly string[],
): Typed<(typeof USES)[N]> {
  const use: Use = USES[name];
  const all: Record<string, OptionUse> = { ...EVERYWHERE };
  for (const action of Object.values(use.actions)) Object.assign(all, action.options);
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(Object.entries(all).map(([key, { type }]) => [key, { type }])),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const words = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []));
  // The value of an option that there is not would be taken for what is to be done.
  const stranger = tokens.find((token) => token.kind === 'option' && !Object.hasOwn(all, token.name));
  if (stranger?.kind === 'option' && !Object.hasOwn(use.actions, words[0] ?? ''))
    throw noSuchOption(name, stranger.rawName, all, false);
  const action = actionOf(name, use, words);
  const chosen = use.actions[action] ?? { does: { zh: '', en: '' } };
  const rest = action === '' || words[0] !== action ? words : words.slice(1);
  const line = action === '' ? name : `${name} ${action}`;
  const options: Record<string, OptionUse> = { ...EVERYWHERE, ...chosen.options };
  const values = emptyValues(options);
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    if (!option)
      throw noSuchOption(line, token.rawName, options, action !== '' && Object.hasOwn(all, token.name));
    const { value } = token;
    if (option.type === 'boolean') {
      if (value !== undefined) throw takesNoValue(line, token.rawName);
      values[token.name] = true;
      continue;
    }
    // An option eaten as a value was never meant as one.
    if (value === undefined || (!token.inlineValue && value.startsWith('--'))) {
      throw needsValue(line, token.rawName, option);
    }
    if (option.choices && !option.choices.includes(value))
      throw noSuchValue(line, token.rawName, value, option);
    values[token.name] = option.multiple ? [...((values[token.name] ?? []) as string[]), value] : value;
  }
  insistOnWords(name, line, chosen, rest);
  const typed: object = { action, args: rest, values };
  return typed as Typed<(typeof USES)[N]>;
}

/** What people type for a command that has another name. */
const OTHER_WORDS: Readonly<Record<string, CommandName>> = {
  ...{
    refund: 'approvals',
    refunds: 'approvals',
    approve: 'approvals',
    deny: 'approvals',
    pending: 'approvals',
  },
  ...{ list: 'orders', ls: 'orders', order: 'orders', payments: 'orders', pay: 'orders', query: 'orders' },
  ...{ close: 'orders', serve: 'http', server: 'http', start: 'http', config: 'init', setup: 'init' },
  ...{ install: 'init', check: 'doctor', status: 'doctor', test: 'doctor', pause: 'freeze', stop: 'freeze' },
  ...{
    resume: 'unfreeze',
    thaw: 'unfreeze',
    secret: 'operator',
    log: 'audit',
    logs: 'audit',
    rules: 'policy',
  },
  ...{ subscription: 'subscriptions', subscribers: 'subscriptions', cancel: 'subscriptions' },
  ...{ backup: 'ledger', restore: 'ledger', migrate: 'ledger', move: 'ledger', forget: 'ledger' },
};

/** Throws INVALID_ARGUMENT for a command that there is not. */
export function commandNamed(word: string): CommandName {
  if (Object.hasOwn(USES, word)) return word as CommandName;
  const asOption = word.startsWith('-');
  const meant = Object.hasOwn(OTHER_WORDS, word) ? OTHER_WORDS[word] : likely(word, Object.keys(USES), SLIPS);
  throw refused(
    asOption
      ? { zh: `选项 ${word} 要写在命令之后`, en: `The option ${word} belongs after a command` }
      : { zh: `没有命令 ${shown(word)}`, en: `There is no command ${shown(word)}` },
    meant === undefined || asOption ? '--help' : meant,
    meant !== undefined && !asOption,
  );
}

function actionOf(name: CommandName, use: Use, words: readonly string[]): string {
  const actions = Object.keys(use.actions);
  if (actions.length === 1 && actions[0] === '') return '';
  const [word] = words;
  if (word !== undefined && Object.hasOwn(use.actions, word)) return word;
  if (word === undefined && use.otherwise !== undefined) return use.otherwise;
  const [only] = actions;
  if (word === undefined) {
    throw refused(
      {
        zh: `${name} 后面要写做什么：${actions.join('、')}`,
        en: `${name} what? One of: ${actions.join(', ')}`,
      },
      actions.length === 1 ? `${name} ${only}` : `${name} --help`,
    );
  }
  // A number is what people put after `orders`, or what of other things shows one of them.
  if (name === 'orders') {
    const [, number = ''] = words;
    if (word === 'show') {
      throw refused(
        { zh: '一笔订单的经过在审计记录里', en: "One order's story is in the audit trail" },
        `audit show ${/^\w+$/.test(number) ? number : 'ORDER'}`,
      );
    }
    throw refused(
      { zh: `orders 后面不写订单号 ${shown(word)}`, en: `orders takes no number (${shown(word)})` },
      /^\w+$/.test(word) ? `orders --search ${word}` : 'orders --help',
    );
  }
  const meant = likely(word, actions, SLIPS);
  throw refused(
    { zh: `${name} 没有 ${shown(word)}`, en: `${name} has no ${shown(word)}` },
    meant === undefined ? `${name} --help` : `${name} ${meant}`,
    meant !== undefined,
  );
}

/** Nothing chosen: switches off, lists empty. */
function emptyValues(options: OptionUses): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [key, { type, multiple }] of Object.entries(options)) {
    if (type === 'boolean') values[key] = false;
    else if (multiple) values[key] = [];
  }
  return values;
}

function insistOnWords(
  name: CommandName,
  line: string,
  { args = '' }: ActionUse,
  words: readonly string[],
): void {
  const wanted = args.split(' ').filter(Boolean);
  const missing = wanted.slice(words.length).find((one) => !one.startsWith('['));
  const extra = words[wanted.length];
  if (missing !== undefined || words.includes('')) {
    throw refused(
      { zh: `${line} 缺少 ${missing ?? args}`, en: `${line} needs ${missing ?? args}` },
      `${line} ${args}`,
    );
  }
  if (extra === undefined) return;
  throw refused(
    { zh: `${line} 之后不能有 ${shown(extra)}`, en: `${line} takes no ${shown(extra)}` },
    args === '' ? `${name} --help` : `${line} ${args}`,
  );
}

function noSuchOption(line: string, option: string, options: OptionUses, isOfAnother: boolean): CashierError {
  const meant = isOfAnother
    ? undefined
    : likely(
        option,
        Object.keys(options).map((one) => `--${one}`),
        SLIPS,
      );
  return refused(
    { zh: `${line} 没有选项 ${shown(option)}`, en: `${line} has no option ${shown(option)}` },
    meant === undefined ? `${line.split(' ')[0]} --help` : `${line} ${meant}`,
    meant !== undefined,
  );
}

function takesNoValue(line: string, option: string): CashierError {
  return refused({ zh: `${option} 不带值`, en: `${option} takes no value` }, `${line} ${option}`);
}

function needsValue(line: string, option: string, { value, choices }: OptionUse): CashierError {
  return refused(
    { zh: `${option} 后面要有值`, en: `${option} needs a value` },
    `${line} ${option} ${choices?.join('|') ?? value ?? ''}`,
  );
}

function noSuchValue(line: string, option: string, given: string, { choices = [] }: OptionUse): CashierError {
  return refused(
    {
      zh: `${option} 只能是 ${choices.join('、')}，不能是 ${shown(given)}`,
      en: `${option} is one of ${choices.join(', ')}, not ${shown(given)}`,
    },
    `${line} ${option} ${likely(given, choices, SLIPS) ?? choices.join('|')}`,
  );
}

/** A path as it was typed: `~` is the user's home, and what is relative stands where it was typed. */
export function typedPath(typed: string | undefined, cwd: string): string | undefined {
  return typed && resolve(cwd, expandHome(typed));
}

/** An option's whole number. Throws INVALID_ARGUMENT naming the range. */
export function wholeNumber(
  option: string,
  given: string,
  { least, most }: { readonly least: number; readonly most: number },
): number {
  const number = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw refused(
    {
      zh: `${option} 必须是 ${least} 到 ${most} 的整数，不能是 ${shown(given)}`,
      en: `${option} is a whole number from ${least} to ${most}, not ${shown(given)}`,
    },
    undefined,
  );
}

/** Midnight in Beijing (ms) of an option's day. Throws INVALID_ARGUMENT for what is no day. */
export function dayStart(option: string, given: string): number {
  const ms = beijingMidnight(given);
  if (ms !== undefined) return ms;
  throw refused(
    {
      zh: `${option} 必须是 2026-11-21 形式的日期，不能是 ${shown(given)}`,
      en: `${option} is a day such as 2026-11-21, not ${shown(given)}`,
    },
    undefined,
  );
}

/** One sentence, and what to type instead. */
function refused(text: Text, instead: string | undefined, isMeant = false): CashierError {
  const zh = isMeant ? '是否要用' : '请用';
  const en = isMeant ? 'Did you mean' : 'Try';
  const line = instead === undefined ? undefined : `mcp-cashier ${instead.trim()}`;
  return new CashierError('INVALID_ARGUMENT', {
    zh: `${text.zh}。`,
    en: `${text.en}.`,
    next: {
      zh: line === undefined ? '' : `${zh}：${line}`,
      en: line === undefined ? '' : `${en}: ${line}${isMeant ? ' ?' : ''}`,
    },
  });
}

/** What was typed, so that it can be shown: no control characters, no endless line. */
function shown(word: string): string {
  const short = [...word].slice(0, 40).join('');
  return JSON.stringify(short.length < word.length ? `${short}…` : short);
}
