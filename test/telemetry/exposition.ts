/** One line of an exposition. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/gy;

/** Reads an exposition as strictly as its format is, and throws at what is none. */
export function samplesIn(text: string): Sample[] {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const typed = new Map<string, string>();
  const samples: Sample[] = [];
  for (const line of text.slice(0, -1).split('\n')) {
    const [, about, family = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (about === 'TYPE') typed.set(family, rest);
    if (about !== undefined) continue;
    const [, name = '', inside = '', number = ''] = LINE.exec(line) ?? [];
    if (name === '') throw new Error(`no sample: ${line}`);
    const labels = [...inside.matchAll(LABEL)];
    if (labels.map(([whole]) => whole).join('') !== inside) throw new Error(`no labels: ${inside}`);
    if (!typed.has(name) && !typed.has(name.replace(/_(bucket|sum|count)$/, '')))
      throw new Error(`untyped: ${name}`);
    const value = Number(number);
    if (Number.isNaN(value)) throw new Error(`no number: ${line}`);
    samples.push({ name, labels: Object.fromEntries(labels.map(([, key, text_]) => [key, text_])), value });
  }
  const keys = samples.map(({ name, labels }) => JSON.stringify([name, labels]));
  if (new Set(keys).size < keys.length) throw new Error('a series stands twice');
  return samples;
}

/** The value of the one series with these labels; undefined where there is none. */
export function numberIn(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  return samples.find(
    (one) =>
      one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value),
  )?.value;
}
