import { isProvenByPayer } from '../../domain/order.ts';
import type { Book } from '../../ledger/book.ts';
import type { OrderRecord, PaidCallRecord } from '../../ledger/records.ts';
import {
  type BillLine,
  isSameAccount,
  type PaymentProof,
  type PaymentProvider,
  ProofRefused,
  type ProvenCall,
} from '../../providers/contract.ts';
import { alarm } from '../apply.ts';
import { tradeAt } from '../ask-gateway.ts';
import { newOrder } from '../beginnings.ts';
import { drawProven } from '../permit.ts';
import { digest } from '../results.ts';
import { record } from '../sending.ts';
import type { Till } from '../till.ts';
import { payCall } from './pay.ts';
import { GATE, provingWallet } from './quote.ts';

/**
 * The call that a proof pays. One that was proven before is known by the trade and the proof themselves, for the gateway
 * need not say it twice; else the gateway is asked, once for all who show the same proof just then. What it proves is
 * held against the bill and committed: `other-bill` where it is of no bill of ours, or not of its sum.
 *
 * Throws {@link ProofRefused} for what provably buys nothing, and the three errors of the port where nobody can say.
 * @param header the value of `Payment-Proof`
 * @param requestHash of the request that it comes with
 */
export async function payByProof(
  till: Till,
  header: string,
  requestHash: string,
): Promise<PaidCallRecord | 'other-bill' | 'not-accepted'> {
  const wallet = provingWallet(till);
  const { a2m } = wallet ?? {};
  if (!wallet || !a2m) return 'not-accepted';
  const proof = a2m.readProof(header);
  const known = await till.ledger.read((book) => provenBefore(book, proof));
  if (known) return known;
  // Nothing is asked of which the answer could not be kept.
  await till.ledger.begin();
  const billed = await till.ledger.read((book) => book.paidCalls.byRequest(requestHash, GATE.caller));
  const { proofNo, byProof } = billed ?? {};
  let proven: ProvenCall;
  try {
    proven = await till.desk.proofs.share(
      `${proof.tradeNo} ${proof.digest}`,
      () => till.desk.turns.take({ account: wallet.account, caller: GATE.caller, urgency: 'call' }),
      () =>
        a2m.verifyProof(
          proof,
          proofNo && byProof ? { outTradeNo: proofNo, resourceId: byProof.resourceId } : undefined,
        ),
    );
  } catch (error) {
    // Used up by whoever was first, who has committed it by now.
    const first =
      error instanceof ProofRefused && (await till.ledger.read((book) => provenBefore(book, proof)));
    if (first) return first;
    throw error;
  }
  return record(till, proven, (book) => take(till, book, wallet, proof, proven));
}

/** As {@link payByProof} for one that was proven before, without asking anybody; undefined for any other. */
export async function paidByProof(till: Till, header: string): Promise<PaidCallRecord | undefined> {
  const { a2m } = provingWallet(till) ?? {};
  const proof = a2m?.readProof(header);
  return proof && till.ledger.read((book) => provenBefore(book, proof));
}

/** What one trade and one secret have paid; another secret of the same trade is the gateway's to judge. */
async function provenBefore(book: Book, proof: PaymentProof): Promise<PaidCallRecord | undefined> {
  for (const order of await book.orders.byGatewayNo(proof.tradeNo, 5)) {
    if (isProvenByPayer(order) && order.inputHash === keyOf(proof))
      return book.paidCalls.ofOrder(order.outTradeNo);
  }
  return undefined;
}

const keyOf = ({ tradeNo, digest: secret }: PaymentProof) => digest('proof', tradeNo, secret);

/** Holds what the gateway has proven against the bill, and has the order of it paid, where it is not yet. */
async function take(
  till: Till,
  book: Book,
  wallet: PaymentProvider,
  proof: PaymentProof,
  { outTradeNo, amountFen, resourceId, tradeNo }: ProvenCall,
): Promise<PaidCallRecord | 'other-bill'> {
  const call = await book.paidCalls.ofOrder(outTradeNo);
  if (!call || call.proofNo !== outTradeNo) return 'other-bill';
  const made = await book.orders.get(outTradeNo);
  const isOther = made && (!isProvenByPayer(made) || made.gatewayTradeNo !== tradeNo);
  if (amountFen !== call.amountFen || resourceId !== call.byProof?.resourceId || isOther) {
    await alarm(book, { outTradeNo }, 'foreign-trade');
    return 'other-bill';
  }
  if (!made)
    await payCall(
      book,
      await paidOrder(till, book, wallet, call, { tradeNo, key: keyOf(proof) }),
      till.clock.now(),
    );
  return book.paidCalls.again(call);
}

/** The order that a paid bill makes: it was never sent, for the buyer's agent has paid the bill itself. */
async function paidOrder(
  till: Till,
  book: Book,
  { id: provider, account }: PaymentProvider,
  { proofNo, caller, amountFen, title, createdAt, expiresAt }: PaidCallRecord,
  proven: { readonly tradeNo: string; readonly key: string; readonly paidAt?: number | undefined },
): Promise<OrderRecord> {
  const now = till.clock.now();
  const order = newOrder(till, {
    ...{ outTradeNo: proofNo as string, provider, account, caller, scene: 'a2m', amountFen, title },
    ...{ source: 'query', inputHash: proven.key, expiresAt },
    terms: { expiresInMinutes: Math.ceil((expiresAt - createdAt) / 60_000) },
  });
  await book.orders.insert(order);
  const paid = await book.orders.move(order, 'paid', {
    ...{ gatewayTradeNo: proven.tradeNo, gatewayState: 'TRADE_SUCCESS', source: 'query' },
    ...{ paidAt: proven.paidAt ?? now, countedAt: now, countedBy: caller },
  });
  await drawProven(till, book, GATE, paid);
  return paid;
}

/**
 * A bill of the gateway has a payment of a call whose proof nobody has shown. The bill proves nothing: the gateway is
 * asked by its own number, for it may not know ours, and what it proves is taken in. Whoever has the proof can still
 * show it; else the money goes back. Resolves to whether it was; throws the three errors of the port.
 */
export async function takeUnproven(
  till: Till,
  wallet: PaymentProvider,
  { outTradeNo, gatewayTradeNo: billed }: Pick<BillLine, 'outTradeNo' | 'gatewayTradeNo'>,
): Promise<boolean> {
  const known = await till.ledger.read((book) => book.paidCalls.ofProof(outTradeNo));
  if (!known) return false;
  const trade = await tradeAt(till, wallet, GATE, outTradeNo, { gatewayTradeNo: billed });
  const { gatewayTradeNo: tradeNo, amountFen } = trade.exists ? trade : {};
  const isPaid = trade.exists && trade.state === 'PAID' && isSameAccount(wallet.account, trade.account);
  if (!isPaid || tradeNo === undefined || amountFen !== known.amountFen) return false;
  return record(till, { outTradeNo }, async (book) => {
    const call = await book.paidCalls.again(known);
    if (await book.orders.get(outTradeNo)) return false;
    const proven = { tradeNo, key: digest('bill', tradeNo), paidAt: trade.paidAt };
    await payCall(book, await paidOrder(till, book, wallet, call, proven), till.clock.now());
    return true;
  });
}
