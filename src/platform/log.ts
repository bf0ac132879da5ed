import { writeSync } from 'node:fs';
import pino from 'pino';
import type { Clock } from '../domain/clock.ts';
import type { Log } from '../domain/ports.ts';
import { type LineSink, rotatingFile } from './log-file.ts';
import { systemClock } from './system.ts';

/** Of each kind of line, so many are written within so long (ms); of more only their number is. */
const LINES = 120;
const WITHIN_MS = 60_000;
/** Its descriptor: a thread's `process.stderr` has none. */
const STDERR = 2;

/**
 * A JSON-lines log file of bounded size, and warnings on stderr; never stdout. Strangers cannot fill it: what happens
 * all the time is counted. Whatever contains one of `secrets` is blanked, as the
 * last of several walls. A file that cannot be written costs the log, not the service.
 */
export function createLog(options: {
  readonly level: string;
  readonly file: string | undefined;
  readonly secrets: readonly string[];
  readonly clock?: Clock;
}): Log {
  const streams: pino.StreamEntry[] = [
    { level: 'warn', stream: stderr() },
    ...(options.file === undefined ? [] : fileStream(options.file, options.level)),
  ];
  const logger = pino({ level: options.level, base: { pid: process.pid } }, pino.multistream(streams));
  const scrub = scrubber(options.secrets);
  const counted = new Counted(options.clock ?? systemClock);
  function write(level: 'info' | 'warn' | 'error', event: string, facts: object): void {
    if (!logger.isLevelEnabled(level)) return;
    for (const { event: earlier, more } of counted.ended())
      logger.info({ more }, `${earlier} (and more of it)`);
    if (counted.admits(event)) logger[level](scrub(facts), event);
  }
  return {
    info: (event, facts = {}) => write('info', event, facts),
    warn: (event, facts = {}) => write('warn', event, facts),
    error: (event, facts = {}) => write('error', event, facts),
  };
}

/** How often each kind of line was written lately. There are as many kinds as the code has words for. */
class Counted {
  readonly #clock: Clock;
  readonly #kinds = new Map<string, { since: number; written: number; more: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  admits(event: string): boolean {
    const kind = this.#kinds.get(event) ?? { since: this.#clock.now(), written: 0, more: 0 };
    this.#kinds.set(event, kind);
    if (kind.written < LINES) kind.written += 1;
    else kind.more += 1;
    return kind.more === 0;
  }

  /** Kinds whose time is over, with how many of them were not written. */
  ended(): { readonly event: string; readonly more: number }[] {
    const now = this.#clock.now();
    const over = [...this.#kinds].filter(([, { since }]) => now - since >= WITHIN_MS || now < since);
    for (const [event] of over) this.#kinds.delete(event);
    return over.flatMap(([event, { more }]) => (more > 0 ? [{ event, more }] : []));
  }
}

/** What nobody reads, or a disk has no room for, is lost: the file has it, and the service goes on. */
function stderr(): LineSink {
  return {
    write(line) {
      try {
        // A pipe of Node's is full rather than waited for.
        writeSync(STDERR, line);
      } catch {
        // Nobody is left to be told.
      }
    },
  };
}

function fileStream(file: string, level: string): pino.StreamEntry[] {
  try {
    return [{ level: level as pino.Level, stream: rotatingFile(file) }];
  } catch (error) {
    process.stderr.write(`mcp-cashier: no log file: ${error instanceof Error ? error.message : ''}\n`);
    return [];
  }
}

function scrubber(secrets: readonly string[]): (facts: object) => object {
  const isSecret = secretFinder(secrets);
  return (facts) => (isSecret(JSON.stringify(facts)) ? { scrubbed: true } : facts);
}

/** A test for texts that hold one of `secrets`, or a line of it. */
export function secretFinder(secrets: readonly string[]): (text: string) => boolean {
  const needles = secrets
    .flatMap((secret) => [secret, ...secret.split(/\s+/)])
    .filter((part) => part.length >= 16);
  return (text) => needles.some((needle) => text.includes(needle));
}
