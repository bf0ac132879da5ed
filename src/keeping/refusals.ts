import { CashierError, codeOf, configuration, isNoRoom } from '../domain/errors.ts';

const UNTOUCHED = { zh: '没有改动它', en: 'it was left untouched' };

export function notEmpty(name: string): CashierError {
  return configuration('CASHIER_LEDGER', {
    zh: `${name} 里已经有账本或别的内容，${UNTOUCHED.zh}。`,
    en: `${name} already holds a ledger or something else; ${UNTOUCHED.en}.`,
    next: {
      zh: '换一个空的数据库，或还不存在的文件；不再需要的旧账本先移到别处。',
      en: 'Name an empty database or a file that is not there yet; put an old ledger that is needed no more elsewhere first.',
    },
    details: { ledger: name },
  });
}

export function notABackup(file: string): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: `${file} 不是账本的备份（或已损坏），没有做任何事。`,
    en: `${file} is no backup of a ledger (or is damaged); nothing was done.`,
    next: { zh: '换一个备份文件。', en: 'Name another backup.' },
  });
}

export function otherVersion(): CashierError {
  return configuration('CASHIER_LEDGER', {
    zh: '这次填充是由另一个版本的 mcp-cashier 开始的，没有继续。',
    en: 'Another version of mcp-cashier has begun to fill it; it was not gone on with.',
    next: {
      zh: '用开始它的版本做完，再升级。',
      en: 'Finish it with the version that began it, then upgrade.',
    },
  });
}

export function notIntact(name: string): CashierError {
  return configuration('CASHIER_LEDGER', {
    zh: `账本 ${name} 的审计记录不完整，或与表不符，没有继续。`,
    en: `The audit trail of ${name} is not whole, or its tables differ from it; nothing was gone on with.`,
    next: {
      zh: '运行 mcp-cashier audit verify --ledger 该账本，看是哪里被改动。',
      en: 'Run mcp-cashier audit verify --ledger on it, which says what was changed.',
    },
    details: { ledger: name },
  });
}

export function unlike(table: string, row: string, name: string): CashierError {
  return configuration('CASHIER_LEDGER', {
    zh: `${name} 中表 ${table} 的 ${row} 与原来的不同，没有启用它。`,
    en: `${table} ${row} in ${name} is not what it was; it was not put to use.`,
    next: {
      zh: '换一个空的数据库再来一次；原来的账本没有改动。',
      en: 'Begin again with an empty database; the original was not changed.',
    },
    details: { table, row },
  });
}

/** @param table whose next rows it is, with why in the database's own code */
export function notCarried(table: string, why: string): CashierError {
  return configuration('CASHIER_LEDGER', {
    zh: `表 ${table} 中有一行无法写入目标（${why}），已停下；原来的账本没有改动。`,
    en: `A row of ${table} cannot be written to the target (${why}); it was stopped there. The original was not changed.`,
    next: {
      zh: '目标数据库存不了这个值；请保留原来的账本，并报告这个问题。',
      en: 'The target cannot hold its value: keep the original ledger and report this.',
    },
    details: { table, why },
  });
}

export function notBeingMoved(name: string): CashierError {
  return configuration('CASHIER_LEDGER', {
    zh: `账本 ${name} 没有在迁移，没有做任何事。`,
    en: `The ledger ${name} is not being moved; nothing was done.`,
    next: { zh: '去掉 --undo。', en: 'Leave --undo away.' },
    details: { ledger: name },
  });
}

export function inUse(name: string, by: string): CashierError {
  return configuration('CASHIER_LEDGER', {
    zh: `账本 ${name} 正被其他进程打开${by === '' ? '' : `（${by}）`}，没有做任何事。`,
    en: `Other processes have the ledger ${name} open${by === '' ? '' : ` (${by})`}; nothing was done.`,
    next: {
      zh: '停止所有服务器和 MCP 客户端后再运行。',
      en: 'Stop every server and MCP client on it, then run this again.',
    },
    details: { ledger: name },
  });
}

/** What the system says about a file that was named on the command line. */
export function unusableFile(file: string, error: unknown): CashierError {
  const code = codeOf(error) || 'unknown';
  return new CashierError('INVALID_ARGUMENT', {
    zh: code === 'EEXIST' ? `文件 ${file} 已经存在，没有覆盖。` : `文件 ${file} 无法使用（${code}）。`,
    en:
      code === 'EEXIST'
        ? `${file} is there already and was not overwritten.`
        : `The file ${file} cannot be used (${code}).`,
    next:
      code === 'EEXIST'
        ? { zh: '换一个文件名。', en: 'Name another file.' }
        : isNoRoom(code)
          ? {
              zh: '清理磁盘空间后重试，或换一个位置。',
              en: 'Free some space and try again, or name another place.',
            }
          : { zh: '检查路径与权限。', en: 'Check the path and its permissions.' },
  });
}
