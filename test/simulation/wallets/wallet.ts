import { createHash } from 'node:crypto';
import type { ProviderId } from '../../../src/domain/order.ts';
import type { PaymentProvider } from '../../../src/providers/contract.ts';
import type { GatewayRequest, GatewayResponse } from '../../../src/providers/gateway-http.ts';
import type { ProviderPorts } from '../../../src/providers/wallet.ts';
import type { Incoming, Outgoing } from '../../../src/simulator/http.ts';
import type { Trade } from '../../../src/simulator/state/trades.ts';
import type { World } from '../../../src/simulator/world.ts';
import type { Fault, Operation, Wish } from '../plan.ts';

/** One exchange, as far as it can be read off the request. */
export interface Subject {
  readonly operation: Operation | 'other';
  readonly outTradeNo: string;
  /** The gateway's own number of it. */
  readonly tradeNo?: string;
  readonly outRefundNo?: string;
  readonly amountFen?: number;
  readonly digest: string;
}

/** What the simulated world knows of a wallet, beside its provider and its fake. */
export interface PlayedWallet {
  readonly id: ProviderId;
  /** The ways in which it is sold with, each as often as it is to come up. */
  readonly scenes: readonly Wish['scene'][];
  /** Titles that its gateway heeds. */
  readonly titles?: readonly string[];
  /** What goes wrong there alone. */
  readonly troubles?: readonly Pick<Fault, 'on' | 'what'>[];
  /** What its gateway is asked for. */
  readonly operations: readonly Operation[];
  /** What a merchant sets beside, or instead of, what its fake says; undefined: it is not set. */
  readonly settings?: Readonly<Record<string, string | undefined>>;
  /** A merchant's keys are read once; each process makes a provider of its own. */
  configured(
    env: Readonly<Record<string, string | undefined>>,
    now: number,
  ): ((ports: ProviderPorts) => PaymentProvider) | undefined;
  /** What a request is about; undefined where it goes to another gateway. */
  subjectOf(request: GatewayRequest): Subject | undefined;
  answer(world: World, incoming: Incoming): Promise<Outgoing>;
  /** The gateway's code, or `ok`; and whether the answer is signed at all. */
  saidIn(answer: GatewayResponse): { readonly said: string; readonly proven: boolean };
  /** As which its gateway takes a number that a client has in mind. */
  numberOf?(name: string): string;
  /** What another system's order has of its own. */
  foreign?(world: World): Partial<Trade>;
  /** Once a code is given out, only the sum tells another system's order from ours. */
  readonly isMistakable?: true;
  /** Once a code is given out, nobody else can have its number. */
  readonly isTakenByCode?: true;
  /** We are told of what the back office refunds. */
  readonly tellsRefundsElsewhere?: true;
}

/** Of the business bytes of a request. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** The members of a JSON text; undefined where it is none. */
export function membersOf({ body }: GatewayResponse): Readonly<Record<string, unknown>> | undefined {
  const text = body.toString('utf8');
  if (text === '') return {};
  return text.startsWith('{') ? JSON.parse(text) : undefined;
}
