import { beijingDate, DAY_MS, wholeSecond } from '../../domain/clock.ts';
import { dayOf, digits, token } from '../numbers.ts';
import { steer } from '../payer.ts';
import type { AgreementTerms } from '../state/agreed.ts';
import { type Agreement, agreementState } from '../state/agreements.ts';
import type { Trade } from '../state/trades.ts';
import { type AgreementDeed, inSpace, type World } from '../world.ts';
import { announceAgreement } from './agreement-notify.ts';
import { readSignLink } from './agreement-terms.ts';
import { midnightOf, monthsLater } from './periods.ts';
import { business, FAULT_REFUSALS } from './refusal.ts';
import { authenticate, parametersOf, SIGN_METHOD } from './request.ts';

/** The signed text in what a buyer's phone was shown: the link, the text alone, or the way to Alipay's app with it. */
export function signLinkIn(shown: string): ReadonlyMap<string, string> | undefined {
  const url = URL.canParse(shown) ? new URL(shown) : undefined;
  const inner = url?.protocol === 'alipays:' ? insideOf(url.searchParams) : (url?.search.slice(1) ?? shown);
  if (inner === undefined) return undefined;
  return new URLSearchParams(inner).get('method') === SIGN_METHOD ? parametersOf([inner]) : undefined;
}

function insideOf(way: URLSearchParams): string | undefined {
  const link = way.get('url');
  return way.get('sign_params') ?? (link && URL.canParse(link) ? new URL(link).search.slice(1) : undefined);
}

/** The buyer opens a link to an agreement: only now there is one, and it holds nothing yet. */
export function openAgreement(world: World, parameters: ReadonlyMap<string, string>): Promise<Agreement> {
  const call = authenticate(world, parameters, [SIGN_METHOD]);
  const terms = readSignLink(world, call);
  const own = inSpace(world, terms.space);
  return world.database.write(() => {
    const steered = world.steering.take({
      provider: 'alipay',
      operation: 'sign',
      outTradeNo: terms.externalNo ?? '',
    });
    const fault = steered.answer?.fault;
    if (fault === 'declined' || fault === 'system-error' || fault === 'rate-limited')
      throw FAULT_REFUSALS[fault]();
    const agreement = knownAs(own, terms) ?? makeAgreement(own, terms);
    own.agreements.save(agreement);
    if (steered.has('notify-forged'))
      announceAgreement(own, agreement, 'sign', { url: terms.notifyUrl, forged: true });
    return steered.has('auto-sign') ? sign(own, agreement) : agreement;
  });
}

/** An order is paid with which something was agreed to. Call inside a write. */
export function signWithPayment(world: World, trade: Trade): void {
  const { signs, payer } = trade;
  if (!signs || steer(world, trade, 'pay').has('pay-without-signing')) return;
  const own = inSpace(world, signs.space);
  const known =
    signs.externalNo === undefined ? undefined : own.agreements.byExternal('alipay', signs.externalNo);
  if (known) return;
  sign(own, { ...makeAgreement(own, signs), payer });
}

/** What the buyer does with an agreement. Call inside a write. */
export function actOn(world: World, agreement: Agreement, deed: AgreementDeed): Agreement {
  const own = inSpace(world, agreement.space);
  const now = world.clock.now();
  const state = agreementState(agreement, now);
  if (deed === 'stop') return state === 'NORMAL' ? stopAgreement(own, agreement) : agreement;
  if (state !== 'TEMP') return agreement;
  if (deed === 'sign') return sign(own, agreement);
  const declined = { ...agreement, declinedAt: now };
  own.agreements.save(declined);
  return declined;
}

/** It holds no longer. The merchant's own call may name an address, the buyer's hand none. Call inside a write. */
export function stopAgreement(world: World, agreement: Agreement, url?: string): Agreement {
  const stopped: Agreement = { ...agreement, stoppedAt: world.clock.now() };
  world.agreements.save(stopped);
  announceAgreement(world, stopped, 'unsign', { url });
  return stopped;
}

function sign(world: World, agreement: Agreement): Agreement {
  const now = world.clock.now();
  const signed: Agreement = {
    ...agreement,
    signedAt: now,
    ...(agreement.validity === undefined ? {} : { endsAt: endOf(now, agreement.validity) }),
  };
  world.agreements.save(signed);
  announceAgreement(world, signed, 'sign', { url: agreement.notifyUrl });
  return signed;
}

/** The agreement of the merchant's number, which means one thing for ever. */
function knownAs(world: World, terms: AgreementTerms): Agreement | undefined {
  if (terms.externalNo === undefined) return undefined;
  const known = world.agreements.byExternal('alipay', terms.externalNo);
  if (!known) return undefined;
  if (known.fingerprint !== terms.fingerprint)
    throw business('CONTEXT_INCONSISTENT', '签约信息与该签约号不一致');
  return known;
}

function makeAgreement(world: World, terms: AgreementTerms): Agreement {
  const now = world.clock.now();
  return {
    ...terms,
    agreementNo: `${dayOf(now)}${digits(world.randomBytes, 12)}`,
    payer: `2088${digits(world.randomBytes, 12)}`,
    token: token(world.randomBytes),
    createdAt: now,
    taken: [],
  };
}

/** `30d`, `12m`: days or calendar months from now. */
function endOf(now: number, validity: string): number {
  const count = Number(validity.slice(0, -1));
  if (validity.endsWith('d')) return wholeSecond(now + count * DAY_MS);
  const today = beijingDate(now);
  return wholeSecond(midnightOf(monthsLater(today, count)) + (now - midnightOf(today)));
}
