import { BY_PERSON, FAMILIES, type Family, type FamilyName, type Labels, OTHER } from './families.ts';

type NameOf<Kind extends Family['kind']> = {
  [Name in FamilyName]: (typeof FAMILIES)[Name]['kind'] extends Kind ? Name : never;
}[FamilyName];

/** The longest name that a person may have given, in characters. */
const MAX_NAME = 100;

/** Of one family and one value of each of its labels: a number, or counts by bucket with their sum at the end. */
interface Series {
  readonly labels: string;
  value: number;
  readonly counts: number[];
}

/**
 * What is counted and timed, and how Prometheus reads it. A label has one of a closed list of values, also where a type
 * has been got round: anything else is {@link OTHER}. Counts only grow, so any number may read them.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export class Metrics {
  readonly #given: Readonly<Record<string, ReadonlySet<string>>>;
  readonly #series = new Map<FamilyName, Map<string, Series>>();

  /** @param given the lists that the code has for labels of that kind */
  constructor(given: Readonly<Record<'tool' | 'version', readonly string[]>>) {
    this.#given = Object.fromEntries(
      Object.entries(given).map(([label, values]) => [label, new Set(values)]),
    );
    for (const [name, family] of families()) {
      if (!family.fromZero) continue;
      for (const labels of everyCombination(family)) this.#at(name, labels, this.#series);
    }
  }

  count<Name extends NameOf<'counter'>>(name: Name, labels: Labels<Name>, by = 1): void {
    this.#at(name, labels, this.#series).value += by;
  }

  observe<Name extends NameOf<'histogram'>>(name: Name, labels: Labels<Name>, seconds: number): void {
    const series = this.#at(name, labels, this.#series);
    const { buckets } = FAMILIES[name];
    let bucket = 0;
    while (bucket < buckets.length && seconds > (buckets[bucket] ?? 0)) bucket += 1;
    series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
    series.value += seconds;
  }

  /** All of it, with what `measure` finds now. */
  text(measure: (set: Setter) => void): string {
    const now = new Map(this.#series);
    measure((name, labels, value) => {
      this.#at(name, labels, now).value = value;
    });
    return families()
      .flatMap(([name, family]) => {
        const known = [...(now.get(name)?.values() ?? [])];
        if (known.length === 0) return [];
        const head = [`# HELP ${name} ${family.does.en}`, `# TYPE ${name} ${family.kind}`];
        return [...head, ...known.flatMap((series) => linesOf(name, family, series))];
      })
      .concat('')
      .join('\n');
  }

  #at(name: FamilyName, labels: object, all: Map<FamilyName, Map<string, Series>>): Series {
    const { labels: lists }: Family = FAMILIES[name];
    const given = labels as Readonly<Record<string, string>>;
    let text = '';
    for (const label of Object.keys(lists)) {
      text += `${text && ','}${label}="${this.#value(label, lists[label], given[label])}"`;
    }
    const family = all.get(name) ?? new Map<string, Series>();
    all.set(name, family);
    const series = family.get(text) ?? { labels: text, value: 0, counts: [] };
    family.set(text, series);
    return series;
  }

  #value(label: string, list: Family['labels'][string] | undefined, value = ''): string {
    if (list === BY_PERSON) return escaped(value.slice(0, MAX_NAME));
    const isKnown = typeof list === 'object' ? list.includes(value) : this.#given[label]?.has(value);
    return isKnown ? value : OTHER;
  }
}

export type Setter = <Name extends NameOf<'gauge'> | 'process_cpu_seconds_total'>(
  name: Name,
  labels: Labels<Name>,
  value: number,
) => void;

function families(): [FamilyName, Family][] {
  return Object.entries(FAMILIES) as [FamilyName, Family][];
}

function everyCombination({ labels }: Family): Readonly<Record<string, string>>[] {
  return Object.entries(labels).reduce<Readonly<Record<string, string>>[]>(
    (all, [label, list]) =>
      all.flatMap((one) =>
        typeof list === 'object' ? list.map((value) => ({ ...one, [label]: value })) : [],
      ),
    [{}],
  );
}

function linesOf(name: string, { buckets }: Family, { labels, value, counts }: Series): string[] {
  const line = (suffix: string, more: string, number: number) => {
    const inside = [labels, more].filter(Boolean).join(',');
    return `${name}${suffix}${inside && `{${inside}}`} ${number}`;
  };
  if (!buckets) return [line('', '', value)];
  let count = 0;
  const cumulated = [...buckets, '+Inf'].map((bound, i) => {
    count += counts[i] ?? 0;
    return line('_bucket', `le="${bound}"`, count);
  });
  return [...cumulated, line('_sum', '', value), line('_count', '', count)];
}

function escaped(text: string): string {
  return text.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));
}
