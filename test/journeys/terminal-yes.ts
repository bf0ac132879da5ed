import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { LedgerFile } from '../support/ledger-file.ts';
import { type Env, MAIN, type Transcript } from '../support/server-process.ts';

/**
 * A person says yes at the terminal, and hangs up as soon as that is committed instead of waiting for what comes of
 * it. Rejects where the command ends in another way than well.
 */
export async function sayYes(
  id: string,
  ledger: LedgerFile,
  { env, cwd, transcript }: { readonly env: Env; readonly cwd: string; readonly transcript: Transcript },
): Promise<void> {
  const command = [MAIN, 'approvals', 'approve', id];
  const child = spawn(process.execPath, command, { env: { ...env }, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  }
  const closed = once(child, 'close') as Promise<[number | null]>;
  const stop = new AbortController();
  const committed = ledger.written(
    stop.signal,
    "SELECT 1 FROM approvals WHERE id = ? AND state <> 'pending'",
    id,
  );
  await Promise.race([committed, closed]).finally(() => stop.abort());
  child.kill('SIGTERM');
  const [code] = await closed;
  transcript.record('command approvals', said);
  if (code !== 0) throw new Error(`approvals approve ended with ${code}: ${said}`);
}
