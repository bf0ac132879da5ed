import type { Shows, UPSTREAM_TROUBLES, Way } from './call-plan.ts';
import type { FATES } from './receiver.ts';

/**
 * What happened in a history as the outside saw it: clients, persons, buyers, and the gateways' own books. Our tables
 * are no part of it.
 */
export type Happening =
  /** A client calls a tool at a process. */
  | {
      readonly kind: 'call';
      readonly id: number;
      readonly client: string;
      readonly process: number;
      readonly tool: string;
      readonly args: Readonly<Record<string, unknown>>;
      /** The wish of the plan that it is about. */
      readonly wish?: number | undefined;
    }
  | {
      readonly kind: 'answer';
      readonly id: number;
      readonly structured?: Readonly<Record<string, unknown>> | undefined;
      readonly error?: Readonly<Record<string, unknown>> | undefined;
    }
  /** Its process is gone, and nobody will be answered. */
  | { readonly kind: 'unanswered'; readonly id: number }
  /** A request has reached a gateway, or would have. */
  | {
      readonly kind: 'exchange';
      readonly process: number;
      readonly gateway: string;
      readonly operation: string;
      readonly outTradeNo: string;
      readonly outRefundNo?: string | undefined;
      /** Fen, where the request names a sum. */
      readonly amountFen?: number | undefined;
      readonly fault?: string | undefined;
      /** What the gateway did or said: its code, `ok`, or that it never heard of it. */
      readonly said: string;
      /** Whether that was signed by the gateway's own key. */
      readonly proven: boolean;
      /** Of the business bytes. */
      readonly digest: string;
      /** When it left its process, in ms since the history began. */
      readonly sentAt: number;
    }
  /** A gateway's book has changed. */
  | {
      readonly kind: 'book';
      readonly gateway: string;
      readonly what: 'made' | 'paid' | 'closed' | 'refund';
      readonly outTradeNo: string;
      readonly amountFen: number;
      readonly outRefundNo?: string | undefined;
      /** Done by somebody else than us. */
      readonly elsewhere?: true | undefined;
      readonly late?: true | undefined;
    }
  | {
      readonly kind: 'buyer';
      readonly what: 'pays' | 'opens' | 'refuses';
      readonly wish: number;
      readonly outTradeNo: string;
      readonly how: 'done' | 'cannot';
    }
  /** The buyer has clicked on a wallet. */
  | {
      readonly kind: 'choice';
      readonly wallet: string;
      readonly wish: number;
      readonly outTradeNo: string;
      /** What the page shows then: an order's wallet and state, or why there is none. */
      readonly shown: string;
      /** There is something to pay with. */
      readonly payable: boolean;
    }
  /** A client calls a tool that costs something, with `of` as its argument, and shows what was paid for a bill, or its number. */
  | {
      readonly kind: 'ask';
      readonly id: number;
      readonly process: number;
      readonly sale: number;
      readonly of: string;
      readonly shows: Shows;
      readonly bill?: string | undefined;
    }
  | {
      readonly kind: 'served';
      readonly id: number;
      readonly what: 'bill' | 'result' | 'paid back' | 'refused';
      readonly bill?: string | undefined;
      readonly code?: string | undefined;
      readonly text?: string | undefined;
    }
  /** A bill is paid, by an order of this number at a gateway. */
  | {
      readonly kind: 'buys';
      readonly sale: number;
      readonly bill: string;
      readonly way: Way;
      readonly outTradeNo: string;
      readonly how: 'done' | 'cannot';
    }
  /** A call has reached the upstream, or would have; `bill`: of what its client showed. */
  | {
      readonly kind: 'executed';
      readonly process: number;
      readonly ask: number;
      readonly of: string;
      readonly bill: string | undefined;
      readonly nth: number;
      readonly trouble: (typeof UPSTREAM_TROUBLES)[number] | undefined;
      /** Whether something was done. */
      readonly effect: boolean;
    }
  /** A person has looked at what waits and decided. */
  | {
      readonly kind: 'person';
      readonly what: 'approves' | 'denies';
      readonly approval: string;
      readonly outTradeNo: string;
      readonly outRefundNo?: string | undefined;
      readonly amountFen: number;
      readonly of: 'payment' | 'refund';
      /** Unknown where the process died over it. */
      readonly how: 'done' | 'failed' | 'unknown';
    }
  | { readonly kind: 'frozen' | 'thawed' }
  | { readonly kind: 'filled'; readonly budget: string; readonly amountFen: number }
  | {
      readonly kind: 'notice';
      readonly process: number;
      readonly gateway: string;
      readonly what: 'payment' | 'refund' | 'forged' | 'recut' | 'replayed';
      readonly outTradeNo: string;
      readonly outRefundNo?: string | undefined;
      readonly taken: boolean;
    }
  /** What goes wrong with the delivery of a notification. */
  | { readonly kind: 'trouble'; readonly what: string; readonly outTradeNo: string }
  /** What the merchant's own system is told of, or would be: see receiver.ts. */
  | {
      readonly kind: 'told';
      readonly process: number;
      readonly id: string;
      readonly type: string;
      readonly fate: (typeof FATES)[number];
      readonly body: string;
      readonly outTradeNo?: string | undefined;
      readonly outRefundNo?: string | undefined;
      readonly approval?: string | undefined;
    }
  | { readonly kind: 'started'; readonly process: number }
  | { readonly kind: 'died'; readonly process: number; readonly where: string }
  /** It stands still for so long (ms). */
  | { readonly kind: 'stalled'; readonly process: number; readonly ms: number }
  | { readonly kind: 'power-cut' }
  | { readonly kind: 'disk'; readonly fault: string }
  | { readonly kind: 'clock'; readonly process: number; readonly apartMs: number }
  | { readonly kind: 'leap'; readonly ms: number }
  /** From here on nothing goes wrong, and everybody who still wants to know something asks. */
  | { readonly kind: 'quiet' }
  /** Something that our code should never say. */
  | { readonly kind: 'alarm'; readonly process: number; readonly what: string };

/** @param time ms since the history began */
export type Event = Happening & { readonly time: number };

/** An order or refund at the end, as clients are told of it. */
export interface Told {
  readonly outTradeNo: string;
  readonly provider: string;
  readonly state: string;
  readonly amountFen: number;
  readonly caller: string;
  readonly adopted: boolean;
  readonly givenOut: boolean;
  readonly refunds: readonly {
    readonly outRefundNo: string;
    readonly state: string;
    readonly amountFen: number;
    readonly elsewhere: boolean;
  }[];
}

/** A gateway's order at the end. */
export interface Booked {
  readonly gateway: string;
  readonly outTradeNo: string;
  readonly amountFen: number;
  readonly state: 'NOTPAY' | 'PAID' | 'CLOSED';
  /** Another system's. */
  readonly foreign: boolean;
  /** Made by a buyer's agent with a bill of ours: we know of it when its proof is shown. */
  readonly byProof: boolean;
  readonly refunds: readonly {
    readonly outRefundNo: string;
    readonly amountFen: number;
    readonly state: string;
    readonly elsewhere: boolean;
  }[];
}

export interface End {
  readonly ledger: readonly Told[];
  /** How bills stand. */
  readonly calls: readonly { readonly bill: string; readonly state: string }[];
  /** Numbers of what nobody has chosen the wallet of. */
  readonly offers: readonly string[];
  readonly books: readonly Booked[];
  /** Whether the trail is intact and the sums are right; what is wrong with them. */
  readonly audit: readonly string[];
  /** Of what the trail says that somebody wanted it to be sent. */
  readonly intents: readonly string[];
  /** Number and hash of the newest record. */
  readonly head: string;
}
