import {
  type McpRequestContext,
  type McpServer,
  ResourceNotFoundError,
  ResourceTemplate,
} from '@modelcontextprotocol/server';
import type { Clock } from '../domain/clock.ts';
import { CashierError, type Text } from '../domain/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Call } from '../payments/cashier.ts';
import { ownOrderIn, paymentResult, withOwnApproval } from '../payments/results.ts';
import type { Language } from '../tools/answer.ts';
import type { Presenter } from '../tools/present.ts';
import { watchOrders } from './watch.ts';

const URI = /^payment:\/\/orders\/([A-Za-z0-9_]{1,64})$/;
/** How many of the newest orders a client may pick from. */
const LISTED = 50;

const WORDS: Readonly<Record<'title' | 'description', Text>> = {
  title: { zh: '订单', en: 'Order' },
  description: {
    zh: '一笔订单的状态、退款与经过（来自账本）；订阅后状态变化时会通知',
    en: 'State, refunds and history of an order, from the ledger; subscribe to hear of changes',
  },
};

export interface OrderResourceDeps {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly present: Presenter;
  readonly language: Language;
  readonly call: Pick<Call, 'caller' | 'ownOrdersOnly'>;
  /** Whether this server's connection lasts, so that updates can be sent on it. */
  readonly pushes: boolean;
}

/**
 * `payment://orders/{outTradeNo}`: list, read, and subscribe in both eras. An order of another caller does not exist.
 * The server tells of a change after it is committed, whichever process committed it.
 */
export function registerOrderResources(
  server: McpServer,
  deps: OrderResourceDeps,
  era: McpRequestContext['era'],
): void {
  const { ledger, call, language } = deps;
  server.registerResource(
    'order',
    new ResourceTemplate('payment://orders/{outTradeNo}', {
      list: async () => {
        const filter = call.ownOrdersOnly ? { caller: call.caller } : {};
        const orders = await ledger.read((book) => book.orders(filter, LISTED));
        return {
          resources: orders.map(({ outTradeNo }) => ({
            uri: `payment://orders/${outTradeNo}`,
            name: outTradeNo,
            mimeType: 'application/json',
          })),
        };
      },
    }),
    { title: WORDS.title[language], description: WORDS.description[language], mimeType: 'application/json' },
    async (uri) => ({
      contents: [{ uri: uri.href, mimeType: 'application/json', text: await readOrder(deps, uri.href) }],
    }),
  );

  if (!deps.pushes) return;
  const subscribed = new Set<string>();
  const watch = new AbortController();
  let watching = false;
  const tell = (outTradeNo: string) => {
    const uri = `payment://orders/${outTradeNo}`;
    // In the 2026 era the connection itself keeps the subscriptions and passes on what somebody listens for.
    if (era === 'legacy' && !subscribed.has(uri)) return;
    void server.server.sendResourceUpdated({ uri }).catch(() => watch.abort());
  };
  if (era === 'legacy') {
    server.server.setRequestHandler('resources/subscribe', async ({ params }) => {
      await numberOf(deps, params.uri);
      if (!watching) void watchOrders(deps, watch.signal, tell);
      watching = true;
      subscribed.add(params.uri);
      return {};
    });
    server.server.setRequestHandler('resources/unsubscribe', async ({ params }) => {
      subscribed.delete(params.uri);
      return {};
    });
  } else {
    void watchOrders(deps, watch.signal, tell);
  }
  const closed = server.server.onclose;
  server.server.onclose = () => {
    watch.abort();
    closed?.();
  };
}

/** The Payment as the tools tell it, with its refunds and what has happened to it. Throws ResourceNotFoundError. */
async function readOrder(deps: OrderResourceDeps, uri: string): Promise<string> {
  const outTradeNo = await numberOf(deps, uri);
  const { result, refunds, events } = await deps.ledger.read(async (book) => ({
    result: await paymentResult(book, await ownOrderIn(book, deps.call, outTradeNo), false),
    refunds: await book.refunds(outTradeNo),
    events: await book.events(outTradeNo),
  }));
  const told = await withOwnApproval(deps.ledger, deps.call, result);
  return JSON.stringify(await deps.present.story(told, refunds, events));
}

/** The number in an order's URI, if the caller may know the order. */
async function numberOf({ ledger, call }: OrderResourceDeps, uri: string): Promise<string> {
  const outTradeNo = URI.exec(uri)?.[1];
  if (outTradeNo === undefined) throw new ResourceNotFoundError(uri);
  try {
    return (await ledger.read((book) => ownOrderIn(book, call, outTradeNo))).outTradeNo;
  } catch (error) {
    throw error instanceof CashierError ? new ResourceNotFoundError(uri) : error;
  }
}
