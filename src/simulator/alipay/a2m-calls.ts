import { z } from 'zod';
import { type Fen, toYuan } from '../../domain/money.ts';
import { refundedFen, type Trade, tradeState } from '../state/trades.ts';
import type { Steered } from '../steering.ts';
import type { World } from '../world.ts';
import {
  CONFIRM_REFUSALS,
  type ConfirmRefusal,
  SANDBOX_SERVICE,
  scenarioOf,
  VERIFY_REFUSALS,
  type VerifyRefusal,
} from './a2m-words.ts';
import { readBusiness } from './reading.ts';
import { AlipayRefusal } from './refusal.ts';
import type { AlipayCall } from './request.ts';
import type { Fields } from './trade-calls.ts';

/** A trade that a buyer's agent has paid by a bill. */
export type A2mTrade = Trade & Required<Pick<Trade, 'a2m'>>;

const verifyFields = z.strictObject({
  payment_proof: z.string().max(4096),
  trade_no: z.string().max(64),
  client_session: z.string().max(8192).optional(),
});
const confirmFields = z.strictObject({ trade_no: z.string().max(64) });

/** `alipay.aipay.agent.payment.verify`: what a proof that a buyer's agent has shown is worth. */
export function verifyProof(world: World, call: AlipayCall, steered: Steered): Fields {
  for (const code of Object.keys(VERIFY_REFUSALS) as VerifyRefusal[]) {
    if (steered.has(scenarioOf('verify', code))) throw notWorth(code);
  }
  const {
    payment_proof: proof,
    trade_no: tradeNo,
    client_session: session,
  } = readBusiness(call, verifyFields);
  if (tradeNo === '') throw notWorth('TRADE_NO_EMPTY');
  if (!/^\d{16,64}$/.test(tradeNo)) throw notWorth('TRADE_NO_INVALID');
  if (proof === '') throw notWorth('PAYMENT_PROOF_EMPTY');
  const trade = a2mTrade(world, tradeNo);
  if (!trade) throw notWorth('TRADE_NOT_FOUND');
  checkProof(world, trade, proof, session);
  checkTrade(trade, world.clock.now());
  const amount = (trade.amountFen + (steered.has('wrong-amount') ? 1 : 0)) as Fen;
  const unnamed = steered.has('verify-unnamed');
  return {
    active: !steered.has('verify-inactive'),
    amount: toYuan(amount),
    out_trade_no: unnamed ? '' : trade.outTradeNo,
    resource_id: unnamed ? '' : trade.a2m.resourceId,
    trade_no: tradeNo,
  };
}

/** `alipay.aipay.agent.fulfillment.confirm`: what was paid for has been handed over. */
export function confirmFulfilment(world: World, call: AlipayCall, steered: Steered): Fields {
  for (const code of Object.keys(CONFIRM_REFUSALS) as ConfirmRefusal[]) {
    if (steered.has(scenarioOf('confirm', code))) throw notTaken(code);
  }
  const { trade_no: tradeNo } = readBusiness(call, confirmFields);
  if (tradeNo === '') throw notTaken('TRADE_NO_EMPTY');
  if (!/^\d{16,64}$/.test(tradeNo)) throw notTaken('TRADE_NO_INVALID');
  const trade = a2mTrade(world, tradeNo);
  if (!trade) throw notTaken('TRADE_NOT_FOUND');
  const waits = trade.paidAt !== undefined && trade.a2m.fulfilledAt === undefined;
  if (!waits) throw notTaken('TRADE_STATUS_INVALID');
  world.trades.save({ ...trade, a2m: { ...trade.a2m, fulfilledAt: world.clock.now() } });
  return { trade_no: tradeNo };
}

function a2mTrade(world: World, tradeNo: string): A2mTrade | undefined {
  const trade = world.trades.byTradeNo('alipay', tradeNo);
  return trade?.a2m && { ...trade, a2m: trade.a2m };
}

/** The sandbox takes whatever its buyers make up. */
function checkProof(world: World, trade: A2mTrade, proof: string, session: string | undefined): void {
  if (trade.a2m.serviceId === SANDBOX_SERVICE) return;
  if (!session) throw notWorth('CLIENT_SESSION_IS_EMPTY');
  if (proof !== trade.a2m.proof) {
    const others = world.trades.recent(MOST_TRADES).some(({ a2m }) => a2m?.proof === proof);
    throw notWorth(others ? 'PAYMENT_PROOF_TRADE_NO_MISMATCH' : 'PAYMENT_PROOF_INVALID');
  }
  if (session !== trade.a2m.session) throw notWorth('PAYMENT_PROOF_BUYER_MISMATCH');
}

const MOST_TRADES = 10_000;

function checkTrade(trade: A2mTrade, now: number): void {
  const state = tradeState(trade, now);
  if (state === 'NOTPAY') throw notWorth('TRADE_STATUS_UNPAID');
  if (state === 'CLOSED' || refundedFen(trade, now, ['SUCCESS']) === trade.amountFen)
    throw notWorth('TRADE_STATUS_CLOSED');
  if (trade.a2m.fulfilledAt !== undefined) throw notWorth('PAYMENT_PROOF_STATUS_INVALID');
}

const notWorth = (code: VerifyRefusal) => new AlipayRefusal('40004', code, VERIFY_REFUSALS[code][0]);
const notTaken = (code: ConfirmRefusal) => new AlipayRefusal('40004', code, CONFIRM_REFUSALS[code][0]);
