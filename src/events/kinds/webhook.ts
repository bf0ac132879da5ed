import { createHmac } from 'node:crypto';
import { beijingIso } from '../../domain/clock.ts';
import type { Answer, ChannelKind, Judged, OpenChannel, Telling, Wrong } from './kind.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** As the specification suggests; behind the first attempt. */
const SCHEDULE: readonly number[] = [
  ...[5 * SECOND, 5 * MINUTE, 30 * MINUTE],
  ...[2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR],
];
/** The shortest and the longest wait (ms) that a receiver is believed. */
const LEAST_WAIT = SECOND;
const LONGEST_WAIT = HOUR;
/** What an endpoint is left alone for (ms) that says that it is too busy, and not for how long. */
const BUSY_WAIT = 30 * SECOND;
/** A key of this scheme: what `whsec_` stands before. */
const SECRET = /^whsec_([A-Za-z0-9+/]{32,88}={0,2})$/;
const KEY_BYTES = { least: 24, most: 64 };
const TOO_BUSY: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/**
 * The merchant's own systems, by Standard Webhooks 1.0: `{type, timestamp, data}` under the names of the tools, signed
 * anew in every attempt.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export const webhook: ChannelKind = {
  id: 'webhook',
  limits: { atOnce: 8, bytes: 20_000 },
  sumsUp: false,
  retryAfterMs: SCHEDULE,
  open({ url, secret }): OpenChannel | Wrong {
    const keys = keysOf(secret);
    if ('wrong' in keys) return keys;
    return {
      compose: ({ messages: [message] }: Telling, now) => {
        const { id, type, at, data } = message;
        const body = JSON.stringify({ type, timestamp: beijingIso(at), data });
        const timestamp = String(Math.floor(now / SECOND));
        return {
          url: url.href,
          headers: {
            'content-type': 'application/json',
            'user-agent': 'mcp-cashier',
            'webhook-id': id,
            'webhook-timestamp': timestamp,
            'webhook-signature': keys.map((key) => signature(key, `${id}.${timestamp}.${body}`)).join(' '),
          },
          body,
        };
      },
      judge,
    };
  },
};

function signature(key: Buffer, signed: string): string {
  return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
}

/** While a key is changed there are two, with a space between: whoever knows either of them can verify. */
function keysOf(secret: string | undefined): [Buffer, ...Buffer[]] | Wrong {
  const keys = (secret ?? '')
    .trim()
    .split(/\s+/)
    .map((one) => Buffer.from(SECRET.exec(one)?.[1] ?? '', 'base64'));
  const [first, ...others] = keys;
  const areKeys = keys.every(({ length }) => length >= KEY_BYTES.least && length <= KEY_BYTES.most);
  if (!first || !areKeys || others.length > 1) {
    return {
      wrong: 'secret',
      text: {
        zh: '必须是 whsec_ 开头的密钥（24–64 个随机字节的 base64；轮换时可写两个，用空格隔开）',
        en: 'must be a key that begins with whsec_ (base64 of 24 to 64 random bytes; two with a space between while it is rotated)',
      },
    };
  }
  return [first, ...others];
}

function judge({ status, headers }: Answer, now: number): Judged {
  if (status >= 200 && status < 300) return { is: 'delivered' };
  const code = String(status);
  if (status === 410) return { is: 'disable', why: 'removed', code };
  const asked = headers['retry-after'];
  if (asked !== undefined || TOO_BUSY.has(status)) {
    return { is: 'again', afterMs: waitAsked(asked, now) ?? BUSY_WAIT, code };
  }
  return { is: 'again', code };
}

/** Seconds, or an instant. */
function waitAsked(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(value.trim()) ? Number(value) * SECOND : Date.parse(value) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, LEAST_WAIT), LONGEST_WAIT);
}
