import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { NotSent } from '../../src/events/kinds/kind.ts';
import { openLedger } from '../../src/open-ledger.ts';
import { diagnose, file, home, secret } from './patient.ts';

const KEY = secret('0123456789abcdef0123456789abcdef');
const channels = (more = '') =>
  file(
    'channels.yaml',
    `version: 1
channels:
  - name: boss
    kind: feishu
    url: https://open.feishu.cn/open-apis/bot/v2/hook/${KEY}
    secret: ${KEY}
  - name: shop
    kind: wecom
    url: https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=${KEY}
${more}`,
  );
type Reach = NonNullable<NonNullable<Parameters<typeof diagnose>[1]>['ports']>['reach'];
const found = async (
  CASHIER_CHANNELS: string | undefined,
  reach?: Reach,
  CASHIER_HOME = join(home, 'none'),
) => {
  const env = { CASHIER_HOME, ...(CASHIER_CHANNELS === undefined ? {} : { CASHIER_CHANNELS }) };
  const findings = await diagnose(env, { offline: false, ports: { reach } });
  return findings.filter(({ area }) => area === 'channels').map(({ id, level }) => `${id} ${level}`);
};

describe('what is said of channels', () => {
  it('without any, in the simulator', async () => {
    expect(await found(undefined)).toEqual(['channels.inbox ok']);
  });

  it('where all is well, after a look at each that tells it nothing', async () => {
    const looked: string[] = [];
    const reach: Reach = async (url, { allowPrivate }) => void looked.push(`${url.host} ${allowPrivate}`);
    expect(await found(channels(), reach)).toEqual([
      'channels.file ok',
      'channels.reached ok',
      'channels.reached ok',
    ]);
    expect(looked).toEqual(['open.feishu.cn false', 'qyapi.weixin.qq.com false']);
  });

  it.each([
    ['network', 'channels.unreachable warning'],
    ['timeout', 'channels.unreachable warning'],
    ['not-allowed', 'channels.inside warning'],
  ] as const)('where one cannot be reached: %s', async (code, said) => {
    const reach: Reach = async ({ host }) => {
      if (host === 'qyapi.weixin.qq.com') throw new NotSent(code, 'ECONNREFUSED');
    };
    expect(await found(channels(), reach)).toEqual(['channels.file ok', 'channels.reached ok', said]);
  });

  it('where the file means nothing: the server does not start with it', async () => {
    const path = channels(`  - name: boss\n    kind: bark\n    url: https://api.day.app/${KEY}\n`);
    expect(await found(path)).toEqual(['channels.unusable error']);
  });

  it('where one is off', async () => {
    const of = join(home, 'silent');
    mkdirSync(of);
    const path = channels();
    const config = await readConfig({ CASHIER_HOME: of }, home);
    const ledger = await openLedger(config);
    await ledger.note(async ({ outbox }) => {
      await outbox.begin('boss', 0);
      await outbox.disable('boss', 'wrong-key');
    });
    await ledger.close();
    expect(await found(path, async () => undefined, of)).toContain('channels.disabled warning');
  });

  it('that is kept from others on the machine', async () => {
    const open = file('open-channels.yaml', 'version: 1\nchannels: []\n', 0o644);
    const findings = await diagnose({ CASHIER_CHANNELS: open });
    expect(findings.map(({ id, variable }) => `${id} ${variable}`)).toContain(
      'configuration.file-mode CASHIER_CHANNELS',
    );
  });
});
