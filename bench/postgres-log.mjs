// What PostgreSQL has logged of the statements of some time, as transactions.
import { closeSync, openSync, readSync, statSync } from 'node:fs';

/** With these, each message of a client has a line for each of its steps: `<seconds> <process> LOG:  duration: …`. */
export const LOGGED =
  "-c log_min_duration_statement=0 -c log_parameter_max_length=0 -c log_line_prefix='%n %p ' -c track_wal_io_timing=on";
const STEP =
  /^(\d+\.\d+) (\d+) LOG: {2}duration: ([\d.]+) ms {2}(statement|parse|bind|execute)(?: [^:]*)?: ([\s\S]*)$/;
const LINE = /^\d+\.\d+ \d+ [A-Z]+: {2}/;

/** Where a log ends now (bytes). */
export const endOf = (path) => statSync(path).size;

function textBetween(path, from, to) {
  const bytes = Buffer.alloc(to - from);
  const file = openSync(path, 'r');
  readSync(file, bytes, 0, bytes.length, from);
  closeSync(file);
  return bytes.toString();
}

function* steps(text) {
  let entry = '';
  for (const line of [...text.split('\n'), '0.0 0 END:  ']) {
    if (!LINE.test(line)) {
      entry += ` ${line.trim()}`;
      continue;
    }
    const [, at, session, ms, step, sql] = STEP.exec(entry) ?? [];
    if (sql !== undefined)
      yield { at: Number(at) * 1000, session, ms: Number(ms), step, sql: sql.replace(/\s+/g, ' ').trim() };
    entry = line;
  }
}

/**
 * The transactions that were both begun and ended between two places of a log.
 *
 * Of each: whether it could `write`, its `statements`, its `trips` (messages to the server, each answered before the
 * next), how long (ms) its `begin` took, which is where it waits for its turn, how long it was `open` from then to the
 * end of its `commit`, how much of that the server was at work; and how long by statement.
 */
export function transactions(path, from, to) {
  const open = new Map();
  const done = [];
  for (const { at, session, ms, step, sql } of steps(textBetween(path, from, to))) {
    if (step === 'statement' && sql.startsWith('BEGIN')) {
      const writes = !sql.includes('READ ONLY');
      open.set(session, { writes, begun: at, begin: ms, trips: 1, statements: count(sql), work: 0, by: [] });
      continue;
    }
    const one = open.get(session);
    if (one === undefined) continue;
    one.work += ms;
    one.by.push([sql, ms, step]);
    if (step !== 'statement' && step !== 'execute') continue;
    one.trips += 1;
    one.statements += count(sql);
    if (!/\b(COMMIT|ROLLBACK)$/.test(sql)) continue;
    open.delete(session);
    done.push({ ...one, open: at - one.begun, commit: ms });
  }
  return done;
}

const count = (sql) => sql.split(';').filter((one) => one.trim() !== '').length;
