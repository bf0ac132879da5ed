import { CashierError, type Text } from '../domain/errors.ts';

/** What a finding is about; people read them grouped, in this order. */
export const AREAS = [
  'configuration',
  'alipay',
  'wechatpay',
  'clock',
  'notify',
  'ledger',
  'policy',
  'service',
] as const;
export type Area = (typeof AREAS)[number];

/** With an error the server does not start, or cannot collect; with a warning it can, but not as well as it should. */
export type Level = 'ok' | 'warning' | 'error';

/** One thing that was looked at. Neither sentence ever quotes a secret. */
export interface Finding {
  /** `<area>.<what>`; never changes its meaning. */
  readonly id: string;
  readonly area: Area;
  readonly level: Level;
  /** The environment variable to touch. */
  readonly variable?: string;
  readonly message: Text;
  /** What to do; empty where nothing is. */
  readonly remedy: Text;
}

interface Said {
  readonly zh: string;
  readonly en: string;
  readonly variable?: string | undefined;
  /** Chinese, then English. */
  readonly remedy?: readonly [zh: string, en: string];
}

export const ok = (id: string, said: Said): Finding => finding('ok', id, said);
export const warning = (id: string, said: Said): Finding => finding('warning', id, said);
export const error = (id: string, said: Said): Finding => finding('error', id, said);

function finding(level: Level, id: string, { zh, en, variable, remedy = ['', ''] }: Said): Finding {
  const area = AREAS.find((candidate) => id.startsWith(`${candidate}.`));
  if (area === undefined) throw new Error(`no area of that name: ${id}`);
  return {
    id,
    area,
    level,
    ...(variable === undefined ? {} : { variable }),
    message: { zh, en },
    remedy: { zh: remedy[0], en: remedy[1] },
  };
}

/** What the server itself would say; anything else that is thrown is a bug and goes on. */
export function refusal(
  thrown: unknown,
  id: (variable: string | undefined) => string,
  level: Level = 'error',
): Finding {
  if (!(thrown instanceof CashierError)) throw thrown;
  const { text, next, details } = thrown;
  const variable = typeof details.variable === 'string' ? details.variable : undefined;
  return finding(level, id(variable), { ...text, variable, remedy: [next.zh, next.en] });
}

/** What a gateway's refusal means, and what a merchant can do about it. */
export interface Advice {
  readonly id: string;
  readonly variable?: string;
  readonly zh: string;
  readonly en: string;
  readonly remedy: readonly [zh: string, en: string];
}
