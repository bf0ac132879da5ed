import { existsSync } from 'node:fs';
import { type Config, ledgerIn } from '../config.ts';
import { fen, toYuan } from '../domain/money.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type Finding, ok, warning } from '../providers/finding.ts';
import type { DoctorPorts } from './ports.ts';

/** What the server owes, and cannot pay back just now. */
export async function* examineOwed(ledger: Ledger): AsyncIterable<Finding> {
  const { count, fen: sum, refused } = await ledger.read((book) => book.owed.open());
  if (count === 0) return;
  yield ok('ledger.owed', {
    zh: `应自动退回 ${count} 笔，共 ${toYuan(fen(sum))} 元；服务器运行期间会到时退款。`,
    en: `${count} payments, ${toYuan(fen(sum))} yuan in all, are to be paid back; a running server does so when they are due.`,
  });
  yield* examineRefused(refused);
}

function* examineRefused(refused: number): Iterable<Finding> {
  if (refused === 0) return;
  yield warning('ledger.owed-refused', {
    zh: `其中 ${refused} 笔暂时退不出去。`,
    en: `Of these, ${refused} cannot be paid back for now.`,
    remedy: [
      '用 mcp-cashier audit 查看原因（多为余额不足），处理后服务器会自动再试。',
      'See why with mcp-cashier audit (mostly want of balance); the server tries again by itself.',
    ],
  });
}

/** More than a trial edition ever has. */
const MOST_OPEN = 10_000;

/** What a trial edition that has ended in this home still owes, and what of it is yet to end. */
export async function* examineTrialBehind(config: Config, ports: DoctorPorts): AsyncIterable<Finding> {
  const ledger = ledgerIn(config.home, 'trial', config.merchant);
  if (config.realm !== 'live' || !existsSync(ledger)) return;
  const trial = await ports
    .openLedger({ ...config, realm: 'trial', ledger, ledgerName: ledger }, { mayMake: false })
    .catch(() => undefined);
  if (!trial) return;
  try {
    const [owed, open] = await trial.read((book) =>
      Promise.all([book.owed.open(), book.subscriptions.countOpen(MOST_OPEN)]),
    );
    if (open > 0) {
      yield ok('ledger.trial-subscriptions', {
        zh: `体验版账本还有 ${open} 个未结束的订阅；正式服务器运行期间会结束它们，不再扣款。`,
        en: `The trial edition's ledger has subscriptions that have not ended (${open}); a running live server ends them, and nothing more is charged.`,
      });
    }
    const { count, fen: sum, refused } = owed;
    if (count === 0) return;
    yield ok('ledger.trial-owes', {
      zh: `体验版账本还有 ${count} 笔、共 ${toYuan(fen(sum))} 元要退；正式服务器运行期间会继续退回。`,
      en: `The trial edition's ledger still owes ${count} payments, ${toYuan(fen(sum))} yuan in all; a running live server pays them back.`,
    });
    yield* examineRefused(refused);
  } finally {
    await trial.close();
  }
}
