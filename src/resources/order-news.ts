import type { ServerEvent, ServerEventBus } from '@modelcontextprotocol/server';
import type { Log } from '../domain/ports.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Call } from '../payments/till.ts';

export function uriOf(outTradeNo: string): string {
  return `payment://orders/${outTradeNo}`;
}

type Listener = (event: ServerEvent) => void;
/** Who hears. */
type Hearer = Pick<Call, 'caller' | 'ownOrdersOnly'>;

/** Whether an order exists for somebody. */
export function mayHear({ ownOrdersOnly, caller }: Hearer, order: { readonly caller: string }): boolean {
  return !ownOrdersOnly || order.caller === caller;
}

export interface OrderNewsDeps {
  readonly ledger: Ledger;
  readonly log: Log;
  /** Who still has rights when there is something to tell; undefined: whoever had. */
  readonly current?: () => ReadonlySet<Hearer> | undefined;
}

/**
 * What happens to orders, after the commit and whichever process on the ledger has made it, as the bus that the SDK
 * wants: one for each caller, who hears of no order that does not exist for it. The ledger is listened to, and an order
 * looked up, only while anybody hears.
 */
export class OrderNews {
  readonly #deps: OrderNewsDeps;
  readonly #heardBy = new Map<Listener, Hearer>();
  #stop: (() => void) | undefined;

  constructor(deps: OrderNewsDeps) {
    this.#deps = deps;
  }

  busOf(hearer: Hearer): ServerEventBus {
    return {
      // Whatever happens is committed, and comes from the ledger.
      publish: () => undefined,
      subscribe: (listener) => {
        // The same one may be given twice.
        const own: Listener = (event) => listener(event);
        this.#heardBy.set(own, hearer);
        this.#stop ??= this.#deps.ledger.onChange((outTradeNo, isNew) => void this.#tell(outTradeNo, isNew));
        return () => this.#leave(own);
      },
    };
  }

  #leave(listener: Listener): void {
    this.#heardBy.delete(listener);
    if (this.#heardBy.size > 0) return;
    this.#stop?.();
    this.#stop = undefined;
  }

  /** Never rejects. */
  async #tell(outTradeNo: string, isNew: boolean): Promise<void> {
    const { ledger, log, current } = this.#deps;
    try {
      const order = await ledger.read((book) => book.orders.get(outTradeNo));
      if (!order) return;
      const holders = current?.();
      for (const [listener, hearer] of this.#heardBy) {
        if (holders?.has(hearer) === false) continue;
        if (!mayHear(hearer, order)) continue;
        listener({ kind: 'resource_updated', uri: uriOf(outTradeNo) });
        if (isNew) listener({ kind: 'resources_list_changed' });
      }
    } catch (error) {
      log.error('order news', { error: String(error) });
    }
  }
}
