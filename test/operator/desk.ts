import { Hono } from 'hono';
import type { Deeds } from '../../src/console/order-routes.ts';
import { consoleRoutes } from '../../src/console/routes.ts';
import { fen } from '../../src/domain/money.ts';
import type { Realm } from '../../src/domain/order.ts';
import type { ApprovalRecord } from '../../src/ledger/records.ts';
import { cookieName } from '../../src/operator/cookies.ts';
import { type OperatorOptions, operatorRoutes } from '../../src/operator/index.ts';
import { attempt } from '../../src/payments/attempt.ts';
import { closeByPerson } from '../../src/payments/close-by-person.ts';
import { compareDay } from '../../src/payments/compare-day.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import type { Call, Till } from '../../src/payments/till.ts';
import { addPerson, type Invitation } from '../../src/persons/people.ts';
import type { Person, Role } from '../../src/persons/person.ts';
import { setOperatorSecret } from '../../src/persons/secret.ts';
import { openSession, type Stay } from '../../src/persons/sessions.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { payment, person, refund, World } from '../support/world.ts';

export const SECRET = 'correct horse battery';
export const ORDER = 'ORDER_000001';
/** Payments above 500 yuan and every refund need a person. */
export const POLICY: Policy = {
  payments: { approveAboveFen: fen(50_000) },
  refunds: { approveAboveFen: fen(0) },
};
const CALL: Call = { caller: 'shop-agent', client: 'Cursor <b>9</b>' };

let desks = 0;

export interface Sent {
  readonly status: number;
  readonly location: string | null;
  /** The first that is set, and all of them. */
  readonly cookie: string | null;
  readonly cookies: readonly string[];
  readonly headers: Headers;
  readonly page: string;
}

type Fields = Readonly<Record<string, string>>;

/** A shop under one clock, its agent, and a person in front of the operator's pages. */
export class Desk {
  readonly world: World;
  readonly till: Till;
  readonly app: Hono;
  readonly options: OperatorOptions;
  readonly logged: string[] = [];
  readonly #operator: Person;
  #cookie: string | undefined;
  csrf = '';
  /** Where requests come from. */
  source = '203.0.113.1';

  private constructor(world: World, till: Till, operator: Person, more: Partial<OperatorOptions>) {
    this.world = world;
    this.till = till;
    this.#operator = operator;
    const note = (event: string, facts?: object) =>
      this.logged.push(`${event} ${JSON.stringify(facts ?? {})}`);
    this.options = {
      ledger: till.ledger,
      realm: 'simulator' satisfies Realm,
      clock: world.clock,
      randomBytes: till.randomBytes,
      log: { info: note, warn: note, error: note },
      ...more,
    };
    const routes = operatorRoutes(this.options);
    // As the listener does.
    this.app = new Hono<{ Variables: { source: string } }>()
      .use('*', async (c, next) => {
        c.set('source', this.source);
        await next();
      })
      .route('/', routes)
      .route('/', consoleRoutes(this.options, deedsOf(till))) as unknown as Hono;
  }

  static async open(
    options: { readonly secret?: boolean; readonly policy?: Policy } & Partial<OperatorOptions> = {},
  ): Promise<Desk> {
    const { secret = true, policy = POLICY, ...more } = options;
    const world = new World(++desks);
    const till = await world.process(policy);
    const operator = await person(till);
    if (secret) {
      const first = { newSecret: SECRET, oldSecret: undefined };
      await setOperatorSecret(till.ledger, first, till.randomBytes);
    }
    return new Desk(world, till, operator, more);
  }

  /** Another process of the shop, with pages of its own. */
  beside(ledger: Till['ledger']): Desk {
    return new Desk(this.world, { ...this.till, ledger }, this.#operator, {});
  }

  /** The holder of the secret lets somebody in. */
  invite(name = 'li', role: Role = 'decide'): Promise<Invitation> {
    const ports = { now: this.world.clock.now(), randomBytes: this.till.randomBytes };
    return addPerson(this.till.ledger, this.#operator, { name, role }, ports);
  }

  /** Signs in without the cost of a guess. */
  async signIn(): Promise<this> {
    return this.signInAs(this.#operator);
  }

  /** As {@link signIn}, somebody else. */
  async signInAs(person: Person, stay?: Stay): Promise<this> {
    const now = this.world.clock.now();
    const { ledger, randomBytes } = this.till;
    const session = await openSession(ledger, person, { now, randomBytes, stay });
    this.#cookie = `${await this.cookieName()}=${session.id}`;
    this.csrf = session.csrf;
    return this;
  }

  cookieName(): Promise<string> {
    return this.till.ledger.read(async (book) =>
      cookieName(await book.audit.ledgerId(), 'session', { secure: false }),
    );
  }

  get cookie(): string | undefined {
    return this.#cookie;
  }
  set cookie(cookie: string | undefined) {
    this.#cookie = cookie;
  }

  get(path = '', headers: Fields = {}): Promise<Sent> {
    return this.#send(path, { headers: this.#headers(headers) });
  }

  /** Sends a form as the pages do; `csrf` comes along unless another is given. */
  post(path: string, fields: Fields = {}, headers: Fields = {}): Promise<Sent> {
    const body = new URLSearchParams({ csrf: this.csrf, ...fields }).toString();
    return this.postRaw(path, body, headers);
  }

  postRaw(path: string, body: string | ReadableStream<Uint8Array>, headers: Fields = {}): Promise<Sent> {
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const init = { method: 'POST', body, headers: this.#headers({ ...type, ...headers }) };
    return this.#send(path, { ...init, duplex: 'half' });
  }

  request(path: string, init: RequestInit): Promise<Sent> {
    return this.#send(path, { ...init, headers: this.#headers({}) });
  }

  /** A payment that was paid: 88.00 yuan unless told otherwise. */
  async sold(outTradeNo = ORDER, input: Partial<Parameters<typeof payment>[0]> = {}): Promise<string> {
    await createPayment(this.till, CALL, payment({ outTradeNo, amountFen: fen(8_800), ...input }));
    this.world.bank.pay(outTradeNo);
    await queryPayment(this.till, CALL, { outTradeNo, waitSeconds: 0 });
    return outTradeNo;
  }

  /** The agent proposes a refund of 30.00 yuan; what a person has to decide. */
  async proposeRefund(
    input: Partial<Parameters<typeof refund>[0]> = {},
    call: Call = CALL,
  ): Promise<ApprovalRecord> {
    const wanted = refund({ outTradeNo: ORDER, refundFen: fen(3_000), outRefundNo: 'R1', ...input });
    const result = await attempt(
      this.till,
      call,
      { tool: 'refund-payment', args: wanted, meta: undefined },
      ({ till }) => refundPayment(till, call, wanted),
      ({ refund: { state } }) => ({ state }),
    );
    return asked(result.approval);
  }

  /** The agent proposes a payment of 800.00 yuan. */
  async proposePayment(input: Partial<Parameters<typeof payment>[0]> = {}): Promise<ApprovalRecord> {
    const wanted = payment({ outTradeNo: ORDER, amountFen: fen(80_000), ...input });
    const result = await attempt(
      this.till,
      CALL,
      { tool: 'create-payment', args: {}, meta: undefined },
      ({ till }) => createPayment(till, CALL, wanted),
      ({ order: { state } }) => ({ state }),
    );
    return asked(result.approval);
  }

  async approval(id: string): Promise<ApprovalRecord | undefined> {
    return this.till.ledger.read((book) => book.approvals.get(id));
  }

  /** How often something was recorded. */
  async recorded(kind: string): Promise<number> {
    const all = await this.till.ledger.read((book) => book.audit.after(0, 100_000));
    return all.filter((record) => record.kind === kind).length;
  }

  close(): Promise<void> {
    return this.world.end();
  }

  #headers(more: Fields): Record<string, string> {
    return { ...(this.#cookie === undefined ? {} : { cookie: this.#cookie }), ...more };
  }

  async #send(path: string, init: RequestInit & { duplex?: 'half' }): Promise<Sent> {
    const url = path.startsWith('http') ? path : `http://127.0.0.1:3920/approvals${path}`;
    const answer = await this.app.request(new Request(url, init));
    return {
      status: answer.status,
      location: answer.headers.get('location'),
      cookie: answer.headers.getSetCookie()[0] ?? null,
      cookies: answer.headers.getSetCookie(),
      headers: answer.headers,
      page: await answer.text(),
    };
  }
}

function deedsOf(till: Till): Deeds {
  return {
    close: (person, outTradeNo) => closeByPerson(till, person, outTradeNo),
    compare: (date) => compareDay(till, date),
  };
}

function asked(approval: ApprovalRecord | undefined): ApprovalRecord {
  if (!approval) throw new Error('nothing was asked');
  return approval;
}

/** What a person reads on a page: tags, style and script taken away, entities undone. */
export function readable(page: string): string {
  return page
    .replace(/<(style|script)>[\s\S]*?<\/\1>/g, '')
    .replace(/<\/?(span|bdi|b|small|q|code|a)\b[^>]*>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, '&')
    .replace(/\s+/g, ' ')
    .trim();
}
