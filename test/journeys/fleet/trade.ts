import { SAY_ONCE } from '../../support/gateways.ts';
import { WALLETS } from '../../support/simulator-client.ts';
import { pick } from '../../support/virtual-time.ts';
import { type Fate, Wish } from '../wishes.ts';
import { AGENTS, LIMITED, yuan } from './rules.ts';

/** Faults of the gateways, by words in a title; most wishes have none. */
const FAULTS = [
  'sim:lost-create-after',
  'sim:lost-create-before',
  'sim:http-502@create*1',
  'sim:garbage@create*1',
  'sim:system-error-done@create*1',
  'sim:slow@create*1',
  'sim:forged-answer@create*1',
  'sim:notify-twice',
  'sim:notify-late',
  'sim:notify-forged',
  'sim:notify-never',
  'sim:wrong-amount@notify',
  'sim:wrong-account@notify',
  'sim:refund-lost-after',
  'sim:refund-lost-before',
];
/** Where a code is given only once, a fault in the title would cost that of every order that takes the place of one. */
const FAULTS_BUT_OF_CREATES = FAULTS.filter((fault) => !fault.includes('create'));
/** A limit counts what was made, and so has an exact edge only where a wish is one order, whatever gets lost. */
const GIVE_AGAIN = WALLETS.filter((id) => !SAY_ONCE.has(id));
const DEAF = 'sim:notify-never';
const FATES: readonly Fate[] = [
  'refunded',
  'refunded',
  'refunded',
  'paid',
  'paid',
  'unpaid',
  'closed',
  'late',
];

/** What one caller wants. */
export class Trade extends Wish {
  readonly caller: string;
  override readonly isTrusted: boolean;
  /** Everybody who pays waits for the same payment. */
  paying: Promise<void> | undefined;
  paidAt = 0;

  constructor(caller: string, options: ConstructorParameters<typeof Wish>[0]) {
    super(options);
    this.caller = caller;
    this.isTrusted = LIMITED.includes(caller);
  }

  /** Its number, where one was told or chosen. */
  get number(): string | undefined {
    return this.isOpen || 'outTradeNo' in this.createArgs ? this.outTradeNo : undefined;
  }

  get isToldPaid(): boolean {
    return this.state === 'PAID';
  }

  /** It stands as it is to stand in the end. */
  get isDone(): boolean {
    const isRefunded = this.fate !== 'refunded' || this.refundState === 'SUCCESS';
    return this.state === this.endsAs && isRefunded;
  }

  get uri(): string {
    return `payment://orders/${this.outTradeNo}`;
  }
}

/** What a wish is to be like; the rest is drawn by lot. */
export interface Wanted {
  readonly caller?: string;
  readonly fen?: number;
  readonly fate?: Fate;
}

export function newTrade(count: number, wanted: Wanted, random: () => number): Trade {
  const number = String(count).padStart(5, '0');
  const chance = (share: number) => random() < share;
  const isFree = wanted.fate === undefined;
  const fate = wanted.fate ?? pick(FATES, random);
  const leftAlone = isFree && fate === 'paid' && chance(0.4);
  const provider = pick(isFree ? WALLETS : GIVE_AGAIN, random);
  const faults = SAY_ONCE.has(provider) ? FAULTS_BUT_OF_CREATES : FAULTS;
  const fault = leftAlone ? DEAF : chance(isFree ? 0.5 : 0.15) ? pick(faults, random) : '';
  const fen = wanted.fen ?? 100 + Math.floor(random() * 900);
  return new Trade(wanted.caller ?? pick(AGENTS, random), {
    provider,
    title: `${fault} wish-${number}`.trim(),
    amountYuan: yuan(fen),
    fate,
    numbers: chance(0.7) ? { outTradeNo: `KEY${number}`, outRefundNo: `REF${number}` } : undefined,
    refundYuan: yuan(chance(0.5) ? fen : Math.ceil(fen / 2)),
    leftAlone,
  });
}
