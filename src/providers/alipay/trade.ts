import type { Clock } from '../../domain/clock.ts';
import { unlessAbsent } from '../absence.ts';
import { GatewayDeclined, type Known, OutcomeUnknown, type TradeSnapshot } from '../contract.ts';
import { queryAgreement } from './agreements.ts';
import type { AlipayConfig } from './config.ts';
import { accepted, requireOrderNumber, requireTrade } from './errors.ts';
import type { AlipayGateway } from './gateway.ts';
import { bizContent, tradeNamed } from './plan.ts';
import { tradeSnapshot } from './snapshot.ts';

/** Fields that other calls answer with. A close answer has none of its own, so theirs give a swapped answer away. */
const FOREIGN_TO_CLOSE = ['trade_status', 'qr_code', 'fund_change', 'refund_status'];

/**
 * Asks for a trade, by Alipay's number where that is given; either way it must be ours by our number. An order whose
 * link nobody has opened does not exist yet.
 *
 * @see https://opendocs.alipay.com/open/82ea786a_alipay.trade.query
 */
export async function queryTrade(
  gateway: AlipayGateway,
  account: string,
  outTradeNo: string,
  { gatewayTradeNo }: Known = {},
): Promise<TradeSnapshot> {
  const name = { outTradeNo, gatewayTradeNo };
  const asked = gateway.call({ method: 'alipay.trade.query', biz_content: bizContent(tradeNamed(name)) });
  const answer = await unlessAbsent(accepted(asked, 'query', outTradeNo));
  if (answer === undefined) return { exists: false };
  requireTrade(answer, name);
  requireOrderNumber(answer, outTradeNo);
  const trade = tradeSnapshot(answer.fields, { account, outTradeNo }, 'send_pay_date');
  if (trade === undefined) throw new OutcomeUnknown('amount-unreadable', answer.requestId);
  return trade;
}

/**
 * Closes an unpaid trade. A link that nobody has opened cannot be closed: Alipay answers that the trade does not
 * exist, and the link works until its `time_expire`.
 *
 * @see https://opendocs.alipay.com/open/8dc9ebb3_alipay.trade.close
 */
export async function closeTrade(gateway: AlipayGateway, outTradeNo: string): Promise<void> {
  const asked = gateway.call({
    method: 'alipay.trade.close',
    biz_content: bizContent({ out_trade_no: outTradeNo }),
  });
  const answer = await accepted(asked, 'close', outTradeNo);
  requireOrderNumber(answer, outTradeNo);
  if (FOREIGN_TO_CLOSE.some((field) => answer.fields.has(field))) {
    throw new OutcomeUnknown('answer-of-another-call', answer.requestId);
  }
}

/** Payments may be asked for, agreements may not. */
export class AgreementsRefused extends GatewayDeclined {
  constructor({ reason, gatewayCode, proven, requestId, advice }: GatewayDeclined) {
    super(reason, gatewayCode, proven, requestId, advice);
  }
}

/**
 * Asks for an order that nobody has: an answer that Alipay has signed, whatever it says of the order, proves the app
 * id, the app's key and Alipay's. An agreement that nobody has shows as well whether agreements may be asked for at
 * all. Which products are signed, and for which scenes, shows only when an order is made.
 */
export async function checkCredentials({
  gateway,
  account,
  config: { signScene },
  clock,
}: {
  readonly gateway: AlipayGateway;
  readonly account: string;
  readonly config: Pick<AlipayConfig, 'signScene'>;
  readonly clock: Clock;
}): Promise<readonly string[]> {
  await queryTrade(gateway, account, `SELFTEST_${clock.now()}`);
  if (signScene === undefined) return ['AP_PRECREATE_PRODUCT_CODE'];
  const nobodys = { signNo: `SELFTEST${clock.now()}` };
  await queryAgreement(nobodys, { gateway, account, config: { signScene }, clock }).catch(
    (error: unknown) => {
      const isRefused = error instanceof GatewayDeclined && error.reason === 'permission';
      throw isRefused ? new AgreementsRefused(error) : error;
    },
  );
  return ['AP_PRECREATE_PRODUCT_CODE', 'AP_SIGN_SCENE'];
}
