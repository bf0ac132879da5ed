import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin as EsbuildPlugin } from 'esbuild';
import type { Plugin as VitePlugin } from 'vite';
import type { Bug } from './bug.ts';

/** The source of a file with the bug in it. Throws where a text to be replaced does not stand there exactly once. */
export function planted(bug: Bug, file: string, source: string): string {
  let text = source;
  for (const [of, from, to] of bug.edits) {
    if (of !== file) continue;
    const found = text.split(from).length - 1;
    if (found !== 1) throw new Error(`${bug.name}: ${file} has ${found} times, not once: ${from}`);
    text = text.replace(from, () => to);
  }
  return text;
}

/** Every bug that can no longer be planted, and why. */
export function rotten(bugs: readonly Bug[], root: string): string[] {
  const why: string[] = [];
  for (const bug of bugs) {
    for (const file of filesOf(bug)) {
      try {
        planted(bug, file, readFileSync(join(root, file), 'utf8'));
      } catch (error) {
        why.push(String(error));
      }
    }
  }
  return why;
}

export function filesOf({ edits }: Bug): string[] {
  return [...new Set(edits.map(([file]) => file))];
}

/** Plants into what vitest loads whichever bug there is at the time. @param root ends with a slash */
export function vitePlanter(root: string, current: () => Bug | undefined): VitePlugin {
  return {
    name: 'sabotage',
    enforce: 'pre',
    transform(source, id) {
      const bug = current();
      const file = fileIn(root, id.split('?', 1)[0] ?? '');
      return bug && filesOf(bug).includes(file) ? planted(bug, file, source) : undefined;
    },
  };
}

/** Plants a bug into a bundle. @param root ends with a slash */
export function bundlePlanter(root: string, bug: Bug): EsbuildPlugin {
  return {
    name: 'sabotage',
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const file = fileIn(root, path);
        if (!filesOf(bug).includes(file)) return undefined;
        return { contents: planted(bug, file, readFileSync(path, 'utf8')), loader: 'ts' };
      });
    },
  };
}

function fileIn(root: string, path: string): string {
  return path.startsWith(root) ? path.slice(root.length) : path;
}
