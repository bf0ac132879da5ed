import { json } from '../http.ts';
import type { Refusal } from '../state/inbox.ts';
import {
  addressOf,
  boxNamed,
  isLink,
  jsonIn,
  jsonOk,
  membersOf,
  type Receiver,
  seenIn,
  textOf,
} from './receiver.ts';

/** Bytes that Apple takes of all that it is told. */
const MOST_PUSHED = 4_096;

/** @see https://github.com/Finb/bark-server/blob/master/docs/API_V2.md */
const OF_BARK: Readonly<Record<Refusal, readonly [status: number, message: string]>> = {
  signature: [400, 'failed to get device token: failed to get [device] device token from database'],
  clock: [400, 'failed to get device token: failed to get [device] device token from database'],
  keyword: [400, 'request bind failed'],
  limited: [429, 'too many requests'],
  removed: [500, 'push failed: Unregistered'],
  malformed: [400, 'request bind failed: invalid character'],
  'unknown-type': [400, 'request bind failed: Unprocessable Entity'],
  'too-large': [500, 'push failed: PayloadTooLarge'],
  busy: [500, 'push failed: InternalServerError'],
};

/** A phone, behind its maker's push service. */
export const BARK: Receiver = {
  kind: 'bark',
  name: { zh: 'Bark 推送', en: 'Bark' },
  mark: 'B',
  accent: '#9f2b2b',
  route: '/inbox/bark/push',
  address: (origin, box) => `${origin}/inbox/bark/${box}`,
  boxOf: ({ body }) => boxNamed(textOf(membersOf(body)?.device_key)),
  limits: [],
  read(incoming) {
    const said = jsonIn(incoming);
    const [title, text] = [textOf(said?.title), textOf(said?.body)];
    if (said === undefined || text === undefined) return 'malformed';
    if (said.url !== undefined && !isLink(said.url)) return 'malformed';
    // What it knows goes to Apple as an alert, all else as it is.
    const { device_key: _key, title: _title, body: _body, ...others } = said;
    const pushed = { aps: { alert: { title, body: text }, 'mutable-content': 1 }, ...others };
    if (Buffer.byteLength(JSON.stringify(pushed)) > MOST_PUSHED) return 'too-large';
    return {
      tone: said.level === 'timeSensitive' ? 'orange' : 'grey',
      title: title ?? '',
      text,
      buttons: isLink(said.url) ? [{ text: '打开 Open', url: said.url }] : [],
      ...seenIn(title ?? '', text),
    };
  },
  answer(refused, now) {
    const [code, message] = refused === undefined ? [200, 'success'] : OF_BARK[refused];
    return json(code, { code, message, timestamp: Math.floor(now / 1000) });
  },
};

/** Characters; what is longer is not shown. */
const MOST_TITLE = 32;

const OF_SERVERCHAN: Readonly<Record<Refusal, readonly [status: number, code: number, message: string]>> = {
  signature: [400, 40001, '[AUTH]错误的Key'],
  clock: [400, 40001, '[AUTH]错误的Key'],
  keyword: [400, 40001, '[AUTH]错误的Key'],
  limited: [400, 40001, '[AUTH]超过当天的发送次数限制[5]'],
  removed: [400, 40001, '[AUTH]用户不存在或者已经注销'],
  malformed: [400, 20001, '[INPUT]标题不能为空'],
  'unknown-type': [400, 20001, '[INPUT]标题不能为空'],
  'too-large': [400, 20001, '[INPUT]标题过长'],
  busy: [502, 0, ''],
};

/** A service account in WeChat. @see https://sct.ftqq.com/sendkey */
export const SERVERCHAN: Receiver = {
  kind: 'serverchan',
  name: { zh: 'Server 酱', en: 'ServerChan' },
  mark: '酱',
  accent: '#8a4b08',
  route: '/inbox/serverchan/:box',
  address: (origin, box) => `${origin}/inbox/serverchan/${box}.send`,
  boxOf: (incoming) => boxNamed(/\/([^/]+)\.send$/.exec(addressOf(incoming).pathname)?.[1]),
  limits: [],
  read(incoming) {
    const said = jsonIn(incoming);
    const title = textOf(said?.title);
    if (title === undefined) return 'malformed';
    if ([...title].length > MOST_TITLE) return 'too-large';
    const text = textOf(said?.desp) ?? '';
    return { tone: 'grey', title, text, marked: true, buttons: [], ...seenIn(title, withoutLinks(text)) };
  },
  answer(refused) {
    if (refused === undefined) {
      return jsonOk({
        code: 0,
        message: '',
        data: { pushid: '1', readkey: 'SIM', error: 'SUCCESS', errno: 0 },
      });
    }
    const [status, code, message] = OF_SERVERCHAN[refused];
    return code === 0
      ? { status, headers: {}, body: 'bad gateway' }
      : json(status, { code, message, info: message });
  },
};

/** Links that are marked up as such are meant. */
function withoutLinks(text: string): string {
  return text.replace(/\[[^\]]*\]\([^)]*\)/g, '');
}
