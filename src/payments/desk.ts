import type { Clock } from '../domain/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { OrderRecord, RefundRecord } from '../ledger/records.ts';
import type { ProvenCall } from '../providers/contract.ts';
import { CallRate, REFUSED_STRANGERS } from './call-rate.ts';
import { Shared } from './shared.ts';
import { Turns } from './turns.ts';
import { Waits } from './waiting.ts';

/** What the calls of one process share when they ask the gateways, or are refused. */
export class Desk {
  readonly turns: Turns;
  readonly waits: Waits;
  /** How often what strangers set going is recorded where it is refused, by place. */
  readonly strangers: CallRate;
  readonly orders = new Shared<OrderRecord>();
  readonly refunds = new Shared<RefundRecord>();
  readonly proofs = new Shared<ProvenCall>();

  constructor({ ledger, clock }: { readonly ledger: Ledger; readonly clock: Clock }) {
    this.turns = new Turns(ledger, clock);
    this.waits = new Waits(ledger, clock);
    this.strangers = new CallRate(clock, REFUSED_STRANGERS);
  }
}
