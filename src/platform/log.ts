import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import pino from 'pino';
import type { Log } from '../domain/ports.ts';

/**
 * A JSON-lines log file, and warnings on stderr; never stdout. Whatever contains one of `secrets` is blanked, as the
 * last of several walls. A file that cannot be written costs the log, not the service.
 */
export function createLog(options: {
  readonly level: string;
  readonly file: string | undefined;
  readonly secrets: readonly string[];
}): Log {
  const streams: pino.StreamEntry[] = [
    { level: 'warn', stream: pino.destination({ dest: 2, sync: true }) },
    ...(options.file === undefined ? [] : fileStream(options.file, options.level)),
  ];
  const logger = pino({ level: options.level, base: { pid: process.pid } }, pino.multistream(streams));
  const scrub = scrubber(options.secrets);
  return {
    info: (event, facts = {}) => logger.info(scrub(facts), event),
    warn: (event, facts = {}) => logger.warn(scrub(facts), event),
    error: (event, facts = {}) => logger.error(scrub(facts), event),
  };
}

function fileStream(file: string, level: string): pino.StreamEntry[] {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const stream = pino.destination({ dest: file, sync: true, mode: 0o600 });
    return [{ level: level as pino.Level, stream }];
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
