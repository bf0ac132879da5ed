import { defined } from '../../domain/defined.ts';
import type { PaidCallRecord } from '../../ledger/records.ts';
import type { PaymentProvider } from '../../providers/contract.ts';
import { newNumber } from '../beginnings.ts';
import { createPayment } from '../create-payment.ts';
import { isGatewayError } from '../errors.ts';
import type { CreatePaymentInput } from '../inputs.ts';
import { byStranger } from '../strangers.ts';
import type { Till } from '../till.ts';
import { wayHash } from './pay.ts';
import { GATE } from './quote.ts';

/** The wallet whose agents redeem codes, where one of them does. */
export function codeWallet({ providers }: Pick<Till, 'providers'>): PaymentProvider | undefined {
  return [...providers.values()].find(({ x402 }) => x402 !== undefined);
}

/**
 * A code by which an agent's host pays for a call with its user's yes: an ordinary order is made for it, since the code
 * is one of an order. Undefined where there is no such wallet, or it does not answer: the other ways to pay remain.
 * Throws FROZEN, POLICY_DENIED and what else {@link createPayment} refuses.
 */
export async function weixinCode(
  till: Till,
  call: PaidCallRecord,
  skill: { readonly skillId: string; readonly skillVersion?: string | undefined },
): Promise<PaidCallRecord> {
  const wallet = codeWallet(till);
  if (!wallet?.x402 || call.state !== 'QUOTED' || call.weixinCode !== undefined) return call;
  const { amountFen, title, expiresAt, createdAt } = call;
  const ledger = till.ledger.as(GATE);
  // The number is known before there is an order of it: whoever pays that pays this call.
  const numbered =
    call.weixinNo !== undefined
      ? call
      : await ledger.write(async (book) => {
          const current = await book.paidCalls.again(call);
          const weixinNo = current.weixinNo ?? newNumber(till, 'C');
          return book.paidCalls.patch(current, { weixinNo });
        });
  try {
    const input: CreatePaymentInput = {
      ...{ provider: wallet.id, scene: 'qr', amountFen, title, outTradeNo: numbered.weixinNo },
      expiresInMinutes: Math.ceil((expiresAt - createdAt) / 60_000),
      offered: {
        inputHash: wayHash(call.number, 'code'),
        pageToken: till.randomBytes(16).toString('base64url'),
        ...{ buyerHash: undefined, expiresAt, chosen: undefined },
      },
    };
    const { order } = await byStranger(till, GATE, GATE.tool, { outTradeNo: input.outTradeNo }, () =>
      createPayment({ ...till, ledger }, GATE, input),
    );
    const codeUrl = order.credential.qrCode;
    if (order.state !== 'NOTPAY' || codeUrl === undefined) return numbered;
    const weixinCodeOf = await wallet.x402.preorder(defined({ codeUrl, expiresAt, ...skill }));
    return await ledger.write(async (book) =>
      book.paidCalls.patch(await book.paidCalls.again(numbered), { weixinCode: weixinCodeOf }),
    );
  } catch (error) {
    if (!isGatewayError(error)) throw error;
    till.log.warn('no payment code', { provider: wallet.id, error: error.message });
    return numbered;
  }
}
