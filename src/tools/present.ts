import { beijingIso } from '../domain/clock.ts';
import type { CashierError, Text } from '../domain/errors.ts';
import { toYuan } from '../domain/money.ts';
import type { Credential, OrderState, ProviderId, RefundState } from '../domain/order.ts';
import type { ApprovalRecord, AuditRecord, OrderRecord, RefundRecord } from '../ledger/records.ts';
import { isGivenOut } from '../payments/apply.ts';
import type { Outcome } from '../payments/attempt.ts';
import type { ForeignPayment, ForeignRefund } from '../payments/foreign.ts';
import type { PaymentList } from '../payments/list-payments.ts';
import { type PaymentResult, payable, type RefundResult } from '../payments/results.ts';
import { type ApprovalView, approvalView } from '../policy/approvals.ts';
import type { Language, ToolAnswer } from './answer.ts';
import { HELD, handOver } from './pay-words.ts';

/** The only place where results become words. Titles, payer names and gateway text stay out of every sentence. */
export interface Presenter {
  payment(result: PaymentResult | ForeignPayment): Promise<ToolAnswer>;
  refund(result: RefundResult | ForeignRefund): Promise<ToolAnswer>;
  list(list: PaymentList): ToolAnswer;
  /** A payment with its refunds and all that has happened to it, oldest first. */
  story(
    result: PaymentResult,
    refunds: readonly RefundRecord[],
    events: readonly AuditRecord[],
  ): Promise<Record<string, unknown>>;
  /** The one JSON object of an error's first text block. */
  error(error: CashierError): string;
  /** An error in a sentence, with the gateway's code where there is one. */
  sentence(error: CashierError): string;
  /** A text of a tool that has words of its own. */
  plain(text: string): string;
}

/** Where an order's page stands. */
export interface CashierPage {
  readonly url: string;
  /** It ends with this very process, unless another one on the ledger takes over. */
  readonly endsWithUs: boolean;
}

export interface PresenterOptions {
  readonly language: Language;
  readonly simulated: boolean;
  readonly now: () => number;
  /** The order's page, where one can be served; with `handOff`, where its link may be followed. */
  readonly cashierPage: (pageToken: string, handOff: boolean) => Promise<CashierPage | undefined>;
  /** Where a person decides on an approval, where one can. Nobody can by the address alone. */
  readonly approvalUrl: (id: string) => Promise<string | undefined>;
  /** Writes our commands in a sentence as whoever reads it can type them; by default as they are. */
  readonly runnable?: (text: string) => string;
}

const WALLET: Readonly<Record<ProviderId, Text>> = {
  alipay: { zh: '支付宝', en: 'Alipay' },
  wechatpay: { zh: '微信支付', en: 'WeChat Pay' },
};

const PAY_NOW: Text = { zh: '点击完成支付', en: 'Pay now' };

const SIMULATED: Text = { zh: '【模拟环境，不是真钱】', en: '[SIMULATED, no real money]' };

const PAYMENT_STATE: Readonly<Record<OrderState, Text>> = {
  PENDING_APPROVAL: { zh: '待审批', en: 'awaiting approval' },
  DENIED: { zh: '已拒绝', en: 'denied' },
  NOTPAY: { zh: '待付款', en: 'awaiting payment' },
  PAID: { zh: '已付款', en: 'paid' },
  CLOSED: { zh: '已关闭', en: 'closed' },
  UNKNOWN: { zh: '结果待确认', en: 'result unknown' },
};

const PAYMENT_NEXT: Readonly<Record<Exclude<OrderState, 'NOTPAY'>, Text>> = {
  PENDING_APPROVAL: {
    zh: '批准后自动下单；之后用相同参数和这个 outTradeNo 再次调用 create-payment 取得付款码。',
    en: 'Once approved it is sent by itself; then call create-payment again with the same arguments and this outTradeNo for what the buyer pays with.',
  },
  DENIED: {
    zh: '告诉用户商家拒绝了；不要重试。',
    en: 'Tell the user that the merchant said no; do not retry.',
  },
  PAID: { zh: '可以交付；不要重复收款。', en: 'Deliver now; do not charge again.' },
  CLOSED: {
    zh: '不能再付款；需要时新建一笔支付。',
    en: 'It cannot be paid any more; create a new payment if one is wanted.',
  },
  UNKNOWN: {
    zh: '支付平台没有返回结果；稍后用 query-payment 确认，不要交付。',
    en: 'The gateway has not told how it stands; ask query-payment later, deliver nothing.',
  },
};

const NO_CODE: Text = {
  zh: '支付平台没有返回结果，买家还没有付款码。稍后用相同参数和这个 outTradeNo 再次调用 create-payment；不要换单号，不要交付。',
  en: 'The gateway gave no answer and the buyer has no code yet. Call create-payment again later with the same arguments and this outTradeNo; no new number, deliver nothing.',
};

const LATE: Text = {
  zh: '订单关闭后才收到付款：请交付，或用 refund-payment 退款。',
  en: 'The payment came after the order was closed: deliver, or refund it with refund-payment.',
};
const REFUNDED: Text = {
  zh: '已全额退款，不要交付。',
  en: 'It has been refunded in full; deliver nothing.',
};
const REFUNDED_ELSEWHERE: Text = {
  zh: '支付平台显示这笔订单在别处退过款：不要交付，先请商家核实。',
  en: 'The gateway says that this order was refunded elsewhere: deliver nothing, ask the merchant first.',
};
const CLOSING_UNKNOWN: Text = {
  zh: '尚不知道支付平台是否收到过这笔订单；没有给出过付款码，到期后自动关闭，之后可用 query-payment 确认。',
  en: 'Whether the gateway ever had this order is not known; no code was given out, it closes after its expiry, ask query-payment then.',
};
const EXPIRED: Text = {
  zh: '已过付款期限，等待支付平台确认关闭；需要时新建一笔支付。',
  en: 'The time to pay is over and the gateway will confirm the close; create a new payment if one is wanted.',
};

/** Said of a page on a loopback address: of one that ends with its process, and of one that does not. */
const ON_THIS_MACHINE: readonly [withUs: Text, without: Text] = [
  {
    zh: '（只有本机能打开，客户端退出后失效）',
    en: ' (opens on this machine only, until this client ends)',
  },
  { zh: '（只有本机能打开）', en: ' (opens on this machine only)' },
];

const FOREIGN: Text = {
  zh: '这笔由商家的其他系统创建；只告知状态，交付与否由该系统决定。',
  en: "Another of the merchant's systems made it: this is its state only; delivering is that system's business.",
};

const REFUND_STATE: Readonly<Record<RefundState, Text>> = {
  PENDING_APPROVAL: { zh: '待审批', en: 'awaiting approval' },
  DENIED: { zh: '已拒绝', en: 'denied' },
  PROCESSING: { zh: '处理中', en: 'processing' },
  SUCCESS: { zh: '退款成功', en: 'refunded' },
  CLOSED: { zh: '未退款', en: 'not refunded' },
  ABNORMAL: { zh: '退款异常', en: 'abnormal' },
  UNKNOWN: { zh: '结果待确认', en: 'result unknown' },
};

const REFUND_NEXT: Readonly<Record<RefundState, Text>> = {
  PENDING_APPROVAL: {
    zh: '尚未退款，批准后自动退款；之后用相同参数和这个 outRefundNo 再次调用 refund-payment 查看结果。',
    en: 'Nothing is refunded yet; once approved it is sent by itself. Call refund-payment again with the same arguments and this outRefundNo to see.',
  },
  DENIED: {
    zh: '告诉用户商家拒绝了；不要用同一单号重试。',
    en: 'Tell the user that the merchant said no; do not retry this number.',
  },
  PROCESSING: {
    zh: '稍后用 query-refund 查询，不要再次退款。',
    en: 'Ask query-refund later; do not refund again.',
  },
  SUCCESS: { zh: '告诉用户款项已原路退回。', en: 'Tell the user that the money has gone back.' },
  CLOSED: {
    zh: '款项没有退出；再试请用新的 outRefundNo。',
    en: 'No money went out; to try again use a new outRefundNo.',
  },
  ABNORMAL: {
    zh: '款项未到买家账户，请商家在商户平台处理；不要再次退款。',
    en: 'The money did not reach the buyer; ask the merchant to resolve it on the merchant platform, do not refund again.',
  },
  UNKNOWN: {
    zh: '用相同参数和这个 outRefundNo 再次调用 refund-payment，或用 query-refund 查询；不要换单号。',
    en: 'Call refund-payment again with the same arguments and this outRefundNo, or query-refund; never a new number.',
  },
};

const APPROVAL_STATE: Readonly<Record<ApprovalView, Text>> = {
  pending: { zh: '待审批', en: 'awaiting approval' },
  approved: { zh: '已批准', en: 'approved' },
  expired: { zh: '已过期', en: 'expired' },
  denied: { zh: '已拒绝', en: 'denied' },
  failed: { zh: '批准后没有执行', en: 'approved, not carried out' },
};

/** How an approval stands that nobody is to be asked about any more. */
const APPROVAL_NOW: Readonly<Partial<Record<ApprovalView, Text>>> = {
  approved: {
    zh: '已批准，几秒内自动执行。',
    en: 'Approved; it is carried out within seconds. ',
  },
  expired: {
    zh: '审批已过期，没有执行；再次调用会重新申请。',
    en: 'The approval ran out and nothing was sent; calling again asks anew. ',
  },
  failed: { zh: '再次调用会重新申请审批。', en: 'Calling again asks for a new approval. ' },
};

export function presenter(options: PresenterOptions): Presenter {
  const { language, simulated, now, runnable = (text) => text } = options;
  const say = (text: Text) => text[language];
  const lines = (...parts: readonly (string | undefined)[]) =>
    [simulated ? say(SIMULATED) : undefined, ...parts].filter((part) => part !== undefined).join('\n');
  const next = (step: string) => (language === 'zh' ? `下一步：${step}` : `Next: ${step}`);

  function payment(
    result: PaymentResult,
    page: CashierPage | undefined,
    ask: string,
  ): Record<string, unknown> {
    const { order } = result;
    const held = payable(result.order, now());
    const { handOffUrl, ...credential } = held;
    // Without a page to follow it from, such a link is no use to anybody.
    const usable = handOffUrl === undefined || page ? held : {};
    return compact({
      outTradeNo: order.outTradeNo,
      provider: order.provider,
      scene: order.terms.adopted ? undefined : order.scene,
      state: order.state,
      amountYuan: toYuan(order.amountFen),
      currency: 'CNY',
      title: order.terms.adopted ? undefined : order.title,
      ...credential,
      linkExpiresAt: iso(credential.linkExpiresAt),
      cashierUrl: page?.url,
      createdAt: iso(order.createdAt),
      expiresAt: iso(order.expiresAt),
      paidAt: iso(order.paidAt),
      late: order.late || undefined,
      closing: order.closing || undefined,
      gatewayTradeNo: order.gatewayTradeNo,
      gatewayState: order.gatewayState,
      refundedYuan: toYuan(result.refundedFen),
      refundedElsewhereYuan: elsewhereYuan(result.refundedElsewhere),
      approval: approvalOf(result.approval, now()),
      source: order.source,
      replayed: result.replayed,
      simulated,
      nextStep: ask + say(paymentNext(result, usable, now(), language)),
    });
  }

  async function pageOf(order: OrderRecord): Promise<CashierPage | undefined> {
    const credential = payable(order, now());
    return hasLink(credential)
      ? options.cashierPage(order.pageToken, credential.handOffUrl !== undefined)
      : undefined;
  }

  /** Whom the model is to ask, and where that person decides; or what has become of that. */
  async function askPerson(
    approval: ApprovalRecord | undefined,
    state: OrderState | RefundState,
  ): Promise<string> {
    if (!approval || state !== 'PENDING_APPROVAL') return '';
    const view = approvalView(approval, now());
    if (view !== 'pending') {
      const text = APPROVAL_NOW[view];
      return text ? `${view === 'failed' ? failure(approval.code) : ''}${say(text)}` : '';
    }
    const url = await options.approvalUrl(approval.id);
    const command = runnable(`mcp-cashier approvals approve ${approval.id}`);
    const before = failure(approval.asked?.afterFailure);
    if (language === 'zh') return `${before}请商家批准：${url ? `打开 ${url} 或` : ''}运行 ${command}。`;
    return `${before}Ask the merchant to approve: ${url ? `open ${url} or ` : ''}run ${command}. `;
  }

  function failure(code: string | undefined): string {
    if (code === undefined) return '';
    return language === 'zh'
      ? `批准后没有执行（${code}），没有资金变动。`
      : `It was approved but not carried out (${code}); no money moved. `;
  }

  function foreignPayment({ foreign, provider }: ForeignPayment): ToolAnswer {
    const amountYuan = foreign.amountFen === undefined ? undefined : toYuan(foreign.amountFen);
    const step = say(FOREIGN);
    const structured = compact({
      outTradeNo: foreign.outTradeNo,
      provider,
      state: foreign.state,
      amountYuan,
      currency: 'CNY',
      paidAt: iso(foreign.paidAt),
      gatewayTradeNo: foreign.gatewayTradeNo,
      gatewayState: foreign.gatewayState,
      source: 'query',
      replayed: false,
      simulated,
      nextStep: step,
    });
    const sum =
      amountYuan === undefined ? '' : language === 'zh' ? `，${amountYuan} 元` : `, ${amountYuan} yuan`;
    const text = lines(
      language === 'zh'
        ? `订单 ${foreign.outTradeNo}（账本外）：${say(PAYMENT_STATE[foreign.state])}（${foreign.state}）${sum}`
        : `Order ${foreign.outTradeNo} (not in the ledger): ${foreign.state} (${say(PAYMENT_STATE[foreign.state])})${sum}`,
      next(step),
    );
    return { text, structured, outcome: outcomeOf(structured) };
  }

  function foreignRefund({ foreignRefund: refund, provider }: ForeignRefund): ToolAnswer {
    const step = say(FOREIGN);
    const structured = compact({
      outRefundNo: refund.outRefundNo,
      outTradeNo: refund.outTradeNo,
      provider,
      state: refund.state,
      refundYuan: refund.refundFen === undefined ? undefined : toYuan(refund.refundFen),
      replayed: false,
      simulated,
      nextStep: step,
    });
    const text = lines(
      language === 'zh'
        ? `退款 ${refund.outRefundNo}（账本外）：${say(REFUND_STATE[refund.state])}（${refund.state}）`
        : `Refund ${refund.outRefundNo} (not in the ledger): ${refund.state} (${say(REFUND_STATE[refund.state])})`,
      next(step),
    );
    return { text, structured, outcome: outcomeOf(structured) };
  }

  return {
    async payment(result) {
      if ('foreign' in result) return foreignPayment(result);
      const { order } = result;
      const credential = payable(result.order, now());
      const page = await pageOf(order);
      const structured = payment(result, page, await askPerson(result.approval, order.state));
      const zh = language === 'zh';
      const pageLine = ({ url, endsWithUs }: CashierPage, { qrCode, handOffUrl }: Credential) => {
        const reach = isOnThisMachine(url) ? say(ON_THIS_MACHINE[endsWithUs ? 0 : 1]) : '';
        // It is the only way to pay.
        if (handOffUrl) return `[${say(PAY_NOW)}](${url})${reach}`;
        const open = qrCode
          ? { zh: '打开收银台扫码', en: 'open to scan' }
          : { zh: '打开收银台', en: 'open to pay' };
        return `${zh ? '收银台：' : 'Checkout page: '}[${say(open)}](${url})${reach}`;
      };
      const text = lines(
        zh
          ? `订单 ${order.outTradeNo}：${say(PAYMENT_STATE[order.state])}（${order.state}），${toYuan(order.amountFen)} 元，${say(WALLET[order.provider])}`
          : `Order ${order.outTradeNo}: ${order.state} (${say(PAYMENT_STATE[order.state])}), ${toYuan(order.amountFen)} yuan, ${say(WALLET[order.provider])}`,
        credential.payUrl && `[${say(PAY_NOW)}](${credential.payUrl})`,
        credential.qrCode && `${zh ? '二维码内容：' : 'QR code content: '}${credential.qrCode}`,
        page && pageLine(page, credential),
        credential.jsapiParams && `jsapiParams: ${JSON.stringify(credential.jsapiParams)}`,
        credential.appParams && `appParams: ${JSON.stringify(credential.appParams)}`,
        credential.orderString && `orderString: ${credential.orderString}`,
        order.state === 'NOTPAY' && order.expiresAt !== undefined
          ? `${zh ? '有效期至：' : 'Expires: '}${iso(order.expiresAt)}`
          : undefined,
        credential.linkExpiresAt === undefined
          ? undefined
          : `${zh ? `${HELD[order.scene].zh}有效至：` : `The ${HELD[order.scene].en} expires: `}${iso(credential.linkExpiresAt)}`,
        order.state === 'PAID' && result.refundedFen > 0
          ? `${zh ? '已退款：' : 'Refunded: '}${say(yuan(toYuan(result.refundedFen)))}`
          : undefined,
        result.refundedElsewhere === undefined
          ? undefined
          : `${zh ? '别处已退款：' : 'Refunded elsewhere: '}${say(elsewhereWords(result.refundedElsewhere))}`,
        approvalLine(result.approval, now(), language, order.state),
        next(String(structured.nextStep)),
      );
      return { text, structured, outcome: outcomeOf(structured) };
    },

    async story(result, refunds, events) {
      return {
        ...payment(result, await pageOf(result.order), ''),
        refunds: refunds.map((refund) =>
          compact({
            outRefundNo: refund.outRefundNo,
            state: refund.state,
            refundYuan: toYuan(refund.amountFen),
            reason: refund.reason,
            createdAt: iso(refund.createdAt),
          }),
        ),
        events: events.filter(isAboutOrder).map(({ at, kind, outRefundNo, detail }) => {
          // Digests and counted times are for whoever checks the trail.
          const { terms, plan, credential, countedAt, ...told } = detail;
          return compact({ at: iso(at), kind, outRefundNo, ...told });
        }),
      };
    },

    async refund(result) {
      if ('foreignRefund' in result) return foreignRefund(result);
      const { refund, order } = result;
      const nextStep = (await askPerson(result.approval, refund.state)) + say(refundNext(result));
      const structured = compact({
        outRefundNo: refund.outRefundNo,
        outTradeNo: refund.outTradeNo,
        provider: order.provider,
        state: refund.state,
        refundYuan: toYuan(refund.amountFen),
        refundedYuan: toYuan(result.refundedFen),
        reason: refund.reason,
        approval: approvalOf(result.approval, now()),
        replayed: result.replayed,
        simulated,
        nextStep,
      });
      const text = lines(
        language === 'zh'
          ? `退款 ${refund.outRefundNo}（订单 ${refund.outTradeNo}）：${say(REFUND_STATE[refund.state])}（${refund.state}），${toYuan(refund.amountFen)} 元，累计已退 ${toYuan(result.refundedFen)} 元`
          : `Refund ${refund.outRefundNo} of order ${refund.outTradeNo}: ${refund.state} (${say(REFUND_STATE[refund.state])}), ${toYuan(refund.amountFen)} yuan, ${toYuan(result.refundedFen)} yuan refunded in all`,
        approvalLine(result.approval, now(), language, refund.state),
        next(nextStep),
      );
      return { text, structured, outcome: outcomeOf(structured) };
    },

    list(list) {
      const { count, paidFen, refundedFen } = list.totals;
      const items = list.items.map((item) => {
        const { payUrl, qrCode, jsapiParams, appParams, orderString, linkExpiresAt, ...rest } = payment(
          item,
          undefined,
          '',
        );
        return rest;
      });
      const totals = { count, paidYuan: toYuan(paidFen), refundedYuan: toYuan(refundedFen) };
      const text = lines(
        language === 'zh'
          ? `共 ${count} 笔，已收 ${totals.paidYuan} 元，已退 ${totals.refundedYuan} 元`
          : `${count} payments, ${totals.paidYuan} yuan paid, ${totals.refundedYuan} yuan refunded`,
        ...list.items.map(
          ({ order }) =>
            `${order.outTradeNo} ${order.state} ${toYuan(order.amountFen)} ${order.provider} ${beijingIso(order.createdAt)}`,
        ),
        list.nextCursor && `nextCursor: ${list.nextCursor}`,
      );
      const structured = compact({ items, totals, nextCursor: list.nextCursor, simulated });
      return { text, structured, outcome: {} };
    },

    sentence: (error) => {
      const { gatewayCode } = error.details;
      const sentence = `${say(error.text)}${gatewayCode === undefined ? '' : `(${gatewayCode}) `}${say(error.next)}`;
      return runnable(sentence);
    },

    plain: (text) => lines(text),

    error(error) {
      return JSON.stringify({
        code: error.code,
        message: runnable(say(error.text)),
        retryable: error.retryable,
        nextAction: runnable(say(error.next)),
        ...error.details,
        ...(simulated ? { simulated } : {}),
      });
    },
  };
}

/** Of an answer, what the audit trail keeps. */
function outcomeOf(structured: Readonly<Record<string, unknown>>): Outcome {
  const kept = ['outTradeNo', 'outRefundNo', 'state', 'replayed', 'closing', 'late'];
  return Object.fromEntries(kept.map((name) => [name, structured[name]])) as Outcome;
}

/** What clients said of their calls is for the merchant's eyes, in the audit trail. */
function isAboutOrder({ kind }: AuditRecord): boolean {
  return kind !== 'call' && kind !== 'result' && kind !== 'order-given';
}

/** Whether only this machine can open an address. */
export function isOnThisMachine(url: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(new URL(url).hostname);
}

function hasLink(credential: Credential): boolean {
  const { qrCode, payUrl, handOffUrl } = credential;
  return [qrCode, payUrl, handOffUrl].some((link) => link !== undefined);
}

function elsewhereYuan(refunded: PaymentResult['refundedElsewhere']): string | undefined {
  return refunded === undefined || refunded === 'unknown' ? refunded : toYuan(refunded);
}

function yuan(sum: string): Text {
  return { zh: `${sum} 元`, en: `${sum} yuan` };
}

function elsewhereWords(refunded: PaymentResult['refundedElsewhere']): Text {
  if (refunded === 'unknown') return { zh: '金额未告知', en: 'sum not told' };
  return yuan(elsewhereYuan(refunded) ?? '');
}

function paymentNext(result: PaymentResult, held: Credential, now: number, language: Language): Text {
  const { order, refundedFen, refundedElsewhere } = result;
  if (order.state === 'PAID' && refundedFen >= order.amountFen) return REFUNDED;
  if (order.state === 'PAID' && refundedElsewhere !== undefined) return REFUNDED_ELSEWHERE;
  if (order.late) return LATE;
  if (order.closing) {
    if (order.state === 'UNKNOWN') return CLOSING_UNKNOWN;
    const until = iso(order.expiresAt) ?? (language === 'zh' ? '到期' : 'it expires');
    const held = HELD[order.scene];
    return {
      zh: `买家手中的${held.zh}在 ${until} 之前仍可能付款；稍后用 query-payment 确认是否已关闭。`,
      en: `The ${held.en} that the buyer holds can still be paid until ${until}; ask query-payment later whether it is closed.`,
    };
  }
  if (order.state !== 'NOTPAY' && order.state !== 'UNKNOWN') return PAYMENT_NEXT[order.state];
  if (order.state === 'NOTPAY' && (order.expiresAt ?? 0) <= now) return EXPIRED;
  if (!isGivenOut(order)) return NO_CODE;
  return order.state === 'UNKNOWN' ? PAYMENT_NEXT.UNKNOWN : handOver(held);
}

function refundNext({ refund }: RefundResult): Text {
  if (refund.state === 'CLOSED' && refund.declinedCode !== undefined) {
    return {
      zh: '支付平台拒绝了这笔退款，款项没有退出；解决原因后可用相同参数和单号重试。',
      en: 'The gateway declined it and no money went out; after the cause is fixed the same call may be repeated.',
    };
  }
  return REFUND_NEXT[refund.state];
}

function approvalOf(approval: ApprovalRecord | undefined, now: number): Record<string, unknown> | undefined {
  const state = approval && approvalView(approval, now);
  if (!approval) return undefined;
  const code = state === 'failed' ? approval.code : undefined;
  return compact({ id: approval.id, state, code, expiresAt: iso(approval.expiresAt) });
}

function approvalLine(
  approval: ApprovalRecord | undefined,
  now: number,
  language: Language,
  state: OrderState | RefundState,
): string | undefined {
  if (!approval || state !== 'PENDING_APPROVAL') return undefined;
  const view = APPROVAL_STATE[approvalView(approval, now)][language];
  return language === 'zh'
    ? `审批 ${approval.id}：${view}，有效期至 ${iso(approval.expiresAt)}`
    : `Approval ${approval.id}: ${view}, until ${iso(approval.expiresAt)}`;
}

function iso(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : beijingIso(ms);
}

function compact(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
