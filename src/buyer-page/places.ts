import type { Clock } from '../domain/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** Key of the ledger's note of a running service. */
const SERVICE_KEY = 'service_pages';
/** How often (ms) a service says that it is there, and for how long (ms) it is believed. */
const SAYS_EVERY_MS = 15_000;
const BELIEVED_MS = 60_000;

/** Bases of pages, without a slash at the end. */
interface Bases {
  readonly pages: string;
  /** For links that want our registered domain as Referer; undefined where there is no such page. */
  readonly handOff?: string | undefined;
}

export interface PlacesOptions {
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** Where this very process is reached from outside; undefined when it listens on loopback only. */
  readonly outside: string | undefined;
  /** The registered domain, where it is set by itself. */
  readonly h5Origin: string | undefined;
  /** Whether the simulator plays the gateway, to which any of our pages is the registered domain. */
  readonly simulated: boolean;
  /** Where loopback pages are, opened at the first call. */
  readonly loopback: () => Promise<string>;
  /** Set for the service: its address for buyers, by default on this machine. */
  readonly service: string | undefined;
}

/** Where buyers' pages stand: at this service, at one that runs on the same ledger, else on loopback. */
export class Places {
  readonly #options: PlacesOptions;

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  /**
   * The page of an order, which `endsWithUs` where it stands in this very process alone. With `handOff`, where its link
   * may be followed; undefined where there is none. Rejects as the loopback listener does.
   */
  async page(token: string, handOff: boolean) {
    const known = await this.#known();
    if (handOff && known?.handOff === undefined && !this.#options.simulated) return undefined;
    const base = (handOff ? known?.handOff : undefined) ?? known?.pages ?? (await this.#options.loopback());
    return { url: `${base}/c/${token}`, endsWithUs: known === undefined };
  }

  /** Where links that want our domain as Referer may be followed; undefined where there is no public page. */
  async handOffBase(): Promise<string | undefined> {
    return (await this.#known())?.handOff;
  }

  /** Whether a page stands, or will, from which such links work. */
  async canHandOff(): Promise<boolean> {
    return this.#options.simulated || (await this.handOffBase()) !== undefined;
  }

  /** Lets the other processes of the ledger know that a service runs, until `signal` aborts. Service only. */
  async announce(signal: AbortSignal): Promise<void> {
    const { ledger, clock } = this.#options;
    const own = this.#own();
    if (!own) return;
    const note = (at: number) =>
      ledger.write((book) => book.setMeta(SERVICE_KEY, JSON.stringify({ ...own, at })));
    while (!signal.aborted) {
      // A ledger that cannot be written just now is told at the next turn.
      await note(clock.now()).catch(() => undefined);
      await clock.sleep(SAYS_EVERY_MS, signal);
    }
    await note(0);
  }

  #own(): Bases | undefined {
    const { service, outside, h5Origin } = this.#options;
    const pages = service ?? outside;
    return pages === undefined ? undefined : { pages, handOff: h5Origin ?? outside };
  }

  async #known(): Promise<Bases | undefined> {
    const own = this.#own();
    if (own) return own;
    const { ledger, clock } = this.#options;
    const text = await ledger.read((book) => book.meta(SERVICE_KEY));
    const { at, ...service } = JSON.parse(text || '{"at":0}') as Bases & { readonly at: number };
    return Math.abs(clock.now() - at) <= BELIEVED_MS ? service : undefined;
  }
}
