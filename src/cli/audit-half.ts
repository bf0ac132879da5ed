import { parentPort, workerData } from 'node:worker_threads';
import { walkFirstHalf } from '../ledger/audit-verify.ts';
import { openSqliteStore } from '../ledger/sqlite-store.ts';
import { systemPorts } from '../platform/system.ts';
import { keepHeapSmall } from './audit-heap.ts';

/** What a thread of the program is for, which begins here: half of a verification. */
async function run({ path, records }: { readonly path: string; readonly records: number }): Promise<void> {
  keepHeapSmall();
  const store = await openSqliteStore(path, systemPorts);
  try {
    parentPort?.postMessage(await walkFirstHalf({ inspect: store.read }, records));
  } finally {
    await store.close();
  }
}

void run(workerData);
