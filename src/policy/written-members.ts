import { likely } from '../domain/nearest.ts';
import { cut, type Path, PolicyProblem, wrong } from './read-policy.ts';

/** Members by their names, of a file that may hold keys: no value is ever shown. */
export type Members = Readonly<Record<string, unknown>>;

/** A name with nothing behind it has no members. Throws PolicyProblem. */
export function membersOf(value: unknown, path: Path): Members {
  if (value === null || value === undefined) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Members;
  throw wrong(path, '必须是“名称: 值”的形式', 'must be a map of names to values');
}

/** undefined where nothing stands. Throws PolicyProblem. */
export function textAt(value: unknown, path: Path): string | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  if (typeof value === 'string') return value;
  // Nothing of it is shown: it may be a key. Numbers lose their last digits, and zeros in front.
  throw wrong(path, '必须是文字，请加引号', 'must be a text: put it in quotes');
}

/** Throws PolicyProblem for any other member than these, with the one that was probably meant. */
export function insistOnNames(members: Members, path: Path, known: readonly string[]): void {
  const name = Object.keys(members).find((one) => !known.includes(one));
  if (name !== undefined) throw unknownName(name, [...path, name], known);
}

/** There is nothing called so. */
export function unknownName(
  name: string,
  path: Path,
  known: readonly string[],
  at: PolicyProblem['at'] = 'name',
): PolicyProblem {
  const meant = likely(name, known);
  const hint =
    meant === undefined
      ? { zh: `；这里可用：${known.join('、')}`, en: `; known here: ${known.join(', ')}` }
      : { zh: `（是否想写 ${meant}？）`, en: ` (did you mean ${meant}?)` };
  return new PolicyProblem(
    { zh: `没有名为 ${cut(name)} 的项${hint.zh}`, en: `there is nothing called ${cut(name)}${hint.en}` },
    path,
    at,
  );
}
