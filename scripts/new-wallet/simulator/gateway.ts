import { type Carried, carryOut, spoilt } from '../exchange.ts';
import type { Incoming, Outgoing } from '../http.ts';
import type { AnswerFault, Operation } from '../scenarios.ts';
import type { Steered } from '../steering.ts';
import type { World } from '../world.ts';
import { toDo } from './to-do.ts';

type Fields = Readonly<Record<string, unknown>>;

/** An authentic call, with the texts in which scenarios may be written. */
interface Ask {
  readonly operation: Operation;
  readonly outTradeNo: string;
  readonly outRefundNo?: string;
  readonly title?: string;
  readonly reason?: string;
  readonly fields: Fields;
}

/** One signed call, one signed answer. */
export async function newpayGateway(world: World, incoming: Incoming): Promise<Outgoing> {
  const ask = authenticate(world, incoming);
  const { result = {}, fault } = await world.database.write(() => answerTo(world, ask, incoming.body));
  return spoilt(world, fault, (kind) => inWords(world, result, kind));
}

function authenticate(_world: World, _incoming: Incoming): Ask {
  return toDo(
    'To do 2: which call this is, by signature, merchant and time; strangers get what the documents say',
  );
}

function answerTo(world: World, ask: Ask, bytes: Buffer): Carried<Fields> {
  return carryOut(world, { provider: 'newpay', ...ask }, bytes, (steered) => {
    const handle = CALLS[ask.operation];
    if (!handle) throw new Error(`no call of Newpay's: ${ask.operation}`);
    return handle(world, ask, steered);
  });
}

/** What each call does to the books. A refusal is an answer, too. */
const CALLS: Readonly<Partial<Record<Operation, (world: World, ask: Ask, steered: Steered) => Fields>>> = {
  create: () =>
    toDo(
      'To do 3: take an order: the same again is the same, another with its number refused; world.codes.issue',
    ),
  query: () => toDo('To do 4: how an order stands; steered: unknown-word, wrong-amount, wrong-account'),
  close: () => toDo('To do 5: close what is unpaid; without such a call leave this out'),
  refund: () =>
    toDo('To do 6: refund once by number, never above what was paid; then query-refund beside it'),
  bill: () => toDo('To do 7: the bill of a day in its own form, out of billLines'),
};

function inWords(_world: World, _told: Fields, _fault: AnswerFault | undefined): Outgoing {
  return toDo(
    'To do 8: the signed answer, and how it looks with each fault: forged, unsigned, refusals, rate limit',
  );
}
