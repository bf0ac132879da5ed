import { defined } from '../../domain/defined.ts';
import type { Text } from '../../domain/errors.ts';
import { toYuan } from '../../domain/money.ts';
import { ORDER_WORDS, SUBSCRIPTION_WORDS } from '../../domain/words.ts';
import type { SubscriptionList } from '../../payments/agreements/query-subscription.ts';
import {
  nextChargeAt,
  type SubscriptionResult,
  subscriptionOutcome,
} from '../../payments/agreements/results.ts';
import { payable } from '../../payments/results.ts';
import { approvalView } from '../../policy/approvals.ts';
import { walletOf } from '../../providers/registry.ts';
import type { ToolAnswer } from '../answer.ts';
import { fitsCode, qrImage } from '../qr-image.ts';
import type { SubscriptionListView, SubscriptionView } from '../views.ts';
import { approvalIn, approvalSaid } from './approval.ts';
import { pageLine } from './page-line.ts';
import { subscriptionNext } from './subscription-words.ts';
import { type BuyerPage, iso, type Voice } from './voice.ts';
import { LABEL } from './words.ts';

/**
 * A subscription as the tools tell it; what comes next stands in the first text block, too.
 * @param withImage shows what the subscriber scans, where there is such a thing, as an image too
 */
export async function subscriptionAnswer(
  voice: Voice,
  result: SubscriptionResult,
  { withImage = false } = {},
): Promise<ToolAnswer<SubscriptionView>> {
  const { say, lines, line } = voice;
  const { subscription, last, approval } = result;
  const page = await pageOf(voice, result);
  const waits = subscription.openedAt === undefined && subscription.state === 'PENDING_SIGN';
  const asked = await approvalSaid(voice, approval, waits ? 'PENDING_APPROVAL' : 'NOTPAY');
  const structured = subscriptionTold(voice, result, page ?? 'none', asked.ask);
  const { contractNo, state, amountYuan, period, times, charged, nextChargeAt: next } = structured;
  const words = SUBSCRIPTION_WORDS[subscription.state];
  const wallet = walletOf(subscription.provider).name;
  const of = times === undefined ? '' : `/${times}`;
  const code = withImage ? codeOf(voice, result) : undefined;
  const text = lines(
    say({
      zh: `订阅 ${contractNo}：${words.zh}（${state}），每期 ${amountYuan} 元，周期 ${period}，已付 ${charged}${of} 期，${wallet.zh}`,
      en: `Subscription ${contractNo}: ${state} (${words.en}), ${amountYuan} yuan every ${period}, ${charged}${of} periods paid, ${wallet.en}`,
    }),
    result.signing && `[${say(SIGN_NOW)}](${result.signing.signUrl})`,
    result.signing?.appUrl && line({ zh: '手机上打开', en: 'On a phone' }, result.signing.appUrl),
    code && say(SCAN),
    structured.orderString && `orderString: ${structured.orderString}`,
    page && last?.order && pageLine(voice, page, last.order.credential),
    line({ zh: '下次扣款', en: 'Next charge' }, next),
    last?.order &&
      line(
        { zh: `第 ${last.period.period} 期订单`, en: `Order of period ${last.period.period}` },
        `${last.order.outTradeNo} ${last.order.state}（${say(ORDER_WORDS[last.order.state])}）`,
      ),
    line({ zh: '结束原因', en: 'Ended because' }, structured.endedReason),
    asked.line,
    line(LABEL.next, structured.nextStep),
  );
  return {
    ...{ text, structured, outcome: subscriptionOutcome(subscription) },
    ...(code === undefined ? {} : { image: await qrImage(code) }),
  };
}

export function subscriptionListAnswer(
  voice: Voice,
  { items, nextCursor }: SubscriptionList,
): ToolAnswer<SubscriptionListView> {
  // What a subscriber acts on is told of one alone.
  const told = items.map((item) => {
    const { orderString, ...rest } = subscriptionTold(voice, item, 'listed');
    return rest;
  });
  const text = voice.lines(
    voice.say({ zh: `${items.length} 个订阅`, en: `${items.length} subscriptions` }),
    ...told.map(({ contractNo, state, amountYuan, period, charged, nextChargeAt: next }) =>
      [contractNo, state, amountYuan, period, charged, next].filter((part) => part !== undefined).join(' '),
    ),
    nextCursor && `nextCursor: ${nextCursor}`,
  );
  return { text, structured: defined({ items: told, nextCursor, ...voice.money }), outcome: {} };
}

/** What stands in the code by which the subscriber agrees: what they sign, or the first payment. */
function codeOf({ now }: Voice, { signing, last }: SubscriptionResult): string | undefined {
  const code = signing?.signUrl ?? (last?.order && payable(last.order, now()).qrCode);
  return code !== undefined && fitsCode(code) ? code : undefined;
}

const SCAN: Text = {
  zh: '在电脑上：让用户用手机扫图中的二维码',
  en: 'On a computer: have the subscriber scan the code in the image with their phone',
};
const SIGN_NOW: Text = { zh: '点击签约', en: 'Sign now' };

function subscriptionTold(
  voice: Voice,
  result: SubscriptionResult,
  page: BuyerPage | 'none' | 'listed',
  ask = '',
): SubscriptionView {
  const { subscription, last, signing, replayed } = result;
  const { contractNo, provider, mode, state, amountFen, title, period, times, charged, reason } =
    subscription;
  const now = voice.now();
  return defined({
    ...{ contractNo, provider, mode, state, amountYuan: toYuan(amountFen), title, period, times, charged },
    nextChargeAt: iso(nextChargeAt(result)),
    signUrl: signing?.signUrl,
    orderString: last?.order && payable(last.order, now).orderString,
    cashierUrl: typeof page === 'string' ? undefined : page.url,
    lastCharge: last?.order && {
      outTradeNo: last.order.outTradeNo,
      state: last.order.state,
      period: last.period.period,
    },
    endedReason: state === 'ENDED' ? reason : undefined,
    approval: approvalIn(voice, result.approval),
    replayed,
    ...voice.money,
    nextStep:
      ask +
      voice.say(
        subscriptionNext(result, typeof page === 'string' ? page : 'page', isWaiting(result, now), now),
      ),
  });
}

/** Whether a person is yet to allow it. */
function isWaiting({ subscription, approval }: SubscriptionResult, now: number): boolean {
  const { openedAt, state } = subscription;
  return (
    openedAt === undefined &&
    state === 'PENDING_SIGN' &&
    approval !== undefined &&
    approvalView(approval, now) !== 'denied'
  );
}

/** Where the subscriber makes the payment that is open. */
async function pageOf(
  { now, buyerPage }: Voice,
  { last }: SubscriptionResult,
): Promise<BuyerPage | undefined> {
  const { order } = last ?? {};
  if (!order || order.scene === 'agreement') return undefined;
  const { qrCode, payUrl } = payable(order, now());
  return (qrCode ?? payUrl) === undefined ? undefined : buyerPage(order.pageToken, false);
}
