// What of the files that are mutated has changed since a commit.
import { execFileSync } from 'node:child_process';

const git = (...args) => execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

function commit(name) {
  try {
    return git('rev-parse', '--verify', '--quiet', `${name}^{commit}`).trim();
  } catch {
    return undefined;
  }
}

/** The commit to hold ours against: the one named, or where we left what has landed, or the one before ours. */
function baseOf(named) {
  if (named !== undefined) {
    const base = commit(named);
    if (base === undefined) throw new Error(`${named} is no commit here`);
    return base;
  }
  const head = commit('HEAD');
  for (const landed of ['origin/main', 'main']) {
    const tip = commit(landed);
    if (tip === undefined || head === undefined) continue;
    try {
      const base = git('merge-base', tip, head).trim();
      if (base !== head) return base;
    } catch {
      // A shallow clone may not have it.
    }
  }
  return commit('HEAD~1');
}

/** Changed files, and of each the spans of lines that are new, from 1 and inclusive. */
function changedSince(base) {
  const found = new Map();
  let lines;
  for (const line of git(
    'diff',
    '--unified=0',
    '--no-color',
    '--no-ext-diff',
    base,
    '--',
    'src',
    'test',
  ).split('\n')) {
    const file = /^\+\+\+ b\/(.*)$/.exec(line)?.[1];
    if (file !== undefined) {
      lines = [];
      found.set(file, lines);
    }
    const [, start, count = '1'] = /^@@ -\S+ \+(\d+)(?:,(\d+))? @@/.exec(line) ?? [];
    // Where lines were only taken away, what stands around them is as good as new.
    if (start !== undefined)
      lines?.push([Math.max(1, Number(start)), Number(start) + Math.max(Number(count) - 1, 1)]);
  }
  return found;
}

/**
 * Of each group the lines that have changed; behind those all of it where its tests have. In a clone of one commit,
 * where nothing can be compared, what must not slip at all.
 * @param named a commit
 * @param say is told what is compared
 */
export function partsChanged(groups, named, say) {
  const whole = (group) => ({ group, mutate: group.mutate, whole: group.mutate });
  const base = baseOf(named);
  if (base === undefined) {
    say('There is no commit to compare with: what must be noticed whatever it is.');
    return groups.filter(({ floor }) => floor === 100).map(whole);
  }
  say(`What has changed since ${base.slice(0, 7)}:`);
  const changed = changedSince(base);
  const spans = (file) => (changed.get(file) ?? []).map(([from, to]) => `${file}:${from}-${to}`);
  const parts = groups.map((group) => ({ group, mutate: group.mutate.flatMap(spans), whole: [] }));
  return [
    ...parts.filter(({ mutate }) => mutate.length > 0),
    ...groups.filter(({ tests }) => tests.some((test) => changed.has(test))).map(whole),
  ];
}
