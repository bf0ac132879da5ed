import { createHmac } from 'node:crypto';
import type { Text } from '../../domain/errors.ts';
import type { Tone } from '../event-words.ts';
import { footerOf, lineOf, type Words, wordsOf } from '../message.ts';
import type { Answer, ChannelKind, Given, Judged, OpenChannel, Telling, Wrong } from './kind.ts';
import { FEISHU, LARK } from './platforms.ts';
import {
  again,
  JSON_HEADERS,
  judgedBy,
  LEFT_ALONE_MS,
  notLike,
  RETRY_AFTER_MS,
  spaced,
  wrongUrl,
} from './robots.ts';

/** The heads of cards. */
const COLOURS: Readonly<Record<Tone, string>> = {
  good: 'green',
  calm: 'blue',
  ask: 'orange',
  warn: 'orange',
  bad: 'red',
};

/** The same robot under two names. */
function robot(id: 'feishu' | 'lark', name: Text, host: string, other: Text, otherHost: string): ChannelKind {
  return {
    id,
    // A hundred a minute and five a second, less what keeps us from ever meeting that.
    limits: { perMinute: 90, perSecond: 4, bytes: 20_000 },
    sumsUp: true,
    retryAfterMs: RETRY_AFTER_MS,
    open(given: Given): OpenChannel | Wrong {
      const { url, secret } = given;
      if (url.hostname === otherHost) {
        return wrongUrl(
          `是${spaced(other.zh)}的地址，kind 也要写成它`,
          `is an address of ${other.en}: name that as its kind`,
        );
      }
      const wrong = notLike(given, name, isHook, `https://${host}/open-apis/bot/v2/hook/…`);
      return wrong ?? { compose: (telling, now) => compose(url.href, secret, telling, now), judge };
    },
  };
}

function isHook({ pathname, search }: URL): boolean {
  return /\/open-apis\/bot\/v2\/hook\/[\w-]{1,100}$/.test(pathname) && search === '';
}

const FEISHU_NAME: Text = { zh: '飞书', en: 'Feishu' };
const LARK_NAME: Text = { zh: 'Lark', en: 'Lark' };

/** @see https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot */
export const feishu = robot('feishu', FEISHU_NAME, FEISHU, LARK_NAME, LARK);
/** @see https://open.larksuite.com/document/client-docs/bot-v3/add-custom-bot */
export const lark = robot('lark', LARK_NAME, LARK, FEISHU_NAME, FEISHU);

function compose(url: string, secret: string | undefined, telling: Telling, now: number) {
  const card = cardOf(wordsOf(telling, now), telling.language);
  const signed = secret === undefined ? {} : signature(secret, now);
  return { url, headers: JSON_HEADERS, body: JSON.stringify({ ...signed, msg_type: 'interactive', card }) };
}

/** Their own way: the key is what is signed, and nothing is signed with it. */
function signature(secret: string, now: number): { readonly timestamp: string; readonly sign: string } {
  const timestamp = String(Math.floor(now / 1000));
  return { timestamp, sign: createHmac('sha256', `${timestamp}\n${secret}`).digest('base64') };
}

/** All of it plain text: nothing of what others have written is Markdown. */
function cardOf({ tone, title, facts, rows, advice, button, sender, id }: Words, language: 'zh' | 'en') {
  const block = (lines: readonly string[], more: object = {}) =>
    lines.length === 0
      ? []
      : [{ tag: 'div', text: { tag: 'plain_text', content: lines.join('\n'), ...more } }];
  const theirs = facts.filter(({ byAgent }) => byAgent).map((fact) => lineOf(fact, language));
  return {
    schema: '2.0',
    header: { template: COLOURS[tone], title: { tag: 'plain_text', content: title } },
    body: {
      elements: [
        ...block(facts.filter(({ byAgent }) => !byAgent).map((fact) => lineOf(fact, language))),
        ...block(rows),
        ...(theirs.length === 0 ? [] : [{ tag: 'hr' }, ...block(theirs)]),
        ...block(advice === undefined ? [] : [advice]),
        ...(button === undefined
          ? []
          : [
              {
                tag: 'button',
                type: 'primary',
                text: { tag: 'plain_text', content: button.text },
                behaviors: [{ type: 'open_url', default_url: button.url }],
              },
            ]),
        ...block([footerOf({ sender, id })], { text_size: 'notation', text_color: 'grey' }),
      ],
    },
  };
}

const NAMES = { code: ['code', 'StatusCode'], message: ['msg', 'StatusMessage'] };

function judge(answer: Answer): Judged {
  return judgedBy(answer, NAMES, (number) => {
    const code = String(number);
    if (number === 9499) return { is: 'bug', code };
    if (number === 11232) return again(code, LEFT_ALONE_MS);
    if (number === 19001 || number === 19021) return { is: 'disable', why: 'wrong-key', code };
    return number === 19022 || number === 19024 ? { is: 'disable', why: 'refused', code } : undefined;
  });
}
