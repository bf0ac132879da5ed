import { wholeSecond } from '../domain/clock.ts';
import { defined } from '../domain/defined.ts';
import { CashierError, invalidArgument } from '../domain/errors.ts';
import type { ProviderId } from '../domain/order.ts';
import type { Book } from '../ledger/book.ts';
import type { OfferRecord, OrderRecord } from '../ledger/records.ts';
import { takesNumber } from '../providers/registry.ts';
import { newNumber } from './beginnings.ts';
import { type Holders, standing } from './carry-out.ts';
import { closePayment } from './close-payment.ts';
import { createPayment } from './create-payment.ts';
import { conflict, insistOnExpiry, numberTaken, offerClosed, sceneNotOffered } from './errors.ts';
import type { ForeignPayment, OrderName } from './foreign.ts';
import type { CreatePaymentInput, OfferedTerms } from './inputs.ts';
import { askOffer, closeOffer, concludedOffer, isOpen, type OfferResult, offeredAt } from './offers.ts';
import { GATE } from './paid-calls/quote.ts';
import { askedBy, insistOnTrial } from './permit.ts';
import { askPayment } from './query-payment.ts';
import { isFinal } from './reserve-payment.ts';
import { digest, type PaymentResult } from './results.ts';
import { byStranger } from './strangers.ts';
import type { Call, Till } from './till.ts';

/**
 * A payment as a tool asks for it: where no wallet is named and the buyer may choose it on the page, only its number,
 * page and expiry are made, and nothing is at a gateway before that choice. Throws as {@link createPayment}.
 */
export async function beginPayment(
  till: Till,
  call: Call,
  input: CreatePaymentInput,
): Promise<PaymentResult | OfferResult> {
  if (input.provider !== undefined || !till.letsBuyerChoose) return createPayment(till, call, input);
  const made = await till.ledger.write((book) => offer(till, book, call, input));
  if ('offer' in made) return made;
  // The buyer has chosen: from then on it is a payment like any other.
  const { provider, outTradeNo } = made;
  return createPayment(till, call, { ...input, provider, outTradeNo, offered: await offeredOf(till, made) });
}

async function offer(
  till: Till,
  book: Book,
  call: Call,
  input: CreatePaymentInput,
): Promise<OfferResult | OrderRecord> {
  const { scene, amountFen, title, expiresInMinutes, outTradeNo, payerOpenid, payerClientIp } = input;
  const buyerHash = input.buyer && digest(await book.salt(), input.buyer);
  // In the digest only where given: it stays what it was for all that is stored.
  const payer = (payerOpenid ?? payerClientIp) === undefined ? [] : [payerOpenid, payerClientIp];
  const inputHash = digest('any', scene, amountFen, title, expiresInMinutes, buyerHash, ...payer);
  if (outTradeNo !== undefined) {
    const chosen = await book.orders.get(outTradeNo);
    const known = await book.offers.get(outTradeNo);
    const { caller, inputHash: hash } = chosen ?? known ?? {};
    if (call.ownOrdersOnly && caller !== undefined && caller !== call.caller)
      throw numberTaken(outTradeNo, 'ledger');
    if (hash !== undefined && hash !== inputHash) throw conflict('outTradeNo');
    if (chosen) return chosen;
    if (known) return concludedOffer(book, call, { offer: known, replayed: true });
  } else if (buyerHash) {
    const chosen = (await book.orders.byCall(inputHash, call.caller)).find((order) => !isFinal(order));
    if (chosen) return chosen;
    const open = await book.offers.byCall(inputHash, call.caller);
    if (open && isOpen(open, till.clock.now()))
      return concludedOffer(book, call, { offer: open, replayed: true });
    // By the clock of another process it may last a little longer, and one wish has one page.
    const meanwhile = open && (await book.orders.get(open.outTradeNo));
    if (meanwhile && !isFinal(meanwhile)) return meanwhile;
    if (open && !meanwhile) await book.offers.close(open, till.clock.now());
  }
  const now = till.clock.now();
  const made: OfferRecord = {
    outTradeNo: outTradeNo ?? newNumber(till, 'C'),
    caller: call.caller,
    buyerHash: buyerHash || undefined,
    ...{ amountFen, title, inputHash },
    terms: defined({ expiresInMinutes, chosen: outTradeNo === undefined ? undefined : (true as const) }),
    pageToken: till.randomBytes(16).toString('base64url'),
    createdAt: now,
    expiresAt: wholeSecond(now) + expiresInMinutes * 60_000,
    closedAt: undefined,
    asked: await askedBy(book, call),
  };
  refuseEarly(till, made, scene);
  await book.offers.insert(made);
  return concludedOffer(book, call, { offer: made, replayed: false });
}

/**
 * What a gateway would refuse is refused before anybody is given a page: each may become the one, but for those whose
 * numbers are narrower than ours and have no place for this one, which are not offered.
 */
function refuseEarly(till: Till, made: OfferRecord, scene: CreatePaymentInput['scene']): void {
  insistOnTrial(till, made.amountFen);
  if (scene !== 'qr') {
    throw invalidArgument(
      'scene',
      { zh: '不指定 provider 时只能用 scene qr。', en: 'Without provider, only scene qr can be had.' },
      { zh: '指定 provider，或用 scene qr。', en: 'Name the provider, or use scene qr.' },
    );
  }
  const all = [...till.providers.values()];
  const able = all.filter(({ id }) => takesNumber(id, made.outTradeNo));
  for (const provider of able.length > 0 ? able : all) {
    if (!provider.scenes.has(scene)) throw sceneNotOffered(provider, scene);
    insistOnExpiry(provider, made.terms.expiresInMinutes);
    const { outTradeNo, amountFen, title, createdAt, expiresAt } = made;
    provider.planPayment({ outTradeNo, scene, amountFen, title, sentAt: wholeSecond(createdAt), expiresAt });
  }
}

/**
 * The buyer has chosen on the page: the order is made and sent, in the name of whoever offered it, with every check of a
 * payment. Once there is an order of it, whichever wallet that has, it stands: another choice tells that one, and a send
 * that was lost is made again. Resolves to undefined where nothing was offered at that page.
 *
 * Throws ORDER_CLOSED where it is too late, CONFIGURATION where this process cannot tell whether the caller may still
 * sell, POLICY_DENIED where it may not, and as {@link createPayment}.
 * @param page the token in the page's address
 */
export async function chooseWallet(
  opened: Till,
  holders: Holders,
  page: string,
  provider: ProviderId,
): Promise<PaymentResult | undefined> {
  const offered = await opened.ledger.read((book) => offeredAt(book, page));
  if (!offered) return undefined;
  const call = {
    ...offered.asked,
    ...defined({ id: offered.asked.call }),
    caller: offered.caller,
    tool: 'choice',
  };
  const { outTradeNo } = offered;
  // Whoever asks for prices has as many of their pages as they like.
  const place = offered.asked.tool === GATE.tool ? GATE.tool : outTradeNo;
  return byStranger(opened, call, place, { outTradeNo, provider }, () =>
    createOffered(opened, holders, offered, provider),
  );
}

async function createOffered(
  opened: Till,
  holders: Holders,
  offered: OfferRecord,
  provider: ProviderId,
): Promise<PaymentResult> {
  const { outTradeNo, caller, amountFen, title, asked, terms } = offered;
  const who = standing({ asked }, holders);
  if (who === 'unknown') throw sellerUnknown();
  if (who === 'revoked') throw offerClosed(outTradeNo);
  // A call that was paid by another way may have an order of this one already, and gets no new one.
  if (offered.closedAt !== undefined && !(await isMade(opened, outTradeNo))) throw offerClosed(outTradeNo);
  const till = { ...opened, ledger: opened.ledger.as(defined({ caller, tool: 'choice', call: asked.call })) };
  const call: Call = { ...asked, ...who, ...defined({ id: asked.call }), caller };
  return createPayment(till, call, {
    ...{ provider, scene: 'qr', amountFen, title, outTradeNo },
    expiresInMinutes: terms.expiresInMinutes,
    offered: offeredIn(offered),
  });
}

async function isMade({ ledger }: Till, outTradeNo: string): Promise<boolean> {
  return (await ledger.read((book) => book.orders.get(outTradeNo))) !== undefined;
}

function offeredIn({ inputHash, pageToken, buyerHash, expiresAt, terms }: OfferRecord): OfferedTerms {
  return { inputHash, pageToken, buyerHash, expiresAt, chosen: terms.chosen };
}

/** Of an order that a buyer has chosen. */
async function offeredOf(till: Till, { outTradeNo }: OrderRecord): Promise<OfferedTerms | undefined> {
  const known = await till.ledger.read((book) => book.offers.get(outTradeNo));
  return known && offeredIn(known);
}

/** Another key file or directory than that of the process that offered it. */
function sellerUnknown(): CashierError {
  return new CashierError('CONFIGURATION', {
    zh: '这个进程无法确认卖方是否仍可收款，没有下单，没有资金变动。',
    en: 'This process cannot tell whether the seller may still collect; no order was made and no money moved.',
    next: { zh: '请稍后重试。', en: 'Try again later.' },
  });
}

/** {@link askPayment}, also of what the buyer is yet to choose the wallet of: waits for that too. */
export async function askBegun(
  till: Till,
  call: Call,
  input: OrderName & { readonly waitSeconds: number },
): Promise<PaymentResult | ForeignPayment | OfferResult> {
  // From here on time runs for both.
  const asked = { ...call, arrivedAt: call.arrivedAt ?? till.clock.now() };
  const unchosen = await askOffer(till, asked, input.outTradeNo, input.waitSeconds);
  return unchosen ?? askPayment(till, asked, input);
}

/** {@link closePayment}, also of what nobody has chosen yet. */
export async function closeBegun(
  till: Till,
  call: Call,
  name: OrderName,
): Promise<PaymentResult | OfferResult> {
  return (await closeOffer(till, call, name.outTradeNo)) ?? closePayment(till, call, name);
}
