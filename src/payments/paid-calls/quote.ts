import { wholeSecond } from '../../domain/clock.ts';
import type { Fen } from '../../domain/money.ts';
import type { Book } from '../../ledger/book.ts';
import type { ByProof, OfferRecord, PaidCallRecord } from '../../ledger/records.ts';
import type { PaymentProvider } from '../../providers/contract.ts';
import { newNumber } from '../beginnings.ts';
import { mayBegin, mayGiveOut } from '../permit.ts';
import { byStranger } from '../strangers.ts';
import type { Call, Till } from '../till.ts';
import { wayHash } from './pay.ts';

/** How long (ms) a price holds and can be paid. */
const LASTS_MS = 15 * 60_000;

/** In whose name the gate sells; what the policy says of a client of this name is for it. */
export const GATE = { caller: 'gate', tool: 'gate' } as const satisfies Call;

/** Something that has a price. */
export interface Priced {
  readonly face: PaidCallRecord['face'];
  /** What stands behind the gate, as the prices file has it. */
  readonly upstream: string;
  /** The price's own name: `GET /paid/weather`, or a tool's. */
  readonly priced: string;
  readonly amountFen: Fen;
  readonly title: string;
  /** Whether the upstream may be asked again although an answer was lost. */
  readonly repeatable: boolean;
  /** How long (ms) after its payment a call without a result is paid back. */
  readonly refundAfterMs: number;
}

/**
 * A price for one request: committed before anybody is told, and nothing is at a gateway. The number redeems.
 * Throws FROZEN, and POLICY_DENIED where the rules let nothing of it be sold just now, or only by a person.
 * @param requestHash 64 hex digits, over the request that it is bound to
 * @param byProof what Alipay is told of it, where its proof pays; left out where the rules do not let it be paid so
 */
export async function quoteCall(
  till: Till,
  priced: Priced,
  requestHash: string,
  byProof?: Omit<ByProof, 'outTradeNo'>,
): Promise<PaidCallRecord> {
  const now = till.clock.now();
  const call: PaidCallRecord = {
    ...priced,
    number: till.randomBytes(16).toString('hex').toUpperCase(),
    caller: GATE.caller,
    requestHash,
    state: 'QUOTED',
    ...{ createdAt: now, updatedAt: now, expiresAt: wholeSecond(now) + LASTS_MS },
    pageToken: till.randomBytes(16).toString('base64url'),
    pageNo: newNumber(till, 'C'),
    ...{ weixinNo: undefined, weixinCode: undefined, proofNo: undefined, byProof: undefined },
    ...{ paidBy: undefined, paidAt: undefined, sendingBy: undefined, sendingUntil: undefined },
    ...{ dueAt: undefined, tries: 0, why: undefined },
  };
  const wallet = byProof && provingWallet(till);
  const { face, upstream, amountFen } = priced;
  return byStranger(till, GATE, GATE.tool, { face, upstream, priced: priced.priced, amountFen }, () =>
    till.ledger.as(GATE).write(async (book: Book) => {
      await mayBegin(till, book, GATE, amountFen);
      const isProvable =
        wallet && (await mayGiveOut(till, book, GATE, { provider: wallet.id, scene: 'a2m', amountFen }));
      const quoted = isProvable ? { ...call, proofNo: newNumber(till, 'C'), byProof } : call;
      await book.paidCalls.insert(quoted);
      return quoted;
    }),
  );
}

/** The wallet that takes proofs, where one of them does. */
export function provingWallet({ providers }: Pick<Till, 'providers'>): PaymentProvider | undefined {
  return [...providers.values()].find(({ a2m }) => a2m !== undefined);
}

/** The page where a buyer chooses a wallet for a call, as that of any payment whose wallet is the buyer's choice. */
export function offerOf(call: PaidCallRecord): OfferRecord {
  const { pageNo, caller, amountFen, title, pageToken, createdAt, expiresAt, state } = call;
  return {
    ...{ outTradeNo: pageNo, caller, buyerHash: undefined, amountFen, title },
    inputHash: wayHash(call.number, 'page'),
    terms: { expiresInMinutes: LASTS_MS / 60_000 },
    ...{ pageToken, createdAt, expiresAt },
    // Paid by another way, nobody need choose.
    closedAt: state === 'QUOTED' ? undefined : call.updatedAt,
    asked: { policy: 0, tool: GATE.tool },
  };
}
