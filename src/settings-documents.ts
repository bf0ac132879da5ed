import type { Setting } from './domain/setting.ts';
import { SETTING_GROUPS, SETTINGS } from './settings.ts';

/** Of a page in Markdown: the table of all variables. */
export function settingsTable(language: 'zh' | 'en'): string {
  const head = language === 'zh' ? '| 变量 | 含义 | 默认 |' : '| variable | meaning | default |';
  const rows = SETTINGS.map(
    (setting) =>
      `| \`${setting.name}\`${setting.secret ? ` (\`_FILE\`)` : ''} | ${setting[language]} | ${absentIn(setting, language) ?? '–'} |`,
  );
  return [head, '|---|---|---|', ...rows].join('\n');
}

/** `.env.example`. */
export function envExample(): string {
  const wallets = SETTING_GROUPS.flatMap(({ title, note, settings }) => [
    '',
    `# --- ${[title.zh, title.en].filter(Boolean).join(' ')} ---`,
    ...(note ? [`# ${note.zh} ${note.en}`] : []),
    ...settings.flatMap((setting) => [`# ${meaning(setting)}`, `# ${exampleLine(setting)}`]),
  ]);
  return [
    '# 复制为 .env（仅当环境没有设置本程序的任何变量时才会读取），或写入客户端的 mcp.json。',
    '# Copy to .env (read only when the environment sets none of our variables at all), or put it into mcp.json.',
    '# 什么都不填即为模拟环境。Leave everything empty for the simulator.',
    '# 每个密钥都可直接填写，或用 …_FILE 指向文件。Every secret may stand here itself, or in the file that …_FILE names.',
    ...wallets,
    '',
  ].join('\n');
}

function exampleLine({ name, secret, example = '' }: Setting): string {
  return secret && example ? `${name}_FILE=${example}` : `${name}=${example}`;
}

/** `environmentVariables` of the MCP registry's `server.json`. @see https://github.com/modelcontextprotocol/registry */
export function registryVariables(): object[] {
  return asked().map((setting) => {
    const { name, secret, choices, example, asked } = setting;
    const path = asked === true;
    return {
      name: path && secret ? `${name}_FILE` : name,
      description: meaning(setting),
      ...(secret && !path ? { isSecret: true } : {}),
      ...(path ? { format: 'filepath' } : {}),
      ...(choices ? { choices } : {}),
      ...(choices && defaultOf(setting) ? { default: defaultOf(setting) } : {}),
      ...(example && !secret ? { placeholder: example } : {}),
    };
  });
}

/** What the manifest of an `.mcpb` file asks a person for. @see https://github.com/anthropics/mcpb */
export function formOptions(): { readonly env: object; readonly user_config: object } {
  const labelled = asked().filter((setting) => typeof setting.asked === 'string');
  const key = ({ name }: Setting) => name.toLowerCase();
  return {
    env: Object.fromEntries(
      labelled.map((setting) => [setting.name, `\${user_config.${key(setting)}}`] as const),
    ),
    user_config: Object.fromEntries(
      labelled.map((setting) => [
        key(setting),
        {
          type: 'string',
          title: setting.asked,
          description: meaning(setting),
          required: false,
          default: (setting.choices && defaultOf(setting)) ?? '',
          ...(setting.secret ? { sensitive: true } : {}),
        },
      ]),
    ),
  };
}

/** Our own first, then wallet by wallet. */
function asked(): Setting[] {
  return SETTING_GROUPS.toReversed()
    .flatMap((group) => (group.wallet ? [] : group.settings))
    .concat(SETTING_GROUPS.flatMap((group) => (group.wallet ? group.settings : [])))
    .filter((setting) => setting.asked);
}

/** In both languages, with what holds when it is not set. */
function meaning(setting: Setting): string {
  const wallet = SETTING_GROUPS.find(({ settings }) => settings.includes(setting))?.wallet;
  const whose = wallet && !setting.en.includes(wallet.name.en) ? `${wallet.name.en}: ` : '';
  const [en, zh] = (['en', 'zh'] as const).map((language) => {
    const absent = absentIn(setting, language);
    const isDefault = language === 'zh' ? '；默认 ' : '; default ';
    return bare(`${setting[language]}${absent === undefined ? '' : `${isDefault}${absent}`}`);
  });
  const text = `${whose}${en}`;
  // A word that is typed is left as it is.
  const first = text.charAt(0);
  return `${setting.en.startsWith('`') ? first : first.toUpperCase()}${text.slice(1)}. ${zh}。`;
}

function absentIn({ absent }: Setting, language: 'zh' | 'en'): string | undefined {
  return typeof absent === 'object' ? absent[language] : absent;
}

function defaultOf({ absent }: Setting): string | undefined {
  return typeof absent === 'string' ? bare(absent) : undefined;
}

/** Without marks of Markdown. */
function bare(text: string): string {
  return text.replace(/\*\*|`/g, '');
}
