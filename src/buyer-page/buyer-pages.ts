import type { Hono } from 'hono';
import type { Clock, RandomBytes } from '../domain/clock.ts';
import type { ProviderId } from '../domain/order.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { sharedPort } from '../ledger/shared-port.ts';
import { SharedListener } from '../platform/listener-shared.ts';
import type { Receipts } from '../receipts/receipts.ts';
import { Places, type PlacesOptions } from './places.ts';
import type { Language } from './reader.ts';
import type { BuyerLookup, ReceiptLookup } from './view.ts';

export interface BuyerPagesOptions
  extends Pick<PlacesOptions, 'outside' | 'h5Origin' | 'simulated' | 'service'> {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly language: Language;
  readonly merchantName: string | undefined;
  readonly receipts: Receipts;
  /** As the lookup's. */
  readonly simulatorUrl: (code: string) => string | undefined;
  /** What a buyer may choose from, and what carries the choice out. */
  readonly wallets: readonly ProviderId[];
  readonly choose: (token: string, wallet: ProviderId) => Promise<unknown>;
}

/** What buyers see, on loopback or as routes for whoever listens; nothing of it is loaded before it is asked for. */
export class BuyerPages {
  readonly places: Places;
  readonly #options: BuyerPagesOptions;
  readonly #listener: SharedListener;

  constructor(options: BuyerPagesOptions) {
    this.#options = options;
    this.#listener = new SharedListener({
      ...options,
      ...sharedPort(options.ledger, 'cashier', options.randomBytes),
      listen: async (at) => {
        const { listenForBuyers } = await import('./index.ts');
        return listenForBuyers({ ...this.#shown(), ...at });
      },
    });
    this.places = new Places({ ...options, loopback: () => this.#listener.origin() });
  }

  async routes(): Promise<Hono> {
    const { buyerRoutes } = await import('./index.ts');
    return buyerRoutes(this.#shown());
  }

  /** Keeps the loopback addresses alive that clients gave out, until `signal` aborts. */
  hold(signal: AbortSignal): Promise<void> {
    return this.#listener.hold(signal);
  }

  close(): Promise<void> {
    return this.#listener.close();
  }

  #shown() {
    const { ledger, clock, language, wallets, choose, receipts } = this.#options;
    const lookup: BuyerLookup = async (token) => {
      const { ledgerLookup } = await import('./index.ts');
      return ledgerLookup(this.#options)(token);
    };
    const offer = async (token: string) => {
      const { offerLookup } = await import('./index.ts');
      return offerLookup(this.#options, wallets)(token);
    };
    const receipt: ReceiptLookup = async (token, outRefundNo) => {
      const { receiptLookup } = await import('./index.ts');
      return receiptLookup({ ledger, receipts })(token, outRefundNo);
    };
    return { lookup, offer, receipt, choose, clock, language, handOffBase: () => this.places.handOffBase() };
  }
}
