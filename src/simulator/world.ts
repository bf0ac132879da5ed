import type { Clock, RandomBytes } from '../domain/clock.ts';
import type { Incoming, Outgoing } from './http.ts';
import { type Agreement, AgreementBook } from './state/agreements.ts';
import { BillFileBook } from './state/bill-files.ts';
import { CodeBook, type IssuedCode } from './state/codes.ts';
import type { SimulatorDatabase } from './state/database.ts';
import { type Delivery, DeliveryBook } from './state/deliveries.ts';
import type { Identity, KeyName, Numbers } from './state/identity.ts';
import { InboxBook } from './state/inbox.ts';
import { PaymentCodeBook } from './state/payment-codes.ts';
import { RequestLog } from './state/request-log.ts';
import { type Trade, TradeBook } from './state/trades.ts';
import { Steering } from './steering.ts';

interface Words {
  readonly zh: string;
  readonly en: string;
}

/** A notification ready to be posted. */
export interface Message {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Whether an answer acknowledges it. */
  accepts(status: number, body: string): boolean;
}

/** What a seller asks an agent for. */
export interface Challenge {
  /** Of its 402, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly cashierUrl?: string | undefined;
  readonly outTradeNo?: string | undefined;
}

/** A wallet with which an agent pays by itself. */
export interface AgentWallet {
  /** Tells by which headers it can be shown that it is paid. Throws NotBought. */
  pay(
    challenge: Challenge,
    who: { readonly origin: string; readonly buyer: string; readonly clock: Clock },
  ): Promise<Readonly<Record<string, string>>>;
}

/** Of a wallet by which merchants take money without the buyer, where the buyer has once agreed to it. */
export interface FakeAgreements {
  /** The buyer's phone opens what it was shown; undefined: it is no agreement of this wallet's. */
  open(world: World, shown: string): Promise<Agreement> | undefined;
  /** What a buyer does with one; answers it as it is afterwards. Call inside a write. */
  act(world: World, agreement: Agreement, deed: AgreementDeed): Agreement;
  /** The path of its page. */
  pageOf(agreement: Agreement): string;
}
export const AGREEMENT_DEEDS = ['sign', 'decline', 'stop'] as const;
export type AgreementDeed = (typeof AGREEMENT_DEEDS)[number];

/** A wallet's gateway, and its app on the payer's phone. */
export interface FakeWallet {
  /** As the server calls the wallet. */
  readonly id: string;
  readonly name: Words;
  /** What a page of its app looks like: a character for its logo, the CSS colour behind it, and the tone of its tags. */
  readonly mark: string;
  readonly accent: string;
  readonly tone: 'blue' | 'green' | 'amber';
  /** What it calls its number of a payment. */
  readonly tradeNoWord: string;
  /** What is made once for a folder: numbers of its merchant, and names of RSA pairs. */
  readonly numbers: (randomBytes: RandomBytes) => Partial<Numbers>;
  readonly keys: readonly KeyName[];
  /** The environment of a merchant of it, in its usual mode and in certificate mode. */
  env(identity: Identity, origin: string): Readonly<Record<string, string>>;
  certificateEnv?(identity: Identity, origin: string): Readonly<Record<string, string>>;
  /** The same of a platform, once for each of the sellers in whose name it orders. */
  platformEnvs?(identity: Identity, origin: string): readonly Readonly<Record<string, string>>[];
  readonly routes: readonly {
    readonly method: 'GET' | 'POST' | 'ALL';
    readonly path: string;
    readonly handle: (world: World, incoming: Incoming) => Promise<Outgoing> | Outgoing;
  }[];
  message(world: World, delivery: Delivery): Message;
  /** The payer's phone opens what it was shown; undefined: it is nothing of this wallet's. `late`: also what is over. */
  open(world: World, shown: string, late: boolean): Promise<Trade> | undefined;
  /** The same of a code that {@link World.codes} knows. */
  openCode(world: World, issued: IssuedCode, late: boolean): Promise<Trade>;
  /** What a payer is told of an error of its own; undefined for any other. */
  whyNot(error: unknown): Words | undefined;
  /** Where the payer goes back to after paying. */
  returnAddress(world: World, trade: Trade): string | undefined;
  readonly agent?: AgentWallet;
  newTradeNo(world: World): string;
  /** What happens as soon as an order is paid, beside its notification. Call inside a write. */
  paid?(world: World, trade: Trade): void;
  /** What a payer agrees to with the payment, as lines of the cashier's page. */
  agreesTo?(trade: Trade): readonly (readonly [zh: string, en: string, value: string])[];
  readonly agreements?: FakeAgreements;
  /** Whether its bill has a refund once the money is back, and not as soon as it is taken in. */
  readonly booksRefundsWhenDone: boolean;
}

/** Everything the gateways, the payer and the control API share. */
export interface World {
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly identity: Identity;
  readonly fakes: readonly FakeWallet[];
  /** For one exchange with a merchant in certificate mode. */
  readonly signsWith?: 'certificate';
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** Where calls are carried out, each all or not at all. */
  readonly database: Pick<SimulatorDatabase, 'read' | 'write'>;
  readonly trades: TradeBook;
  readonly codes: CodeBook;
  readonly agreements: AgreementBook;
  readonly paymentCodes: PaymentCodeBook;
  readonly billFiles: BillFileBook;
  readonly deliveries: DeliveryBook;
  /** What the merchant was told. */
  readonly inbox: InboxBook;
  readonly requests: RequestLog;
  readonly steering: Steering;
}

export function createWorld(
  ports: { readonly clock: Clock; readonly randomBytes: RandomBytes },
  database: SimulatorDatabase,
  identity: Identity,
  origin: string,
  fakes: readonly FakeWallet[],
): World {
  return {
    clock: ports.clock,
    randomBytes: ports.randomBytes,
    identity,
    fakes,
    origin,
    database,
    trades: new TradeBook(database),
    codes: new CodeBook(database),
    agreements: new AgreementBook(database),
    paymentCodes: new PaymentCodeBook(database),
    billFiles: new BillFileBook(database),
    deliveries: new DeliveryBook(database),
    inbox: new InboxBook(database),
    requests: new RequestLog(database),
    steering: new Steering(database),
  };
}

/** The world with its books opened where the numbers of others are. */
export function inSpace(world: World, space: string | undefined): World {
  const { trades, codes, agreements } = world;
  return { ...world, trades: trades.of(space), codes: codes.of(space), agreements: agreements.of(space) };
}

/** The gateway of a wallet. */
export function fakeOf({ fakes }: World, id: string): FakeWallet {
  const fake = fakes.find((one) => one.id === id);
  if (!fake) throw new Error(`no gateway plays ${id}`);
  return fake;
}
