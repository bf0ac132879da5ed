import { beijingIso } from '../../domain/clock.ts';
import type { Text } from '../../domain/errors.ts';
import type { Language } from '../answer.ts';
import { IN_TRIAL, SIMULATED } from './words.ts';

/** Where an order's page stands. */
export interface BuyerPage {
  readonly url: string;
  /** It ends with this very process, unless another one on the ledger takes over. */
  readonly endsWithUs: boolean;
}

export interface PresenterOptions {
  readonly language: Language;
  readonly simulated: boolean;
  /** Whether whatever is paid goes back the next day. */
  readonly trial?: boolean | undefined;
  readonly now: () => number;
  /** The payee's name, where the merchant has given it. */
  readonly merchantName?: string | undefined;
  /** The order's page, where one can be served; with `handOff`, where its link may be followed. */
  readonly buyerPage: (pageToken: string, handOff: boolean) => Promise<BuyerPage | undefined>;
  /** Where a person decides on an approval, where one can. Nobody can by the address alone. */
  readonly approvalUrl: (id: string) => Promise<string | undefined>;
  /** Writes our commands in a sentence as whoever reads it can type them; by default as they are. */
  readonly runnable?: (text: string) => string;
}

/** How everything is said: in one language, and never without saying that the money is not real, or goes back. */
export type Voice = ReturnType<typeof voice>;

export function voice(options: PresenterOptions) {
  const { language, simulated, trial = false } = options;
  const say = (text: Text) => text[language];
  const head = simulated ? SIMULATED : trial ? IN_TRIAL : undefined;
  return {
    runnable: (text: string) => text,
    ...options,
    say,
    /** What every structure says of the money in it. */
    money: { simulated, ...(trial ? { trial } : {}) },
    /** What is left of these, a line each. */
    lines: (...parts: readonly (string | undefined)[]) =>
      [head && say(head), ...parts].filter((part) => part !== undefined).join('\n'),
    /** A line of its own, where there is something to say. */
    line: (label: Text, what: string | Text | undefined) =>
      what === undefined
        ? undefined
        : say({ zh: `${label.zh}：`, en: `${label.en}: ` }) + (typeof what === 'string' ? what : say(what)),
  };
}

export function iso(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : beijingIso(ms);
}

export function yuan(sum: string): Text {
  return { zh: `${sum} 元`, en: `${sum} yuan` };
}
