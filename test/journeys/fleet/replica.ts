import { Service } from '../../http/service.ts';
import { freePort } from '../../support/free-port.mjs';
import type { RoundRobin } from '../../support/proxy.ts';
import type { Env } from '../../support/server-process.ts';
import { Wire } from '../../support/wire.ts';
import { pause } from '../killed-shop.ts';
import type { Shop } from '../shop.ts';
import type { Journal } from './journal.ts';

/** What a replica's supervisor does before it starts it again after it has ended by itself (ms). */
const REST_MS = 100;

export interface Site {
  readonly shop: Shop;
  readonly env: Env;
  readonly database: string;
  readonly proxies: readonly RoundRobin[];
  readonly journal: Journal;
  /** Whether the database has been away since this instant (of `performance.now`). */
  readonly wasAway: (since: number) => boolean;
  readonly wrong: (what: string) => void;
}

/** One of the services, started again as often as it ends. */
export class Replica {
  readonly name: string;
  /** Its own way to the database. */
  readonly wire: Wire;
  readonly #site: Site;
  readonly #port: number;
  readonly #ledger: string;
  #service: Service | undefined;
  #isKilled = false;
  #isUp = false;
  #isOver = false;
  #living: Promise<void> = Promise.resolve();
  lives = 0;

  private constructor(name: string, site: Site, wire: Wire, ledger: string, port: number) {
    this.name = name;
    this.#site = site;
    this.wire = wire;
    this.#ledger = ledger;
    this.#port = port;
  }

  static async open(name: string, site: Site): Promise<Replica> {
    const wire = new Wire(site.database);
    const replica = new Replica(name, site, wire, await wire.start(), await freePort());
    const begun = new Promise<void>((resolve) => {
      replica.#living = replica.#live(resolve);
    });
    await begun;
    return replica;
  }

  /** It serves. */
  get isUp(): boolean {
    return this.#isUp && !this.#isKilled;
  }

  get pid(): number | undefined {
    return this.#service?.pid;
  }

  /** SIGKILL, whatever it is doing; false when there is nobody to kill. */
  async kill(why: string): Promise<boolean> {
    const service = this.#service;
    if (!service?.running || this.#isKilled) return false;
    this.#isKilled = true;
    service.signal('SIGKILL');
    this.#site.journal.tell(`${this.name}${this.lives} killed: ${why}`);
    await service.ended();
    return true;
  }

  /** Ends it as a supervisor does, and does not start it again. */
  async end(): Promise<void> {
    this.#isOver = true;
    this.#service?.signal('SIGTERM');
    await this.#living;
    this.wire.stop();
  }

  async #live(begun: () => void): Promise<void> {
    const { shop, env, proxies, journal, wasAway, wrong } = this.#site;
    while (!this.#isOver) {
      const since = performance.now();
      this.lives += 1;
      this.#isKilled = false;
      const service = Service.launch(shop, this.#port, { ...env, CASHIER_LEDGER: this.#ledger });
      this.#service = service;
      this.#isUp = false;
      try {
        await service.listens();
        this.#isUp = true;
        journal.tell(`${this.name}${this.lives} listens, pid ${service.pid}`);
        for (const proxy of proxies) proxy.add(this.#port);
        begun();
      } catch (error) {
        journal.tell(
          `${this.name}${this.lives} did not start: ${error instanceof Error ? error.message : error}`,
        );
      }
      const code = await service.ended();
      const wasUp = this.#isUp;
      this.#isUp = false;
      for (const proxy of proxies) proxy.remove(this.#port);
      if (this.#isKilled || this.#isOver) continue;
      if (wasUp || !wasAway(since)) wrong(`${this.name} ended by itself with ${code}: ${service.stderr}`);
      await pause(REST_MS);
    }
  }
}
