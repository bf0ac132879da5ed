import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Pool } from 'pg';
import type { SimulatorClient } from '../../support/simulator-client.ts';
import type { Journal } from './journal.ts';
import type { Trade } from './trade.ts';

const FOLDER = fileURLToPath(new URL('../../../coverage/', import.meta.url));
/** Of more wishes than this, nothing is told that the first ones do not tell. */
const MOST = 20;
const RECORDS = `SELECT audit.seq, word, to_jsonb(audit) AS record FROM audit LEFT JOIN words ON words.id = audit.kind
  WHERE audit.out_trade_no = $1 ORDER BY audit.seq`;

/** Writes down all that clients, gateways and the ledger know of the wishes that went wrong; the file's name. */
export async function writeReport(
  told: { readonly seed: number; readonly summary: string; readonly wrongs: readonly string[] },
  trades: readonly Trade[],
  journal: Journal,
  simulator: SimulatorClient,
  pool: Pool,
): Promise<string> {
  const { seed, summary, wrongs } = told;
  const calls = await simulator.calls().catch(() => []);
  const lines = (items: readonly unknown[]) => items.map((item) => JSON.stringify(item));
  const story = async (trade: Trade) => {
    const { title, number = '-', caller, fate } = trade;
    const records = await pool.query(RECORDS, [number]).then(
      ({ rows }) => lines(rows),
      (failed: unknown) => [String(failed)],
    );
    return [
      `=== ${title} ${number} (${caller}, ${fate})`,
      ...journal.of(title),
      '--- gateway',
      ...lines(calls.filter(({ outTradeNo }) => outTradeNo === number)),
      '--- ledger',
      ...records,
    ];
  };
  const concerned = trades.filter(({ title, number }) =>
    wrongs.some((wrong) => wrong.includes(title) || (number !== undefined && wrong.includes(number))),
  );
  const stories = await Promise.all(concerned.slice(0, MOST).map(story));
  mkdirSync(FOLDER, { recursive: true });
  const path = `${FOLDER}fleet-${seed}.txt`;
  writeFileSync(path, [summary, ...wrongs, ...stories.flat(), '=== fleet', ...journal.common].join('\n'));
  return path;
}
