import { defined } from '../../domain/defined.ts';
import type { OrderState, RefundState } from '../../domain/order.ts';
import type { ApprovalRecord } from '../../ledger/records.ts';
import { approvalView } from '../../policy/approvals.ts';
import type { Aside } from '../answer.ts';
import { qrImage } from '../qr-image.ts';
import type { PaymentView } from '../views.ts';
import { iso, type Voice } from './voice.ts';
import { APPROVAL_NOW, APPROVAL_STATE } from './words.ts';

/** An approval as every view has it. */
export function approvalIn({ now }: Voice, approval: ApprovalRecord | undefined): PaymentView['approval'] {
  if (!approval) return undefined;
  const state = approvalView(approval, now());
  const code = state === 'failed' ? approval.code : undefined;
  return defined({ id: approval.id, state, code, expiresAt: iso(approval.expiresAt) });
}

/** What a view shows of it besides. */
export async function asideOf(
  { now, merchantName, approvalUrl }: Voice,
  approval: ApprovalRecord | undefined,
  qrCode?: string,
): Promise<Aside> {
  const waits = approval && approvalView(approval, now()) === 'pending';
  return defined({
    now: now(),
    payee: merchantName,
    qr: qrCode === undefined ? undefined : await qrImage(qrCode),
    approvalUrl: waits ? await approvalUrl(approval.id) : undefined,
  });
}

/** What is said of it while a payment or refund waits for it: how it stands, and whom the model is to ask, and where. */
export async function approvalSaid(
  { say, now, approvalUrl, runnable }: Voice,
  approval: ApprovalRecord | undefined,
  waiting: OrderState | RefundState,
): Promise<{ readonly line: string | undefined; readonly ask: string }> {
  if (!approval || waiting !== 'PENDING_APPROVAL') return { line: undefined, ask: '' };
  const { id, expiresAt, code, asked } = approval;
  const state = approvalView(approval, now());
  const { zh, en } = APPROVAL_STATE[state];
  const line = say({
    zh: `审批 ${id}：${zh}，有效期至 ${iso(expiresAt)}`,
    en: `Approval ${id}: ${en}, until ${iso(expiresAt)}`,
  });
  const after = state === 'pending' ? asked?.afterFailure : state === 'failed' ? code : undefined;
  const failure = {
    zh: `批准后没有执行（${after}），没有资金变动。`,
    en: `It was approved but not carried out (${after}); no money moved. `,
  };
  const before = after === undefined ? '' : say(failure);
  if (state !== 'pending') return { line, ask: before + say(APPROVAL_NOW[state]) };
  const url = await approvalUrl(id);
  const command = runnable(`mcp-cashier approvals approve ${id}`);
  const ask = {
    zh: `请商家批准：${url ? `打开 ${url} 或` : ''}运行 ${command}。`,
    en: `Ask the merchant to approve: ${url ? `open ${url} or ` : ''}run ${command}. `,
  };
  return { line, ask: before + say(ask) };
}
