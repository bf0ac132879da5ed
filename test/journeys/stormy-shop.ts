import { spawn } from 'node:child_process';
import { createDecipheriv } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { WALLETS as ALL_WALLETS } from '../../src/providers/registry.ts';
import { isCall, type Passing, SlowNetwork, saidBy, type Treatment } from '../support/fake-gateway-server.ts';
import { freePort } from '../support/free-port.mjs';
import { CLOSE_NOTHING, type GatewayCallKind } from '../support/gateways.ts';
import { LedgerFile } from '../support/ledger-file.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { type Env, MAIN, until, within } from '../support/server-process.ts';
import type { Wallet } from '../support/simulator-client.ts';
import {
  isHeard,
  isToBePaid,
  KilledShop,
  type Kills,
  needsPerson,
  POLICY,
  pause,
  type Wanted,
} from './killed-shop.ts';
import { type Agent, Shop } from './shop.ts';
import { sayYes } from './terminal-yes.ts';
import type { Wish } from './wishes.ts';

/** The variable with the key that a wallet's notifications are sealed with, where they are. */
const SEALED_BY: Readonly<Partial<Record<Wallet, string>>> = {
  wechatpay: 'WXPAY_API_V3_KEY',
  douyinpay: 'DYPAY_API_KEY',
};

/** The instants of a deed at which a server is killed, in the order in which they come. */
export const MOMENTS = [
  /** The call has arrived, and nothing of it can be committed. */
  'before the intent',
  /** Committed an instant ago: the request may or may not have left. */
  'intent written',
  'request held',
  /** The gateway has acted, and nobody knows. */
  'answer held',
  /** The answer is here, and cannot be committed. */
  'fact unwritten',
  /** The answer was passed on a few ms ago: the fact may or may not be committed, the client may or may not be told. */
  'answer passed',
  'client told',
] as const;
export type Moment = (typeof MOMENTS)[number];

/** The instants at which a server is killed that carries out, of its own accord, what a person has approved. */
export const CARRIED_OUT = [
  /** The yes is committed by another process; this one may or may not have found it. */
  'yes written',
  'intent written',
  'request held',
  'answer held',
  'fact unwritten',
  'answer passed',
] as const;
/** The same, of one of two servers, while the agent repeats its call as soon as the yes is there. */
export const REPEATED = ['intent written', 'request held', 'answer held', 'fact unwritten'] as const;

/** How often the three sides are compared while it storms: after this many lives of a server. */
const LIVES_PER_BATCH = 25;
/** A server that did not wait for its ledger would have said so within this (ms). */
const TELLS_WITHIN_MS = 250;
/** A server is killed so many ms after it was started, at most. */
const STARTS_WITHIN_MS = 180;

/** A yes to a refund of this title has been committed. */
const YES = `SELECT 1 FROM approvals JOIN orders USING (out_trade_no)
  WHERE title = ? AND approvals.state IN ('approved', 'used')`;
/** A refund of this title has been sent, or is about to be. */
const REFUND_INTENT = `SELECT refunds.sending_by FROM refunds JOIN orders USING (out_trade_no)
  WHERE title = ? AND refunds.state <> 'PENDING_APPROVAL'`;
/** What the gateway said of a refund of this title has been committed. */
const REFUND_FACT = `SELECT 1 FROM refunds JOIN orders USING (out_trade_no)
  WHERE title = ? AND refunds.state IN ('PROCESSING', 'SUCCESS')`;

/** What a server is doing for the client when it is killed. */
interface Deed {
  readonly wish: Wish;
  /** The gateway call that it is killed at. */
  readonly at: GatewayCallKind;
  /** A query that finds the committed intent by the wish's title. */
  readonly intent: string;
  /** Whether it came to its end: the client was answered, or what a person had approved was carried out. */
  call(): Promise<boolean>;
  /** Who is to be killed, where that is not the agent that is called. */
  victim?(): Promise<Agent>;
}

/** A shop of one wallet whose server is killed again and again, behind a network that can be stopped at any request. */
export class StormyShop extends KilledShop {
  readonly #wallet: Wallet;
  readonly #shop: Shop;
  readonly #env: Env;
  readonly #port: number;
  /** To the gateway. */
  readonly #network: SlowNetwork;
  /** From the gateway to the port that the servers listen on. */
  readonly #notifyNetwork: SlowNetwork;
  readonly #ledger: LedgerFile;
  #lives = 0;
  /** The kill that is being waited for has come. */
  #struck = false;

  private constructor(
    wallet: Wallet,
    kills: Kills,
    seed: number,
    parts: {
      readonly shop: Shop;
      readonly env: Env;
      readonly port: number;
      readonly network: SlowNetwork;
      readonly notifyNetwork: SlowNetwork;
    },
  ) {
    const { shop, env } = parts;
    const ledger = new LedgerFile(join(shop.home, 'simulator', 'ledger.db'));
    const terminal = { env: shop.env, cwd: join(shop.home, 'cwd'), transcript: shop.transcript };
    const premises = {
      simulator: shop.simulator,
      agent: () => shop.agent({ env }),
      orders: async () => {
        const { code, stdout, stderr } = await shop.command(['orders', '--json', '--limit', '10000']);
        if (code !== 0) throw new Error(`orders ended with ${code}: ${stderr}`);
        return stdout;
      },
      approve: (id: string) => sayYes(id, ledger, terminal),
      ledger,
    };
    super(premises, { wallets: [wallet], kills, seed });
    this.#wallet = wallet;
    this.#shop = shop;
    this.#env = env;
    this.#port = parts.port;
    this.#network = parts.network;
    this.#notifyNetwork = parts.notifyNetwork;
    this.#ledger = ledger;
  }

  static async open(wallet: Wallet, kills: Kills, seed: number): Promise<StormyShop> {
    const port = await freePort();
    const shop = await Shop.open({ policy: POLICY, env: { CASHIER_HTTP_PORT: String(port) } });
    const network = await SlowNetwork.before(shop.simulator);
    const notifyNetwork = await SlowNetwork.open(`http://127.0.0.1:${port}`);
    const notified = ALL_WALLETS.map(({ id, notify }) => [
      notify.variable,
      `${notifyNetwork.origin}/notify/${id}`,
    ]);
    const env = { ...network.env, ...Object.fromEntries(notified) };
    return new StormyShop(wallet, kills, seed, { shop, env, port, network, notifyNetwork });
  }

  /** Nobody is killed any more. */
  async clear(): Promise<void> {
    const agent = await this.premises.agent();
    await this.calm(agent);
    await agent.server.close();
  }

  async end(): Promise<void> {
    await Promise.all([this.#network.close(), this.#notifyNetwork.close()]);
    await this.#shop.close();
  }

  /** Killed while it starts, before anybody has spoken to it. */
  async killStarting(): Promise<void> {
    const { env, home } = this.#shop;
    const child = spawn(process.execPath, [MAIN], {
      env: { ...env, ...this.#env },
      cwd: join(home, 'cwd'),
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
    await pause(this.upTo(STARTS_WITHIN_MS));
    child.kill('SIGKILL');
    const [, signal] = await exited;
    this.insist(signal === 'SIGKILL', `starting: it ended by ${signal}`);
    this.count(`${this.#wallet} start`);
  }

  /** A new order, killed while it is made. */
  async killCreate(moment: Moment, wanted: Partial<Wanted> = {}): Promise<Wish> {
    const wish = this.newWish(wanted);
    await this.#life(`create: ${moment}`, (agent, step) =>
      this.#killAt(agent, step, moment, this.#creating(agent, wish, 'create')),
    );
    return wish;
  }

  /** The same call once more after a kill, killed again: at its question, or at the request that it sends again. */
  async killCreateAgain(at: 'question' | 'request', moment: Moment): Promise<void> {
    // A question names nothing but the number.
    const numbered = at === 'question' ? { numbered: true } : {};
    // What the gateway has had, the settler may learn of before the client calls, and then that asks no more.
    const had = at === 'request' && this.chance(0.5);
    const wish = await this.killCreate(had ? 'answer held' : 'request held', numbered);
    await this.#life(
      `create again: ${at}, ${moment}`,
      (agent, step) => {
        const deed = this.#creating(agent, wish, at === 'question' ? 'query' : 'create');
        return this.#killAt(agent, step, moment, deed);
      },
      { about: wish },
    );
  }

  /** A buyer has paid, the client asks. */
  async killQuery(moment: Moment): Promise<void> {
    await this.#life(`query: ${moment}`, async (agent, step) => {
      const wish = await this.#open(agent);
      await this.pay(wish);
      await this.#killAt(agent, step, moment, {
        wish,
        at: 'query',
        intent: 'SELECT 1 FROM orders WHERE title = ?',
        call: () => this.query(agent, wish),
      });
    });
  }

  async killClose(moment: Moment): Promise<void> {
    await this.#life(`close: ${moment}`, async (agent, step) => {
      const wish = this.newWish({ fate: this.chance(0.5) ? 'closed' : 'late' });
      await this.create(agent, wish);
      await this.scan(wish);
      await this.#killAt(agent, step, moment, {
        wish,
        // Where none closes, it is asked whether it has been paid.
        at: CLOSE_NOTHING.has(this.#wallet) ? 'query' : 'close',
        intent: 'SELECT 1 FROM orders WHERE title = ? AND closing = 1',
        call: () => this.close(agent, wish),
      });
    });
  }

  /** Money goes back, as the agent asks, without a person. */
  async killRefund(moment: Moment): Promise<Wish> {
    let refunded: Wish | undefined;
    await this.#life(`refund: ${moment}`, async (agent, step) => {
      const wish = await this.#paid(agent, (one) => !needsPerson(one));
      refunded = wish;
      await this.#killAt(agent, step, moment, this.#refunding(agent, wish, 'refund'));
    });
    if (!refunded) throw new Error('nothing was refunded');
    return refunded;
  }

  /** A refund was asked for, and the server dies while a person thinks. */
  async killAwaitingApproval(): Promise<void> {
    await this.#life('refund: awaiting a person', async (agent, step) => {
      const wish = await this.#paid(agent, needsPerson);
      await this.#killAt(agent, step, 'client told', this.#refunding(agent, wish, 'refund'));
    });
  }

  /** A person says yes, nobody calls, and the server dies while it carries that out. */
  async killCarriedOut(moment: (typeof CARRIED_OUT)[number]): Promise<void> {
    await this.#life(`approved: ${moment}`, async (agent, step) => {
      const wish = await this.#paid(agent, needsPerson);
      await this.refund(agent, wish);
      const call = async () => {
        await this.approve(wish);
        return this.#carriedOut(wish);
      };
      if (moment === 'yes written') {
        return this.#killAt(agent, step, 'intent written', { wish, at: 'refund', intent: YES, call });
      }
      await this.#killAt(agent, step, moment, { wish, at: 'refund', intent: REFUND_INTENT, call });
    });
  }

  /**
   * There are two servers, and the agent repeats its call the instant a person has said yes: whichever process sends
   * the refund dies of it, and the other one is told the rest.
   */
  async killRepeated(moment: (typeof REPEATED)[number]): Promise<void> {
    await this.#life(`approved, two servers: ${moment}`, async (agent, step) => {
      const other = await this.premises.agent();
      await this.look(other);
      const wish = await this.#paid(agent, needsPerson);
      await this.refund(agent, wish);
      const call = async () => {
        const stop = new AbortController();
        const yes = this.#ledger.written(stop.signal, YES, wish.title);
        const repeat = yes.then(() => this.refund(agent, wish));
        await this.approve(wish).finally(() => stop.abort());
        await repeat;
        return this.#carriedOut(wish);
      };
      const victim = async () => {
        const [sent] = await this.#ledger.rows(REFUND_INTENT, wish.title);
        // A sender's name has its process's number in it.
        return String(sent?.sending_by).split(' ')[1] === String(other.server.pid) ? other : agent;
      };
      await this.#killAt(agent, step, moment, { wish, at: 'refund', intent: REFUND_INTENT, call, victim });
      const survivor = this.wasKilled(agent) ? other : agent;
      const again = this.#refunding(survivor, wish, 'refund');
      await this.#killAt(survivor, `${step}, then the other`, 'client told', again);
    });
  }

  /** As {@link killCreateAgain}. */
  async killRefundAgain(at: 'question' | 'request', moment: Moment): Promise<void> {
    // What the gateway has had is not sent again, nor asked for by the client once the settler has.
    const wish = await this.killRefund('request held');
    await this.#life(
      `refund again: ${at}, ${moment}`,
      (agent, step) => {
        const deed = this.#refunding(agent, wish, at === 'question' ? 'query-refund' : 'refund');
        return this.#killAt(agent, step, moment, deed);
      },
      { about: wish },
    );
  }

  /** The gateway says that a buyer has paid, and the server dies before, while, or after it takes that in. */
  async killNotified(moment: 'held' | 'coming in' | 'unwritten' | 'acknowledged'): Promise<void> {
    const network = this.#notifyNetwork;
    let lock: (() => void) | undefined;
    const unlock = () => {
      lock?.();
      lock = undefined;
    };
    await this.#life(`notification: ${moment}`, async (agent, step) => {
      const wish = await this.#open(agent, isHeard);
      let acknowledged = false;
      const held = network.held().then(() => {
        acknowledged = moment !== 'held';
      });
      const arrived = new Promise<void>((resolve) => {
        network.treat = async ({ target, body }) => {
          if (!this.#toldBy(target, body).includes(`"${wish.outTradeNo}"`)) return 'pass';
          if (moment === 'unwritten') lock ??= await this.#ledger.lock();
          resolve();
          if (moment === 'coming in') return 'pass';
          return moment === 'held' ? 'hold-request' : 'hold-answer';
        };
      });
      await this.#listens();
      await this.pay(wish);
      const comes = moment === 'acknowledged' ? held : arrived;
      await within(PATIENCE_MS, `the notification of ${wish.title}`, comes);
      if (moment === 'coming in') await pause(this.upTo(8));
      if (moment === 'unwritten') await pause(TELLS_WITHIN_MS);
      await this.kill(agent, step);
      unlock();
      if (moment === 'unwritten') {
        this.insist(!acknowledged, `${wish.title}: acknowledged before the fact was written`);
      }
      if (moment === 'acknowledged') {
        // What a gateway was thanked for, it does not say again.
        const { keptStatus } = network;
        this.insist(keptStatus === 200 || keptStatus === 204, `${wish.title}: answered with ${keptStatus}`);
        const row = (await this.orders()).find(({ title }) => title === wish.title);
        this.insist(row?.state === 'PAID', `${wish.title}: acknowledged, but ${row?.state} in the ledger`);
      }
    }).finally(() => {
      network.treat = () => 'pass';
      network.drop();
      unlock();
    });
  }

  /** Nobody asks for anything, and the server dies while it settles what others have left. */
  async killSettler(moment: 'question held' | 'answer passed'): Promise<void> {
    await this.#life(
      `settler: ${moment}`,
      async (agent, step) => {
        const caught = new Promise<void>((resolve) => {
          let one: Passing | undefined;
          void this.#network.held().then(resolve);
          this.#network.answered = (passing) => {
            if (passing === one) resolve();
          };
          this.#network.treat = (passing) => {
            if (one || !isCall('query', passing)) return 'pass';
            one = passing;
            return moment === 'answer passed' ? 'pass' : 'hold-answer';
          };
        });
        await within(PATIENCE_MS, 'a question of the settler', caught);
        await pause(this.upTo(6));
        await this.kill(agent, step);
      },
      { alone: true },
    );
  }

  /** One server from its start to its SIGKILL; others' unfinished business goes on beside what it is killed for. */
  async #life(
    name: string,
    dies: (agent: Agent, step: string) => Promise<void>,
    { alone = false, about }: { readonly alone?: boolean; readonly about?: Wish } = {},
  ): Promise<void> {
    const step = `${this.#wallet} ${name}`;
    const agent = await this.premises.agent();
    await this.look(agent);
    this.busy = new Set(about ? [about] : []);
    const beside = Promise.all((alone ? [] : this.some(2)).map((wish) => this.proceed(agent, wish)));
    beside.catch(() => undefined);
    try {
      await dies(agent, step);
    } catch (error) {
      throw new Error(`${step}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    } finally {
      this.#network.treat = () => 'pass';
      this.#network.answered = () => undefined;
      this.#network.drop();
    }
    this.insist(this.wasKilled(agent), `${step}: it was not killed`);
    await beside;
    await this.payBehindTheirBacks();
    this.#lives += 1;
    if (this.#lives % LIVES_PER_BATCH === 0) await this.compare();
  }

  async #killAt(agent: Agent, step: string, moment: Moment, deed: Deed): Promise<void> {
    const { title } = deed.wish;
    let answered = false;
    this.#struck = false;
    /** Nothing of it is held any longer: somebody else may be at it. */
    const strike = async () => {
      await this.kill((await deed.victim?.()) ?? agent, step);
      this.#struck = true;
      this.#network.treat = () => 'pass';
      this.#network.drop();
    };
    const begin = async () => {
      answered = await deed.call();
    };
    const missed = async (call: Promise<void>) => {
      await call;
      if (!this.#struck) throw new Error(`${title} ended before the moment came`);
    };
    switch (moment) {
      case 'before the intent': {
        let reached = false;
        void this.#catch(deed, () => {
          reached = true;
          return 'pass';
        });
        const unlock = await this.#ledger.lock();
        const call = begin();
        await pause(5 + this.upTo(50));
        await strike();
        unlock();
        await call;
        return this.insist(!reached && !answered, `${title}: sent or told before the intent was written`);
      }
      case 'intent written': {
        const stop = new AbortController();
        const written = this.#ledger.written(stop.signal, deed.intent, title);
        const call = begin();
        await Promise.race([written, missed(call)]).finally(() => stop.abort());
        await strike();
        return call;
      }
      case 'request held':
      case 'answer held': {
        void this.#catch(deed, () => (moment === 'request held' ? 'hold-request' : 'hold-answer'));
        const held = this.#network.held();
        const call = begin();
        await Promise.race([held, missed(call)]);
        await strike();
        return call;
      }
      case 'fact unwritten': {
        let unlock: () => void = () => undefined;
        const passed = this.#catch(deed, async (again): Promise<Treatment> => {
          if (!again) unlock = await this.#ledger.lock();
          return 'pass';
        });
        const call = begin();
        try {
          await Promise.race([passed, missed(call)]);
          await pause(TELLS_WITHIN_MS);
          this.insist(!answered, `${title}: told before the fact was written`);
          await strike();
        } finally {
          unlock();
        }
        return call;
      }
      case 'answer passed': {
        const passed = this.#catch(deed, () => 'pass');
        const call = begin();
        await Promise.race([passed, missed(call)]);
        await pause(this.upTo(12));
        await strike();
        return call;
      }
      case 'client told': {
        await begin();
        this.insist(answered, `${title}: the client was not answered`);
        await strike();
      }
    }
  }

  /** Treats the gateway calls of a deed; resolves when the answer to the first has been passed on. */
  #catch({ at, wish }: Deed, treat: (again: boolean) => Treatment | Promise<Treatment>): Promise<void> {
    return new Promise((resolve) => {
      let first: Passing | undefined;
      this.#network.answered = (passing) => {
        if (passing === first) resolve();
      };
      this.#network.treat = (passing) => {
        // A question about a refund may name it by a number that no client knows.
        if (!isCall(at, passing) || (at !== 'query-refund' && !wish.isIn(saidBy(passing)))) return 'pass';
        // The settler may ask the same at the same time: that is not to slip through where the call is held.
        const again = first !== undefined;
        first ??= passing;
        return treat(again);
      };
    });
  }

  #creating(agent: Agent, wish: Wish, at: GatewayCallKind): Deed {
    const intent = 'SELECT 1 FROM orders WHERE title = ?';
    return { wish, at, intent, call: () => this.create(agent, wish) };
  }

  #refunding(agent: Agent, wish: Wish, at: GatewayCallKind): Deed {
    return { wish, at, intent: REFUND_INTENT, call: () => this.refund(agent, wish) };
  }

  /** Waits until it is, or somebody has died of it. */
  async #carriedOut({ title }: Wish): Promise<boolean> {
    while (!this.#struck) {
      if ((await this.#ledger.rows(REFUND_FACT, title)).length > 0) return true;
      await pause(20);
    }
    return false;
  }

  /** A wish with a code that nobody has paid. */
  async #open(agent: Agent, wanted: (wish: Wish) => boolean = () => true): Promise<Wish> {
    const found = this.find((wish) => wish.isOpen && !wish.paid && isToBePaid(wish) && wanted(wish));
    if (found) return found;
    const wish = this.newWish({ fate: this.chance(0.8) ? 'refunded' : 'paid', heard: true });
    await this.create(agent, wish);
    return wish;
  }

  /** A wish that is told PAID and to be refunded. */
  async #paid(agent: Agent, wanted: (wish: Wish) => boolean = () => true): Promise<Wish> {
    const ripe = ({ fate, state, asked }: Wish) => fate === 'refunded' && state === 'PAID' && !asked.refund;
    const found = this.find((wish) => ripe(wish) && wanted(wish));
    if (found) return found;
    let wish = this.newWish({ fate: 'refunded' });
    while (!wanted(wish)) wish = this.newWish({ fate: 'refunded' });
    await this.create(agent, wish);
    await this.pay(wish);
    await this.query(agent, wish);
    return wish;
  }

  /** Resolves when somebody takes notifications. */
  async #listens(): Promise<void> {
    await until('the notify port', () =>
      fetch(`http://127.0.0.1:${this.#port}/notify/none`, { method: 'POST' }).then(
        () => true,
        () => undefined,
      ),
    );
  }

  /** What a notification says, opened where it is sealed. */
  #toldBy(target: string, body: string): string {
    const wallet = ALL_WALLETS.find(({ id }) => target.startsWith(`/notify/${id}`))?.id;
    const sealedBy = wallet && SEALED_BY[wallet];
    if (sealedBy === undefined) {
      return [...new URLSearchParams(body).values()].map((value) => `"${value}"`).join();
    }
    const { resource } = JSON.parse(body) as { resource: Readonly<Record<string, string>> };
    const sealed = Buffer.from(resource.ciphertext ?? '', 'base64');
    const key = this.#env[sealedBy] ?? '';
    const decipher = createDecipheriv('aes-256-gcm', key, resource.nonce ?? '');
    decipher.setAAD(Buffer.from(resource.associated_data ?? '')).setAuthTag(sealed.subarray(-16));
    return decipher.update(sealed.subarray(0, -16)).toString('utf8') + decipher.final('utf8');
  }
}
