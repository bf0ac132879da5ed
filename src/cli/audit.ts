import { Worker } from 'node:worker_threads';
import { defined } from '../domain/defined.ts';
import { CashierError } from '../domain/errors.ts';
import { isAddress } from '../domain/ledger-address.ts';
import { noteKept } from '../keeping/facts.ts';
import { sha256 } from '../ledger/audit-chain.ts';
import { ensureKey, makeCheckpoint, readCheckpoint } from '../ledger/audit-checkpoint.ts';
import { type FirstHalf, type GivenCheckpoint, type Verdict, verifyAudit } from '../ledger/audit-verify.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { TALLIES } from '../ledger/sums.ts';
import { appendLine } from '../platform/append-line.ts';
import { systemClock, systemRandom } from '../platform/system.ts';
import { readTextFile } from '../platform/text-file.ts';
import { exportAudit } from './audit-export.ts';
import { keepHeapSmall } from './audit-heap.ts';
import { showOrder } from './audit-show.ts';
import { printVerdict, verdictAsJson } from './audit-verdict.ts';
import { type Books, noLedger, withBooks } from './books.ts';
import type { CommandContext, Typed } from './command.ts';
import { onFile } from './disk-refusal.ts';
import type { Say } from './speaker.ts';
import { print, printJson } from './terminal.ts';

/**
 * `mcp-cashier audit verify [--checkpoint FILE]… | checkpoint [--out FILE] | show ORDER | export --format jsonl|csv
 * [--from DATE] [--to DATE] [--out FILE]`, each with `--json`. Exit code 1 where something is not as it was recorded.
 */
export async function run(typed: Typed<'audit'>, context: CommandContext): Promise<number> {
  const { values } = typed;
  const { say } = context;
  // Of a ledger that is not there nothing can be said, least of all that it is whole.
  return withBooks(context, values, 'read', async (books) => {
    if (books.where.realm === null) throw noLedger(books.settings);
    if (typed.action === 'show') return showOrder(books, typed.args[0] ?? '', values.json, say);
    if (typed.action === 'verify') return verify(books, typed.values.checkpoint, values.json, say);
    if (typed.action === 'checkpoint') return checkpoint(books, typed.values.out, values.json, say);
    const { format = 'jsonl', from, to, out } = typed.values;
    return exportAudit(books, { format, from, to, out, json: values.json }, say);
  });
}

async function verify(
  { ledger, where, announce }: Books,
  files: readonly string[],
  json: boolean,
  say: Say,
): Promise<number> {
  const given = files.flatMap(readCheckpoints);
  const told = process.stderr.isTTY
    ? (done: number, all: number) => process.stderr.write(`\r${done} / ${all} `)
    : undefined;
  keepHeapSmall();
  const path = where.ledger ?? '';
  const halving = isAddress(path) ? {} : { halve: (records: number) => halfInThread(path, records) };
  const verdict = await verifyAudit(ledger, given, told, halving);
  const noted = verdict.intact
    ? ledger.note(async (book) => {
        await noteKept(book, 'verified', { at: systemClock.now(), seq: verdict.proven.seq });
        await book.setMeta(BROKEN_KEY, '');
      })
    : noteBroken(ledger, verdict);
  // That it cannot be noted takes nothing from the verdict.
  await noted.catch(() => undefined);
  if (told) process.stderr.write('\r\u001b[K');
  if (json) printJson({ ...where, ...verdictAsJson(verdict) });
  else {
    announce();
    printVerdict(verdict, say);
  }
  return verdict.intact ? 0 : 1;
}

/** Digest of what was found last; empty where nothing was wrong. */
const BROKEN_KEY = 'trail_broken';

/** Records, once for the same findings, that somebody has been at the ledger, for whoever is told of it. */
async function noteBroken(ledger: Ledger, { chain, proven, checkpoints, tables }: Verdict): Promise<void> {
  // Behind an end that nothing leads to, no record can be put.
  if (chain?.look === 'headless') return;
  const wrong = checkpoints.filter(({ fault }) => fault !== undefined);
  // As they stay while others go on writing: the end that was cut off becomes a gap, and sums grow.
  const findings = [
    ...(chain ? [[proven.seq, chain.other]] : []),
    ...wrong.map(({ seq, at }) => [seq, at]),
    ...tables.map(({ table, row, look, column, stored }) => [
      ...[table, row, look, column],
      table in TALLIES ? undefined : stored,
    ]),
  ].map((finding) => JSON.stringify(finding));
  const found = sha256(findings.sort().join());
  const detail = {
    count: findings.length,
    ...defined({ seq: chain?.seq }),
  };
  await ledger.write(async (book) => {
    if ((await book.meta(BROKEN_KEY)) === found) return;
    await book.audit.append({ kind: 'trail-broken', detail });
    await book.setMeta(BROKEN_KEY, found);
  });
}

/** Has a thread of this program go through the first so many records of a ledger's file; see audit-half.ts. */
function halfInThread(path: string, records: number): Promise<FirstHalf | undefined> {
  const worker = new Worker(process.argv[1] ?? '', { argv: ['audit'], workerData: { path, records } });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => resolve(undefined));
  });
}

/** The checkpoints in a file, one a line. */
export function readCheckpoints(file: string): GivenCheckpoint[] {
  const text = onFile(file, () => readTextFile(file, '--checkpoint'));
  const lines = text.split('\n').map((line, i) => ({ line, source: `${file}:${i + 1}` }));
  const given = lines.filter(({ line }) => line.trim() !== '');
  // A file that says nothing must not pass for a check.
  if (given.length === 0) return [{ source: file, checkpoint: undefined }];
  return given.map(({ line, source }) => ({ source, checkpoint: readCheckpoint(line) }));
}

async function checkpoint(
  { ledger, where, announce }: Books,
  out: string | undefined,
  json: boolean,
  say: Say,
): Promise<number> {
  await ledger.as({ actor: 'operator', tool: 'audit' }).write((book) => ensureKey(book, systemRandom));
  const made = await ledger.inspect((tx) => makeCheckpoint(tx, systemClock.now()));
  if (!made) throw notAtItsEnd();
  const line = JSON.stringify(made);
  if (out === undefined) {
    // The line is the checkpoint, to be kept as it is.
    print(line);
  } else {
    onFile(out, () => appendLine(out, line));
    if (json) print(line);
    else {
      announce();
      print(
        say.line(
          `检查点已追加到 ${out}：第 ${made.seq} 条`,
          `checkpoint appended to ${out}: record ${made.seq}`,
        ),
      );
    }
  }
  const of = `${where.realm} ${where.ledger}`;
  for (const text of say({
    zh: `账本 ${of} 的检查点：请保存在能改账本的人够不到的地方。`,
    en: `A checkpoint of ${of}: keep it where whoever can change the ledger cannot reach it.`,
  })) {
    process.stderr.write(`${text}\n`);
  }
  return 0;
}

function notAtItsEnd(): CashierError {
  return new CashierError('CONFIGURATION', {
    zh: '审计记录的末尾与账本所记不符，没有签发检查点。',
    en: 'The end of the audit trail is not what the ledger noted; no checkpoint was signed.',
    next: { zh: '运行 mcp-cashier audit verify。', en: 'Run mcp-cashier audit verify.' },
  });
}
