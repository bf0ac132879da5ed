import { createHmac } from 'node:crypto';
import { type Incoming, json } from '../http.ts';
import type { Refusal, Shown } from '../state/inbox.ts';
import {
  addressOf,
  boxNamed,
  isLink,
  isSame,
  jsonIn,
  jsonOk,
  listOf,
  membersOf,
  plainText,
  type Receiver,
  RULE,
  seenIn,
  textOf,
} from './receiver.ts';

const HOUR_MS = 3_600_000;
const MOST_BYTES = 20_480;
const TONES: Readonly<Record<string, Shown['tone']>> = {
  green: 'green',
  blue: 'blue',
  orange: 'orange',
  red: 'red',
};
/** Its parts of a card, as far as it is played. */
const PARTS = ['div', 'markdown', 'hr', 'button'];

/** @see https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot */
const ANSWERS: Readonly<Record<Refusal, readonly [status: number, code: number, msg: string]>> = {
  signature: [200, 19021, 'sign match fail or timestamp is not within one hour from current time'],
  clock: [200, 19021, 'sign match fail or timestamp is not within one hour from current time'],
  keyword: [200, 19024, 'Key Words Not Found'],
  limited: [200, 11232, 'frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]'],
  removed: [200, 19001, 'param invalid: incoming webhook access token invalid'],
  malformed: [400, 9499, 'Bad Request'],
  'unknown-type': [400, 9499, 'Bad Request'],
  'too-large': [400, 9499, 'Bad Request'],
  busy: [500, 0, ''],
};

function robot(kind: string, name: Receiver['name'], mark: string, accent: string): Receiver {
  return {
    ...{ kind, name, mark, accent },
    route: `/inbox/${kind}/open-apis/bot/v2/hook/:box`,
    address: (origin, box) => `${origin}/inbox/${kind}/open-apis/bot/v2/hook/${box}`,
    secret: (bytes) => bytes.toString('base64url').slice(0, 22),
    boxOf: (incoming) => boxNamed(addressOf(incoming).pathname.split('/').at(-1)),
    limits: [
      { count: 100, within: 60_000 },
      { count: 5, within: 1_000 },
    ],
    read,
    answer(refused) {
      if (refused === undefined) {
        return jsonOk({ StatusCode: 0, StatusMessage: 'success', code: 0, data: {}, msg: 'success' });
      }
      const [status, code, msg] = ANSWERS[refused];
      return code === 0
        ? { status, headers: {}, body: 'internal error' }
        : json(status, { code, data: {}, msg });
    },
  };
}

export const FEISHU = robot('feishu', { zh: '飞书', en: 'Feishu' }, '飞', '#1456f0');
export const LARK = robot('lark', { zh: 'Lark', en: 'Lark' }, 'L', '#00796b');

function read(incoming: Incoming, secret: string, now: number): Shown | Refusal {
  if (incoming.body.length > MOST_BYTES) return 'too-large';
  const said = jsonIn(incoming);
  if (said === undefined) return 'malformed';
  const timestamp = String(said.timestamp);
  const expected = createHmac('sha256', `${timestamp}\n${secret}`).update('').digest('base64');
  if (!isSame(said.sign, expected)) return 'signature';
  if (!/^\d+$/.test(timestamp) || Math.abs(Number(timestamp) * 1000 - now) > HOUR_MS) return 'clock';
  if (said.msg_type === 'text') return plainText(membersOf(said.content)?.text);
  return said.msg_type === 'interactive' ? readCard(membersOf(said.card)) : 'unknown-type';
}

function readCard(card: ReturnType<typeof membersOf>): Shown | Refusal {
  const header = membersOf(card?.header);
  const title = textOf(membersOf(header?.title)?.content);
  const elements = listOf(membersOf(card?.body)?.elements);
  if (card?.schema !== '2.0' || title === undefined || elements.length === 0) return 'malformed';
  if (elements.some(({ tag }) => !PARTS.includes(String(tag)))) return 'malformed';
  const texts = elements.map(contentOf);
  const buttons = elements.flatMap((part) => {
    const [open] = listOf(part.behaviors);
    return part.tag === 'button'
      ? [{ text: textOf(membersOf(part.text)?.content), url: open?.default_url, does: open?.type }]
      : [];
  });
  // A robot's button opens an address, and can do nothing else.
  const areLinks = buttons.every(
    ({ text, url, does }) => text !== undefined && does === 'open_url' && isLink(url),
  );
  if (!areLinks) return 'malformed';
  const isFoot = (part: (typeof elements)[number]) => membersOf(part.text)?.text_size === 'notation';
  const foot = elements.filter(isFoot).map(contentOf).join('\n');
  const said = elements
    .filter((part) => part.tag !== 'button' && !isFoot(part))
    .map((part) => (part.tag === 'hr' ? RULE : contentOf(part)));
  return {
    tone: TONES[String(header?.template)] ?? 'grey',
    title,
    text: said.join('\n'),
    ...(foot === '' ? {} : { foot }),
    ...(elements.some(({ tag }) => tag === 'markdown') ? { marked: true } : {}),
    buttons: buttons.map(({ text, url }) => ({ text: String(text), url: String(url) })),
    ...seenIn(title, ...texts),
  };
}

function contentOf(part: Readonly<Record<string, unknown>>): string {
  return textOf(membersOf(part.text)?.content ?? part.content) ?? '';
}
