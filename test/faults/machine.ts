import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Env } from '../support/server-process.ts';
import { NO_FAULTY_MACHINE } from '../support/skipped.ts';

/** Built, and preloaded here, by `npm run test:faults`; see faulty-machine.c. */
const { FAULTY_MACHINE_LIBRARY: LIBRARY, FAULTY_MACHINE: HERE } = process.env;

/** Whether there can be machines with faults. */
export const canFail = LIBRARY !== undefined && HERE !== undefined;
/** What the name of a test ends with that needs one. */
export const faultsMark = canFail ? '' : ` (${NO_FAULTY_MACHINE})`;

/** In the order of their bits. */
const OPERATIONS = ['open', 'write', 'flush', 'truncate', 'rename', 'unlink', 'mkdir', 'read'] as const;
export type Operation = (typeof OPERATIONS)[number];
/** All that change something. */
export const CHANGES: readonly Operation[] = OPERATIONS.filter((one) => one !== 'read');

/** As the fields of `struct control`. */
const FIELDS = [
  ...(['armed', 'operations', 'at', 'error', 'lasting', 'torn', 'seen', 'failed', 'clockNs'] as const),
  ...(['signal', 'folderLength'] as const),
];
type Field = (typeof FIELDS)[number];
const MOST_BYTES = 1024;

/** What goes wrong below a folder. */
export interface DiskFault {
  /** The first that goes wrong, from 1 on, counted over all processes of the machine. */
  readonly at: number;
  readonly error?: keyof typeof constants.errno;
  readonly operations?: readonly Operation[];
  /** All that follow fail as well. */
  readonly lasting?: boolean;
  /** Half of the first is written before anything fails; alone, the rest may be written after. */
  readonly torn?: boolean;
  /** The process gets this there, and does not fail. */
  readonly signal?: 'SIGKILL' | 'SIGSTOP';
}

/** What is wrong with the disk and the clock of the processes that are started with its {@link env}. */
export class Machine {
  readonly env: Env;
  readonly #file: number;
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, 'a+');
    closeSync(this.#file);
    this.#file = openSync(path, 'r+');
    writeSync(this.#file, Buffer.alloc(FIELDS.length * 8 + MOST_BYTES), 0, undefined, 0);
    this.env = { LD_PRELOAD: LIBRARY ?? '', FAULTY_MACHINE: path };
  }

  /** This process's own. */
  static here(): Machine {
    return new Machine(HERE ?? '');
  }

  static #count = 0;
  /** For processes of its own. */
  static another(): Machine {
    Machine.#count += 1;
    return new Machine(join(tmpdir(), `faulty-machine-${process.pid}-${Machine.#count}`));
  }

  /** From now on counts what is done below `folder`, and has it go wrong. */
  fail(folder: string, { at, error, operations = CHANGES, signal, ...how }: DiskFault): void {
    this.heal();
    const path = Buffer.from(folder);
    writeSync(this.#file, path, 0, path.length, FIELDS.length * 8);
    this.#set('folderLength', path.length);
    this.#set(
      'operations',
      operations.reduce((sum, one) => sum + 2 ** OPERATIONS.indexOf(one), 0),
    );
    this.#set('at', at);
    this.#set('error', error === undefined ? 0 : constants.errno[error]);
    this.#set('signal', signal === undefined ? 0 : constants.signals[signal]);
    for (const name of ['lasting', 'torn'] as const) this.#set(name, how[name] ? 1 : 0);
    for (const name of ['seen', 'failed'] as const) this.#set(name, 0);
    this.#set('armed', 1);
  }

  /** Nothing goes wrong any more. */
  heal(): void {
    this.#set('armed', 0);
  }

  /** How many operations there were since {@link fail}. */
  get seen(): number {
    return this.#get('seen');
  }

  /** How many of them went wrong. */
  get failed(): number {
    return this.#get('failed');
  }

  /** By how much (ms) its wall clock is ahead. */
  set ahead(ms: number) {
    this.#set('clockNs', BigInt(ms) * 1_000_000n);
  }

  end(): void {
    this.heal();
    closeSync(this.#file);
    // This process goes on with the file that it began with.
    if (this.#path !== HERE) rmSync(this.#path, { force: true });
  }

  #get(name: Field): number {
    const value = Buffer.alloc(8);
    readSync(this.#file, value, 0, 8, FIELDS.indexOf(name) * 8);
    return Number(value.readBigInt64LE());
  }

  #set(name: Field, to: number | bigint): void {
    const value = Buffer.alloc(8);
    value.writeBigInt64LE(BigInt(to));
    writeSync(this.#file, value, 0, 8, FIELDS.indexOf(name) * 8);
  }
}
