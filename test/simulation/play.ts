import { CashierError } from '../../src/domain/errors.ts';
import type { Fen } from '../../src/domain/money.ts';
import type { ProviderId } from '../../src/domain/order.ts';
import type { Price } from '../../src/gate/prices.ts';
import { verifyAudit } from '../../src/ledger/audit-verify.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { readMeta } from '../../src/ledger/meta.ts';
import type { AuditRecord } from '../../src/ledger/records.ts';
import { isElsewhere } from '../../src/ledger/refunded.ts';
import { openSqliteStore } from '../../src/ledger/sqlite-store.ts';
import { isGivenOut } from '../../src/payments/apply.ts';
import { chooseWallet } from '../../src/payments/choose-wallet.ts';
import { Person } from '../../src/persons/person.ts';
import { decideApproval } from '../../src/policy/approvals.ts';
import { freeze, moveBudget, unfreeze } from '../../src/policy/decisions.ts';
import { walletOf } from '../../src/providers/registry.ts';
import { SERVICE } from '../../src/simulator/alipay/a2m-words.ts';
import { FAKES } from '../../src/simulator/fakes.ts';
import type { Identity } from '../../src/simulator/state/identity.ts';
import { Dice } from '../support/dice.ts';
import { pairOf } from '../support/named-keys.ts';
import type { CallWish } from './call-plan.ts';
import { Disk } from './disk.ts';
import { Gateways, notifyUrlOf } from './gateways.ts';
import type { End, Event, Happening } from './history.ts';
import type { Operation, Plan, Step, Wish } from './plan.ts';
import { BOOKS, Receiver } from './receiver.ts';
import { START } from './rules.ts';
import { Sales, toolOf } from './sales.ts';
import { CALLERS, type MakeProvider, Shop } from './shop.ts';
import { signForReal } from './signatures.ts';
import { MachineClock, Timeline } from './timeline.ts';
import { PLAYED, playedOf } from './wallets/index.ts';
import type { PlayedWallet } from './wallets/wallet.ts';

/** No history has so many events. */
const MOST_EVENTS = 60_000;
const SHOP_STREAM = 100;
const GATEWAY_STREAM = 2;
const RECEIVER_STREAM = 3;
const UPSTREAM_STREAM = 5;
/** How long (ms) a client waits for an answer. */
const CLIENT_PATIENCE_MS = 60_000;
/** When the world is quiet: so far on (ms), and then so long for whoever has something to ask, until nobody has. */
const QUIET_LEAPS_MS = [25_000, 130_000, 2_400_000, 12_000_000, ...Array<number>(6).fill(90_000)];
/** The same when all has come that was long on its way. */
const LAST_LEAPS_MS = [2_400_000, 12_000_000];
const QUIET_MS = 1_400;
/** The same where calls are sold: what is left alone is looked for more seldom. */
const QUIET_SALES_MS = 6_000;
/** No upstream is waited for longer (ms). */
const HANGING_MS = 290_000;
/** No call that began before takes longer (ms). */
const SLOWEST_MS = 20_000;
/** How often, and each time after how long (ms), whoever is told things is told what has come up last. */
const TELLING_ROUNDS = 3;
const TELLING_LEAP_MS = 30_000;

export interface Played {
  readonly events: readonly Event[];
  readonly end: End;
  /** Virtual ms. */
  readonly lasted: number;
}

/** Where histories are played, one after the other; what all have in common is made once. */
export class Stage {
  readonly #disk: Disk;
  readonly #identity: Identity;
  readonly #providers: ReadonlyMap<ProviderId, MakeProvider>;

  private constructor(disk: Disk, identity: Identity, providers: ReadonlyMap<ProviderId, MakeProvider>) {
    this.#disk = disk;
    this.#identity = identity;
    this.#providers = providers;
  }

  static async open(): Promise<Stage> {
    const dice = Dice.of(0, 0);
    // Certificates are verified by what knows of no other signatures.
    signForReal(true);
    const names = ['forger', 'authority', ...FAKES.flatMap(({ keys }) => keys)];
    const keys = Object.fromEntries(names.map((name) => [name, pairOf(name)]));
    const numbers = FAKES.map((fake) => fake.numbers(dice.bytes));
    const identity = Object.assign({ id: 'history', keys }, ...numbers) as Identity;
    const env: Record<string, string> = Object.assign({}, ...FAKES.map((fake) => fake.env(identity, '')));
    const providers = new Map(PLAYED.map((wallet) => [wallet.id, providerOf(wallet, env)]));
    const disk = await Disk.open();
    const clock = { now: () => START, sleep: async () => undefined };
    await disk.format(async (sqlite) => {
      const ports = { clock, randomBytes: dice.bytes };
      const store = await openSqliteStore(':memory:', { ...ports, sqlite });
      await Ledger.open(store, 'simulator', ports);
    });
    return new Stage(disk, identity, providers);
  }

  /** Plays a history to its end. The same plan gives the same, byte for byte. */
  async play(plan: Plan): Promise<Played> {
    signForReal(plan.rsa);
    this.#disk.begin();
    const providers = plan.wallets.map((wallet) => this.#providers.get(wallet) as MakeProvider);
    const history = new History(plan, this.#disk, this.#identity, providers);
    try {
      return await history.play();
    } finally {
      history.stop();
      this.#disk.end();
    }
  }
}

/** What clients know of a wish. */
interface Known {
  number: string | undefined;
  /** The latest that can be paid with. */
  shown: string | undefined;
  /** What its buyer does as soon as there is something to pay with. */
  waits: ((shown: string) => void) | undefined;
}

/** ms from a code's being shown to its being paid, by a buyer who has waited for it. */
const BUYER_MS = 150;

class History {
  readonly #plan: Plan;
  readonly #disk: Disk;
  readonly #providers: readonly MakeProvider[];
  readonly #timeline = new Timeline(START);
  readonly #events: Event[] = [];
  readonly #gateways: Gateways;
  readonly #receiver: Receiver | undefined;
  readonly #sales: Sales;
  readonly #clocks: MachineClock[];
  readonly #shops: (Shop | undefined)[];
  readonly #lives: number[];
  readonly #dead = new Set<string>();
  readonly #known: Known[];
  readonly #underWay = new Set<number>();
  #calls = 0;

  constructor(plan: Plan, disk: Disk, identity: Identity, providers: readonly MakeProvider[]) {
    this.#plan = plan;
    this.#disk = disk;
    this.#providers = providers;
    this.#clocks = plan.processes.map(
      ({ apartMs, fastPpm }) => new MachineClock(this.#timeline, apartMs, 1 + fastPpm / 1_000_000),
    );
    this.#shops = plan.processes.map(() => undefined);
    this.#lives = plan.processes.map(() => 0);
    this.#known = plan.wishes.map(({ number }) => ({ number, shown: undefined, waits: undefined }));
    this.#receiver = plan.told
      ? new Receiver(this.#timeline, Dice.of(plan.seed, RECEIVER_STREAM), (happening) =>
          this.#record(happening),
        )
      : undefined;
    this.#gateways = new Gateways({
      ...{ identity, timeline: this.#timeline, faults: plan.faults },
      dice: Dice.of(plan.seed, GATEWAY_STREAM),
      record: (happening) => this.#record(happening),
      reachable: () => this.#shops.filter((shop) => shop?.isAlive === true) as Shop[],
    });
    this.#sales = this.#salesOf(plan);
  }

  #salesOf({ seed, calls, faults, wallets }: Plan): Sales {
    return new Sales(calls, {
      ...{ timeline: this.#timeline, dice: Dice.of(seed, UPSTREAM_STREAM), gateways: this.#gateways },
      ...{ faults, wallets },
      record: (happening) => this.#record(happening),
      alive: (at) => this.#alive(at),
      begin: () => {
        const id = this.#calls++;
        this.#underWay.add(id);
        return id;
      },
      end: (id) => this.#underWay.delete(id),
    });
  }

  async play(): Promise<Played> {
    let end: End | undefined;
    let failed: unknown;
    void this.#whole().then(
      (reached) => {
        end = reached;
      },
      (error: unknown) => {
        failed = error ?? new Error('failed');
      },
    );
    await this.#timeline.run(() => end !== undefined || failed !== undefined, MOST_EVENTS);
    if (failed !== undefined) throw failed;
    if (!end) throw new Error('nothing happens any more, and the history has no end');
    return { events: this.#events, end, lasted: Math.floor(this.#timeline.now - START) };
  }

  stop(): void {
    for (const shop of this.#shops) if (shop) shop.isAlive = false;
  }

  async #whole(): Promise<End> {
    for (const at of this.#plan.processes.keys()) this.#start(at);
    for (const { after, ...act } of this.#plan.steps) {
      if (after > 0) await this.#timeline.wait(after);
      await this.#act(act);
    }
    await this.#quieten();
    return this.#end();
  }

  #record(happening: Happening): void {
    this.#events.push({ ...happening, time: Math.floor(this.#timeline.now - START) });
  }

  #start(at: number): Shop {
    const life = (this.#lives[at] ?? 0) + 1;
    this.#lives[at] = life;
    const clock = this.#clocks[at];
    if (!clock) throw new Error(`no process ${at}`);
    const receiver = this.#receiver;
    const shop = new Shop(at, life, {
      ...{ timeline: this.#timeline, clock, disk: this.#disk, providers: this.#providers },
      dice: Dice.of(this.#plan.seed, SHOP_STREAM + at * 50 + life),
      rules: this.#plan.rules,
      send: (from, request) => this.#gateways.send(from, request),
      tell: receiver && ((from, request) => receiver.tell(from, request)),
      record: (happening) => this.#record(happening),
      isGone: (name) => this.#plan.oneMachine && this.#dead.has(name),
      background: this.#plan.processes[at]?.background ?? false,
      prices: new Map(this.#plan.calls.map((wish, sale) => [toolOf(sale), priceOf(wish)])),
    });
    void shop.hear(new Promise(() => undefined)).then(() => this.#dead.add(shop.name));
    this.#shops[at] = shop;
    return shop;
  }

  /** A process that lives. */
  #alive(at: number): Shop {
    const shop = this.#shops[at];
    return shop?.isAlive ? shop : this.#start(at);
  }

  /** Does what is planned. Calls are only begun. */
  async #act(act: OmitAfter<Step>): Promise<void> {
    switch (act.do) {
      case 'create': {
        const wish = this.#wish(act.wish);
        const lie = act.lie ? { ...wish, fen: wish.fen + 100 } : wish;
        return this.#call(act.process, wish.client, 'create-payment', createArguments(lie), act.wish);
      }
      case 'query':
        return this.#about(act.wish, (outTradeNo, { client }) =>
          this.#call(act.process, act.client ?? client, 'query-payment', {
            outTradeNo,
            ...(act.wait > 0 ? { waitSeconds: act.wait } : {}),
          }),
        );
      case 'close':
        return this.#about(act.wish, (outTradeNo, { client }) =>
          this.#call(act.process, client, 'close-payment', { outTradeNo }),
        );
      case 'refund':
        return this.#about(act.wish, (outTradeNo, { client }) =>
          this.#call(act.process, act.client ?? client, 'refund-payment', {
            ...{ outTradeNo, refundYuan: yuan(act.fen) },
            ...(act.number === undefined ? {} : { outRefundNo: act.number }),
          }),
        );
      case 'query-refund':
        return this.#about(act.wish, (outTradeNo, { client }) =>
          this.#call(act.process, client, 'query-refund', { outTradeNo, outRefundNo: act.number }),
        );
      case 'list':
        return this.#call(act.process, act.client, 'list-payments', {});
      case 'choose':
        return void this.#choose(act.process, act.wish, act.wallet);
      case 'pay':
        return this.#buyer(act.wish, 'pays', act.late ?? false);
      case 'open':
        return this.#buyer(act.wish, 'opens', false);
      case 'ask':
        return void this.#sales.ask(act.process, act.sale, act.shows);
      case 'buy':
        return this.#sales.buy(act.process, act.sale, act.way);
      case 'approve':
      case 'deny':
        return void this.#decide(act.process, act.do === 'approve', act.nth);
      case 'freeze':
        return void this.#freeze(act.process, true);
      case 'thaw':
        return void this.#freeze(act.process, false);
      case 'fill':
        return void this.#fill(act.process, act.client, act.fen);
      case 'kill':
        return this.#shops[act.process]?.doom(act.when, act.nth);
      case 'stall':
        return this.#shops[act.process]?.stall(act.when, act.nth, act.ms);
      case 'cut-power':
        return this.#cutPower();
      case 'start':
        this.#alive(act.process);
        return;
      case 'disk':
        this.#disk.fault = act.fault;
        return this.#record({ kind: 'disk', fault: act.fault });
      case 'clock':
        this.#clocks[act.process]?.set(act.apartMs);
        return this.#record({ kind: 'clock', process: act.process, apartMs: act.apartMs });
      case 'leap':
        this.#timeline.leap(act.ms);
        return this.#record({ kind: 'leap', ms: act.ms });
      case 'foreign': {
        const { number, provider, scene, fen } = this.#wish(act.wish);
        if (number === undefined) return;
        const isOut = scene === 'qr' ? this.#gateways.hasCode(provider, number) : this.#isAskedFor(act.wish);
        // What a lagging replica hides is no more in the way of a code than what comes after it; a QR is ordered first.
        const isHidden = scene !== 'qr' && this.#plan.faults.some(({ what }) => what === 'lag');
        const isSure = !playedOf(provider).isMistakable || !(isOut || isHidden) || act.fen !== fen;
        await this.#gateways.orderElsewhere(provider, number, isSure ? act.fen : act.fen + 1, act.paid);
        return;
      }
      case 'elsewhere': {
        const { number } = this.#knownOf(act.wish);
        if (number !== undefined) await this.#gateways.refundElsewhere(number, act.fen, act.number);
        return;
      }
      case 'forge': {
        const { number } = this.#knownOf(act.wish);
        if (number !== undefined) void this.#gateways.forge(number, act.how, this.#alive(act.process));
        return;
      }
    }
  }

  #wish(at: number): Wish {
    return this.#plan.wishes[at] as Wish;
  }

  #isAskedFor(wish: number): boolean {
    return this.#events.some((event) => event.kind === 'call' && event.wish === wish);
  }

  #knownOf(at: number): Known {
    return this.#known[at] as Known;
  }

  #about(at: number, call: (outTradeNo: string, wish: Wish) => void): void {
    const { number } = this.#knownOf(at);
    if (number !== undefined) call(number, this.#wish(at));
  }

  #call(
    at: number,
    caller: number,
    tool: string,
    args: Readonly<Record<string, unknown>>,
    wish?: number,
  ): void {
    void this.#answered(at, caller, tool, args, wish);
  }

  /** A call, and its end as its client sees it. */
  async #answered(
    at: number,
    caller: number,
    tool: string,
    args: Readonly<Record<string, unknown>>,
    wish?: number,
  ): Promise<Readonly<Record<string, unknown>> | undefined> {
    const shop = this.#alive(at);
    const id = this.#calls++;
    const client = CALLERS[caller]?.caller ?? '';
    this.#record({ kind: 'call', id, client, process: at, tool, args, wish });
    this.#underWay.add(id);
    const result = await shop.hear(shop.call(caller, tool, args, id));
    this.#underWay.delete(id);
    if (!result || !('content' in result)) {
      this.#record({ kind: 'unanswered', id });
      return undefined;
    }
    const [first] = result.content as { readonly text: string }[];
    if (result.isError) {
      const error = JSON.parse(first?.text ?? '{}') as Readonly<Record<string, unknown>>;
      this.#record({ kind: 'answer', id, error });
      return undefined;
    }
    const structured = result.structuredContent as Readonly<Record<string, unknown>>;
    this.#record({ kind: 'answer', id, structured });
    if (wish !== undefined && typeof structured.outTradeNo === 'string') {
      const known = this.#knownOf(wish);
      known.number = structured.outTradeNo;
      const shown = shownIn(structured) ?? (await this.#formOf(shop, this.#wish(wish), known.number));
      if (shown === undefined) return structured;
      this.#show(known, shown);
    }
    return structured;
  }

  /** What the buyer's browser posts from the page, for a wallet that has a form for a link. */
  async #formOf(shop: Shop, { scene }: Wish, outTradeNo: string): Promise<string | undefined> {
    if (scene !== 'web') return undefined;
    const order = await shop.hear(shop.till.ledger.read((book) => book.orders.get(outTradeNo)));
    const { handOffForm } = order?.state === 'NOTPAY' ? order.credential : {};
    return handOffForm && new URLSearchParams({ ...handOffForm.fields }).toString();
  }

  #show(known: Known, shown: string): void {
    known.shown = shown;
    const { waits } = known;
    known.waits = undefined;
    if (waits) this.#timeline.in(BUYER_MS, () => waits(shown));
  }

  #buyer(wish: number, what: 'pays' | 'opens', late: boolean): void {
    const known = this.#knownOf(wish);
    const act = (shown: string) =>
      void this.#gateways.buyer(shown, what, late).then((done) =>
        this.#record({
          ...{ kind: 'buyer', what, wish, outTradeNo: known.number ?? '', how: done ? 'done' : 'cannot' },
        }),
      );
    if (known.shown === undefined) known.waits = act;
    else act(known.shown);
  }

  /** A click on the page that a process shows. */
  async #choose(at: number, wish: number, wallet: ProviderId): Promise<void> {
    const known = this.#knownOf(wish);
    const { number } = known;
    if (number === undefined) return;
    const shop = this.#alive(at);
    let payable = false;
    const told = await shop.hear(
      shop.ready.then(async () => {
        const offer = await shop.till.ledger.read((book) => book.offers.get(number));
        if (!offer) return 'no page';
        const chosen = await chooseWallet(shop.till, () => 'unknown', offer.pageToken, wallet).catch(codeOf);
        if (chosen === undefined || typeof chosen === 'string') return chosen ?? 'no page';
        const { provider, state, credential } = chosen.order;
        const { qrCode } = state === 'NOTPAY' ? credential : {};
        payable = qrCode !== undefined;
        if (qrCode !== undefined) this.#show(known, qrCode);
        return `${provider} ${state}`;
      }),
    );
    this.#record({ kind: 'choice', wallet, wish, outTradeNo: number, shown: told ?? 'died', payable });
  }

  /** The person at a terminal of that process's machine. */
  async #person(at: number): Promise<{ readonly shop: Shop; readonly person: Person } | undefined> {
    const shop = this.#alive(at);
    const person = await shop.hear(
      shop.ready.then(() => Person.bySecret(shop.till.ledger, 'simulator', undefined, 'terminal')),
    );
    return person && { shop, person };
  }

  async #decide(at: number, approve: boolean, nth: number): Promise<void> {
    const there = await this.#person(at);
    if (!there) return;
    const { shop, person } = there;
    const { ledger, clock } = shop.till;
    const open = await shop.hear(
      ledger.read(async (book) => [
        ...(await book.approvals.open('desk')),
        ...(await book.approvals.open('kiosk')),
      ]),
    );
    const approval = open?.[nth % Math.max(1, open.length)];
    if (!approval) return;
    const decided = await shop.hear(
      ledger
        .write((book) => decideApproval(book, person, approval.id, { approve }, clock.now()))
        .then(
          () => true,
          () => false,
        ),
    );
    this.#record({
      ...{ kind: 'person', what: approve ? 'approves' : 'denies', approval: approval.id, of: approval.kind },
      ...{ outTradeNo: approval.outTradeNo, outRefundNo: approval.outRefundNo },
      ...{
        amountFen: approval.amountFen,
        how: decided === undefined ? 'unknown' : decided ? 'done' : 'failed',
      },
    });
  }

  async #freeze(at: number, isFrozen: boolean): Promise<void> {
    const there = await this.#person(at);
    if (!there) return;
    const { shop, person } = there;
    const done = await shop.hear(
      shop.till.ledger
        .write(async (book) => {
          if (isFrozen) await freeze(book, 'person', undefined);
          else await unfreeze(book, person);
        })
        .then(
          () => true,
          () => false,
        ),
    );
    if (done) this.#record({ kind: isFrozen ? 'frozen' : 'thawed' });
  }

  /** Whoever wanted to stop everything may have stood still before they did. */
  async #thaw(): Promise<void> {
    const frozen = await this.#alive(0).till.ledger.read((book) => book.operator.freeze());
    if (frozen !== undefined) await this.#freeze(0, false);
  }

  async #fill(at: number, client: number, amountFen: number): Promise<void> {
    const there = await this.#person(at);
    if (!there) return;
    const { shop, person } = there;
    const budget = CALLERS[client]?.caller ?? '';
    // Counted from when it may count.
    this.#record({ kind: 'filled', budget, amountFen });
    await shop.hear(
      shop.till.ledger
        .write((book) => moveBudget(book, person, budget, amountFen, undefined))
        .catch(() => undefined),
    );
  }

  #cutPower(): void {
    this.#record({ kind: 'power-cut' });
    for (const shop of this.#shops) shop?.die('power-cut');
    this.#disk.cutPower();
  }

  /** Nothing goes wrong any more, clocks are right, and whoever still wants to know something asks. */
  async #quieten(): Promise<void> {
    // What is under way ends as it began.
    await this.#timeline.wait(2_000);
    this.#record({ kind: 'quiet' });
    this.#gateways.calm();
    this.#receiver?.calm();
    this.#sales.calm();
    this.#disk.fault = undefined;
    for (const shop of this.#shops) shop?.calm();
    for (const clock of this.#clocks) clock.set(0);
    for (const at of this.#plan.processes.keys()) await this.#alive(at).ready;
    await this.#thaw();
    await this.#allAnswered(this.#sales.hangs ? HANGING_MS : SLOWEST_MS);
    const quiet = this.#sales.isOpen ? QUIET_SALES_MS : QUIET_MS;
    for (const [round, ms] of [...QUIET_LEAPS_MS, ...LAST_LEAPS_MS].entries()) {
      this.#alive(0).startBackground();
      if (round === QUIET_LEAPS_MS.length) await this.#allArrived();
      await this.#thaw();
      if (round < 2) await this.#askAgain(false);
      await this.#sales.askAgain(this.#plan.processes.length - 1);
      this.#timeline.leap(ms);
      await this.#timeline.wait(quiet);
      if (round > 0 && (await this.#isAtRest())) break;
    }
    await this.#askAgain(true);
    await this.#allAnswered(CLIENT_PATIENCE_MS);
    for (let left = TELLING_ROUNDS; this.#receiver && left > 0; left -= 1) {
      this.#timeline.leap(TELLING_LEAP_MS);
      await this.#timeline.wait(QUIET_MS);
    }
  }

  /** Nobody waits for an answer any more, or so long (ms) has passed. */
  async #allAnswered(mostMs: number): Promise<void> {
    const waited = this.#timeline.now + mostMs;
    while (this.#underWay.size > 0 && this.#timeline.now < waited) await this.#timeline.wait(500);
  }

  /** The same, and nothing is on its way any more. */
  async #allArrived(): Promise<void> {
    await this.#allAnswered(CLIENT_PATIENCE_MS);
    const waited = this.#timeline.now + CLIENT_PATIENCE_MS;
    while (this.#isOnItsWay && this.#timeline.now < waited) await this.#timeline.wait(500);
  }

  /** Whether a request has not come to its gateway yet, or a process stands still over what it does. */
  get #isOnItsWay(): boolean {
    return this.#gateways.isAwaited || this.#shops.some((shop) => shop?.isAlive && shop.stands);
  }

  /** Nobody will ask about anything any more of its own accord, nobody waits for an answer, and nothing is on its way. */
  async #isAtRest(): Promise<boolean> {
    if (this.#isOnItsWay) return false;
    const { ledger, providers, clock } = this.#alive(0).till;
    const accounts = [...providers.values()].map(({ account }) => account);
    // Calls that are left alone, or yet to be confirmed.
    const left = await ledger.inspect((tx) => tx.all('SELECT 1 FROM paid_calls WHERE due_at > 0 LIMIT 1'));
    if (left.length > 0) return false;
    // What a clock that was ahead has dated into the future counts when that has come.
    const dated = "SELECT 1 FROM approvals WHERE state = 'approved' AND created_at > ? LIMIT 1";
    if ((await ledger.inspect((tx) => tx.all(dated, clock.now()))).length > 0) return false;
    return ledger.read(async (book) => {
      const next = await Promise.all(accounts.map((account) => book.asking.earliest(account)));
      next.push(this.#receiver && (await book.outbox.dueAt(BOOKS.name)));
      if ((await book.approvals.toCarryOut(undefined, 1)).length > 0) return false;
      const { count } = await book.owed.open();
      return count === 0 && this.#underWay.size === 0 && next.every((at) => at === undefined);
    });
  }

  /** What clients have no answer to that lasts, they ask once more; all of it where nothing goes on any more. */
  async #askAgain(isEnd: boolean): Promise<void> {
    const at = this.#plan.processes.length - 1;
    const states = new Map<string, string>();
    const refunds = new Map<string, { readonly call: Extract<Event, { kind: 'call' }>; state: string }>();
    const calls = new Map<number, Extract<Event, { kind: 'call' }>>();
    for (const event of this.#events) {
      if (event.kind === 'call') calls.set(event.id, event);
      if (event.kind !== 'answer' && event.kind !== 'unanswered') continue;
      const call = calls.get(event.id);
      const { structured, error } = event.kind === 'answer' ? event : {};
      const state = String(structured?.state ?? error?.code ?? 'UNKNOWN');
      if (call?.tool === 'refund-payment')
        refunds.set(JSON.stringify([call.client, call.args]), { call, state });
      else if (structured) states.set(String(structured.outTradeNo), state);
    }
    for (const { number } of [...this.#known]) {
      if (number === undefined || (!isEnd && LASTING.test(states.get(number) ?? ''))) continue;
      await this.#answered(at, 0, 'query-payment', { outTradeNo: number });
    }
    for (const { call, state } of refunds.values()) {
      if (!IN_DOUBT.test(state)) continue;
      const caller = CALLERS.findIndex((one) => one.caller === call.client);
      await this.#answered(at, caller, 'refund-payment', call.args);
    }
  }

  async #end(): Promise<End> {
    const shop = this.#alive(0);
    await shop.ready;
    const { ledger } = shop.till;
    const told = await ledger.read(async (book) => {
      const orders = await book.orders.list({}, 1_000);
      return Promise.all(
        orders.map(async (order) => ({
          ...{ outTradeNo: order.outTradeNo, provider: order.provider, state: order.state },
          ...{ amountFen: order.amountFen, caller: order.caller, givenOut: isGivenOut(order) },
          adopted: order.terms.adopted === true,
          refunds: (await book.refunds.ofOrder(order.outTradeNo)).map((refund) => ({
            ...{ outRefundNo: refund.outRefundNo, state: refund.state, amountFen: refund.amountFen },
            elsewhere: isElsewhere(refund),
          })),
        })),
      );
    });
    const deeds = await ledger.read(({ audit }) =>
      Promise.all(told.map(({ outTradeNo }) => audit.deeds(outTradeNo))),
    );
    const offers = await ledger.inspect((tx) =>
      tx.all('SELECT out_trade_no FROM offers WHERE out_trade_no NOT IN (SELECT out_trade_no FROM orders)'),
    );
    const { intact, chain, tables } = await verifyAudit(ledger, []);
    const head = await ledger.inspect((tx) => readMeta(tx, 'audit_head'));
    const calls = await ledger.inspect((tx) => tx.all('SELECT number, state FROM paid_calls'));
    return {
      ledger: told,
      intents: deeds.flat().flatMap(intentIn),
      calls: calls.map(({ number, state }) => ({ bill: String(number), state: String(state) })),
      offers: offers.map((row) => String(row.out_trade_no)),
      books: this.#gateways.books(),
      audit: intact ? [] : [JSON.stringify(chain ?? null), ...tables.map((fault) => JSON.stringify(fault))],
      head: head ?? '',
    };
  }
}

/** How processes make a provider of the merchant whom a fake's settings describe, at the gateway's own address. */
function providerOf({ id, settings, configured }: PlayedWallet, env: Readonly<Record<string, string>>) {
  const { gatewayVariable, notify } = walletOf(id);
  const own = { ...env, [gatewayVariable]: undefined, [notify.variable]: notifyUrlOf(id), ...settings };
  const made = configured(own, START);
  if (!made) throw new Error(`the merchant has no keys of ${id}`);
  return made;
}

const INTENTS: Readonly<Record<string, Operation>> = {
  'order-sent': 'create',
  'refund-sent': 'refund',
  'close-intended': 'close',
};

/** What a record of the trail says is to be sent. */
function intentIn({ kind, outTradeNo, outRefundNo }: AuditRecord): string[] {
  const operation = INTENTS[kind];
  return operation === undefined ? [] : [`${operation} ${outTradeNo}/${outRefundNo ?? ''}`];
}

const LASTING = /^(PAID|CLOSED|DENIED|PENDING_APPROVAL)$/;
const IN_DOUBT = /^(UNKNOWN|PROCESSING|OUTCOME_UNKNOWN|INTERNAL)$/;

type OmitAfter<S> = S extends unknown ? Omit<S, 'after'> : never;

/** Why there is none. An error of our own is none of these. */
function codeOf(error: unknown): string {
  if (error instanceof CashierError) return error.code;
  throw error;
}

function priceOf({ fen, retry }: CallWish): Price {
  return {
    ...{ amountFen: fen as Fen, title: 'a call', retry, a2mServiceId: SERVICE },
    ...{ skillId: 'skill', skillVersion: undefined },
  };
}

function createArguments({ either, provider, scene, fen, title = 'tea', minutes, number, buyer }: Wish) {
  return {
    ...(either ? {} : { provider }),
    ...{ scene, amountYuan: yuan(fen), title, expiresInMinutes: minutes },
    ...(number === undefined ? {} : { outTradeNo: number }),
    ...(buyer === undefined ? {} : { buyer }),
    ...(scene === 'jsapi' ? { payerOpenid: 'o_payer_1' } : {}),
  };
}

/** `990` → `9.90`, by digits alone. */
function yuan(fen: number): string {
  const digits = String(fen).padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** What a buyer can be shown of a payment. */
function shownIn(payment: Readonly<Record<string, unknown>>): string | undefined {
  const { qrCode, payUrl, orderString, jsapiParams, appParams } = payment;
  const inApp = jsapiParams ?? appParams;
  const shown = qrCode ?? payUrl ?? orderString ?? (inApp === undefined ? undefined : JSON.stringify(inApp));
  return typeof shown === 'string' ? shown : undefined;
}
