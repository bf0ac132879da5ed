import type { Refusal, Shown } from '../state/inbox.ts';
import {
  addressOf,
  boxNamed,
  isLink,
  jsonIn,
  jsonOk,
  listOf,
  membersOf,
  type Receiver,
  seenIn,
  textOf,
} from './receiver.ts';

const MOST_TEXT = 2_048;
const MOST_MARKDOWN = 4_096;

/** @see https://developer.work.weixin.qq.com/document/path/99110 */
const ANSWERS: Readonly<Record<Refusal, readonly [errcode: number, errmsg: string]>> = {
  signature: [93000, 'invalid webhook url'],
  clock: [93000, 'invalid webhook url'],
  keyword: [93004, 'robot has been removed'],
  limited: [45009, 'api freq out of limit'],
  removed: [93000, 'invalid webhook url'],
  malformed: [40058, 'invalid Request Parameter'],
  'unknown-type': [93008, 'not support message type'],
  'too-large': [40058, 'content exceed max length'],
  busy: [-1, 'system busy'],
};

export const WECOM: Receiver = {
  kind: 'wecom',
  name: { zh: '企业微信', en: 'WeCom' },
  mark: '企',
  accent: '#2b6cb0',
  route: '/inbox/wecom/cgi-bin/webhook/send',
  address: (origin, box) => `${origin}/inbox/wecom/cgi-bin/webhook/send?key=${box}`,
  boxOf: (incoming) => boxNamed(addressOf(incoming).searchParams.get('key')),
  limits: [{ count: 20, within: 60_000 }],
  read(incoming) {
    const said = jsonIn(incoming);
    if (said === undefined) return 'malformed';
    const type = String(said.msgtype);
    if (type === 'template_card') return readCard(membersOf(said.template_card));
    if (type !== 'text' && type !== 'markdown') return 'unknown-type';
    const text = textOf(membersOf(said[type])?.content);
    if (text === undefined) return 'malformed';
    if (Buffer.byteLength(text) > (type === 'text' ? MOST_TEXT : MOST_MARKDOWN)) return 'too-large';
    return {
      tone: 'grey',
      title: '',
      text,
      ...(type === 'markdown' ? { marked: true as const } : {}),
      buttons: [],
      ...seenIn(text),
    };
  },
  answer(refused) {
    const [errcode, errmsg] = refused === undefined ? [0, 'ok'] : ANSWERS[refused];
    return jsonOk({ errcode, errmsg });
  },
};

/** A notice has to have a head, and to lead somewhere. */
function readCard(card: ReturnType<typeof membersOf>): Shown | Refusal {
  const title = textOf(membersOf(card?.main_title)?.title);
  const about = textOf(card?.sub_title_text) ?? '';
  const action = membersOf(card?.card_action);
  const pairs = listOf(card?.horizontal_content_list);
  const jumps = listOf(card?.jump_list);
  if (card?.card_type !== 'text_notice' || (title === undefined && about === '')) return 'malformed';
  if (action?.type !== 1 || !isLink(action.url) || pairs.length > 6 || jumps.length > 3) return 'malformed';
  if (pairs.some(({ keyname }) => textOf(keyname) === undefined)) return 'malformed';
  if (jumps.some((jump) => textOf(jump.title) === undefined || (jump.type === 1 && !isLink(jump.url)))) {
    return 'malformed';
  }
  const quote = membersOf(card.quote_area);
  const quoted = quote && { title: textOf(quote.title) ?? '', text: textOf(quote.quote_text) ?? '' };
  const shownPairs = pairs.map(({ keyname, value }) => [String(keyname), textOf(value) ?? ''] as const);
  const foot = textOf(membersOf(card.main_title)?.desc);
  const source = textOf(membersOf(card.source)?.desc) ?? '';
  return {
    tone: 'blue',
    title: title ?? '',
    text: [source, about].filter(Boolean).join('\n'),
    pairs: shownPairs,
    ...(quoted === undefined ? {} : { quote: quoted }),
    ...(foot === undefined ? {} : { foot }),
    buttons: jumps.map(({ title: text, url }) => ({ text: String(text), url: String(url) })),
    ...seenIn(title ?? '', foot ?? '', about, source, quoted?.text ?? '', ...shownPairs.flat()),
  };
}
