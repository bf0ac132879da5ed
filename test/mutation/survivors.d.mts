import type { Survivor } from './judge.mjs';

export const SURVIVORS: readonly Survivor[];
