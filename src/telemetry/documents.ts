import { FAMILIES, type Family } from './families.ts';

const HEADS = {
  en: '| metric | what it says | when to be woken |\n|---|---|---|',
  zh: '| 指标 | 含义 | 何时告警 |\n|---|---|---|',
};

/** The table of all metrics, as the pages about the service have it. */
export function metricsTable(language: 'zh' | 'en'): string {
  const rows = Object.entries<Family>(FAMILIES).map(([name, { labels, does, alarm }]) => {
    const named = Object.keys(labels).map((label) => ` \`${label}\``);
    return `| \`${name}\`${named.join('')} | ${does[language]} | ${alarm?.[language] ?? ''} |`;
  });
  return [HEADS[language], ...rows].join('\n');
}
