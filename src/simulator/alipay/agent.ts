import { NotBought, post, press } from '../agent-hands.ts';
import { parseOrNull } from '../http.ts';
import type { AgentWallet } from '../world.ts';
import { A2M_CASHIER } from './a2m-cashier.ts';

type Members = Readonly<Record<string, string>>;

/** As Alipay's own program for agents: the bill goes to the cashier with who pays, and a proof comes back. */
export const ALIPAY_AGENT: AgentWallet = {
  async pay({ headers }, { origin, buyer, clock }) {
    const bill = headers['payment-needed'];
    if (bill === undefined) throw new NotBought('there is no bill for Alipay');
    const { protocol, method } = parseOrNull(Buffer.from(bill, 'base64url').toString()) as {
      readonly protocol: Members;
      readonly method: Members;
    };
    const request = {
      protocol: { ...camel(protocol), buyerUniqueId: buyer },
      method: { ...camel(method), buyerUniqueIdKey: 'buyerExternalId' },
      signature: { buyerExternalId: buyer, buyerSignature: '-', timestamp: clock.now() },
    };
    const pay = () => post(`${origin}${A2M_CASHIER}`, request);
    const first = await pay();
    const { cashierUrl } = first;
    if (typeof cashierUrl === 'string') await press(cashierUrl);
    const paid = cashierUrl === undefined ? first : await pay();
    const { tradeNo, paymentProof } = (paid.protocol ?? {}) as Members;
    const { clientSession } = (paid.method ?? {}) as Members;
    if (paymentProof === undefined) throw new NotBought(`Alipay's cashier: ${String(paid.errorCode)}`);
    const proof = {
      protocol: { payment_proof: paymentProof, trade_no: tradeNo },
      method: { client_session: clientSession },
    };
    return { 'Payment-Proof': Buffer.from(JSON.stringify(proof)).toString('base64') };
  },
};

/** Names as the cashier wants them: `out_trade_no` → `outTradeNo`. */
function camel(members: Members): Members {
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => [
      name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );
}
