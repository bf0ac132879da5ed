/**
 * How long (ms) anything is waited for before it counts as never coming. A machine may be many times slower than ours,
 * so this bound says nothing about how fast anything is.
 */
export const PATIENCE_MS = 240_000;
