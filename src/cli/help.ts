import type { Say } from './speaker.ts';
import { print, printTable, tell } from './terminal.ts';
import { EVERYWHERE, type OptionUse, type OptionUses, PLACE_OPTIONS, type Use } from './use.ts';
import { type CommandName, USES } from './uses.ts';

/** All commands, one line each. */
export function printOverview(say: Say): void {
  const names = Object.keys(USES) as CommandName[];
  print(say.line('用法：mcp-cashier 命令 [选项]', 'usage: mcp-cashier COMMAND [OPTIONS]'));
  print();
  printTable(names.map((name) => [`  ${name}`, ...say(USES[name].does)]));
  print();
  tell(say, {
    zh: '某条命令的用法：mcp-cashier help 命令。版本：mcp-cashier --version。',
    en: 'One command: mcp-cashier help COMMAND. The version: mcp-cashier --version.',
  });
}

/** How one command is used. */
export function printHelp(name: CommandName, say: Say): void {
  const use: Use = USES[name];
  const actions = Object.entries(use.actions);
  tell(say, use.does);
  print();
  printTable(
    actions.map(([action, { args = '', does, options = {} }]) => {
      const word =
        action === '' || action === use.otherwise ? (action === '' ? '' : ` [${action}]`) : ` ${action}`;
      const some = Object.keys(options).length > 0 ? ` [${say.line('选项', 'options')}]` : '';
      return [`  mcp-cashier ${name}${word}${args === '' ? '' : ` ${args}`}${some}`, ...say(does)];
    }),
  );
  for (const [action, { options = {} }] of actions) {
    const own = Object.entries(options).filter(([key]) => !Object.hasOwn(PLACE_OPTIONS, key));
    if (own.length > 0)
      printOptions(action === '' ? name : `${name} ${action}`, Object.fromEntries(own), say);
  }
  const shared = actions.flatMap(([, { options = {} }]) =>
    Object.entries(options).filter(([key]) => Object.hasOwn(PLACE_OPTIONS, key)),
  );
  printOptions('', { ...Object.fromEntries(shared), ...EVERYWHERE }, say);
}

function printOptions(title: string, options: OptionUses, say: Say): void {
  print();
  if (title !== '') print(`${title}:`);
  printTable(
    Object.entries(options).map(([key, option]) => [`  ${written(key, option)}`, ...say(option.does)]),
  );
}

function written(key: string, { type, choices, value }: OptionUse): string {
  const short = key === 'help' ? '-h, ' : key === 'version' ? '-v, ' : '';
  return `${short}--${key}${type === 'boolean' ? '' : ` ${choices?.join('|') ?? value ?? 'VALUE'}`}`;
}
