import { appendFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { openLedger } from '../compose.ts';
import type { Config } from '../config.ts';
import { CashierError } from '../domain/errors.ts';
import { ensureKey, makeCheckpoint, readCheckpoint } from '../ledger/audit-checkpoint.ts';
import { type GivenCheckpoint, verifyAudit } from '../ledger/audit-verify.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { systemClock, systemRandom } from '../platform/system.ts';
import { readTextFile } from '../platform/text-file.ts';
import { exportAudit, type Format } from './audit-export.ts';
import { showOrder } from './audit-show.ts';
import { printVerdict, verdictAsJson } from './audit-verdict.ts';
import type { CommandContext } from './command.ts';
import { print, printJson } from './terminal.ts';

/**
 * `mcp-cashier audit verify [--checkpoint FILE]… | checkpoint [--out FILE] | show ORDER | export --format jsonl|csv
 * [--from DATE] [--to DATE] [--out FILE]`, each with `--json`. Exit code 1 where something is not as it was recorded.
 */
export async function run(args: readonly string[], { config }: CommandContext): Promise<number> {
  const wish = parse(args);
  // Whoever reads may have had enough before the end.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  const settings = await config();
  const ledger = await openLedger(settings);
  try {
    return await perform(wish, ledger, settings);
  } finally {
    await ledger.close();
  }
}

type Wish = ReturnType<typeof parse>;

function parse(args: readonly string[]) {
  try {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        checkpoint: { type: 'string', multiple: true, default: [] },
        format: { type: 'string', default: 'jsonl' },
        from: { type: 'string' },
        to: { type: 'string' },
        out: { type: 'string' },
      },
    });
    const [action, subject, ...rest] = positionals;
    if (rest.length > 0) throw usage();
    return { action, subject, ...values };
  } catch {
    throw usage();
  }
}

async function perform(wish: Wish, ledger: Ledger, settings: Config): Promise<number> {
  const { action, subject, json, out } = wish;
  if (action === 'show') {
    if (subject === undefined) throw usage();
    return showOrder(ledger, subject, { json, language: settings.language });
  }
  if (subject !== undefined) throw usage();
  if (action === 'verify') return verify(ledger, wish.checkpoint, json);
  if (action === 'checkpoint') return checkpoint(ledger, out, json);
  if (action === 'export') {
    const format = (['jsonl', 'csv'] as const).find((known: Format) => known === wish.format);
    if (format === undefined) throw usage();
    return exportAudit(ledger, { format, from: wish.from, to: wish.to, out, json });
  }
  throw usage();
}

async function verify(ledger: Ledger, files: readonly string[], json: boolean): Promise<number> {
  const given = files.flatMap(readCheckpoints);
  const told = process.stderr.isTTY
    ? (done: number, all: number) => process.stderr.write(`\r${done} / ${all} `)
    : undefined;
  const verdict = await ledger.inspect((tx) => verifyAudit(tx, given, told));
  if (told) process.stderr.write('\r\u001b[K');
  if (json) printJson(verdictAsJson(verdict));
  else printVerdict(verdict);
  return verdict.intact ? 0 : 1;
}

function readCheckpoints(file: string): GivenCheckpoint[] {
  let text: string;
  try {
    text = readTextFile(file, '--checkpoint');
  } catch (error) {
    throw error instanceof CashierError ? error : unusableFile(file, error);
  }
  const lines = text.split('\n').map((line, i) => ({ line, source: `${file}:${i + 1}` }));
  const given = lines.filter(({ line }) => line.trim() !== '');
  // A file that says nothing must not pass for a check.
  if (given.length === 0) return [{ source: file, checkpoint: undefined }];
  return given.map(({ line, source }) => ({ source, checkpoint: readCheckpoint(line) }));
}

async function checkpoint(ledger: Ledger, out: string | undefined, json: boolean): Promise<number> {
  await ledger.as({ caller: 'operator', tool: 'audit' }).write((book) => ensureKey(book, systemRandom));
  const made = await ledger.inspect((tx) => makeCheckpoint(tx, systemClock.now()));
  if (!made) throw notAtItsEnd();
  const line = JSON.stringify(made);
  if (out === undefined) {
    print(line);
  } else {
    await appendFile(out, `${line}\n`, { mode: 0o600 }).catch((error: unknown) => {
      throw unusableFile(out, error);
    });
    if (json) print(line);
    else print(`检查点已追加到 checkpoint appended to ${out}：第 ${made.seq} 条 record ${made.seq}`);
  }
  process.stderr.write(
    '请把检查点保存在能改账本的人够不到的地方。Keep it where whoever can change the ledger cannot reach it.\n',
  );
  return 0;
}

function usage(): CashierError {
  const commands =
    'mcp-cashier audit verify [--checkpoint FILE]… | checkpoint [--out FILE] | show ORDER | export --format jsonl|csv [--from YYYY-MM-DD] [--to YYYY-MM-DD] [--out FILE]; [--json]';
  return new CashierError('INVALID_ARGUMENT', {
    zh: `用法：${commands}`,
    en: `Usage: ${commands}`,
    next: { zh: '', en: '' },
  });
}

function unusableFile(file: string, error: unknown): CashierError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  return new CashierError('INVALID_ARGUMENT', {
    zh: `文件 ${file} 无法使用（${code}）。`,
    en: `The file ${file} cannot be used (${code}).`,
    next: { zh: '检查路径与权限。', en: 'Check the path and its permissions.' },
  });
}

function notAtItsEnd(): CashierError {
  return new CashierError('CONFIGURATION', {
    zh: '审计记录的末尾与账本所记不符，没有签发检查点。',
    en: 'The end of the audit trail is not what the ledger noted; no checkpoint was signed.',
    next: { zh: '运行 mcp-cashier audit verify。', en: 'Run mcp-cashier audit verify.' },
  });
}
