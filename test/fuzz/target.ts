import type { Dice } from '../support/dice.ts';

/** One case as it is made and tried. */
export interface Case {
  readonly random: Dice;
  /** What comes from outside, kept so that it can be written into a file when the case fails. */
  input(name: string, bytes: Buffer | string): void;
}

/** What became of a case. */
export interface Verdict {
  /** Whether it got past the first check, as a genuine input would. */
  readonly accepted: boolean;
  /** The kind of answer or error. */
  readonly seen: string;
}

/** Something that must never happen has. */
export class Fault extends Error {
  override readonly name = 'Fault';
}

export interface Opened {
  /** Tries one case and leaves everything as it was before. Throws {@link Fault}. */
  run(one: Case): Promise<Verdict>;
  close?(): Promise<void>;
}

/** Something that takes in what comes from outside. */
export interface Target {
  readonly name: string;
  /** Of a full run, and of the bounded one. */
  readonly cases: number;
  readonly few: number;
  /** Processor time (ms) that a case may take where it is no caller who waits: what is read once, at the start. */
  readonly mostMs?: number;
  open(): Promise<Opened>;
}

/** An error's name and code, without what varies. */
export function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return `thrown ${typeof error}`;
  const said = error as Error & { reason?: unknown; detail?: unknown; code?: unknown };
  const more = said.reason ?? said.detail ?? said.code;
  return typeof more === 'string' ? `${error.name} ${more.replace(/\d+/g, 'n').slice(0, 40)}` : error.name;
}

/** A stack, or a place in a file of ours: nothing that may be said to anybody. */
const STACK = /\n\s+at |\bat (?:async )?[\w.<>]+ \(|node:internal|file:\/\/|node_modules|\.(?:ts|mjs|js):\d+/;

/** Throws where an answer tells a secret, or how our code is made. */
export function insistOnSilence(said: string, secrets: readonly string[]): void {
  const secret = secrets.find((one) => said.includes(one));
  if (secret !== undefined) throw new Fault('a secret is in the answer');
  const stack = STACK.exec(said)?.[0];
  if (stack !== undefined) throw new Fault(`an answer shows how the code is made: ${JSON.stringify(stack)}`);
}
