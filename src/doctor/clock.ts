import { error, type Finding, ok, warning } from '../providers/finding.ts';

/** ms; beyond it something is wrong with this machine's clock. */
const ODD_MS = 60_000;
/** ms; beyond it a gateway refuses what we sign, and we refuse what it signs. */
const REFUSED_MS = 300_000;

const REMEDY = [
  '打开系统的自动对时（NTP）；虚拟机或容器要校准宿主机的时钟。',
  "Turn on the system's automatic time (NTP); for a virtual machine or container, set the host's clock.",
] as const;

/** @param skews ms; this machine's clock minus each gateway's that answered */
export function* examineClock(skews: readonly number[], asked: boolean, timeZone: string): Iterable<Finding> {
  const zone = ok('clock.zone', {
    zh: `本机时区是 ${timeZone}；它不影响收款，所有时间都按北京时间计算。`,
    en: `This machine's time zone is ${timeZone}; it does not matter, all times are reckoned in Beijing time.`,
  });
  const worst = [...skews].sort((a, b) => Math.abs(b) - Math.abs(a))[0];
  if (worst === undefined) {
    if (!asked) {
      yield zone;
      return;
    }
    yield zone;
    yield warning('clock.unchecked', {
      zh: '没有任何网关应答，无法核对本机时钟。',
      en: "No gateway answered, so this machine's clock could not be compared.",
      remedy: ['先解决网络问题，再运行一次。', 'Mend the network first, then run this again.'],
    });
    return;
  }
  const seconds = Math.round(Math.abs(worst) / 1000);
  const way = worst > 0 ? { zh: '快', en: 'ahead of' } : { zh: '慢', en: 'behind' };
  if (Math.abs(worst) <= ODD_MS) {
    yield zone;
    yield ok('clock.skew', {
      zh: `本机时钟与支付平台相差不到 ${seconds + 1} 秒。`,
      en: `This machine's clock is within ${seconds + 1} s of the gateway's.`,
    });
    return;
  }
  const grave = Math.abs(worst) > REFUSED_MS;
  yield zone;
  yield (grave ? error : warning)('clock.skew', {
    zh: `本机时钟比网关${way.zh} ${seconds} 秒${grave ? '；超过 5 分钟，支付平台会拒绝签名' : ''}。`,
    en: `This machine's clock is ${seconds} s ${way.en} the gateway's${grave ? '; beyond 5 minutes gateways refuse its signatures' : ''}.`,
    remedy: REMEDY,
  });
}
