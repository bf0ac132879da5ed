import { parseArgs } from 'node:util';
import { openApp } from '../compose.ts';
import { beijingIso } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import { toYuan } from '../domain/money.ts';
import { systemClock } from '../platform/system.ts';
import { decideApproval } from '../policy/approvals.ts';
import { hasOperatorSecret, Person } from '../policy/operator.ts';
import type { CommandContext } from './command.ts';
import { askSecret, printJson, printTable } from './terminal.ts';

/** `mcp-cashier approvals [list] [--json] | approve ID | deny ID [--reason TEXT]`: what only a person may decide. */
export async function run(args: readonly string[], { config }: CommandContext): Promise<number> {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false }, reason: { type: 'string' } },
  });
  const [action = 'list', id] = positionals;
  const settings = await config('operator');
  const app = await openApp(settings);
  try {
    if (action === 'list') return await list(app.ledger, values.json);
    if ((action !== 'approve' && action !== 'deny') || id === undefined) throw usage();
    const typed = settings.operatorSecret === undefined && (await hasOperatorSecret(app.ledger));
    const secret = typed ? await askSecret('操作员口令 / operator secret: ') : settings.operatorSecret;
    const person = await Person.bySecret(app.ledger, settings.realm, secret, 'terminal');
    const approval = await app.ledger
      .as({ caller: 'operator', tool: 'approvals' })
      .write((book) =>
        decideApproval(
          book,
          person,
          id,
          { approve: action === 'approve', reason: values.reason },
          systemClock.now(),
        ),
      );
    const { inputHash, ...shown } = approval;
    if (values.json) printJson(shown);
    else {
      const done = action === 'approve' ? '已批准 approved' : '已拒绝 denied';
      printTable([
        [done, approval.id, approval.outRefundNo ?? approval.outTradeNo, toYuan(approval.amountFen)],
      ]);
    }
    return 0;
  } finally {
    await app.close();
  }
}

async function list(ledger: Awaited<ReturnType<typeof openApp>>['ledger'], json: boolean): Promise<number> {
  const rows = await ledger.read(async (book) => {
    const open = await book.openApprovals();
    return Promise.all(
      open.map(async (approval) => ({ approval, order: await book.order(approval.outTradeNo) })),
    );
  });
  if (json) {
    printJson(
      rows.map(({ approval: { inputHash, ...approval }, order }) => ({ ...approval, title: order?.title })),
    );
    return 0;
  }
  printTable([
    [
      '审批 id',
      '类型 kind',
      '订单 order',
      '退款 refund',
      '元 yuan',
      '调用方 caller',
      '规则 rule',
      '截止 until',
      '商品 title',
    ],
    ...rows.map(({ approval, order }) => [
      approval.id,
      approval.kind,
      approval.outTradeNo,
      approval.outRefundNo ?? '-',
      toYuan(approval.amountFen),
      approval.caller,
      approval.rule,
      beijingIso(approval.expiresAt),
      order?.title ?? '',
    ]),
  ]);
  return 0;
}

function usage(): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: '用法：mcp-cashier approvals [list] | approve ID | deny ID [--reason 原因]。',
    en: 'Usage: mcp-cashier approvals [list] | approve ID | deny ID [--reason TEXT].',
    next: { zh: '', en: '' },
  });
}
