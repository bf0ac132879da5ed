import type { Text } from '../../domain/errors.ts';
import { footerOf, wordsOf } from '../message.ts';
import { cut, lineInMarkdown } from '../their-words.ts';
import type { Answer, ChannelKind, Judged } from './kind.ts';
import { SERVERCHAN } from './platforms.ts';
import {
  again,
  factInMarkdown,
  fitting,
  itemInMarkdown,
  JSON_HEADERS,
  judgedBy,
  noSecret,
  notLike,
  RETRY_AFTER_MS,
} from './robots.ts';

const NAME: Text = { zh: 'Server 酱', en: 'ServerChan' };
/** Characters. */
const MOST_TITLE = 32;
/** Bytes of a text. */
const MOST_TEXT = 24_000;
/** ms until an account that has used up its day is tried again. */
const USED_UP_MS = 3_600_000;

/** @see https://sct.ftqq.com/sendkey */
export const serverchan: ChannelKind = {
  id: 'serverchan',
  limits: { perMinute: 30, bytes: 32_000 },
  sumsUp: true,
  retryAfterMs: RETRY_AFTER_MS,
  open(given) {
    const wrong = notLike(given, NAME, isAddress, `https://${SERVERCHAN}/SCT….send`) ?? noSecret(given);
    const { href: url } = given.url;
    return (
      wrong ?? {
        compose(telling, now) {
          const words = wordsOf(telling, now);
          const { title, facts, rows, advice, button } = words;
          const parts = [
            // The title of a message may be cut.
            `### ${lineInMarkdown(title)}`,
            ...(button === undefined ? [] : [`[${button.text}](${linkIn(button.url)})`]),
            ...(advice === undefined ? [] : [advice]),
            ...facts.map((fact) => factInMarkdown(fact, telling.language)),
            ...rows.map(itemInMarkdown),
            lineInMarkdown(footerOf(words)),
          ];
          const body = { title: cut(title, MOST_TITLE), desp: fitting(parts, MOST_TEXT, '\n\n') };
          return { url, headers: JSON_HEADERS, body: JSON.stringify(body) };
        },
        judge,
      }
    );
  },
};

/** Of both editions: `/SCT….send`, and `/send/sctp….send`. */
function isAddress({ pathname, search }: URL): boolean {
  return /\/[\w-]{3,100}\.send$/.test(pathname) && search === '';
}

/** Nothing in it ends a link of Markdown. */
function linkIn(url: string): string {
  return url.replaceAll('(', '%28').replaceAll(')', '%29');
}

const NAMES = { code: ['code'], message: ['message', 'info'] };

function judge(answer: Answer): Judged {
  return judgedBy(answer, NAMES, (number, message) => {
    const code = String(number);
    if (/次数|限制|频率|limit/i.test(message)) return again(code, USED_UP_MS);
    return /AUTH|key|用户不存在/i.test(message) ? { is: 'disable', why: 'wrong-key', code } : undefined;
  });
}
