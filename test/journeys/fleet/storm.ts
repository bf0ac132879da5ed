import type { Pool } from 'pg';
import {
  isCall,
  type Passing,
  type SlowNetwork,
  saidBy,
  type Treatment,
} from '../../support/fake-gateway-server.ts';
import type { PostgresServer } from '../../support/postgres-server.ts';
import { pick } from '../../support/virtual-time.ts';
import { pause } from '../killed-shop.ts';
import type { Journal } from './journal.ts';
import type { Replica } from './replica.ts';

/** A moment that does not come within this (ms) is not waited for. */
const COMES_WITHIN_MS = 1_500;
/** Between two strikes (ms), at most. */
const STRIKES_EVERY_MS = 500;
/** So many calls are answered between two strikes, at most, as far as that takes no longer than this (ms). */
const MOST_ANSWERS = 12;
const SLOW_MS = 15_000;
/** After so many kills the fleet is left alone for as long (ms): some things take longer than a life. */
const BREATHES_AFTER = 25;
const BREATH_MS = 4_000;
/** How often an answer of a gateway is lost while nobody dies of it. */
const LOST = 0.03;
/** Who starts is killed so many ms after, at most. */
const STARTS_WITHIN_MS = 500;

/** Whether a request makes a gateway do something, and the ledger knows its sender. */
const isDeed = (passing: Passing) => isCall('create', passing) || isCall('refund', passing);
const SENDERS = `SELECT out_trade_no AS number, sending_by FROM orders WHERE sending_by IS NOT NULL
  UNION ALL SELECT out_refund_no, sending_by FROM refunds WHERE sending_by IS NOT NULL`;

const MOMENTS = [
  'any',
  'any',
  'any',
  'two',
  'all',
  'starting',
  'request held',
  'request passed',
  'answer held',
  'commit lost',
  'commit lost',
  'commit unanswered',
  'commit unanswered',
] as const;
type Moment = (typeof MOMENTS)[number];

export type Outage = 'fast' | 'immediate' | 'killed';
const OUTAGES: readonly Outage[] = ['immediate', 'killed', 'fast'];

/** Kills replicas, breaks their lines to the database and the gateways, and takes the database down. */
export class Storm {
  readonly #replicas: readonly Replica[];
  readonly #network: SlowNetwork;
  readonly #server: PostgresServer;
  readonly #pool: Pool;
  readonly #journal: Journal;
  readonly #random: () => number;
  readonly #answered: () => number;
  readonly counts = new Map<string, number>();
  #kills = 0;
  #isOver = false;
  #outages = 0;
  #away: Promise<void> | undefined;
  /** When (of `performance.now`) the database was last away. */
  #lastAway = Number.NEGATIVE_INFINITY;

  constructor(options: {
    readonly replicas: readonly Replica[];
    readonly network: SlowNetwork;
    readonly server: PostgresServer;
    readonly pool: Pool;
    readonly journal: Journal;
    readonly random: () => number;
    /** How many calls were answered so far. */
    readonly answered: () => number;
  }) {
    this.#replicas = options.replicas;
    this.#network = options.network;
    this.#server = options.server;
    this.#pool = options.pool;
    this.#journal = options.journal;
    this.#random = options.random;
    this.#answered = options.answered;
  }

  get kills(): number {
    return this.#kills;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get outages(): number {
    return this.#outages;
  }

  wasAway(since: number): boolean {
    return this.#away !== undefined || this.#lastAway >= since;
  }

  /** It has been enough. */
  end(): void {
    this.#isOver = true;
  }

  /** Until there were so many kills, and for as long as `isLasting`. */
  async rage(kills: number, outages: number, isLasting: () => boolean): Promise<void> {
    this.#network.treat = ({ method, target, body }) => this.#lose({ method, target, body });
    for (let breath = BREATHES_AFTER; !this.#isOver && (this.#kills < kills || isLasting()); ) {
      if (isLasting()) await this.#somethingIsDone();
      await pause(this.#upTo(STRIKES_EVERY_MS));
      const share = Math.min(1, this.#kills / kills);
      if (this.#outages < Math.ceil(share * outages)) this.#away ??= this.#outage();
      await this.#strike(pick(MOMENTS, this.#random));
      if (this.#kills < breath) continue;
      breath += BREATHES_AFTER;
      this.#journal.tell(`a breath after ${this.#kills} kills and ${this.#answered()} answers`);
      await pause(BREATH_MS);
    }
    await this.#away;
    this.#network.treat = () => 'pass';
    this.#network.drop();
    for (const { wire } of this.#replicas) wire.next = 'whole';
  }

  /** Where a machine is slow, replicas live longer: a fleet that gets nothing done shows nothing. */
  async #somethingIsDone(): Promise<void> {
    const enough = this.#answered() + this.#upTo(MOST_ANSWERS);
    await comes(() => this.#answered() >= enough && this.#replicas.some(({ isUp }) => isUp), SLOW_MS, 10);
  }

  async #strike(moment: Moment): Promise<void> {
    const replica = pick(this.#replicas, this.#random);
    switch (moment) {
      case 'any':
        return this.#kill(moment, replica);
      case 'two':
      case 'all': {
        const left = this.#replicas.filter((one) => moment === 'all' || one !== replica);
        await Promise.all(left.map((one) => this.#kill(moment, one)));
        return;
      }
      case 'starting': {
        await this.#kill(moment, replica);
        await pause(this.#upTo(STARTS_WITHIN_MS));
        return this.#kill(moment, replica);
      }
      case 'commit lost':
      case 'commit unanswered': {
        const { wire } = replica;
        wire.next =
          moment === 'commit lost' ? 'commit lost' : this.#upTo(1) < 0.5 ? 'answer kept' : 'answer lost';
        const isIt = await comes(() => wire.next === 'whole', COMES_WITHIN_MS, 1);
        wire.next = 'whole';
        // Sometimes only the line breaks.
        if (isIt && this.#upTo(1) < 0.3) return this.#count(`${moment}, alive`);
        return this.#kill(isIt ? moment : 'any', replica);
      }
      default:
        return this.#strikeAt(moment);
    }
  }

  /** Whoever is the next to have a gateway do something. */
  async #strikeAt(moment: 'request held' | 'request passed' | 'answer held'): Promise<void> {
    const before = this.#network.treat;
    let isOver = false;
    const struck = new Promise<void>((resolve) => {
      this.#network.treat = async (passing) => {
        if (isOver || !isDeed(passing)) return 'pass';
        const pid = await this.#senderIn(saidBy(passing));
        const sender = this.#replicas.find((one) => one.pid === pid);
        if (!sender || isOver) return 'pass';
        isOver = true;
        if (moment === 'answer held') {
          // It is carried out first, and nobody is left to hear of it.
          void pause(60).then(() => this.#kill(moment, sender).then(resolve));
          return 'hold-answer';
        }
        await this.#kill(moment, sender);
        resolve();
        return moment === 'request held' ? 'hold-request' : 'pass';
      };
    });
    await Promise.race([struck, pause(COMES_WITHIN_MS)]);
    isOver = true;
    this.#network.treat = before;
    this.#network.drop();
  }

  async #senderIn(said: string): Promise<number | undefined> {
    const { rows } = await this.#pool.query(SENDERS).catch(() => ({ rows: [] }));
    const sender = (rows as { number: string; sending_by: string }[]).find(({ number }) =>
      said.includes(number),
    );
    // A sender's name has its process's number in it.
    return sender && Number(sender.sending_by.split(' ')[1]);
  }

  #lose(passing: Passing): Treatment {
    if (!isDeed(passing) || this.#random() > LOST) return 'pass';
    this.#count('answers of gateways lost');
    void pause(100 + this.#upTo(300)).then(() => this.#network.drop());
    return this.#random() < 0.5 ? 'hold-answer' : 'hold-request';
  }

  async #kill(why: string, replica: Replica): Promise<void> {
    if (!(await replica.kill(why))) return;
    this.#kills += 1;
    this.#count(`killed: ${why}`);
  }

  /** The database goes away under load, one way or the other, and comes back. */
  async #outage(): Promise<void> {
    const how = OUTAGES[this.#outages % OUTAGES.length] ?? 'fast';
    this.#outages += 1;
    this.#count(`database: ${how}`);
    this.#journal.tell(`database goes: ${how}`);
    if (how === 'killed') this.#server.kill();
    else await this.#server.stop(how);
    await pause(this.#upTo(1_000));
    for (;;) {
      // What is left of a killed one must have ended before another can start.
      const isBack = await this.#server.start().then(
        () => true,
        () => false,
      );
      if (isBack) break;
      await pause(100);
    }
    this.#journal.tell('database is back');
    this.#lastAway = performance.now();
    this.#away = undefined;
  }

  #upTo(most: number): number {
    return this.#random() * most;
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
}

/** Whether it is so within so long (ms), looking again and again. */
async function comes(is: () => boolean, withinMs: number, everyMs: number): Promise<boolean> {
  for (const until = performance.now() + withinMs; performance.now() < until; await pause(everyMs)) {
    if (is()) return true;
  }
  return is();
}
