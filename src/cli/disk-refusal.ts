import { CashierError, codeOf } from '../domain/errors.ts';
import { unusableFile } from '../keeping/refusals.ts';
import { primaryCode, SQLITE } from '../platform/sqlite.ts';

/** Works on a file that was named on the command line. Throws INVALID_ARGUMENT with what the system says of it. */
export function onFile<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof CashierError ? error : unusableFile(file, error);
  }
}

/** What the system or SQLite says of a disk, in a sentence; undefined for what is no word of theirs. */
export function ofTheDisk(error: unknown): CashierError | undefined {
  const code = codeOf(error);
  if (error instanceof Error && 'syscall' in error && 'path' in error && /^E[A-Z]+$/.test(code)) {
    return unusableFile(String(error.path), error);
  }
  const number = primaryCode(error);
  if (number === SQLITE.FULL) {
    return new CashierError('CONFIGURATION', {
      zh: '磁盘没有空间，没有完成。',
      en: 'No disk space left; it was not finished.',
      next: { zh: '清理磁盘空间后重试。', en: 'Free some space and try again.' },
    });
  }
  if (number !== SQLITE.IOERR && number !== SQLITE.CANTOPEN) return undefined;
  return new CashierError('CONFIGURATION', {
    zh: '磁盘读写出错，没有完成。',
    en: 'The disk cannot be read or written; it was not finished.',
    next: { zh: '检查磁盘与权限后重试。', en: 'Check the disk and its permissions, then try again.' },
  });
}
