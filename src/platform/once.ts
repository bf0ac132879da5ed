/** Runs `make` at the first call only; after a failure the next call tries again. */
export function once<T>(make: () => Promise<T>): (() => Promise<T>) & { readonly started: boolean } {
  let made: Promise<T> | undefined;
  const get = () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
  return Object.defineProperty(get, 'started', { get: () => made !== undefined }) as typeof get & {
    readonly started: boolean;
  };
}
