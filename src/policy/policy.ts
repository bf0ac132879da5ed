import { type Fen, toYuan } from '../domain/money.ts';
import type { ProviderId, Scene } from '../domain/order.ts';

/** The merchant's rules, amounts in fen. A rule that is absent does not apply. */
export interface Policy {
  readonly payments: {
    readonly maxFen?: Fen;
    /** A person must approve above this. */
    readonly approveAboveFen?: Fen;
    readonly providers?: readonly ProviderId[];
    readonly scenes?: readonly Scene[];
    /** Minutes of the Beijing day, `[from, to)`; `from > to` spans midnight. */
    readonly hours?: readonly [from: number, to: number];
  };
  readonly refunds: {
    readonly maxFen?: Fen;
    /** A person must approve above this; undefined = never. */
    readonly approveAboveFen?: Fen;
  };
}

/** In force without a policy file: payments to 5,000 yuan, and every refund needs a person. */
export const DEFAULT_POLICY: Policy = {
  payments: { maxFen: 500_000 as Fen },
  refunds: { approveAboveFen: 0 as Fen },
};

/** What the rules say of one call. `rule` is the path in the policy file, `freeAt` (ms) when it would be allowed. */
export type Decision =
  | { readonly kind: 'allow' }
  | { readonly kind: 'approve'; readonly rule: string }
  | {
      readonly kind: 'deny';
      readonly rule: string;
      readonly limit: string;
      readonly used: string;
      readonly freeAt?: number;
    };

const ALLOW: Decision = { kind: 'allow' };
const DAY_MINUTES = 1440;
const BEIJING_OFFSET_MINUTES = 480;

/** Pure: the same request, rules and instant (ms) always give the same decision. */
export function decidePayment(
  policy: Policy,
  request: { readonly provider: ProviderId; readonly scene: Scene; readonly amountFen: Fen },
  now: number,
): Decision {
  const { maxFen, approveAboveFen, providers, scenes, hours } = policy.payments;
  if (providers && !providers.includes(request.provider)) {
    return deny('payments.providers', providers.join(', '), request.provider);
  }
  if (scenes && !scenes.includes(request.scene))
    return deny('payments.scenes', scenes.join(', '), request.scene);
  if (hours && !within(hours, now)) {
    const denied = deny('payments.hours', hours.map(clockTime).join('-'), clockTime(minuteOfDay(now)));
    return { ...denied, freeAt: nextOpening(hours[0], now) };
  }
  return decideAmount('payments', request.amountFen, maxFen, approveAboveFen);
}

/** As {@link decidePayment}, for a refund. */
export function decideRefund(policy: Policy, refundFen: Fen): Decision {
  return decideAmount('refunds', refundFen, policy.refunds.maxFen, policy.refunds.approveAboveFen);
}

function decideAmount(
  section: 'payments' | 'refunds',
  amount: Fen,
  max: Fen | undefined,
  approveAbove: Fen | undefined,
): Decision {
  if (max !== undefined && amount > max) return deny(`${section}.maxYuan`, toYuan(max), toYuan(amount));
  if (approveAbove !== undefined && amount > approveAbove) {
    return { kind: 'approve', rule: `${section}.approveAboveYuan` };
  }
  return ALLOW;
}

function deny(rule: string, limit: string, used: string) {
  return { kind: 'deny' as const, rule, limit, used };
}

function minuteOfDay(now: number): number {
  return (Math.floor(now / 60_000) + BEIJING_OFFSET_MINUTES) % DAY_MINUTES;
}

/** The next instant (ms) at which the clock of Beijing shows this minute of the day. */
function nextOpening(minute: number, now: number): number {
  const ahead = (minute - minuteOfDay(now) + DAY_MINUTES) % DAY_MINUTES;
  return Math.floor(now / 60_000 + ahead) * 60_000;
}

function within([from, to]: readonly [number, number], now: number): boolean {
  const minute = minuteOfDay(now);
  return from <= to ? minute >= from && minute < to : minute >= from || minute < to;
}

function clockTime(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}
