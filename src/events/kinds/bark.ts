import type { Text } from '../../domain/errors.ts';
import type { EventType, OwnType } from '../event.ts';
import { linesOf, wordsOf } from '../message.ts';
import type { Answer, ChannelKind, Judged } from './kind.ts';
import { BARK } from './platforms.ts';
import { fitting, JSON_HEADERS, judgedBy, noSecret, notLike, RETRY_AFTER_MS } from './robots.ts';

const NAME: Text = { zh: 'Bark', en: 'Bark' };
/** Bytes of a body: Apple takes 4,096 of all that it is told. */
const MOST_BODY = 2_600;
/** Bytes of all that the server is told: some of it never goes to Apple. */
const MOST_REQUEST = 6_000;

/** The address is the one that the app shows, `https://api.day.app/KEY`; one's own server works as well. @see https://github.com/Finb/bark-server/blob/master/docs/API_V2.md */
export const bark: ChannelKind = {
  id: 'bark',
  limits: { perMinute: 60, bytes: MOST_REQUEST },
  sumsUp: true,
  retryAfterMs: RETRY_AFTER_MS,
  open(given) {
    const { url } = given;
    const isServer = ({ pathname }: URL) => keyIn(pathname) !== undefined;
    const wrong = notLike(given, NAME, isServer, `https://${BARK}/…`) ?? noSecret(given);
    const to = new URL(url.pathname.replace(/\/[^/]*\/?$/, '/push'), url.origin).href;
    return (
      wrong ?? {
        compose(telling, now) {
          const words = wordsOf(telling, now);
          const { title, button } = words;
          const body = {
            device_key: keyIn(url.pathname),
            title,
            body: fitting(linesOf(words, telling.language), MOST_BODY),
            ...(button === undefined ? {} : { url: button.url }),
            group: 'mcp-cashier',
            level: levelOf(telling.messages[0].type),
          };
          return { url: to, headers: JSON_HEADERS, body: JSON.stringify(body) };
        },
        judge,
      }
    );
  },
};

function keyIn(pathname: string): string | undefined {
  return /\/([\w-]{3,64})\/?$/.exec(pathname)?.[1];
}

/** What has to be decided, or is wrong, is shown although the phone is not to be disturbed. */
function levelOf(type: EventType | OwnType): 'timeSensitive' | 'active' {
  return /^(?:approval\.asked|alarm\.|freeze\.|channel\.disabled)/.test(type) ? 'timeSensitive' : 'active';
}

const NAMES = { code: ['code'], message: ['message'] };

function judge(answer: Answer): Judged {
  // It says in its status what it says in its body, also of what the phone's maker told it.
  const { status, body } = answer;
  if (status >= 500 && /BadDeviceToken|Unregistered/.test(body)) return { is: 'disable', why: 'removed' };
  if (status >= 500 && /PayloadTooLarge/.test(body)) return { is: 'bug', code: 'PayloadTooLarge' };
  return judgedBy(
    answer,
    NAMES,
    (number, message) => {
      if (/device (?:token|key)/i.test(message))
        return { is: 'disable', why: 'wrong-key', code: String(number) };
      return number === 400 ? { is: 'bug', code: '400' } : undefined;
    },
    200,
  );
}
