/** The members of an object by name: the order in which somebody wrote them says nothing. */
export function byName<T>(object: Readonly<Record<string, T>>): [name: string, member: T][] {
  return Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** A value as JSON knows it, with the members of all objects {@link byName}; what is deeper than `levels` is cut. */
export function sorted(value: unknown, levels = Number.POSITIVE_INFINITY): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value ?? null;
  if (levels === 0) return '…';
  if (Array.isArray(value)) return value.map((inner) => sorted(inner, levels - 1));
  return Object.fromEntries(
    byName(value as Record<string, unknown>).map(([name, inner]) => [name, sorted(inner, levels - 1)]),
  );
}
