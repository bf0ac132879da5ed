import type { Text } from '../../domain/errors.ts';
import type { CashierEvent, DisabledWhy } from '../event.ts';

export const CHANNEL_KINDS = [
  'feishu',
  'lark',
  'dingtalk',
  'wecom',
  'bark',
  'serverchan',
  'webhook',
] as const;
export type KindId = (typeof CHANNEL_KINDS)[number];

/** An event as one channel tells it. */
export interface Message extends CashierEvent {
  /** Our page about it, which a person may open; undefined where none is reachable, or none that is safe to open. */
  readonly link?: string;
}

/** What is told in one request: one event, or several of one type that are summed up, oldest first. */
export interface Telling {
  readonly messages: readonly [Message, ...Message[]];
  readonly language: 'zh' | 'en';
  /** The merchant's name, as persons know it. */
  readonly payee: string | undefined;
  /** 0 for the first attempt. */
  readonly attempt: number;
}

/** Always a POST. The address is a credential: it is never logged, and stands in no error. */
export interface SendRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What came back; `body` is cut at {@link MOST_ANSWER_BYTES}. */
export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}
export const MOST_ANSWER_BYTES = 64 * 1024;
/** How long (ms) an answer is waited for, all in all. */
export const ANSWER_TIMEOUT_MS = 15_000;

/**
 * Sends one request to a channel's address; see egress.ts. Throws {@link NotSent} where no answer came, or none that
 * may be taken: the request may have arrived all the same.
 */
export type Send = (
  request: SendRequest,
  how: { readonly allowPrivate: boolean; readonly signal: AbortSignal },
) => Promise<Answer>;

/** Why no answer came; fit for a log, without the address. */
export class NotSent extends Error {
  override readonly name = 'NotSent';
  /** `not-allowed`: the address is none that we may connect to, and nothing was sent. */
  readonly code: 'timeout' | 'network' | 'not-allowed' | 'redirect' | 'too-long';

  constructor(code: NotSent['code'], message: string = code) {
    super(message);
    this.code = code;
  }
}

/** What an answer means. Whatever is not known is `again`: never success. */
export type Judged =
  | { readonly is: 'delivered' }
  /** `afterMs`: the receiver itself wants to be left alone so long, by all that is told to it. */
  | { readonly is: 'again'; readonly afterMs?: number; readonly code?: string }
  | { readonly is: 'disable'; readonly why: DisabledWhy; readonly code?: string }
  /** Our own mistake in this message: sending it again changes nothing. */
  | { readonly is: 'bug'; readonly code?: string };

/** What the file says of a channel's address and key, read from wherever they lie. */
export interface Given {
  readonly url: URL;
  readonly secret: string | undefined;
}

/** How much a channel takes. */
export interface Limits {
  /** Requests in any minute; undefined: as many as there are. */
  readonly perMinute?: number;
  readonly perSecond?: number;
  /** Requests under way at once; 1 by default. */
  readonly atOnce?: number;
  /** Bytes (UTF-8) of a body. */
  readonly bytes: number;
}

/** One kind of channel: how its requests look and what its answers mean. Pure: no clock, network or chance of its own. */
export interface ChannelKind {
  readonly id: KindId;
  readonly limits: Limits;
  /** Whether several events of one type may be summed up in one message. */
  readonly sumsUp: boolean;
  /** When (ms) attempt n after the first is due, counted from the one before; as long as there are numbers. */
  readonly retryAfterMs: readonly number[];
  /** Opens a channel, or says what is wrong with `url` or `secret`, without a word of either. */
  open(given: Given): OpenChannel | Wrong;
}

export interface Wrong {
  readonly wrong: 'url' | 'secret';
  readonly text: Text;
}

export interface OpenChannel {
  /** @param now ms */
  compose(telling: Telling, now: number): SendRequest;
  /** @param now ms */
  judge(answer: Answer, now: number): Judged;
}
