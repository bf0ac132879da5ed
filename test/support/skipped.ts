/** In a test's name: it is about something that only POSIX has, such as the modes of files. */
export const POSIX = '[POSIX only]';

/** In a test's name: it looks at /proc, which Linux has. */
export const PROC = '[/proc only]';

/** In a test's name: it needs a PostgreSQL, and there is none. */
export const NO_POSTGRES = 'no PostgreSQL here';

/** What such a test's name ends with. */
export const postgresMark = (isThere: boolean) => (isThere ? '' : ` (${NO_POSTGRES})`);

/** In a test's name: another program that knows the field is to agree, and it is not there. */
export const NO_OPENSSL = 'no openssl here';

/** In a test's name: as {@link NO_OPENSSL}, with an implementation in Python. */
export const NO_PYTHON = 'no Python here';

/** In a test's name: it needs a machine that can be made to fail, and there is none. */
export const NO_FAULTY_MACHINE = 'no faulty machine here';

/** Why a test may be skipped, how its name shows it, and what to do so that it runs. */
const REASONS: readonly { readonly mark: string; readonly why: string; readonly allowed: boolean }[] = [
  {
    mark: 'no Chromium here',
    why: 'no Chromium was found. Install one (Debian: apt-get install chromium-headless-shell fonts-wqy-zenhei), or name it in CHROMIUM=…, and run npm test again',
    allowed: false,
  },
  {
    mark: NO_POSTGRES,
    why: 'no PostgreSQL can be started here. As root it needs an account named postgres (useradd --system postgres); or name a server in CASHIER_TEST_POSTGRES=postgres://…, and run npm test again',
    allowed: false,
  },
  {
    mark: NO_OPENSSL,
    why: 'no openssl was found. Install it (Debian: apt-get install openssl), and run npm test again',
    allowed: false,
  },
  {
    mark: NO_PYTHON,
    why: 'no python3 was found. Install it (Debian: apt-get install python3), and run npm test again',
    allowed: false,
  },
  {
    mark: NO_FAULTY_MACHINE,
    why: 'no machine with faults: that needs Linux and a C compiler (Debian: apt-get install gcc libc6-dev), and is run by npm run test:faults',
    allowed: false,
  },
  {
    mark: POSIX,
    why: 'about what Windows has not; nothing to do',
    allowed: process.platform === 'win32',
  },
  {
    mark: PROC,
    why: 'about what only Linux shows; nothing to do',
    allowed: process.platform !== 'linux',
  },
];

export interface Skipped {
  /** A line for each reason. */
  readonly lines: readonly string[];
  /** How many no CI may pass over. */
  readonly missed: number;
}

/** What was skipped, why, and how to run it. */
export function explainSkipped(names: readonly string[]): Skipped {
  const reasonOf = (name: string) => REASONS.find(({ mark }) => name.includes(mark));
  const lines = REASONS.flatMap((reason) => {
    const count = names.filter((name) => reasonOf(name) === reason).length;
    return count === 0 ? [] : [`${count} skipped: ${reason.why}.`];
  });
  const others = names.filter((name) => reasonOf(name) === undefined);
  return {
    lines: [...lines, ...others.map((name) => `skipped, and its name does not say why: ${name}`)],
    missed: names.filter((name) => reasonOf(name)?.allowed !== true).length,
  };
}
