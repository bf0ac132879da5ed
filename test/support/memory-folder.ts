import { accessSync, constants, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

const PLACE = '/dev/shm';
/** What all the tests' ledgers, homes and browser profiles of one run may come to, in bytes; with room to spare. */
const ROOM = 2 * 2 ** 30;

/**
 * Lets every temporary folder of this run be in memory where there is enough of it: half of the suite's time would go
 * into waiting for disks, and no test can tell, since a killed process loses nothing on either. Removed at the end.
 */
export function useMemoryForTemporaryFolders(): void {
  if (process.env.TMPDIR) return;
  try {
    accessSync(PLACE, constants.W_OK);
    const { bavail, bsize } = statfsSync(PLACE);
    if (bavail * bsize < ROOM) return;
    const folder = mkdtempSync(join(PLACE, 'mcp-cashier-test-'));
    process.env.TMPDIR = folder;
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  } catch {
    // Not on this machine: the usual place does.
  }
}
