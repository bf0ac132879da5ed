import type { Plugin } from 'esbuild';

export function bundle(options?: {
  readonly plugins?: readonly Plugin[];
  readonly outfile?: string;
}): Promise<string>;
export function load(outfile: string): unknown;
