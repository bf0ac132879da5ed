import {
  type McpRequestContext,
  type Resource,
  ResourceNotFoundError,
  type Server,
  type ServerContext,
  type ServerEvent,
  type ServerEventBus,
} from '@modelcontextprotocol/server';
import { CashierError, type Text } from '../domain/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { OfferRecord, OrderRecord } from '../ledger/records.ts';
import { MOST_OF_SESSION } from '../ledger/session-book.ts';
import { readCursor, writeCursor } from '../payments/list-payments.ts';
import { ownOfferIn } from '../payments/offers.ts';
import { ownOrderIn, paymentResult } from '../payments/results.ts';
import type { Call } from '../payments/till.ts';
import type { ServedResources } from '../protocol/offer.ts';
import { invalidCursor, methodNotFound, tooManySubscriptions } from '../protocol/refusals.ts';
import type { Language } from '../tools/answer.ts';
import type { Presenter } from '../tools/present.ts';
import { uriOf } from './order-news.ts';

const URI = /^payment:\/\/orders\/([A-Za-z0-9_]{1,64})$/;
/** Orders on a page. */
const PAGE = 50;
const MIME_TYPE = 'application/json';

const WORDS: Readonly<Record<'title' | 'description', Text>> = {
  title: { zh: '订单', en: 'Order' },
  description: {
    zh: '一笔订单的状态、退款与经过（来自账本）；订阅后状态变化时会通知',
    en: 'State, refunds and history of an order, from the ledger; subscribe to hear of changes',
  },
};

export interface OrderResourceDeps {
  readonly ledger: Ledger;
  readonly present: Presenter;
  readonly language: Language;
  readonly call: Pick<Call, 'caller' | 'ownOrdersOnly' | 'scopes'>;
}

/**
 * `payment://orders/{outTradeNo}`: list, read, and subscribe in both eras. An order of another caller does not exist.
 * A change is told after it is committed, whichever process committed it.
 */
export class OrderResources implements ServedResources {
  readonly templates: ServedResources['templates'];
  readonly #deps: OrderResourceDeps;
  readonly #subscribed = new Set<string>();
  /** Whether the list was asked for since it last changed: who never looks is not told. */
  #listed = false;
  /** Begins to hear, for who has asked for something to hear of. */
  #hear: (() => void) | undefined;

  constructor(deps: OrderResourceDeps) {
    this.#deps = deps;
    this.templates = [
      {
        name: 'order',
        uriTemplate: 'payment://orders/{outTradeNo}',
        title: WORDS.title[deps.language],
        description: WORDS.description[deps.language],
        mimeType: MIME_TYPE,
      },
    ];
  }

  /** Newest first. */
  async list(cursor: string | undefined): Promise<{ resources: Resource[]; nextCursor?: string }> {
    const { ledger, call, language } = this.#deps;
    // Many clients look at once, and take a refusal for the end of everything.
    if (call.scopes?.has('cashier:read') === false) return { resources: [] };
    const filter = {
      ...(call.ownOrdersOnly ? { caller: call.caller } : {}),
      ...(cursor === undefined ? {} : { after: readPage(cursor) }),
    };
    const found = await ledger.read((book) => book.orders.list(filter, PAGE + 1));
    const page = found.slice(0, PAGE);
    const last = page.at(-1);
    this.#listed = true;
    this.#hear?.();
    return {
      resources: page.map(({ outTradeNo }) => ({
        uri: uriOf(outTradeNo),
        name: outTradeNo,
        title: WORDS.title[language],
        description: WORDS.description[language],
        mimeType: MIME_TYPE,
      })),
      ...(found.length > page.length && last
        ? { nextCursor: writeCursor(last.createdAt, last.outTradeNo) }
        : {}),
    };
  }

  /** The Payment as the tools tell it, with its refunds and what has happened to it. */
  async read(uri: string) {
    const { ledger, call, present } = this.#deps;
    const known = await this.orderOf(uri);
    if (!('state' in known)) {
      const { structured } = await present.payment({ offer: known, replayed: false });
      return {
        contents: [{ uri, mimeType: MIME_TYPE, text: JSON.stringify({ ...structured, refunds: [] }) }],
      };
    }
    const { outTradeNo } = known;
    const { result, refunds, events } = await ledger.read(async (book) => ({
      result: await paymentResult(book, call, await ownOrderIn(book, call, outTradeNo)),
      refunds: await book.refunds.ofOrder(outTradeNo),
      events: await book.audit.deeds(outTradeNo),
    }));
    const text = JSON.stringify(await present.story(result, refunds, events));
    return { contents: [{ uri, mimeType: MIME_TYPE, text }] };
  }

  readonly subscribe = async (uri: string): Promise<void> => {
    await this.orderOf(uri);
    this.#subscribed.add(uri);
    this.#hear?.();
  };

  unsubscribe(uri: string): void {
    this.#subscribed.delete(uri);
  }

  /** Passes on what the bus says to a connection that lasts, until that ends: of 2025 what was asked for, else everything. */
  tellOn(server: Server, era: McpRequestContext['era'], bus: ServerEventBus): void {
    let leave = () => {};
    const send = (sent: Promise<void>) => void sent.catch(() => leave());
    const heard = (event: ServerEvent) => {
      // In the 2026 era the connection itself keeps the subscriptions and passes on what somebody listens for.
      if (event.kind === 'resource_updated') {
        const { uri } = event;
        if (era === 'modern' || this.#subscribed.has(uri)) send(server.sendResourceUpdated({ uri }));
      } else if (era === 'modern' || this.#listed) {
        this.#listed = false;
        send(server.sendResourceListChanged());
      }
    };
    this.#hear = () => {
      this.#hear = undefined;
      leave = bus.subscribe(heard);
    };
    if (era === 'modern') this.#hear();
    const closed = server.onclose;
    server.onclose = () => {
      this.#hear = undefined;
      leave();
      closed?.();
    };
  }

  /** The order of a URI, or what is to become one, if the caller may know it. Throws ResourceNotFoundError. */
  async orderOf(uri: string): Promise<OrderRecord | OfferRecord> {
    const { ledger, call } = this.#deps;
    const outTradeNo = URI.exec(uri)?.[1];
    if (outTradeNo === undefined) throw new ResourceNotFoundError(uri);
    try {
      return await ledger.read(
        async (book) =>
          (await ownOfferIn(book, call, outTradeNo)) ?? (await ownOrderIn(book, call, outTradeNo)),
      );
    } catch (error) {
      throw error instanceof CashierError ? new ResourceNotFoundError(uri) : error;
    }
  }
}

/**
 * For 2025 sessions over HTTP, of which every request may reach another process: what they want to hear of stands in the
 * ledger.
 */
export function inSessions(orders: OrderResources, { ledger, call }: OrderResourceDeps): ServedResources {
  return {
    templates: orders.templates,
    read: (uri) => orders.read(uri),
    async list(cursor, ctx) {
      const page = await orders.list(cursor);
      const session = sessionIn(ctx);
      if (session !== undefined && !(await ledger.read((book) => book.sessions.awaitsList(session)))) {
        await ledger.note((book) => book.sessions.awaitList(session, call.caller));
      }
      return page;
    },
    async subscribe(uri, ctx) {
      const session = insistSession(ctx);
      const { outTradeNo } = await orders.orderOf(uri);
      const done = await ledger.note((book) => book.sessions.subscribe(session, call.caller, outTradeNo));
      if (done === 'full') throw tooManySubscriptions(MOST_OF_SESSION);
    },
    async unsubscribe(uri, ctx) {
      const session = insistSession(ctx);
      const outTradeNo = URI.exec(uri)?.[1];
      if (outTradeNo !== undefined) {
        await ledger.note((book) => book.sessions.unsubscribe(session, outTradeNo));
      }
    },
  };
}

function sessionIn({ http }: ServerContext): string | undefined {
  const session = http?.authInfo?.extra?.session;
  return typeof session === 'string' ? session : undefined;
}

/** Without one there is no way back. */
function insistSession(ctx: ServerContext): string {
  const session = sessionIn(ctx);
  if (session === undefined) throw methodNotFound();
  return session;
}

/** For a connection on which nothing can be told. */
export function withoutSubscriptions(orders: OrderResources): ServedResources {
  return {
    templates: orders.templates,
    list: (cursor) => orders.list(cursor),
    read: (uri) => orders.read(uri),
  };
}

function readPage(cursor: string) {
  try {
    return readCursor(cursor);
  } catch {
    throw invalidCursor();
  }
}
