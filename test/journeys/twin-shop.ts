import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandHere } from '../support/command-here.ts';
import { freePort } from '../support/free-port.mjs';
import { LedgerFile } from '../support/ledger-file.ts';
import { type Env, ServerProcess, Transcript, until } from '../support/server-process.ts';
import { SimulatorClient, SimulatorProcess, WALLETS } from '../support/simulator-client.ts';
import { isToBePaid, KilledShop, type Kills, POLICY, pause } from './killed-shop.ts';
import { Agent, cleanEnv, makeHome, secretsIn } from './shop.ts';
import { sayYes } from './terminal-yes.ts';
import type { Wish } from './wishes.ts';

/** A call is in flight for about this long (ms); the kill comes somewhere in it. */
const IN_FLIGHT_MS = 90;
/** How often the three sides are compared while it storms: after this many rounds. */
const ROUNDS_PER_BATCH = 10;

type Victim = 'the elder' | 'the younger' | 'both';

/**
 * A shop of all wallets with two servers at a time on one home. The elder mostly serves the simulator and the notify
 * port; when it dies, the gateway itself is gone until the younger takes over.
 */
export class TwinShop extends KilledShop {
  /** The gateway is one of those who die. */
  protected override readonly excused = /"code":\s*"(OUTCOME_UNKNOWN|GATEWAY_UNAVAILABLE|TRY_LATER)"/;
  readonly #home: string;
  readonly #transcript: Transcript;
  /** The elder first. */
  #agents: readonly Agent[];
  #rounds = 0;

  private constructor(
    parts: {
      readonly home: string;
      readonly env: Env;
      readonly transcript: Transcript;
      readonly agents: readonly Agent[];
      readonly origin: string;
    },
    kills: Kills,
    seed: number,
  ) {
    const { home, env, transcript } = parts;
    const at = { env, cwd: join(home, 'cwd'), transcript };
    const ledger = new LedgerFile(join(home, 'simulator', 'ledger.db'));
    const command = async (...args: string[]) => {
      const { code, stdout, stderr } = await commandHere(args, at);
      if (code !== 0) throw new Error(`${args[0]} ended with ${code}: ${stderr}`);
      return stdout;
    };
    const premises = {
      simulator: new SimulatorClient(parts.origin),
      agent: async () => new Agent(await ServerProcess.start(at)),
      orders: () => command('orders', '--json', '--limit', '10000'),
      approve: (id: string) => sayYes(id, ledger, at),
      ledger,
    };
    super(premises, { wallets: WALLETS, kills, seed });
    this.#home = home;
    this.#transcript = transcript;
    this.#agents = parts.agents;
  }

  static async open(kills: Kills, seed: number): Promise<TwinShop> {
    const home = makeHome();
    writeFileSync(join(home, 'policy.yaml'), POLICY);
    const env = { ...cleanEnv(home), CASHIER_HTTP_PORT: String(await freePort()) };
    const transcript = new Transcript();
    // The simulator keeps its port for life, and says which it is.
    const simulator = await SimulatorProcess.start(env, join(home, 'cwd'));
    await simulator.close();
    const at = { env, cwd: join(home, 'cwd'), transcript };
    const elder = new Agent(await ServerProcess.start(at));
    const younger = new Agent(await ServerProcess.start(at));
    const { origin } = simulator;
    const shop = new TwinShop({ home, env, transcript, agents: [elder, younger], origin }, kills, seed);
    await shop.look(elder);
    await shop.look(younger);
    return shop;
  }

  /** Clients call both servers at once, partly for the same thing, buyers pay, and in the middle of it one dies. */
  async killAmidCalls(victim: Victim): Promise<void> {
    this.busy = new Set();
    // Without a number, a call that provably never reached the gateway may come back as another order.
    const wishes = [...this.some(3), ...[1, 2].map(() => this.newWish({ numbered: true }))];
    for (const wish of wishes) wish.asked.create = true;
    const calls = wishes.flatMap((wish) => this.#callers().map((agent) => this.#next(agent, wish)));
    const buying = this.payBehindTheirBacks();
    const underWay = Promise.all([...calls, buying]);
    underWay.catch(() => undefined);
    await pause(this.upTo(IN_FLIGHT_MS));

    const [elder, younger] = this.#agents;
    const dying = this.#agents.filter(
      (agent) => victim === 'both' || agent === (victim === 'the elder' ? elder : younger),
    );
    await Promise.all(dying.map((agent) => this.kill(agent, `twins: ${victim}`)));
    const alive = this.#agents.filter((agent) => !dying.includes(agent));
    const heirs = await Promise.all(dying.map(() => this.premises.agent()));
    this.#agents = [...alive, ...heirs];
    for (const heir of heirs) await this.look(heir);
    await underWay;
    this.#rounds += 1;
    if (this.#rounds % ROUNDS_PER_BATCH === 0) await this.compare();
  }

  /** Nobody is killed any more. */
  async clear(): Promise<void> {
    const [elder, younger] = this.#agents;
    if (!elder || !younger) throw new Error('nobody is left');
    await younger.server.close();
    await this.calm(elder);
    await elder.server.close();
  }

  async end(): Promise<void> {
    const simulator = await SimulatorProcess.start(cleanEnv(this.#home), join(this.#home, 'cwd'));
    const payers = (await simulator.trades()).map((trade) => trade.payer);
    await simulator.close();
    rmSync(this.#home, { recursive: true, force: true });
    for (const leak of this.#transcript.leaks([...payers, ...secretsIn(simulator.env)])) {
      this.insist(false, `a secret was told: ${leak}`);
    }
  }

  /** While somebody takes over, the gateway is away. */
  protected override reach<T>(word: (gateway: SimulatorClient) => Promise<T>): Promise<T> {
    return until('the gateway', () =>
      super.reach(word).catch((error: unknown) => {
        if (error instanceof TypeError) return undefined;
        throw error;
      }),
    );
  }

  /** One of the two, or both at once. */
  #callers(): readonly Agent[] {
    if (this.chance(0.3)) return this.#agents;
    const one = this.pick(this.#agents);
    return one ? [one] : [];
  }

  async #next(agent: Agent, wish: Wish): Promise<void> {
    // A buyer who has just paid is not in the shop's books yet: sometimes nobody asks.
    if (wish.isOpen && isToBePaid(wish) && !wish.paid && this.chance(0.3)) return this.pay(wish);
    await this.proceed(agent, wish);
  }
}
