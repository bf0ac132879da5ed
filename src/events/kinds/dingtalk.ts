import { createHmac } from 'node:crypto';
import type { Text } from '../../domain/errors.ts';
import { footerOf, wordsOf } from '../message.ts';
import { lineInMarkdown } from '../their-words.ts';
import type { Answer, ChannelKind, Judged, SendRequest, Telling, Wrong } from './kind.ts';
import { DINGTALK } from './platforms.ts';
import {
  again,
  factInMarkdown,
  fitting,
  itemInMarkdown,
  JSON_HEADERS,
  judgedBy,
  notLike,
  RETRY_AFTER_MS,
} from './robots.ts';

const NAME: Text = { zh: '钉钉', en: 'DingTalk' };
/** Bytes of a text, below the 20,000 of a message. */
const MOST_TEXT = 16_000;
/** ms for which a robot is silenced that was too fast. */
const SILENCED_MS = 600_000;

/** @see https://open.dingtalk.com/document/robots/custom-robot-access */
export const dingtalk: ChannelKind = {
  id: 'dingtalk',
  // 20 a minute, less what keeps us from ever meeting that.
  limits: { perMinute: 18, bytes: 20_000 },
  sumsUp: true,
  retryAfterMs: RETRY_AFTER_MS,
  open(given) {
    const { url, secret } = given;
    const like = `https://${DINGTALK}/robot/send?access_token=…`;
    const wrong =
      notLike(given, NAME, isRobot, like) ?? (secret === undefined ? undefined : wrongSecret(secret));
    return wrong ?? { compose: (telling, now) => compose(url, secret, telling, now), judge };
  },
};

function isRobot({ pathname, searchParams }: URL): boolean {
  return pathname.endsWith('/robot/send') && searchParams.get('access_token') !== null;
}

function wrongSecret(secret: string): Wrong | undefined {
  if (/^SEC\w+$/.test(secret)) return undefined;
  return {
    wrong: 'secret',
    text: {
      zh: '不是钉钉机器人的加签密钥；它以 SEC 开头，在机器人的安全设置里',
      en: 'is no signing secret of a DingTalk robot; it begins with SEC and stands in the robot’s security settings',
    },
  };
}

function compose(url: URL, secret: string | undefined, telling: Telling, now: number): SendRequest {
  const words = wordsOf(telling, now);
  const { title, facts, rows, advice, button } = words;
  const lines = (some: typeof facts) => some.map((fact) => factInMarkdown(fact, telling.language));
  const ours = lines(facts.filter(({ byAgent }) => !byAgent));
  const theirs = lines(facts.filter(({ byAgent }) => byAgent));
  const list = [...ours, ...rows.map(itemInMarkdown)].join('\n');
  const said = advice === undefined ? [] : [advice];
  const parts = [`### ${lineInMarkdown(title)}`, list, ...theirs, ...said, lineInMarkdown(footerOf(words))];
  const text = fitting(parts.filter(Boolean), MOST_TEXT, '\n\n');
  const message = button
    ? { msgtype: 'actionCard', actionCard: { title, text, singleTitle: button.text, singleURL: button.url } }
    : { msgtype: 'markdown', markdown: { title, text } };
  return { url: signed(url, secret, now), headers: JSON_HEADERS, body: JSON.stringify(message) };
}

function signed(url: URL, secret: string | undefined, now: number): string {
  if (secret === undefined) return url.href;
  const to = new URL(url);
  to.searchParams.set('timestamp', String(now));
  to.searchParams.set('sign', createHmac('sha256', secret).update(`${now}\n${secret}`).digest('base64'));
  return to.href;
}

const NAMES = { code: ['errcode'], message: ['errmsg'] };
const TOO_FAST = [130101, 410100];
const NO_SUCH_TOKEN = [300001, 300005, 400101];
const GONE = [400013, 400102, 400106];
const OURS = [40035, 43002, 43004, 400105];

function judge(answer: Answer): Judged {
  return judgedBy(answer, NAMES, (number, message) => {
    const code = String(number);
    if (number === -1) return again(code, 30_000);
    if (TOO_FAST.includes(number)) return again(code, SILENCED_MS);
    if (NO_SUCH_TOKEN.includes(number)) return { is: 'disable', why: 'wrong-key', code };
    if (GONE.includes(number)) return { is: 'disable', why: 'removed', code };
    if (OURS.includes(number)) return { is: 'bug', code };
    if (number !== 310000) return undefined;
    // Of three safety modes; only the message tells which.
    return { is: 'disable', why: /sign|timestamp/i.test(message) ? 'wrong-key' : 'refused', code };
  });
}
