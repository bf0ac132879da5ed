import { dirname, resolve } from 'node:path';
import { CashierError, type Text } from '../domain/errors.ts';
import { isOwnAddress } from '../domain/names.ts';
import { expandHome } from '../platform/home-path.ts';
import { readSecretFile } from '../platform/text-file.ts';
import { readWith } from '../policy/policy-file.ts';
import { type Path, PolicyProblem, wrong } from '../policy/read-policy.ts';
import { insistOnNames, type Members, membersOf, textAt, unknownName } from '../policy/written-members.ts';
import type { Channel } from './channel.ts';
import { DAILY_AT_MS } from './daily.ts';
import { EVENT_TYPES } from './event.ts';
import { KINDS } from './kinds/registry.ts';

export const CHANNELS_VARIABLE = 'CASHIER_CHANNELS';
const NAME = /^[\p{L}\p{N}_-]{1,32}$/u;
const MEMBERS = ['name', 'kind', 'url', 'urlFile', 'secret', 'secretFile', 'events', 'lang', 'allowPrivate'];
/** More would keep each other waiting. */
const MOST_CHANNELS = 20;
/** What a filter may say: every type, and every beginning of one. */
const FILTERS = [
  '*',
  ...new Set(EVENT_TYPES.map((type) => `${type.slice(0, type.indexOf('.'))}.*`)),
  ...EVENT_TYPES,
];

/** Who is told what happens, and when (ms behind midnight in Beijing) what a day came to. */
export interface ChannelsFile {
  readonly channels: readonly Channel[];
  readonly dailyAtMs: number;
}

/**
 * The channels that a file names, in its order. Throws CONFIGURATION naming the file, the place in it and what is wrong
 * there; no address and no key is ever shown.
 * @param language of those that name none
 */
export async function readChannels(file: string, language: 'zh' | 'en'): Promise<ChannelsFile> {
  const kind = { zh: '通知渠道文件', en: 'channels file' };
  return readWith({ setting: CHANNELS_VARIABLE, file, kind }, (data) => {
    const top = membersOf(data, []);
    insistOnNames(top, [], ['version', 'channels', 'dailyAt']);
    if (top.version !== 1) throw wrong(['version'], '必须是 version: 1', 'must be version: 1');
    const listed = top.channels ?? [];
    if (!Array.isArray(listed))
      throw wrong(['channels'], '必须是列表，每项以 - 开头', 'must be a list: each with a - before it');
    if (listed.length > MOST_CHANNELS) {
      throw wrong(['channels'], `最多 ${MOST_CHANNELS} 个渠道`, `names ${MOST_CHANNELS} channels at most`);
    }
    const channels: Channel[] = [];
    for (const [i, said] of listed.entries()) {
      const path = ['channels', i];
      const channel = channelIn(membersOf(said, path), path, dirname(file), language);
      if (channels.some(({ name }) => name === channel.name)) {
        throw wrong([...path, 'name'], '与前面的渠道同名', 'is the name of a channel above');
      }
      channels.push(channel);
    }
    return { channels, dailyAtMs: dailyAtIn(textAt(top.dailyAt, ['dailyAt'])) };
  });
}

function dailyAtIn(said: string | undefined): number {
  if (said === undefined) return DAILY_AT_MS;
  const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(said) ?? [];
  if (hours === undefined)
    throw wrong(['dailyAt'], '必须是 "09:00" 这样的时刻', 'must be a time such as "09:00"');
  return (Number(hours) * 60 + Number(minutes)) * 60_000;
}

function channelIn(said: Members, path: Path, folder: string, language: 'zh' | 'en'): Channel {
  insistOnNames(said, path, MEMBERS);
  const at = (member: string) => [...path, member];
  const name = textAt(said.name, at('name'));
  if (name === undefined || !NAME.test(name)) {
    throw wrong(
      name === undefined ? path : at('name'),
      '渠道要有 name：1 到 32 个字母、汉字、数字、_ 或 -',
      'a channel has a name of 1 to 32 letters, digits, _ or -',
    );
  }
  const kinds = Object.keys(KINDS);
  const kind = textAt(said.kind, at('kind'));
  if (kind === undefined)
    throw wrong(path, `缺少 kind：${kinds.join('、')}`, `kind is missing: ${kinds.join(', ')}`);
  const found = Object.values(KINDS).find(({ id }) => id === kind);
  if (!found) throw unknownName(kind, at('kind'), kinds, 'value');
  const address = given(said, path, 'url', folder);
  const secret = given(said, path, 'secret', folder);
  if (!address) throw wrong(path, '缺少 url 或 urlFile', 'url or urlFile is missing');
  if (!isOwnAddress(address.value)) {
    throw wrong(
      address.path,
      '必须是 https 地址（本机可用 http），其中没有用户名、密码和 #',
      'must be an https address (http on this machine), with no user, password or # in it',
    );
  }
  const url = new URL(address.value);
  const opened = found.open({ url, secret: secret?.value });
  if ('wrong' in opened) {
    const place = { url: address, secret }[opened.wrong];
    throw new PolicyProblem(opened.text, place?.path ?? path);
  }
  const lang = textAt(said.lang, at('lang')) ?? language;
  if (lang !== 'zh' && lang !== 'en') throw wrong(at('lang'), '只能是 zh 或 en', 'must be zh or en');
  const { allowPrivate = false } = said;
  if (typeof allowPrivate !== 'boolean') {
    throw wrong(at('allowPrivate'), '只能是 true 或 false', 'must be true or false');
  }
  return {
    ...{ name, kind: found, opened, url, allowPrivate },
    events: eventsIn(said.events, at('events')),
    language: lang,
  };
}

/** What stands in the file itself, or in another one that it names. */
function given(
  said: Members,
  path: Path,
  name: 'url' | 'secret',
  folder: string,
): { readonly value: string; readonly path: Path } | undefined {
  const ofFile = `${name}File`;
  const value = textAt(said[name], [...path, name]);
  const file = textAt(said[ofFile], [...path, ofFile]);
  if (value !== undefined && file !== undefined) {
    throw wrong(
      [...path, ofFile],
      `${name} 与 ${ofFile} 只能写一个`,
      `is there beside ${name}: write one of them`,
    );
  }
  if (value !== undefined) return { value: value.trim(), path: [...path, name] };
  if (file === undefined) return undefined;
  const at = [...path, ofFile];
  try {
    return { value: readSecretFile(resolve(folder, expandHome(file)), CHANNELS_VARIABLE), path: at };
  } catch (error) {
    if (error instanceof CashierError) throw error;
    throw wrong(at, '指向的文件无法读取', 'names a file that cannot be read');
  }
}

const NO_EVENTS: Text = {
  zh: '必须是非空列表，例如 [payment.paid, "approval.*"]；全部都要时不写这一项',
  en: 'must be a list of at least one, such as [payment.paid, "approval.*"]; leave it out for all of them',
};

function eventsIn(value: unknown, path: Path): readonly string[] {
  if (value === null || value === undefined) return ['*'];
  if (!Array.isArray(value) || value.length === 0) throw new PolicyProblem(NO_EVENTS, path);
  return value.map((one: unknown, i) => {
    const filter = textAt(one, [...path, i]) ?? '';
    if (!FILTERS.includes(filter)) throw unknownName(filter, [...path, i], FILTERS, 'value');
    return filter;
  });
}
