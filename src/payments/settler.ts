import { setMaxListeners } from 'node:events';
import { CashierError, type ErrorCode } from '../domain/errors.ts';
import type { Notes } from '../ledger/ledger.ts';
import type { OrderRecord, RefundRecord } from '../ledger/records.ts';
import type { PaymentProvider } from '../providers/contract.ts';
import { accountsOf } from './accounts.ts';
import { askTrade } from './ask-gateway.ts';
import { finishClosing } from './close-payment.ts';
import { noteDoubt } from './doubt.ts';
import { isGatewayError } from './errors.ts';
import { isPaceAhead, roomForBackground, takePlaces } from './pace.ts';
import { settleRefund } from './refund-payment.ts';
import { nextOrderAsk, nextRefundAsk } from './schedule.ts';
import { isBeingSent } from './sending.ts';
import type { Till } from './till.ts';

/** How long (ms) from one round to the next while there is work, and the settler's rest when nothing is due. */
const ROUND_MS = 200;
const REST_MS = 1_000;
/** How many questions may be without an answer: a gateway that is silent is asked less. */
const MOST_UNDER_WAY = 60;
/** How far ahead (ms) anything is scheduled at most: what lies beyond was put there by a clock that was ahead. */
const HORIZON_MS = 70 * 60_000;
/** The same, where a clock certainly was: so far ahead (ms) lies what is open, and more than that is asked too early. */
const NEAR_HORIZON_MS = 70_000;

const OF_GATEWAYS: ReadonlySet<ErrorCode> = new Set([
  'GATEWAY_DECLINED',
  'GATEWAY_UNAVAILABLE',
  'OUTCOME_UNKNOWN',
]);

/** An order, or a refund of it, and its place (ms) in the pace. */
interface Due {
  readonly order: OrderRecord;
  readonly refund?: RefundRecord;
  readonly at: number;
}

/** What one process keeps in mind between two rounds. */
interface Rounds {
  readonly underWay: Set<Promise<void>>;
  /** By account: the caller whose order was asked about last, for the next to come first. */
  readonly served: Map<string, string>;
  /** By account, where a corrected clock may have left questions: beyond how far ahead (ms). */
  readonly misplaced: Map<string, number>;
  /** Orders of which it stands on record that they are long in doubt. */
  readonly doubted: Set<string>;
  count: number;
  /** When (ms) the last round was. */
  last: number;
}

/**
 * Asks the gateways about everything that is not final, at a pace that all processes share, until `signal` aborts.
 * What is due is booked in the ledger before it is asked, so that nobody asks twice; what a killed process had booked
 * comes round again by the schedule.
 * @param wentRound told of each round that could be gone
 */
export async function runSettler(
  opened: Till,
  signal: AbortSignal,
  wentRound: () => void = () => undefined,
): Promise<void> {
  const till = { ...opened, ledger: opened.ledger.as({ actor: 'settler' }) };
  const rounds: Rounds = {
    underWay: new Set(),
    served: new Map(),
    misplaced: new Map(),
    doubted: new Set(),
    count: 0,
    last: till.clock.now(),
  };
  // Every question of a round waits for its place under the same signal.
  setMaxListeners(0, signal);
  while (!signal.aborted) {
    const now = till.clock.now();
    const setBack = now < rounds.last - REST_MS;
    if (setBack) for (const account of rounds.served.keys()) rounds.misplaced.set(account, NEAR_HORIZON_MS);
    rounds.last = now;
    const { due, waiting, isWhole } = await bookRound(till, rounds).catch((error: unknown) => {
      till.log.error('settler', { error: String(error) });
      return { due: [], waiting: false, isWhole: false };
    });
    if (isWhole) wentRound();
    for (const item of due) {
      const asked = settleAt(till, item, rounds, signal).finally(() => rounds.underWay.delete(asked));
      rounds.underWay.add(asked);
    }
    await till.clock.sleep(waiting ? ROUND_MS : REST_MS, signal);
  }
  await Promise.all(rounds.underWay);
}

/** What is to be asked; `waiting` says that there may be more, `isWhole` that no account was left out. */
interface Round {
  readonly due: Due[];
  readonly waiting: boolean;
  readonly isWhole: boolean;
}

/** One transaction per account: take what is due, give each its place in the pace, say when it comes round again. */
async function bookRound(till: Till, rounds: Rounds): Promise<Round> {
  const due: Due[] = [];
  let [waiting, isWhole] = [false, true];
  for (const asked of await till.ledger.read((book) => allAsked(book, till))) {
    const { account } = asked;
    try {
      await putBack(till, account, rounds);
      const earliest = await till.ledger.read((book) => book.asking.earliest(account));
      if (earliest === undefined || earliest > till.clock.now()) continue;
      waiting = true;
      if (rounds.underWay.size >= MOST_UNDER_WAY) continue;
      due.push(...(await till.ledger.note((book) => bookAccount(till, book, asked, rounds))));
    } catch (error) {
      isWhole = false;
      till.log.error('settler', { account, error: String(error) });
    }
  }
  return { due, waiting, isWhole };
}

/** Every account of every provider. */
async function allAsked(book: Notes, { providers }: Till): Promise<Asked[]> {
  const found = [...providers.values()].map(async (provider) => {
    const { refundRules } = provider;
    return (await accountsOf(book, provider)).map((account) => ({ account, refundRules }));
  });
  return (await Promise.all(found)).flat();
}

/** What a clock that was ahead has scheduled is due now that it is corrected. */
async function putBack(till: Till, account: string, { misplaced, served }: Rounds): Promise<void> {
  const now = till.clock.now();
  if (!served.has(account)) {
    // A clock may have been corrected while nobody was here.
    served.set(account, '');
    misplaced.set(account, HORIZON_MS);
  }
  if (await till.ledger.read((book) => isPaceAhead(book, account, now))) {
    misplaced.set(account, NEAR_HORIZON_MS);
  }
  const horizon = misplaced.get(account);
  if (horizon === undefined) return;
  const more = await till.ledger.note((book) => book.asking.pull(account, now + horizon));
  if (!more) misplaced.delete(account);
}

/** An account of a provider: whose orders and refunds, and how often refunds are asked about. */
type Asked = Pick<PaymentProvider, 'account' | 'refundRules'>;

async function bookAccount(till: Till, book: Notes, asked: Asked, rounds: Rounds): Promise<Due[]> {
  const { account } = asked;
  const now = till.clock.now();
  const room = await roomForBackground(book, account, now);
  const due: Omit<Due, 'at'>[] = [];
  // Neither kind stands in the other's way, however much there is of it.
  const kinds = rounds.count++ % 2 === 0 ? [dueOrders, dueRefunds] : [dueRefunds, dueOrders];
  for (const kind of kinds) due.push(...(await kind(till, book, asked, room - due.length, rounds)));
  const places = await takePlaces(book, account, now, due.length);
  return due.map((item, i) => ({ ...item, at: places[i] ?? now }));
}

type DueOf = (
  till: Till,
  book: Notes,
  asked: Asked,
  room: number,
  rounds: Rounds,
) => Promise<Omit<Due, 'at'>[]>;

const dueOrders: DueOf = async (till, book, { account }, room, { served }) => {
  const now = till.clock.now();
  const { orders, last } = await book.asking.orders(account, room, served.get(account) ?? '');
  served.set(account, last);
  const due: OrderRecord[] = [];
  for (const order of orders) {
    if (await book.asking.schedule(order, nextOrderAsk(order, now, random(till)))) due.push(order);
  }
  return due.filter((order) => !isBeingSent(till, order)).map((order) => ({ order }));
};

const dueRefunds: DueOf = async (till, book, { account, refundRules }, room) => {
  const now = till.clock.now();
  const due: { order: OrderRecord; refund: RefundRecord }[] = [];
  for (const item of await book.asking.refunds(account, room)) {
    const askAt = nextRefundAsk(item.refund, refundRules.askAfterMs, now, random(till));
    if (await book.asking.schedule(item.refund, askAt)) due.push(item);
  }
  return due.filter(({ refund }) => !isBeingSent(till, refund));
};

/** 0 ≤ n < 1 */
function random({ randomBytes }: Till): number {
  return (randomBytes(1)[0] ?? 0) / 256;
}

/** What cannot be learned now is asked again by the schedule; a settler never gives up and never shouts. */
async function settleAt(till: Till, due: Due, { doubted }: Rounds, signal: AbortSignal): Promise<void> {
  await till.clock.sleep(Math.max(0, due.at - till.clock.now()), signal);
  if (signal.aborted) return;
  let { order } = due;
  try {
    if (due.refund) await settleRefund(till, order, due.refund);
    else {
      const asked = await askTrade(till, order, 'has-turn');
      order = asked.order;
      await finishClosing(till, asked);
    }
  } catch (error) {
    unsettled(till, due, error);
  }
  if (!due.refund) await noteDoubt(till, order, doubted).catch((error) => unsettled(till, due, error));
}

function unsettled({ log }: Till, { order: { outTradeNo } }: Due, error: unknown): void {
  const facts = { outTradeNo, error: error instanceof Error ? error.message : String(error) };
  // To a client what the gateway says, or does not, to a refund that is sent again would be an error of its call.
  const ofGateway = error instanceof CashierError && OF_GATEWAYS.has(error.code);
  if (isGatewayError(error) || ofGateway) log.info('settler: no answer', facts);
  else log.error('settler', facts);
}
