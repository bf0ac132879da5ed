import type { Document, Node, Range } from 'yaml';
import { CashierError, configuration, type Text } from '../domain/errors.ts';
import { readTextFile } from '../platform/text-file.ts';
import type { Policy } from './policy.ts';
import { type Path, PolicyProblem, readPolicyData } from './read-policy.ts';

/** Where a text comes from: the setting that names the file, and the file. */
export interface TextSource {
  readonly setting: string;
  readonly file: string;
  /** What kind of file it is; a policy by default. */
  readonly kind?: Text;
}

const POLICY_FILE: Text = { zh: '规则文件', en: 'policy file' };

/**
 * Reads a policy from YAML or JSON text. Throws CONFIGURATION naming file, line, column, the place in the policy and
 * what is wrong there.
 */
export function parsePolicy(text: string, file: string): Promise<Policy> {
  return parseWith(text, { setting: 'CASHIER_POLICY', file }, readPolicyData);
}

/** As {@link parseWith} for the file itself. Throws CONFIGURATION as well where it cannot be read. */
export async function readWith<T>(source: TextSource, read: (data: unknown) => T): Promise<T> {
  return parseWith(textIn(source), source, read);
}

/** What a person wrote in a file. Throws CONFIGURATION where it cannot be read. */
export function textIn({ setting, file, kind = POLICY_FILE }: TextSource): string {
  try {
    return readTextFile(file, setting);
  } catch (error) {
    if (error instanceof CashierError) throw error;
    throw configuration(setting, {
      zh: `${setting}：${kind.zh} ${file} 无法读取。`,
      en: `${setting}: the ${kind.en} ${file} cannot be read.`,
      next: { zh: '检查路径与读取权限。', en: 'Check the path and its permissions.' },
    });
  }
}

/** As {@link parsePolicy} for any part of one; `read` throws PolicyProblem. */
export async function parseWith<T>(text: string, source: TextSource, read: (data: unknown) => T): Promise<T> {
  // CommonJS: once bundled, a lazily loaded one has nothing but its default.
  const {
    default: { Lexer, LineCounter, isMap, isScalar, isSeq, parseDocument, visit },
  } = await import('yaml');
  if (isTooDeep(new Lexer().lex(text), text)) throw invalid(TOO_DEEP, source, 1, 1, []);
  const lineCounter = new LineCounter();
  // Pretty errors quote the text, and that may be anything.
  const document = parseDocument(withoutTabs(text), {
    strict: true,
    uniqueKeys: true,
    stringKeys: true,
    prettyErrors: false,
    lineCounter,
  });
  const fail = (problem: Text, offset: number, path: Path): CashierError => {
    const { line, col } = lineCounter.linePos(offset);
    // An empty text has no line.
    return invalid(problem, source, Math.max(1, line), Math.max(1, col), path);
  };

  const [broken] = [...document.errors, ...document.warnings].sort((a, b) => a.pos[0] - b.pos[0]);
  if (broken) {
    const [at] = broken.pos;
    const named = pathAt(document, at);
    const node = document.getIn(named, true);
    // A quote that is not closed is noticed at the end of the file, and wrong where it begins.
    const isOpen = broken.code === 'MISSING_CHAR' && isScalar(node) && (node.range?.[1] ?? 0) >= at;
    const path = isOpen || BY_NAME.has(broken.code) ? named : [];
    const offset = isOpen ? offsetOf(document, { path, at: 'value' }) : at;
    throw fail(YAML_ERRORS[broken.code] ?? notYaml(broken.code), offset, path);
  }
  let alias: Node | undefined;
  visit(document, {
    Alias: (_key, node) => {
      alias ??= node;
    },
  });
  if (alias) throw fail(NO_ALIAS, startOf(alias) ?? 0, pathAt(document, startOf(alias) ?? 0));
  try {
    return read(document.toJS());
  } catch (error) {
    if (!(error instanceof PolicyProblem)) throw error;
    throw fail(error.text, offsetOf(document, error), error.path);
  }

  /** Where the text says what a problem is about. */
  function offsetOf({ contents }: Document, { path, at }: Pick<PolicyProblem, 'path' | 'at'>): number {
    let node: unknown = contents;
    let offset = startOf(node) ?? 0;
    for (const [i, step] of path.entries()) {
      const pair = isMap(node)
        ? node.items.find(({ key }) => isScalar(key) && String(key.value) === step)
        : undefined;
      node = pair ? pair.value : isSeq(node) ? node.items[Number(step)] : undefined;
      const named = pair && ((at === 'name' && i === path.length - 1) || isNothing(node));
      offset = startOf(named ? pair.key : node) ?? offset;
    }
    return offset;
  }

  function isNothing(node: unknown): boolean {
    return isScalar(node) && node.source === '';
  }

  /** The names that lead to an offset. */
  function pathAt({ contents }: Document, offset: number): Path {
    const path: (string | number)[] = [];
    let node: unknown = contents;
    for (;;) {
      const pairs = isMap(node) ? node.items : [];
      const pair = pairs.findLast(({ key }) => (startOf(key) ?? Number.POSITIVE_INFINITY) <= offset);
      if (!pair || !isScalar(pair.key)) return path;
      path.push(String(pair.key.value));
      node = pair.value;
    }
  }
}

function startOf(node: unknown): number | undefined {
  return (node as { range?: Range | null } | null | undefined)?.range?.[0];
}

/**
 * Whether brackets stand open, or a line begins, deeper than anybody writes: what parses calls itself for each level, and
 * what tells the marks apart does not.
 */
function isTooDeep(marks: Iterable<string>, text: string): boolean {
  let open = 0;
  for (const mark of marks) {
    if (mark === '[' || mark === '{') open += 1;
    if (mark === ']' || mark === '}') open = Math.max(0, open - 1);
    if (open > MOST_LEVELS) return true;
  }
  return new RegExp(`^(?:[ \\t]|[-?:][ \\t]){${MOST_LEVELS}}`, 'm').test(text);
}
const MOST_LEVELS = 100;

/** JSON may be indented with tabs, YAML may not; offsets stay what they are. */
function withoutTabs(text: string): string {
  return text.trimStart().startsWith('{') ? text.replaceAll('\t', ' ') : text;
}

const TOO_DEEP: Text = { zh: '嵌套过深', en: 'it is nested too deeply' };
const NO_ALIAS: Text = {
  zh: '不支持 YAML 别名（*名称），请把值直接写出来',
  en: 'YAML aliases (*name) are not taken here; write the value out',
};

/** Errors of which the names above them can be trusted. */
const BY_NAME: ReadonlySet<string> = new Set(['DUPLICATE_KEY', 'TAG_RESOLVE_FAILED']);

const YAML_ERRORS: Readonly<Record<string, Text>> = {
  DUPLICATE_KEY: { zh: '同一名称出现了两次', en: 'the same name stands here twice' },
  BAD_INDENT: {
    zh: '缩进不正确，或括号没有闭合',
    en: 'the indentation is wrong, or a bracket is not closed',
  },
  BLOCK_AS_IMPLICIT_KEY: {
    zh: '缩进不正确，或一行中有两个冒号',
    en: 'the indentation is wrong, or one line has two colons',
  },
  TAB_AS_INDENT: { zh: 'YAML 缩进只能用空格，不能用制表符', en: 'YAML is indented with spaces, not tabs' },
  MISSING_CHAR: {
    zh: '引号或括号没有闭合，或缺少逗号、冒号、空格',
    en: 'a quote or bracket is not closed, or a comma, colon or space is missing',
  },
  MULTIPLE_DOCS: {
    zh: '文件中只能有一份规则（--- 之后还有一份）',
    en: 'one file holds one policy; another begins here',
  },
};

function notYaml(code: string): Text {
  return { zh: `不是合法的 YAML（${code}）`, en: `this is not valid YAML (${code})` };
}

function invalid(
  problem: Text,
  { setting, file, kind = POLICY_FILE }: TextSource,
  line: number,
  column: number,
  path: Path,
): CashierError {
  const place = path.join('.').replace(/\p{C}/gu, '?').slice(0, 120);
  return configuration(setting, {
    zh: `${setting} ${kind.zh} ${file} 第 ${line} 行第 ${column} 列${place && ` ${place}`}：${problem.zh}。`,
    en: `${setting}: ${kind.en} ${file}, line ${line}, column ${column}${place && `, ${place}`}: ${problem.en}.`,
    next: { zh: '改正该处后重试。', en: 'Correct that place and try again.' },
    details: { line, column, ...(place === '' ? {} : { path: place }) },
  });
}
