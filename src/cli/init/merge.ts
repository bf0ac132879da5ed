import { isDeepStrictEqual } from 'node:util';
import { CashierError, type Text } from '../../domain/errors.ts';
import { systemClock } from '../../platform/system.ts';
import type { Say } from '../speaker.ts';
import { print, tell } from '../terminal.ts';
import { ChangedMeanwhile, readText, replaceText } from './config-file.ts';
import { type Edit, NotEditable, objectAt, setEntry } from './json-edit.ts';
import { setTable, tableAt } from './toml-edit.ts';

interface Merge {
  readonly file: string;
  readonly path: readonly [section: string, name: string];
  readonly entry: Readonly<Record<string, unknown>>;
}

/** Merges into each file, or shows what merging would do. False where something was to be written and was not. */
export async function mergeAll(
  files: readonly string[],
  what: Omit<Merge, 'file'>,
  how: { readonly write: boolean; readonly force: boolean },
  say: Say,
): Promise<boolean> {
  let done = true;
  for (const file of files) done = (await merge({ file, ...what }, how, say)) && done;
  return done;
}

/** Merges, or shows what merging would do. False when it was to be written and was not. */
async function merge(
  { file, path, entry }: Merge,
  { write, force }: { readonly write: boolean; readonly force: boolean },
  say: Say,
): Promise<boolean> {
  const before = await attempt(file, () => readText(file));
  let edit: Edit;
  let old: Readonly<Record<string, unknown>> | undefined;
  try {
    const isToml = file.endsWith('.toml');
    old = before === undefined ? undefined : (isToml ? tableAt : objectAt)(before, path);
    edit = (isToml ? setTable : setEntry)(before ?? '', path, entry);
  } catch (error) {
    if (!(error instanceof NotEditable)) throw error;
    tell(say, notEditable(error.reason, file));
    return !write;
  }
  if (old !== undefined && isDeepStrictEqual(old, entry)) {
    tell(say, { zh: `${file} 已有这一项，无需改动。`, en: `${file} has it already; nothing to change.` });
    return true;
  }
  if (before !== undefined) showEdit(file, edit, old !== undefined);
  if (!write) {
    tell(say, {
      zh: `没有写入任何文件；加上 --write 即写入 ${file}。`,
      en: `Nothing was written; with --write it goes into ${file}.`,
    });
    return true;
  }
  if (old !== undefined && !force) {
    tell(say, {
      zh: `${file} 里已有名为 ${path[1]} 的不同配置，没有改动。加上 --force 替换它，或用 --name 换一个名字。`,
      en: `${file} has another server named ${path[1]}; it was left as it is. Replace it with --force, or choose another --name.`,
    });
    return false;
  }
  const backup = await attempt(file, () => replaceText(file, before, edit.text, systemClock.now()));
  tell(say, { zh: `已写入 ${file}。`, en: `Written to ${file}.` });
  if (backup !== undefined)
    tell(say, { zh: `原文件的备份：${backup}`, en: `The old file is kept as ${backup}` });
  return true;
}

/** The system's refusals become a sentence. */
async function attempt<T>(file: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ChangedMeanwhile) {
      throw unwritten(file, { zh: '它刚被其他程序修改', en: 'another program has just changed it' });
    }
    if (!(error instanceof Error && 'syscall' in error && 'code' in error)) throw error;
    const code = String(error.code);
    throw unwritten(file, { zh: code, en: code });
  }
}

function unwritten(file: string, why: Text): CashierError {
  return new CashierError('CONFIGURATION', {
    zh: `${file} 没有写入：${why.zh}。`,
    en: `${file} was not written: ${why.en}.`,
    next: {
      zh: '检查权限后重试，或手工粘贴上面的内容。',
      en: 'See to its permissions and try again, or paste the block by hand.',
    },
  });
}

function notEditable(reason: NotEditable['reason'], file: string): Text {
  const kind = file.endsWith('.toml') ? 'TOML' : 'JSON';
  switch (reason) {
    case 'shape':
      return {
        zh: `${file} 的结构与预期不同，没有写入；请手工加入上面的内容。`,
        en: `${file} is not built as expected; nothing was written. Add the block by hand.`,
      };
    default:
      return {
        zh: `${file} 不是正确的 ${kind}，客户端也读不了它；没有写入，请先改正。`,
        en: `${file} is not valid ${kind}, so the client cannot read it either; nothing was written. Mend it first.`,
      };
  }
}

/** Only what is ours: the lines around it may hold other servers' keys. */
function showEdit(file: string, { line, added, removed }: Edit, replaces: boolean): void {
  print(`--- ${file}:${line}`);
  if (replaces) for (const one of removed.split(/\r?\n/)) print(`- ${masked(one)}`);
  for (const one of added.replace(/^,?\r?\n/, '').split(/\r?\n/)) print(`+ ${one}`);
  print();
}

/** A line of an old block, which may have held keys by value. */
function masked(line: string): string {
  return line.replace(
    /("?[\w-]*(?:KEY|SECRET|TOKEN|AUTH|PASSW|COOKIE)[\w-]*"?\s*[:=]\s*)"(?:[^"\\]|\\.)*"/gi,
    (whole, name: string) => (/_FILE\b/i.test(name) ? whole : `${name}"…"`),
  );
}
