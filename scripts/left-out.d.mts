import type { Plugin } from 'esbuild';

export const LEFT_OUT: readonly string[];
export const leftOut: Plugin;
