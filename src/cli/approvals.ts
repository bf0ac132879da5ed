import { openLedger } from '../compose.ts';
import { beijingIso } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import { toYuan } from '../domain/money.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ApprovalRecord } from '../ledger/records.ts';
import { type CaseView, readCase } from '../operator/view.ts';
import { systemClock } from '../platform/system.ts';
import { approvalView, decideApproval } from '../policy/approvals.ts';
import { sentenceOf, whatCameOfIt } from './approval-outcome.ts';
import { readArguments, usage } from './arguments.ts';
import { showOrder } from './audit-show.ts';
import type { CommandContext } from './command.ts';
import { askPerson } from './operator-secret.ts';
import { isTerminal, print, printJson, printTable } from './terminal.ts';

const USE = {
  zh: 'approvals [list] | show ID | approve ID | deny ID [--reason 原因] | page [--port 端口]，均可加 --json',
  en: 'approvals [list] | show ID | approve ID | deny ID [--reason TEXT] | page [--port N], each with --json',
};

/**
 * `mcp-cashier approvals [list] | show ID | approve ID | deny ID [--reason TEXT] | page [--port N]`: what only a
 * person may decide. Before the secret is asked for, the person is shown what it is about.
 */
export async function run(args: readonly string[], context: CommandContext): Promise<number> {
  if (args[0] === 'page') {
    const { servePage } = await import('./approvals-page.ts');
    return servePage(args.slice(1), context);
  }
  const options = { json: { type: 'boolean', default: false }, reason: { type: 'string' } } as const;
  const { positionals, values } = readArguments(args, options, USE);
  const [action = 'list', id, ...more] = positionals;
  const decides = action === 'approve' || action === 'deny';
  const wellFormed =
    action === 'list' ? id === undefined : (action === 'show' || decides) && id !== undefined;
  if (!wellFormed || more.length > 0) throw usage(USE);
  const settings = await context.config('operator');
  const ledger = await openLedger(settings);
  try {
    if (id === undefined) return await list(ledger, values.json);
    const seen = await ledger.read((book) => readCase(book, id, systemClock.now()));
    if (seen && !values.json && (!decides || isTerminal())) showCase(seen);
    if (!decides) {
      if (!seen) throw unknown();
      if (values.json) printJson({ ...shown(seen.approval), title: seen.order?.title });
      else await showOrder(ledger, seen.approval.outTradeNo, { json: false, language: settings.language });
      return 0;
    }
    const person = await askPerson(ledger, settings);
    const approve = action === 'approve';
    const decided = await ledger
      .as({ caller: 'operator', tool: 'approvals' })
      .write((book) =>
        decideApproval(book, person, id, { approve, reason: values.reason }, systemClock.now()),
      );
    if (!values.json) print(approve ? '已批准 approved ✔' : '已拒绝 denied ✘');
    const came = approve ? await whatCameOfIt(ledger, id, context.signal) : undefined;
    const message = came && sentenceOf(came.outcome, settings.language);
    if (values.json) {
      const { approval = decided, refund, order } = came?.view ?? {};
      const { state } = (approval.kind === 'refund' ? refund : order) ?? {};
      printJson({ ...shown(approval), ...(message === undefined ? {} : { outcome: { state, message } }) });
    } else if (message !== undefined) print(message);
    return 0;
  } finally {
    await ledger.close();
  }
}

/** What is to be decided, at a glance; titles and reasons are strangers' words, and the table disarms them. */
function showCase({ approval, phase, order, refund, client, sums }: CaseView): void {
  printTable([
    ['审批 approval', approval.id, phase],
    [approval.kind === 'refund' ? '退款 refund' : '收款 payment', `${toYuan(approval.amountFen)} 元 yuan`],
    ['订单 order', approval.outTradeNo, order?.provider ?? ''],
    ...(approval.outRefundNo === undefined ? [] : [['退款号 refund number', approval.outRefundNo]]),
    ...(order ? [['商品 title', order.title]] : []),
    ...(refund?.reason === undefined ? [] : [['调用方写的原因 reason given by the agent', refund.reason]]),
    ['调用方 caller', approval.caller, client === undefined ? '' : `自称 says it is: ${client}`],
    ['规则 rule', approval.rule],
    ...(sums
      ? [
          [
            '已付 / 已退 / 还可退 paid / refunded / left',
            [sums.paidFen, sums.refundedFen, sums.leftFen]
              .map((sum) => (sum === undefined ? '-' : toYuan(sum)))
              .join(' / '),
          ],
        ]
      : []),
    ['截止 until', beijingIso(approval.expiresAt)],
  ]);
}

async function list(ledger: Ledger, json: boolean): Promise<number> {
  const rows = await ledger.read(async (book) => {
    const open = await book.openApprovals();
    return Promise.all(
      open.map(async (approval) => ({ approval, order: await book.order(approval.outTradeNo) })),
    );
  });
  if (json) {
    printJson(rows.map(({ approval, order }) => ({ ...shown(approval), title: order?.title })));
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

/** As programs get it, with the state as the tools tell it. */
function shown(approval: ApprovalRecord) {
  const { inputHash: _, asked: __, ...known } = approval;
  return { ...known, state: approvalView(approval, systemClock.now()) };
}

function unknown(): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: '没有这个编号的审批。',
    en: 'There is no approval with this id.',
    next: { zh: '运行 mcp-cashier approvals list 查看。', en: 'Run mcp-cashier approvals list.' },
  });
}
