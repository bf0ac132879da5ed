import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CashierError } from '../../src/domain/errors.ts';
import { wants } from '../../src/events/channel.ts';
import { readChannels } from '../../src/events/channels-file.ts';
import { EVENT_TYPES } from '../../src/events/event.ts';

const CANARY = 'canary-7c2e91';
const KEY = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
const URL_ = `https://shop.example/hooks/${CANARY}`;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'channels-'));
  mkdirSync(join(folder, 'secrets'));
  writeFileSync(join(folder, 'secrets', 'hook.url'), `${URL_}\n`);
  writeFileSync(join(folder, 'secrets', 'hook.key'), `${KEY}\n`);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function read(text: string) {
  const file = join(folder, 'channels.yaml');
  writeFileSync(file, text);
  return (await readChannels(file, 'zh')).channels;
}
const listed = (...channels: readonly string[]) =>
  `version: 1\nchannels:\n${channels.map((one) => `  - ${one}\n`).join('')}`;
const hook = (more = '') => `{ name: shop, kind: webhook, url: "${URL_}", secret: ${KEY}${more} }`;

async function refusal(text: string): Promise<CashierError> {
  const error: unknown = await read(text).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof CashierError)) throw error ?? new Error('not refused');
  const said = JSON.stringify([error.text, error.next, error.details, error.message]);
  // Neither addresses nor keys are ever shown.
  for (const secret of [CANARY, KEY, KEY.slice(6, 30)]) expect(said).not.toContain(secret);
  expect(said).toContain('CASHIER_CHANNELS');
  return error;
}

describe('a channels file', () => {
  it('names who is told what, with paths from where it lies', async () => {
    const channels = await read(`version: 1
channels:
  - name: 老板
    kind: webhook
    urlFile: secrets/hook.url
    secretFile: secrets/hook.key
    events: [payment.paid, "approval.*"]
    lang: en
  - { name: all, kind: webhook, url: "http://127.0.0.1:9/x", secret: ${KEY} }
`);
    expect(
      channels.map(({ name, events, language, allowPrivate }) => [name, events, language, allowPrivate]),
    ).toEqual([
      ['老板', ['payment.paid', 'approval.*'], 'en', false],
      ['all', ['*'], 'zh', false],
    ]);
    expect(channels[0]?.url.href).toBe(URL_);
  });

  it('may name none', async () => {
    expect(await read('version: 1\n')).toEqual([]);
    expect(await read('version: 1\nchannels: []\n')).toEqual([]);
  });

  it.each<[string, string, RegExp]>([
    ['no version', 'channels: []', /version: 1/],
    ['a name that is none', listed(hook().replace('shop', '"a b"')), /channels\.0\.name/],
    ['no name', listed(`{ kind: webhook, url: "${URL_}", secret: ${KEY} }`), /name/],
    ['one name twice', listed(hook(), hook()), /channels\.1\.name/],
    ['a kind that is none', listed(hook().replace('webhook', 'webhok')), /did you mean webhook/],
    ['no address', listed(`{ name: shop, kind: webhook, secret: ${KEY} }`), /url or urlFile/],
    ['an address in clear', listed(hook().replace('https:', 'http:')), /https/],
    ['a user in the address', listed(hook().replace('https://', 'https://me:pw@')), /https/],
    ['what is no address', listed(hook().replace(URL_, CANARY)), /https/],
    ['no key', listed(`{ name: shop, kind: webhook, url: "${URL_}" }`), /whsec_/],
    ['a key that is none', listed(hook().replace(KEY, `${CANARY}x`)), /whsec_/],
    ['an address and a file for it', listed(hook(', urlFile: secrets/hook.url')), /urlFile/],
    [
      'a file that is not there',
      listed(`{ name: shop, kind: webhook, urlFile: nowhere, secret: ${KEY} }`),
      /urlFile/,
    ],
    ['an event that is none', listed(hook(', events: [payment.payed]')), /did you mean payment.paid/],
    ['events that are none of a kind', listed(hook(', events: ["refunds.*"]')), /did you mean refund\.\*/],
    ['no events', listed(hook(', events: []')), /channels\.0\.events/],
    ['events that are no list', listed(hook(', events: payment.paid')), /channels\.0\.events/],
    ['another language', listed(hook(', lang: fr')), /zh or en/],
    ['a wish that is none', listed(hook(', allowPrivate: "yes"')), /true or false/],
    ['a member that is none', listed(hook(', event: [payment.paid]')), /did you mean events/],
    ['channels by name', 'version: 1\nchannels: { shop: {} }\n', /list/],
    ['a key in the place of a channel', listed(KEY), /map of names/],
  ])('is refused for %s', async (_, text, why) => {
    const { code, text: said, details } = await refusal(text);
    expect(code).toBe('CONFIGURATION');
    expect(said.en).toMatch(why);
    expect(details.line).toBeGreaterThan(0);
  });

  it('that is not there is told as such', async () => {
    await expect(readChannels(join(folder, 'nowhere.yaml'), 'zh')).rejects.toThrow(/cannot be read/);
  });
});

describe('a filter', () => {
  it('takes every type there is, and every beginning of one', async () => {
    const filters = [...EVENT_TYPES, ...EVENT_TYPES.map((type) => `${type.split('.')[0]}.*`), '*'];
    const [channel] = await read(listed(hook(`, events: ${JSON.stringify(filters)}`)));
    expect(channel?.events).toHaveLength(filters.length);
  });

  it.each<[string, string, boolean]>([
    ['payment.*', 'payment.paid', true],
    ['payment.*', 'refund.failed', false],
    ['*', 'alarm.audit', true],
    ['payment.paid', 'payment.late', false],
    // Whatever one asks for: nobody else would tell.
    ['payment.paid', 'channel.disabled', true],
  ])('%s and %s', (filter, type, isWanted) => {
    expect(wants({ events: [filter] }, type as never)).toBe(isWanted);
  });
});
