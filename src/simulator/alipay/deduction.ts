import { z } from 'zod';
import { beijingDateTime, DAY_MS, wholeSecond } from '../../domain/clock.ts';
import { toYuan } from '../../domain/money.ts';
import { announce, pay } from '../payer.ts';
import { type Agreement, agreementState } from '../state/agreements.ts';
import { asOf, type Trade, tradeState } from '../state/trades.ts';
import type { Steered } from '../steering.ts';
import type { World } from '../world.ts';
import { DEDUCT_REFUSALS, type DeductRefusal, deductScenario } from './agreement-words.ts';
import { makeTrade } from './opening.ts';
import { nextPlan, takenPeriods } from './periods.ts';
import { addressIn, readBusiness, readPrice } from './reading.ts';
import { AlipayRefusal, business } from './refusal.ts';
import type { AlipayCall } from './request.ts';
import { type Fields, numbers } from './trade-calls.ts';

/** ms after which an accepted deduction has come to its end. */
const ACCEPTED_MS = 3_000;

const deductFields = z.strictObject({
  out_trade_no: z.string().regex(/^[A-Za-z0-9_]{1,64}$/),
  total_amount: z.union([z.string(), z.number()]).transform(String),
  subject: z
    .string()
    .min(1)
    .max(256)
    .regex(/^[^/=&]*$/),
  product_code: z.enum(['GENERAL_WITHHOLDING', 'CYCLE_PAY_AUTH']),
  agreement_params: z.strictObject({
    agreement_no: z.string().min(1).max(64),
    apply_token: z.string().max(64).optional(),
    auth_confirm_no: z.string().max(64).optional(),
    deduct_permission: z.string().max(64).optional(),
  }),
  body: z.string().max(128).optional(),
  is_async_pay: z.boolean().optional(),
  pay_params: z.strictObject({ async_type: z.enum(['NORMAL_ASYNC', 'STORE_ASYNC']) }).optional(),
  passback_params: z.string().max(512).optional(),
});

/**
 * `alipay.trade.pay` by an agreement: the merchant takes what the buyer has agreed to.
 * @see https://opendocs.alipay.com/open/1f1fe18c_alipay.trade.pay
 */
export function deduct(world: World, call: AlipayCall, steered: Steered): Fields {
  const fields = readBusiness(call, deductFields);
  const amountFen = readPrice(fields.total_amount);
  const agreementNo = fields.agreement_params.agreement_no;
  const fingerprint = JSON.stringify([amountFen, fields.subject, agreementNo]);
  const now = world.clock.now();
  const known = world.trades.byNumber('alipay', fields.out_trade_no);
  if (known) return answerAgain(asOf(known, now), fingerprint, now);
  for (const code of Object.keys(DEDUCT_REFUSALS) as DeductRefusal[]) {
    if (steered.has(deductScenario(code))) throw no(code);
  }
  const agreement = world.agreements.byNumber('alipay', agreementNo);
  const period = checkAgreed(world, agreement, fields.product_code, amountFen);
  const seller = call.merchant?.sellerId;
  const trade: Trade = {
    ...makeTrade(world, {
      provider: 'alipay',
      ...(seller === undefined ? {} : { space: seller, seller }),
      ...{ scene: 'deduct', outTradeNo: fields.out_trade_no, amountFen, title: fields.subject, fingerprint },
      ...(fields.body ? { body: fields.body } : {}),
      ...(fields.passback_params ? { attach: fields.passback_params } : {}),
      ...addressIn(call, 'notify_url', 'notifyUrl'),
      expiresAt: wholeSecond(now + DAY_MS),
    }),
    payer: period.agreement.payer,
  };
  const taken = [...period.agreement.taken, { period: period.period, outTradeNo: trade.outTradeNo }];
  world.agreements.save({ ...period.agreement, taken });
  return take(world, trade, steered);
}

/** The period that a deduction would be for. Throws where it is not what was agreed. */
function checkAgreed(
  world: World,
  agreement: Agreement | undefined,
  productCode: string,
  amountFen: number,
): { readonly agreement: Agreement; readonly period: number } {
  const now = world.clock.now();
  if (!agreement) throw no('ACQ.AGREEMENT_NOT_EXIST');
  const state = agreementState(agreement, now);
  if (state === 'TEMP') throw no('ACQ.AGREEMENT_INVALID');
  if (state === 'STOP') throw no('ACQ.AGREEMENT_STATUS_NOT_NORMAL');
  if (productCode !== agreement.productCode) throw no('ACQ.AGREEMENT_ERROR');
  const taken = takenPeriods(world, agreement);
  const sum = [...taken.values()].reduce((all, one) => all + one, 0);
  if (amountFen > agreement.singleFen) throw no('ACQ.CYCLE_PAY_SINGLE_FEE_EXCEED');
  if (agreement.times !== undefined && taken.size >= agreement.times) {
    throw no('ACQ.CYCLE_PAY_TOTAL_TIMES_EXCEED');
  }
  if (agreement.totalFen !== undefined && sum + amountFen > agreement.totalFen) {
    throw no('ACQ.CYCLE_PAY_TOTAL_FEE_EXCEED');
  }
  const plan = nextPlan(world, agreement);
  if (!plan || now < plan.opensAt) throw no('ACQ.CYCLE_PAY_DATE_NOT_MATCH');
  return { agreement, period: plan.period };
}

/** Takes the money at once, or accepts to do so. */
function take(world: World, trade: Trade, steered: Steered): Fields {
  const saysNo = steered.has('deduct-accepted-refused');
  if (!saysNo && !steered.has('deduct-accepted') && !steered.has('deduct-accepted-fails')) {
    world.trades.save(trade);
    return paidAnswer(pay(world, trade).trade);
  }
  const endsAt = wholeSecond(world.clock.now() + ACCEPTED_MS);
  const fails = steered.has('deduct-accepted-fails');
  const accepted: Trade = { ...trade, expiresAt: endsAt, ...(fails ? {} : { paysAt: endsAt }) };
  world.trades.save(accepted);
  if (!fails && trade.notifyUrl) {
    announce(world, accepted, { kind: 'payment', url: trade.notifyUrl, dueAt: endsAt });
  }
  if (saysNo) return business('ORDER_SUCCESS_PAY_INPROCESS', '下单成功，支付处理中').fields;
  return acceptedAnswer(accepted);
}

/** The same number again takes nothing more. */
function answerAgain(known: Trade, fingerprint: string, now: number): Fields {
  if (known.fingerprint !== fingerprint) throw business('CONTEXT_INCONSISTENT', '交易信息被篡改');
  const state = tradeState(known, now);
  if (state === 'CLOSED') throw business('TRADE_HAS_CLOSE', '交易已经关闭');
  return state === 'PAID' ? paidAnswer(known) : acceptedAnswer(known);
}

function paidAnswer(trade: Trade): Fields {
  const total = toYuan(trade.amountFen);
  return {
    ...numbers(trade),
    ...{ buyer_logon_id: '159****5620', buyer_user_id: trade.payer },
    ...{ total_amount: total, receipt_amount: total, buyer_pay_amount: total, invoice_amount: total },
    gmt_payment: beijingDateTime(trade.paidAt ?? 0),
    fund_bill_list: [{ amount: total, fund_channel: 'ALIPAYACCOUNT' }],
  };
}

function acceptedAnswer(trade: Trade): Fields {
  return {
    ...{ code: '10003', msg: 'order success pay inprocess', async_payment_mode: 'NORMAL_ASYNC' },
    ...{ ...numbers(trade), total_amount: toYuan(trade.amountFen) },
  };
}

const no = (code: DeductRefusal) => new AlipayRefusal('40004', code, DEDUCT_REFUSALS[code][0]);
