import type { Text } from '../../domain/errors.ts';
import { linesOf, type Words, wordsOf } from '../message.ts';
import { cut } from '../their-words.ts';
import type { Answer, ChannelKind, Judged } from './kind.ts';
import { WECOM } from './platforms.ts';
import {
  again,
  fitting,
  JSON_HEADERS,
  judgedBy,
  LEFT_ALONE_MS,
  noSecret,
  notLike,
  RETRY_AFTER_MS,
} from './robots.ts';

const NAME: Text = { zh: '企业微信', en: 'WeCom' };
/** Bytes of a text. */
const MOST_TEXT = 2_048;
/** Of a card: facts beside each other, and characters of what stands where. */
const MOST_FACTS = 6;
const MOST = { title: 64, about: 112, label: 8, value: 64, quote: 200, source: 40, desc: 30 };

/** @see https://developer.work.weixin.qq.com/document/path/99110 */
export const wecom: ChannelKind = {
  id: 'wecom',
  // 20 a minute, less what keeps us from ever meeting that.
  limits: { perMinute: 18, bytes: 8_000 },
  sumsUp: true,
  retryAfterMs: RETRY_AFTER_MS,
  open(given) {
    const wrong =
      notLike(given, NAME, isRobot, `https://${WECOM}/cgi-bin/webhook/send?key=…`) ?? noSecret(given);
    const { href: url } = given.url;
    return (
      wrong ?? {
        compose(telling, now) {
          const words = wordsOf(telling, now);
          // A card has to lead somewhere.
          const message = words.button ? cardOf(words, words.button) : textOf(words, telling.language);
          return { url, headers: JSON_HEADERS, body: JSON.stringify(message) };
        },
        judge,
      }
    );
  },
};

function isRobot({ pathname, searchParams }: URL): boolean {
  return pathname.endsWith('/cgi-bin/webhook/send') && searchParams.get('key') !== null;
}

/** No field of it is Markdown. */
function cardOf(
  { title, facts, rows, advice, sender, id }: Words,
  { text, url }: { readonly text: string; readonly url: string },
) {
  const theirs = facts.filter(({ byAgent }) => byAgent);
  const [first] = theirs;
  const about = [...rows, ...(advice === undefined ? [] : [advice])].join('\n');
  return {
    msgtype: 'template_card',
    template_card: {
      card_type: 'text_notice',
      source: { desc: cut(sender, MOST.source) },
      main_title: { title: cut(title, MOST.title), desc: cut(id, MOST.desc) },
      ...(first === undefined
        ? {}
        : {
            quote_area: {
              type: 0,
              title: first.label,
              quote_text: cut(theirs.map(({ value }) => value).join('\n'), MOST.quote),
            },
          }),
      ...(about === '' ? {} : { sub_title_text: cut(about, MOST.about) }),
      horizontal_content_list: facts
        .filter(({ byAgent }) => !byAgent)
        .slice(0, MOST_FACTS)
        .map(({ label, value }) => ({ keyname: cut(label, MOST.label), value: cut(value, MOST.value) })),
      jump_list: [{ type: 1, title: text, url }],
      card_action: { type: 1, url },
    },
  };
}

function textOf(words: Words, language: 'zh' | 'en') {
  const content = fitting([words.title, ...linesOf(words, language)], MOST_TEXT);
  return { msgtype: 'text', text: { content } };
}

const NAMES = { code: ['errcode'], message: ['errmsg'] };
const GONE = [93000, 93004];
const OURS = [40058, 44004, 93008, 93017];

function judge(answer: Answer): Judged {
  return judgedBy(answer, NAMES, (number) => {
    const code = String(number);
    if (number === 45009 || number === 45033) return again(code, LEFT_ALONE_MS);
    if (GONE.includes(number)) return { is: 'disable', why: 'removed', code };
    return OURS.includes(number) ? { is: 'bug', code } : undefined;
  });
}
