import { createVitest, type TestModule, type Vitest } from 'vitest/node';
import type { Bug } from './bug.ts';
import { filesOf, vitePlanter } from './plant.ts';

/** What came of one run of tests. */
export interface Tried {
  /** The first test that failed; undefined where all have passed. */
  readonly failed: { readonly test: string; readonly why: string } | undefined;
  /** Of processor time: whatever else the machine has to do. */
  readonly ms: number;
}

/** In the place of a test: an error that no test has waited for. */
export const UNHANDLED = '(unhandled error)';

/** Nothing in a file has the name that was asked for. */
export class NoSuchTest extends Error {}

/** Which tests: a whole file, or only what has a name, or begins with the name of a group. */
export interface Choice {
  readonly file: string;
  readonly name?: string | undefined;
}

/** In a run with a bug in it nobody waits as long as on a slow machine: what does not come does not come. */
const IMPATIENT: Bug = {
  name: 'impatient',
  deed: '',
  breaks: '',
  edits: [['test/support/patience.ts', '240_000', '20_000']],
  caughtBy: [],
};

/** One vitest for all runs: what has not changed is transformed once, and nothing is started anew but a thread. */
export class Bench {
  readonly #root: string;
  readonly #vitest: Vitest;
  readonly #plant: (bug: Bug | undefined) => void;

  private constructor(root: string, vitest: Vitest, plant: (bug: Bug | undefined) => void) {
    this.#root = root;
    this.#vitest = vitest;
    this.#plant = plant;
  }

  /** @param root of the repository, with a slash at its end */
  static async open(root: string): Promise<Bench> {
    let bug: Bug | undefined;
    const vitest = await createVitest(
      'test',
      {
        root,
        watch: false,
        bail: 1,
        pool: 'threads',
        maxWorkers: 1,
        reporters: [{}],
        testTimeout: 40_000,
        hookTimeout: 40_000,
      },
      { plugins: [vitePlanter(root, () => IMPATIENT), vitePlanter(root, () => bug)] },
    );
    await vitest.standalone();
    return new Bench(root, vitest, (next) => {
      bug = next;
    });
  }

  /** Runs tests up to the first that fails. Throws where their file does not load, or none of them ran. */
  async run({ file, name }: Choice, bug?: Bug): Promise<Tried> {
    const vitest = this.#vitest;
    const path = this.#root + file;
    const forget = () => {
      for (const changed of bug ? filesOf(bug) : []) vitest.invalidateFile(this.#root + changed);
    };
    this.#plant(bug);
    forget();
    try {
      if (name === undefined) vitest.resetGlobalTestNamePattern();
      else vitest.setGlobalTestNamePattern(beginning(name));
      const found = await vitest.globTestSpecifications([file]);
      const began = process.cpuUsage();
      const { testModules, unhandledErrors } = await vitest.runTestSpecifications(
        found.filter(({ moduleId }) => moduleId === path),
      );
      const { user, system } = process.cpuUsage(began);
      const ms = Math.round((user + system) / 1000);
      // Vitest tells of what has run before, too.
      const module = testModules.find(({ moduleId }) => moduleId === path);
      if (module === undefined) throw new Error(`there is no ${file}`);
      return { failed: failureIn(module, unhandledErrors), ms };
    } finally {
      this.#plant(undefined);
      forget();
    }
  }

  close(): Promise<void> {
    return this.#vitest.close();
  }
}

function failureIn(module: TestModule, unhandled: readonly unknown[]): Tried['failed'] {
  const [broken] = module.errors();
  if (broken) throw new Error(`${module.relativeModuleId} does not load: ${broken.message}`);
  const tests = [...module.children.allTests()].map((test) => ({ test, result: test.result() }));
  const failed = tests.find(({ result }) => result.state === 'failed');
  if (failed) {
    return { test: failed.test.fullName, why: whyOf(failed.result.errors?.[0]) };
  }
  const [error] = unhandled;
  if (error !== undefined) return { test: UNHANDLED, why: whyOf(error) };
  if (!tests.some(({ result }) => result.state === 'passed')) throw new NoSuchTest(module.relativeModuleId);
  return undefined;
}

/** The first line of an error. What does not even run is no bug that anybody has shipped. */
function whyOf(error: unknown): string {
  const { name = '', message = '' } = (error ?? {}) as Partial<Error>;
  if (/^(?:Reference|Syntax|Type)Error$/.test(name))
    throw new Error(`what is planted does not run: ${message}`);
  return (message.split('\n')[0] ?? '').slice(0, 160);
}

/** Vitest joins the names of groups and test by blanks where it looks for a pattern. */
function beginning(fullName: string): RegExp {
  const name = fullName.replaceAll(' > ', ' ').replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^\\s*${name}`);
}
