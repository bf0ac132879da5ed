import { describe, expect, it } from 'vitest';
import { readerOf } from '../../src/buyer-page/reader.ts';
import { AGENTS, type Agent } from './states.ts';

function read(headers: Record<string, string>, query = '', fallback: 'zh' | 'en' = 'zh') {
  return readerOf({ query: new URLSearchParams(query), headers: new Headers(headers) }, fallback);
}

describe('the language', () => {
  it.each([
    ['zh-CN,zh;q=0.9,en;q=0.8', 'zh'],
    ['en-US,en;q=0.9', 'en'],
    ['en;q=0.5, zh-TW;q=0.7', 'zh'],
    ['zh;q=0, en;q=0.1', 'en'],
    ['fr-FR,fr;q=0.9,zh;q=0.1', 'zh'],
    ['fr-FR,fr;q=0.9', 'en'],
    ['EN-gb', 'en'],
    ['zh-Hans-CN', 'zh'],
    ['*', 'zh'],
    ['fr, *;q=0.5', 'zh'],
    ['', 'zh'],
    [';;q=,,=', 'en'],
  ])('of %j is %s', (header, language) => {
    expect(read({ 'accept-language': header }).language).toBe(language);
  });

  it('is the merchant’s where the browser names none, and the reader’s own choice before all', () => {
    expect(read({}).language).toBe('zh');
    expect(read({}, '', 'en').language).toBe('en');
    expect(read({ 'accept-language': 'zh' }, 'lang=en').language).toBe('en');
    expect(read({ 'accept-language': 'en' }, 'lang=zh&returned').language).toBe('zh');
    expect(read({ 'accept-language': 'en' }, 'lang=<b>').language).toBe('en');
  });
});

describe('the browser', () => {
  const known: [Agent, string | undefined, boolean][] = [
    ['desktop', undefined, false],
    ['phone', undefined, true],
    ['wechat', 'wechatpay', true],
    ['wecom', 'wechatpay', true],
    ['miniProgram', 'mini-program', true],
    ['desktopWechat', 'wechatpay', false],
    ['alipay', 'alipay', true],
  ];
  it.each(known)('%s is inside %s; on a phone: %s', (agent, inApp, phone) => {
    expect(read({ 'user-agent': AGENTS[agent] })).toMatchObject({ inApp, phone });
  });

  it('that names nothing is no app’s and on no phone', () => {
    expect(read({})).toMatchObject({ inApp: undefined, phone: false, returned: false });
    expect(read({}, 'returned').returned).toBe(true);
  });
});
