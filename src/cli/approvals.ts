import { beijingIso } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import { toYuan } from '../domain/money.ts';
import type { ApprovalRecord } from '../ledger/records.ts';
import { type CaseView, readCase } from '../operator/view.ts';
import { onRecord } from '../persons/person.ts';
import { systemClock } from '../platform/system.ts';
import { approvalView, decideApproval } from '../policy/approvals.ts';
import { sentenceOf, whatCameOfIt } from './approval-outcome.ts';
import { printStory } from './audit-show.ts';
import { announceToPerson, type Books, withBooks } from './books.ts';
import type { CommandContext, Typed } from './command.ts';
import { promptPerson } from './operator-secret.ts';
import type { Say } from './speaker.ts';
import { isTerminal, print, printJson, printTable } from './terminal.ts';

/**
 * `mcp-cashier approvals [list] | show ID | approve ID | deny ID [--reason TEXT] | page [--port N]`: what only a
 * person may decide. Before the secret is asked for, the person is shown what it is about.
 */
export async function run(typed: Typed<'approvals'>, context: CommandContext): Promise<number> {
  const { values } = typed;
  const [id = ''] = typed.args;
  const { say } = context;
  if (typed.action === 'page') {
    const { servePage } = await import('./serve-page.ts');
    return servePage(typed.values, context, '/approvals');
  }
  if (typed.action === 'list') {
    return withBooks(context, values, 'read', (books) => list(books, values.json, say));
  }
  if (typed.action === 'show') {
    return withBooks(context, values, 'read', (books) => show(books, id, values.json, say));
  }
  const approve = typed.action === 'approve';
  const reason = typed.action === 'deny' ? typed.values.reason : undefined;
  return withBooks(context, values, 'write', async (books) => {
    const { ledger, settings, where } = books;
    announceToPerson(books, values.json);
    const seen = await ledger.read((book) => readCase(book, id, systemClock.now()));
    if (seen && !values.json && isTerminal()) showCase(seen, say);
    const person = await promptPerson(ledger, settings, say, typed.values.as);
    const decided = await onRecord(ledger.as(person.acting('approvals')), seen?.approval ?? {}, (book) =>
      decideApproval(book, person, id, { approve, reason }, systemClock.now()),
    );
    if (!values.json) {
      books.announce();
      print(approve ? say.line('✔ 已批准', '✔ approved') : say.line('✘ 已拒绝', '✘ denied'));
    }
    const came = approve ? await whatCameOfIt(ledger, id, context.signal) : undefined;
    const message = came && sentenceOf(came.outcome, say.language);
    if (values.json) {
      const { approval = decided, refund, order } = came?.view ?? {};
      const { state } = (approval.kind === 'refund' ? refund : order) ?? {};
      const outcome = message === undefined ? {} : { outcome: { state, message } };
      printJson({ ...where, ...shown(approval), ...outcome });
    } else if (message !== undefined) print(message);
    return 0;
  });
}

async function show(
  { ledger, where, announce }: Books,
  id: string,
  json: boolean,
  say: Say,
): Promise<number> {
  const seen = await ledger.read((book) => readCase(book, id, systemClock.now()));
  if (!seen) throw unknown();
  if (json) {
    printJson({ ...where, ...shown(seen.approval), title: seen.order?.title });
    return 0;
  }
  announce();
  showCase(seen, say);
  await printStory(ledger, seen.approval.outTradeNo, say);
  return 0;
}

/** What is to be decided, at a glance; titles and reasons are strangers' words, and the table disarms them. */
function showCase({ approval, phase, order, refund, client, sums }: CaseView, say: Say): void {
  const sum = `${toYuan(approval.amountFen)} ${say.line('元', 'yuan')}`;
  printTable([
    [say.line('审批', 'approval'), approval.id, phase],
    [approval.kind === 'refund' ? say.line('退款', 'refund') : say.line('收款', 'payment'), sum],
    [say.line('订单号', 'order number'), approval.outTradeNo, order?.provider ?? ''],
    ...(approval.outRefundNo === undefined
      ? []
      : [[say.line('退款单号', 'refund number'), approval.outRefundNo]]),
    ...(order ? [[say.line('商品', 'title'), order.title]] : []),
    ...(refund?.reason === undefined
      ? []
      : [[say.line('智能体写的原因', 'reason given by the agent'), refund.reason]]),
    [
      say.line('调用方', 'caller'),
      approval.caller,
      client === undefined ? '' : `${say.line('自称：', 'says it is:')} ${client}`,
    ],
    [say.line('为何要审批', 'why approval is needed'), approval.rule],
    ...(sums
      ? [
          [
            say.line('已付 / 已退 / 还可退（元）', 'paid / refunded / left (yuan)'),
            [sums.paidFen, sums.refundedFen, sums.leftFen]
              .map((one) => (one === undefined ? '-' : toYuan(one)))
              .join(' / '),
          ],
        ]
      : []),
    [say.line('截止', 'until'), beijingIso(approval.expiresAt)],
  ]);
}

async function list({ ledger, where, announce }: Books, json: boolean, say: Say): Promise<number> {
  const rows = await ledger.read(async (book) => {
    const open = await book.approvals.open();
    return Promise.all(
      open.map(async (approval) => ({ approval, order: await book.orders.get(approval.outTradeNo) })),
    );
  });
  if (json) {
    printJson({
      ...where,
      items: rows.map(({ approval, order }) => ({ ...shown(approval), title: order?.title })),
    });
    return 0;
  }
  announce();
  if (rows.length === 0) {
    print(say.line('没有待批准的请求。', 'Nothing waits for approval.'));
    return 0;
  }
  printTable([
    say.row(
      '审批|类型|订单号|退款单号|元|调用方|为何要审批|截止|商品',
      'id|kind|order|refund|yuan|caller|why|until|title',
    ),
    ...rows.map(({ approval, order }) => [
      approval.id,
      approval.kind === 'refund' ? say.line('退款', 'refund') : say.line('收款', 'payment'),
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

/** As programs get it: the state as the tools tell it, sums in yuan, times in ISO 8601. */
function shown(approval: ApprovalRecord) {
  const { inputHash: _, asked: __, amountFen, createdAt, expiresAt, decidedAt, ...known } = approval;
  return {
    ...known,
    state: approvalView(approval, systemClock.now()),
    amountYuan: toYuan(amountFen),
    createdAt: beijingIso(createdAt),
    expiresAt: beijingIso(expiresAt),
    ...(decidedAt === undefined ? {} : { decidedAt: beijingIso(decidedAt) }),
  };
}

function unknown(): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: '没有这个编号的审批。',
    en: 'There is no approval with this id.',
    next: { zh: '运行 mcp-cashier approvals list 查看。', en: 'Run mcp-cashier approvals list.' },
  });
}
