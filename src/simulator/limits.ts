/** ms that the scenario `slow` takes to answer. */
export const SLOW_MS = 3_000;

/** The largest request body either gateway reads, in bytes. */
export const MAX_BODY_BYTES = 65_536;
