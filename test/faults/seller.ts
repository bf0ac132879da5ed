import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { CashierError } from '../../src/domain/errors.ts';
import { fen } from '../../src/domain/money.ts';
import { type Checkpoint, ensureKey, makeCheckpoint } from '../../src/ledger/audit-checkpoint.ts';
import { verifyAudit } from '../../src/ledger/audit-verify.ts';
import type { Book } from '../../src/ledger/book.ts';
import { applyNotify } from '../../src/payments/apply-notify.ts';
import { closePayment } from '../../src/payments/close-payment.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import type { Till } from '../../src/payments/till.ts';
import { acceptPolicy, isInForce } from '../../src/policy/decisions.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { CALL, decide, payment, person, refund, type World } from '../support/world.ts';

const POLICY: Policy = { payments: {}, refunds: { approveAboveFen: fen(500) } };
const NEXT_POLICY: Policy = { ...POLICY, payments: { perDay: { count: 1000 } } };
const FREE = { outTradeNo: 'ORDER_1', outRefundNo: 'R1', refundFen: fen(100) };
const ASKED = { outTradeNo: 'ORDER_1', outRefundNo: 'R2', refundFen: fen(600) };
const BUYERS = { title: 'for a buyer', buyer: 'one who calls again' };
/** ms between two calls of the agent: refunds of an order are to be three seconds apart. */
const BETWEEN_CALLS_MS = 5_000;
/** What is not done after so many calls with the machine in order never will be. */
const MOST_CALLS = 5;
/** Nothing may be said to have stayed undone that was done. */
const NOTHING_SENT = /没有向支付平台发送|没有资金变动|nothing was sent|no money moved/i;

/** How the life of a process ends on a disk that has failed. */
export const LIVES = ['goes on', 'is followed by another', 'is killed'] as const;
export type Life = (typeof LIVES)[number];

interface Step {
  readonly name: string;
  /** Does it, or asks for it again; tells the state that the client is told. */
  readonly call: (till: Till) => Promise<string>;
  /** The states that it is done in. */
  readonly done: RegExp;
}

/** An agent and a person at one process: what they ask for, what they were told, and what is true at the bank. */
export class Seller {
  readonly wrongs: string[] = [];
  readonly #world: World;
  readonly #told = new Map<string, string>();
  readonly #checkpoints: Checkpoint[] = [];
  #till: Till | undefined;
  /** The buyer has the code. */
  #isShown = false;

  constructor(world: World) {
    this.#world = world;
  }

  /** Everything once, each step again at once where `persists`; errors are looked at, and no more. */
  async attempt(persists: boolean): Promise<void> {
    if (!(await this.#starts(persists ? MOST_CALLS : 1))) return;
    for (const step of this.#steps) await this.#take(step, persists ? MOST_CALLS : 1);
  }

  /** The disk is in order again: what was told still stands, all is done now, once, and the trail is whole. */
  async recover(life: Life): Promise<void> {
    if (life === 'is killed') this.#crash();
    if (life !== 'goes on') this.#till = undefined;
    if (!(await this.#starts(1))) {
      this.#wrong('no process starts on the disk in order');
      return;
    }
    const till = this.#till as Till;
    await this.#compare(till);
    for (const step of this.#steps) {
      if (!(await this.#take(step, MOST_CALLS))) this.#wrong(`${step.name}: not done on the disk in order`);
    }
    await this.#compare(till);
    this.#hold();
    const given = this.#checkpoints.map((checkpoint, i) => ({ source: `${i}`, checkpoint }));
    const { intact, ...verdict } = await verifyAudit(till.ledger, given);
    if (!intact) this.#wrong(`the trail: ${JSON.stringify(verdict)}`);
  }

  get till(): Till {
    return this.#till as Till;
  }

  readonly #steps: readonly Step[] = [
    this.#creating({ outTradeNo: 'ORDER_1' }),
    {
      name: 'notify',
      done: /applied|repeated/,
      call: async (till) => {
        const { bank } = this.#world;
        // Whose code nobody was given, nobody pays.
        if (!this.#isShown) return 'nothing to pay';
        bank.pay('ORDER_1');
        const [provider] = till.providers.values();
        return provider ? applyNotify(till, provider, bank.notification('ORDER_1')) : 'no provider';
      },
    },
    {
      name: 'query',
      done: /PAID/,
      call: async (till) =>
        (await queryPayment(till, CALL, { outTradeNo: 'ORDER_1', waitSeconds: 0 })).order.state,
    },
    {
      name: 'refund',
      done: /SUCCESS/,
      call: async (till) => (await refundPayment(till, CALL, refund(FREE))).refund.state,
    },
    {
      name: 'ask',
      done: /PENDING_APPROVAL|SUCCESS/,
      call: async (till) => (await refundPayment(till, CALL, refund(ASKED))).refund.state,
    },
    {
      name: 'approve',
      done: /approved/,
      call: async (till) => {
        const asked = await till.ledger.read((book) => book.approvals.of(ASKED));
        const open = asked.find(({ state }) => state === 'pending');
        return open ? (await decide(till, open.id)).state : approvalOf(asked);
      },
    },
    {
      name: 'refund as approved',
      done: /SUCCESS/,
      call: async (till) => (await refundPayment(till, CALL, refund(ASKED))).refund.state,
    },
    this.#creating({ outTradeNo: 'ORDER_2', title: 'another' }),
    {
      name: 'close',
      done: /CLOSED/,
      call: async (till) => (await closePayment(till, CALL, { outTradeNo: 'ORDER_2' })).order.state,
    },
    this.#creating(BUYERS),
    {
      name: 'accept a policy',
      done: /in force/,
      call: async (till) => {
        const operator = await person(till);
        await till.ledger.write((book) => acceptPolicy(book, operator, NEXT_POLICY));
        return 'in force';
      },
    },
    {
      name: 'checkpoint',
      done: /signed/,
      call: async (till) => {
        await till.ledger.write((book) => ensureKey(book, till.randomBytes));
        const made = await till.ledger.inspect((tx) => makeCheckpoint(tx, till.clock.now()));
        if (made) this.#checkpoints.push(made);
        return made ? 'signed' : 'no end';
      },
    },
  ];

  #creating(order: Parameters<typeof payment>[0]): Step {
    const name = `create ${order?.outTradeNo ?? order?.title}`;
    return {
      name,
      done: /NOTPAY|PAID|CLOSED/,
      call: async (till) => (await createPayment(till, CALL, payment(order))).order.state,
    };
  }

  async #starts(times: number): Promise<boolean> {
    for (let i = 0; i < times && !this.#till; i++) {
      try {
        this.#till = await this.#world.process(POLICY);
      } catch (error) {
        this.#judge('start', error);
      }
    }
    return this.#till !== undefined;
  }

  /** Whether it came to its end. */
  async #take({ name, call, done }: Step, times: number): Promise<boolean> {
    for (let i = 0; i < times; i++) {
      const deeds = this.#deeds;
      try {
        const told = await call(this.till);
        this.#told.set(name, told);
        this.#isShown ||= name === 'create ORDER_1' && /NOTPAY|PAID/.test(told);
        if (done.test(told)) return true;
      } catch (error) {
        this.#judge(name, error, this.#deeds - deeds);
      }
      this.#world.clock.advance(BETWEEN_CALLS_MS);
    }
    return false;
  }

  /** @param deeds how much was sent meanwhile that moves something */
  #judge(step: string, error: unknown, deeds = 0): void {
    if (!(error instanceof CashierError)) {
      this.#wrong(`${step}: ${error instanceof Error ? error.stack : error}`);
      return;
    }
    const { code, text, next } = error;
    if (next.zh === '' || next.en === '') this.#wrong(`${step}: ${code} without a next step`);
    if (deeds > 0 && NOTHING_SENT.test(`${text.zh} ${text.en}`))
      this.#wrong(`${step}: sent, and told ${text.en}`);
  }

  get #deeds(): number {
    const { calls } = this.#world.bank;
    return calls.filter(({ operation }) => /^(create|close|refund)$/.test(operation)).length;
  }

  /** As SIGKILL leaves it: what was written is there, and nobody has tidied up. */
  #crash(): void {
    const { ledgerPath } = this.#world;
    for (const end of ['', '-wal', '-journal']) {
      const file = `${ledgerPath}${end}`;
      if (!existsSync(file)) continue;
      copyFileSync(file, `${file}.left`);
      // The dead one's connection keeps the old file.
      renameSync(`${file}.left`, file);
    }
    rmSync(`${ledgerPath}-shm`, { force: true });
  }

  /** What was told is known, and what the bank has, too. */
  async #compare(till: Till): Promise<void> {
    const known = await till.ledger.read((book) => this.#read(book));
    for (const [name, told] of this.#told) {
      const state = known.states.get(name);
      if (state !== undefined && !isAfter(told, state)) this.#wrong(`${name}: told ${told}, known ${state}`);
    }
    const { trades } = this.#world.bank;
    for (const [outTradeNo, { refunds }] of trades) {
      if (!known.orders.has(outTradeNo)) this.#wrong(`an orphan at the bank: ${outTradeNo}`);
      for (const number of refunds.keys()) {
        if (!known.refunds.has(number)) this.#wrong(`a refund that nobody knows: ${number}`);
      }
    }
  }

  async #read(book: Book) {
    const orders = new Map<string, string>();
    for (const outTradeNo of this.#world.bank.trades.keys()) {
      const order = await book.orders.get(outTradeNo);
      if (order) orders.set(outTradeNo, order.state);
    }
    const refunds = new Map<string, string>();
    for (const { outTradeNo, outRefundNo } of [FREE, ASKED]) {
      const known = await book.refunds.get(outTradeNo, outRefundNo);
      if (known) refunds.set(outRefundNo, known.state);
    }
    const approvals = await book.approvals.of(ASKED);
    const states = new Map<string, string>([
      ['create ORDER_1', (await book.orders.get('ORDER_1'))?.state ?? 'none'],
      ['notify', orders.get('ORDER_1') === 'PAID' ? 'applied' : 'lost'],
      ['query', orders.get('ORDER_1') ?? 'none'],
      ['refund', refunds.get('R1') ?? 'none'],
      ['ask', refunds.get('R2') ?? 'none'],
      ['approve', approvalOf(approvals)],
      ['refund as approved', refunds.get('R2') ?? 'none'],
      ['close', (await book.orders.get('ORDER_2'))?.state ?? 'none'],
      ['accept a policy', (await isInForce(book, NEXT_POLICY)) ? 'in force' : 'not in force'],
    ]);
    return { orders, refunds, states };
  }

  /** What is true at the bank in the end. */
  #hold(): void {
    const { bank } = this.#world;
    const titles = [...bank.trades.values()].map(({ plan }) => (JSON.parse(plan) as { title: string }).title);
    if (titles.length !== 3) this.#wrong(`${titles.length} trades at the bank: ${titles}`);
    if (bank.refundedFen('ORDER_1') !== 700)
      this.#wrong(`${bank.refundedFen('ORDER_1')} fen were given back`);
    if (bank.trades.get('ORDER_2')?.state !== 'CLOSED') this.#wrong('ORDER_2 is not closed at the bank');
  }

  #wrong(what: string): void {
    this.wrongs.push(what);
  }
}

/** In which order the states of a thing can be told; one that was told is never taken back. */
const ORDER = [
  ...['none', 'lost', 'pending', 'not in force', 'UNKNOWN', 'NOTPAY', 'PENDING_APPROVAL', 'PROCESSING'],
  ...['repeated', 'applied', 'approved', 'in force', 'CLOSED', 'PAID', 'SUCCESS'],
];
function isAfter(told: string, known: string): boolean {
  return told === known || ORDER.indexOf(known) > ORDER.indexOf(told);
}

/** What became of all that a person was asked. */
function approvalOf(asked: readonly { readonly state: string }[]): string {
  return asked.some(({ state }) => /approved|used/.test(state)) ? 'approved' : 'pending';
}

export function folderOf(world: World): string {
  return dirname(world.ledgerPath);
}
