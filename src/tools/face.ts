import { CashierError, type ErrorCode, type Text } from '../domain/errors.ts';
import type { ProviderId } from '../domain/order.ts';
import { orderNotFound } from '../payments/errors.ts';
import type { Till } from '../payments/till.ts';

/**
 * How a toolset with names of its own says the sentences that everyone shares: those name the unified tools and
 * arguments, which its clients have not.
 */
export interface Words {
  /** Unified name or phrase → this toolset's. */
  readonly names: Readonly<Record<string, string>>;
  /** What to do next, where that is something else here. */
  readonly next?: Partial<Readonly<Record<ErrorCode, Text>>>;
}

/** A sentence in these words. Names are whole words in it; numbers and addresses are left alone. */
export function inWords({ names }: Words, sentence: string): string {
  const longestFirst = Object.keys(names).sort((a, b) => b.length - a.length);
  const phrases = longestFirst.map((phrase) => phrase.replace(/[()]/g, '\\$&')).join('|');
  return sentence.replace(
    new RegExp(`(?<![\\w/.-])(?:${phrases})(?![\\w/-])`, 'g'),
    (name) => names[name] ?? name,
  );
}

/** An error of ours in these words; any other is left as it is. */
export function reworded(error: unknown, words: Words): unknown {
  if (!(error instanceof CashierError)) return error;
  const { code, text, next, details } = error;
  const say = ({ zh, en }: Text) => ({ zh: inWords(words, zh), en: inWords(words, en) });
  const { argument } = details;
  return new CashierError(code, {
    ...say(text),
    next: words.next?.[code] ?? say(next),
    details: typeof argument === 'string' ? { ...details, argument: inWords(words, argument) } : details,
  });
}

/** A wallet's own tools speak of its orders only. Throws ORDER_NOT_FOUND for one of another wallet. */
export async function insistWallet(till: Till, outTradeNo: string, wallet: ProviderId): Promise<void> {
  const known = await till.ledger.read((book) => book.orders.get(outTradeNo));
  if (known && known.provider !== wallet) throw orderNotFound();
}
