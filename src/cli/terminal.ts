import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { eastAsianWidth } from 'get-east-asian-width';
import { CashierError, configuration, type Text } from '../domain/errors.ts';
import { ACTING, disarmed } from './disarmed.ts';
import type { Say } from './speaker.ts';

/** Operator's commands speak to a person on stdout; the MCP server never loads this file. */
export function printJson(value: unknown): void {
  process.stdout.write(`${safeJson(value)}\n`);
}

/** The same JSON with every character written as its number that would act on a terminal instead of being shown. */
export function safeJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(
    ACTING,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A line, {@link disarmed}. */
export function print(line = '', end = '\n'): void {
  printPainted(disarmed(line), end);
}

/** A text, in each language that is spoken. */
export function tell(say: Say, text: Text): void {
  for (const line of say(text)) print(line);
}

/** A line that acts on the terminal, such as one in colour; what is not our own in it must be disarmed. */
export function printPainted(line: string, end = '\n'): void {
  process.stdout.write(`${line}${end}`);
}

/** Columns aligned by what a terminal shows: a Chinese character is two cells wide. */
export function printTable(rows: readonly (readonly string[])[]): void {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) =>
    Math.max(...rows.map((row) => cells(row[i] ?? ''))),
  );
  for (const row of rows) {
    print(
      row
        .map((text, i) => clean(text) + ' '.repeat((widths[i] ?? 0) - cells(text)))
        .join('  ')
        .trimEnd(),
    );
  }
}

/** A cell is one line. */
function clean(text: string): string {
  return disarmed(text).replace(/[\t\n]/g, '?');
}

function cells(text: string): number {
  return [...clean(text)].reduce((width, one) => width + eastAsianWidth(one.codePointAt(0) ?? 0), 0);
}

/** Whether a person sits there, who can be shown something and asked. */
export function isTerminal(): boolean {
  return process.stdin.isTTY === true;
}

/** Asks without showing what is typed. Throws CONFIGURATION when there is no terminal to ask at. */
export async function readSecret(prompt: string): Promise<string> {
  if (!isTerminal()) {
    throw configuration('CASHIER_OPERATOR_SECRET', {
      zh: '需要操作员口令，但没有终端可输入。',
      en: 'The operator secret is needed and there is no terminal to type it at.',
      next: {
        zh: '在终端运行，或为该命令设置 CASHIER_OPERATOR_SECRET。',
        en: 'Run it at a terminal, or set CASHIER_OPERATOR_SECRET for this command.',
      },
    });
  }
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const line = createInterface({ input: process.stdin, output: silent, terminal: true });
  // Only now does the terminal keep to itself what is typed.
  process.stderr.write(prompt);
  const left = new AbortController();
  for (const event of ['SIGINT', 'close']) line.once(event, () => left.abort());
  try {
    return await line.question('', { signal: left.signal });
  } catch (error) {
    throw left.signal.aborted ? nothingTyped() : error;
  } finally {
    line.close();
    process.stderr.write('\n');
  }
}

/** The person has changed their mind, by Ctrl+C or Ctrl+D. */
function nothingTyped(): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: '没有输入口令，没有改动。',
    en: 'No secret was typed; nothing was changed.',
    next: { zh: '', en: '' },
  });
}
