// What became of the mutants, held against the list of those that may live.

/** As one of Stryker's results stands in the source. Throws where it is not known what became of it. */
export function mutantOf({ location, replacement, status }, file, source) {
  const lines = source.split('\n');
  const { start, end } = location;
  const taken = lines.slice(start.line - 1, end.line);
  taken[taken.length - 1] = taken.at(-1).slice(0, end.column - 1);
  taken[0] = taken[0].slice(start.column - 1);
  const fate = Object.hasOwn(FATES, status) ? FATES[status] : undefined;
  if (fate === undefined) throw new Error(`${file}: a mutant is ${status}`);
  return {
    file,
    line: start.line,
    code: lines[start.line - 1].trim(),
    from: flat(taken.join('\n')),
    to: flat(replacement),
    fate,
  };
}

const FATES = {
  Killed: 'killed',
  RuntimeError: 'killed',
  Timeout: 'timeout',
  Survived: 'survived',
  NoCoverage: 'survived',
  Ignored: 'words',
};

/** On one line. */
const flat = (text) => text.replace(/\s+/g, ' ').trim();

const isOf = (known, mutant) =>
  known.file === mutant.file &&
  known.code === mutant.code &&
  known.to === mutant.to &&
  (known.from ?? mutant.from) === mutant.from;

/** Of each that survived, the entry that says why; and those that no entry explains. */
export function explained(mutants, list) {
  const survived = mutants.filter(({ fate }) => fate === 'survived');
  const why = new Map(survived.map((mutant) => [mutant, list.find((known) => isOf(known, mutant))]));
  return { why, unlisted: survived.filter((mutant) => why.get(mutant) === undefined) };
}

/** Entries of the list about these files to which no survivor belongs any more. */
export function stale(mutants, list, files) {
  const survived = mutants.filter(({ fate }) => fate === 'survived');
  return list.filter(
    (known) => files.includes(known.file) && !survived.some((mutant) => isOf(known, mutant)),
  );
}

/** What is counted of some mutants. */
export function counted(mutants, why) {
  const of = (fate) => mutants.filter((mutant) => mutant.fate === fate).length;
  const [killed, timeout, words] = [of('killed'), of('timeout'), of('words')];
  const same = mutants.filter((mutant) => why.get(mutant)?.why === 'same').length;
  const survived = of('survived') - same;
  return { mutants: killed + timeout + same + survived, killed, timeout, same, survived, words };
}

/** In percent. It leaves out only those whose behaviour is the same. */
export function scoreOf({ killed, timeout, survived }) {
  const tried = killed + timeout + survived;
  return tried === 0 ? 100 : (100 * (killed + timeout)) / tried;
}

/** Never rounded up to a hundred. */
export const percent = (score) => `${(Math.floor(score * 10) / 10).toFixed(1)} %`;
