import { createHmac } from 'node:crypto';
import type { Incoming } from '../http.ts';
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
  seenIn,
  textOf,
} from './receiver.ts';

const HOUR_MS = 3_600_000;
const MOST_BYTES = 20_000;

/** It refuses by a code and not by a status. @see https://open.dingtalk.com/document/robots/custom-robot-access */
const ANSWERS: Readonly<Record<Refusal, readonly [errcode: number, errmsg: string]>> = {
  signature: [310000, 'sign not match, more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]'],
  clock: [310000, 'invalid timestamp, more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]'],
  keyword: [310000, 'keywords not in content, more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]'],
  limited: [130101, 'send too fast, exceed 20 times per minute'],
  removed: [400102, '机器人已停用'],
  malformed: [40035, '缺少参数 json'],
  'unknown-type': [400105, '不支持的消息类型'],
  'too-large': [460101, 'message too long, exceed 20000 bytes'],
  busy: [-1, '系统繁忙'],
};

export const DINGTALK: Receiver = {
  kind: 'dingtalk',
  name: { zh: '钉钉', en: 'DingTalk' },
  mark: '钉',
  accent: '#0b62d6',
  route: '/inbox/dingtalk/robot/send',
  address: (origin, box) => `${origin}/inbox/dingtalk/robot/send?access_token=${box}`,
  secret: (bytes) => `SEC${bytes.toString('hex')}`,
  boxOf: (incoming) => boxNamed(addressOf(incoming).searchParams.get('access_token')),
  // Who is too fast is silenced for ten minutes.
  limits: [{ count: 20, within: 60_000, silencedFor: 600_000 }],
  read(incoming, secret, now) {
    if (incoming.body.length > MOST_BYTES) return 'too-large';
    const { searchParams } = addressOf(incoming);
    const timestamp = searchParams.get('timestamp') ?? '';
    const expected = createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest('base64');
    if (!isSame(searchParams.get('sign'), expected)) return 'signature';
    if (!/^\d{13}$/.test(timestamp) || Math.abs(Number(timestamp) - now) > HOUR_MS) return 'clock';
    return readMessage(incoming);
  },
  answer(refused) {
    const [errcode, errmsg] = refused === undefined ? [0, 'ok'] : ANSWERS[refused];
    return jsonOk({ errcode, errmsg });
  },
};

function readMessage(incoming: Incoming): Shown | Refusal {
  const said = jsonIn(incoming);
  if (said === undefined) return 'malformed';
  if (said.msgtype === 'text') return plainText(membersOf(said.text)?.content);
  if (said.msgtype !== 'markdown' && said.msgtype !== 'actionCard') return 'unknown-type';
  const card = membersOf(said[said.msgtype]);
  const [title, text] = [textOf(card?.title), textOf(card?.text)];
  if (card === undefined || title === undefined || text === undefined) return 'malformed';
  const buttons =
    said.msgtype === 'markdown'
      ? []
      : card.btns === undefined
        ? [{ text: card.singleTitle, url: card.singleURL }]
        : listOf(card.btns).map((button) => ({ text: button.title, url: button.actionURL }));
  if (buttons.some((button) => textOf(button.text) === undefined || !isLink(button.url))) return 'malformed';
  return {
    tone: 'grey',
    title,
    text,
    marked: true,
    buttons: buttons.map((button) => ({ text: String(button.text), url: String(button.url) })),
    ...seenIn(title, text),
  };
}
