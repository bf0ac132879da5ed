import { CashierError, type Text } from '../domain/errors.ts';
import type { ProviderId } from '../domain/order.ts';

/** What a finding is about. */
export type Area =
  | ProviderId
  | 'configuration'
  | 'clock'
  | 'notify'
  | 'ledger'
  | 'policy'
  | 'channels'
  | 'gate'
  | 'service';

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
  /** Whose it is, where there are several merchants. */
  readonly merchant?: string;
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
  return {
    id,
    area: id.slice(0, id.indexOf('.')) as Area,
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

/** A value out of the documentation. */
export function example(area: Area, variable: string): Finding {
  return error(`${area}.example-value`, {
    variable,
    zh: `${variable} 还是文档里的示例值。`,
    en: `${variable} still holds the example out of the documentation.`,
    remedy: ['换成你自己的值。', 'Replace it with your own.'],
  });
}

/** The variables, by their plain names, that some error is about. */
export function coveredBy(findings: readonly Finding[]): Set<string> {
  const named = findings.filter(({ level }) => level === 'error').map(({ variable }) => variable);
  return new Set(named.flatMap((name) => (name === undefined ? [] : [name.replace(/_FILE$/, '')])));
}

/** Of a wallet without any credential; `alone` is a setting of its own that is there all the same. */
export function absent(
  id: ProviderId,
  name: Text,
  alone: string | undefined,
  needed: readonly string[],
): Finding {
  if (alone === undefined) {
    return ok(`${id}.absent`, { zh: `没有配置${name.zh}。`, en: `${name.en} is not configured.` });
  }
  return warning(`${id}.absent`, {
    variable: alone,
    zh: `设置了 ${alone}，但没有任何${name.zh}密钥，所以${name.zh}不可用。`,
    en: `${alone} is set, but no ${name.en} credential is, so ${name.en} cannot be used.`,
    remedy: [`设置 ${needed.join('、')}，或去掉 ${alone}。`, `Set ${needed.join(', ')}, or remove ${alone}.`],
  });
}

/** Of a wallet with some of its credentials. */
export function incomplete(
  id: ProviderId,
  name: Text,
  given: readonly string[],
  missing: readonly string[],
): Finding {
  return error(`${id}.incomplete`, {
    variable: missing[0],
    zh: `${name.zh}只配置了一半：有 ${given.join('、')}，缺 ${missing.join('、')}；服务器会拒绝启动。`,
    en: `${name.en} is half configured, with ${given.join(', ')} but without ${missing.join(', ')}; the server refuses to start.`,
    remedy: ['补齐缺少的，或全部去掉。', 'Set what is missing, or remove all of them.'],
  });
}
