import type { Config } from '../config.ts';
import { codeOf } from '../domain/errors.ts';
import { ledgerName } from '../domain/ledger-address.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { NothingHeard } from '../ledger/postgres-news.ts';
import { type Finding, ok, warning } from '../providers/finding.ts';

/** Whether processes on one PostgreSQL hear at once of what others commit. */
export async function* examineNews(
  { ear }: Ledger,
  { ledger, ledgerListen }: Config,
): AsyncIterable<Finding> {
  if (!ear) return;
  const error = await ear.tried;
  const name = ledgerName(ledgerListen ?? ledger);
  if (error === undefined) {
    yield ok('ledger.listening', {
      zh: `其他进程写入账本后，这里由 LISTEN 立即得知（${name}）。`,
      en: `LISTEN tells at once of what other processes commit (${name}).`,
    });
    return;
  }
  const code = codeOf(error) && ` (${codeOf(error)})`;
  const isDeaf = error instanceof NothingHeard;
  yield warning('ledger.not-listening', {
    variable: 'CASHIER_LEDGER_LISTEN',
    zh: `${name} ${isDeaf ? '接受 LISTEN，但收不到通知（连接池的事务模式，或不是同一个数据库）' : `无法用于 LISTEN${code}`}；改为每 0.25 秒查看一次账本，稍慢，不会遗漏。`,
    en: `${isDeaf ? `${name} takes a LISTEN and delivers nothing (a pooler in transaction mode, or another database)` : `LISTEN cannot be had at ${name}${code}`}; the ledger is looked at every 0.25 s instead: a little later, and nothing is missed.`,
    remedy: [
      '把 CASHIER_LEDGER_LISTEN 设为同一数据库不经连接池的地址。',
      'Set CASHIER_LEDGER_LISTEN to an address of the same database that goes through no pooler.',
    ],
  });
}
