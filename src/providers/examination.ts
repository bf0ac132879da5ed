import type { ProviderId } from '../domain/order.ts';
import type { GatewayDeclined } from './contract.ts';
import { error, type Finding, warning } from './finding.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Looks at a wallet's settings for whoever sets it up. */
export interface WalletDoctor {
  /** Everything that can be seen without asking the gateway. */
  examine(settings: WalletSettings, now: number): Promise<readonly Finding[]>;
  /** What the gateway's answer to the self-test means; undefined for a failure of the network. */
  advise(thrown: unknown, observed: Observation, values: Env): Finding | undefined;
  /** In words, what no question can prove of a setting. */
  readonly unproven: Readonly<Record<string, readonly [zh: string, en: string]>>;
}

/** What the environment says, with everything in it that is wrong set aside and reported. */
export interface WalletSettings {
  /** The values by their plain names, `…_FILE` forms resolved; what could not be read is absent. */
  readonly values: Env;
  /** Whether a variable was given in either form, readable or not. */
  readonly isGiven: (name: string) => boolean;
  /** The name under which a value was given: its own, or that of the file. */
  readonly nameOf: (name: string) => string;
  /** What has been found so far. */
  readonly findings: readonly Finding[];
  /** Whether the gateway may be asked for pages of ours from outside: where they stand, or that it is simulated. */
  readonly publicPage: string | 'simulated' | undefined;
}

/** What a gateway's answers show besides what they say. */
export interface Observation {
  /** ms; this machine's clock minus the gateway's. undefined: no answer said what time it was. */
  skewMs?: number;
  /** Of the last answer, in lower case. */
  headers?: Readonly<Record<string, string>>;
  /** The last refusal as text: looked at for known words, never shown. */
  refusal?: string;
}

/** What a gateway's refusal means, and what a merchant can do about it. */
export interface Advice {
  readonly id: string;
  readonly variable?: string;
  readonly zh: string;
  readonly en: string;
  readonly remedy: readonly [zh: string, en: string];
}

/** A refusal with what it means; `number` is the gateway's word for the number of an answer. */
export function declined(
  id: ProviderId,
  { id: what, zh, en, variable, remedy }: Advice,
  { gatewayCode, requestId }: GatewayDeclined,
  number: string,
): Finding {
  const answer = requestId === undefined ? gatewayCode : `${gatewayCode}, ${number} ${requestId}`;
  return (what === 'rate-limited' ? warning : error)(`${id}.${what}`, {
    ...{ variable, remedy },
    zh: `${zh}（${answer}）`,
    en: `${en} (${answer})`,
  });
}
