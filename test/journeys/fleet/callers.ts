import { ERAS, type Era } from '../../http/service.ts';
import type { Arguments, Reply } from '../../support/server-process.ts';
import { pick } from '../../support/virtual-time.ts';
import { pause } from '../killed-shop.ts';
import { type Refusal, readRefusal } from '../shapes.ts';
import { Cut, FleetClient } from './clients.ts';
import type { Journal } from './journal.ts';

/** Whoever is asked for something for so long (ms), with repetitions, gets nothing done any more. */
const GIVES_UP_MS = 240_000;
/** Between two attempts (ms). */
const AGAIN_MS = 120;

/** Refusals that say "call again": the same call is repeated. */
const AGAIN = ['TRY_LATER', 'OUTCOME_UNKNOWN', 'GATEWAY_UNAVAILABLE'];
/** As is one that the ledger's server was away for, or that stood in line for too long. */
const AWAY = /does not answer|is held by other processes/;

/** Agents with tokens, each with as many clients of either era as it needs. */
export class Callers {
  readonly #origins: readonly string[];
  readonly #tokens: ReadonlyMap<string, string>;
  readonly #journal: Journal;
  readonly #random: () => number;
  readonly #wrong: (what: string) => void;
  readonly #free = new Map<string, FleetClient[]>();
  readonly #all: FleetClient[] = [];
  /** How many calls were answered. */
  answered = 0;
  /** How often what came of a call. */
  readonly counts = new Map<string, number>();

  constructor(options: {
    /** Of the proxies. */
    readonly origins: readonly string[];
    readonly tokens: ReadonlyMap<string, string>;
    readonly journal: Journal;
    readonly random: () => number;
    readonly wrong: (what: string) => void;
  }) {
    this.#origins = options.origins;
    this.#tokens = options.tokens;
    this.#journal = options.journal;
    this.#random = options.random;
    this.#wrong = options.wrong;
  }

  /**
   * Calls, and repeats the identical call until it is told something or refused for good: then the refusal.
   * @param about the wish that it is for
   * @param begin called before each attempt; takes in what that attempt was told
   */
  async call(
    about: string,
    caller: string,
    tool: string,
    args: Arguments,
    begin: () => (reply: Reply) => void,
  ): Promise<Refusal | undefined> {
    let refused: Refusal | undefined;
    await this.#again(about, caller, `${tool} ${JSON.stringify(args)}`, async (client) => {
      const take = begin();
      const reply = await client.call(tool, args);
      this.answered += 1;
      refused = reply.isError ? readRefusal(reply) : undefined;
      const { code = '', message = '' } = refused ?? {};
      if (!refused) take(reply);
      this.#count(refused ? `${tool} ${code}` : `${tool} told`);
      return {
        said: refused ? `${code} ${message}` : stateIn(reply),
        isOver: !(AGAIN.includes(code) || (code === 'INTERNAL' && AWAY.test(message))),
      };
    });
    return refused;
  }

  /** What a resource says. */
  async read(about: string, caller: string, uri: string): Promise<string> {
    let text = '';
    await this.#again(about, caller, `read ${uri}`, async (client) => {
      text = await client.read(uri);
      this.#count('read');
      return { said: '', isOver: true };
    });
    return text;
  }

  /** A client of its own, for who wants to listen. */
  client(caller: string, era: Era): FleetClient {
    const client = new FleetClient(era, pick(this.#origins, this.#random), this.#tokens.get(caller) ?? '');
    this.#all.push(client);
    return client;
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((client) => client.close()));
  }

  async #again(
    about: string,
    caller: string,
    what: string,
    attempt: (client: FleetClient) => Promise<{ readonly said: string; readonly isOver: boolean }>,
  ): Promise<void> {
    const deadline = performance.now() + GIVES_UP_MS;
    for (;;) {
      const client = this.#take(caller);
      this.#journal.note(about, `${client.era} ${caller}: ${what}`);
      try {
        const { said, isOver } = await attempt(client);
        this.#journal.note(about, `  → ${said}`);
        if (isOver) return;
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        this.#journal.note(about, `  ✂ ${why}`);
        if (!(error instanceof Cut)) this.#wrong(`${about}: ${what} → ${why}`);
        this.#count('cut');
        // What it was is asked for anew, by a client of either kind.
        if (this.#random() < 0.5) await client.close();
      } finally {
        this.#free.get(caller)?.push(client);
      }
      if (performance.now() > deadline) throw new Error(`${about}: ${what}: nothing came of it`);
      await pause(AGAIN_MS + this.#random() * AGAIN_MS);
    }
  }

  #take(caller: string): FleetClient {
    const free = this.#free.get(caller) ?? [];
    this.#free.set(caller, free);
    const [client] = free.splice(Math.floor(this.#random() * free.length), 1);
    return client ?? this.client(caller, pick(ERAS, this.#random));
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
}

function stateIn({ structured }: Reply): string {
  const { state, replayed, source } = (structured ?? {}) as Readonly<Record<string, unknown>>;
  return [state, source, replayed ? 'replayed' : ''].filter(Boolean).join(' ');
}
