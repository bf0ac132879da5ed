import { DEFAULT_MERCHANT } from '../domain/merchant.ts';
import type { Readiness } from './telemetry.ts';

/** Of the process, whoever its merchants are. */
const OF_THE_PROCESS = /^(process_|cashier_info$|cashier_event_loop_)/;
/** A line of an exposition that has a number: its name, its labels, the rest. */
const SERIES = /^([a-z_]+)(?:\{(.*)\})?( \S+)$/;

/**
 * The expositions of several merchants as one, each number with its merchant's name, which the operator has given; what
 * is the process's stands once. That of one merchant without a name stays as it is.
 */
export function expositionOf(texts: ReadonlyMap<string, string>): string {
  const [[only, text] = [DEFAULT_MERCHANT, '']] = texts;
  if (texts.size <= 1 && only === DEFAULT_MERCHANT) return text;
  /** By the two lines that tell what a family is. */
  const families = new Map<string, string[]>();
  for (const [merchant, exposition] of texts) {
    for (const family of exposition.split(/^(?=# HELP )/m)) {
      const [help = '', type = '', ...lines] = family.split('\n').filter(Boolean);
      const name = help.split(' ')[2] ?? '';
      const known = families.get(`${help}\n${type}`);
      const isShared = OF_THE_PROCESS.test(name);
      if (known && isShared) continue;
      const own = isShared ? lines : lines.map((line) => withMerchant(line, merchant));
      families.set(`${help}\n${type}`, [...(known ?? []), ...own]);
    }
  }
  return [...families]
    .flatMap(([head, lines]) => [head, ...lines])
    .concat('')
    .join('\n');
}

function withMerchant(line: string, merchant: string): string {
  const [, name, labels, value] = SERIES.exec(line) ?? [];
  const all = [`merchant="${merchant}"`, ...(labels ? [labels] : [])].join(',');
  return name === undefined ? line : `${name}{${all}}${value}`;
}

/** From the best to the worst. */
const WORDS = {
  ledger: ['ok', 'unreadable'],
  settler: ['ok', 'starting', 'stalled'],
  gateways: ['idle', 'ok', 'silent'],
} as const satisfies { [Part in Exclude<keyof Readiness, 'ready' | 'outbox'>]: readonly Readiness[Part][] };

/** Whether all can work; of each part the worst word, of what waits all, and nothing about whose it is. */
export function readinessOf(all: readonly Readiness[]): Readiness {
  const worst = <Word>(words: readonly Word[], said: readonly Word[]) =>
    words.findLast((word) => said.includes(word)) ?? (words[0] as Word);
  return {
    ready: all.length > 0 && all.every(({ ready }) => ready),
    ledger: worst<Readiness['ledger']>(
      WORDS.ledger,
      all.map(({ ledger }) => ledger),
    ),
    settler: worst<Readiness['settler']>(
      WORDS.settler,
      all.map(({ settler }) => settler),
    ),
    gateways: worst<Readiness['gateways']>(
      WORDS.gateways,
      all.map(({ gateways }) => gateways),
    ),
    outbox: {
      waiting: all.reduce((sum, { outbox }) => sum + outbox.waiting, 0),
      oldestSeconds: Math.max(0, ...all.map(({ outbox }) => outbox.oldestSeconds)),
    },
  };
}
