import type { Config, Env } from '../config.ts';
import { PROVIDER_IDS, type ProviderId } from '../domain/order.ts';
import { examineAlipay } from './alipay.ts';
import { examineClock } from './clock.ts';
import { AREAS, type Finding } from './finding.ts';
import { checkGateway } from './gateways.ts';
import { examineLedger } from './ledger.ts';
import { examineNotify } from './notify.ts';
import type { DoctorPorts } from './ports.ts';
import { examineService } from './service.ts';
import { examineSettings, type Settings } from './settings.ts';
import { examineWechatpay } from './wechatpay.ts';

export interface Report {
  /** Whether there is no error; warnings do not count. */
  readonly ok: boolean;
  /** By area, in the order of {@link AREAS}. */
  readonly findings: readonly Finding[];
  /** The language that was asked for, where it was. */
  readonly language: Config['language'] | undefined;
}

const EXAMINE = { alipay: examineAlipay, wechatpay: examineWechatpay } as const;

/**
 * Looks at everything a server needs, however broken it is: nothing that is wrong keeps the rest from being looked at,
 * and nothing is changed but a ledger's schema, as by any command. Moves no money.
 */
export async function examine(
  { env, cwd, offline }: { readonly env: Env; readonly cwd: string; readonly offline: boolean },
  ports: DoctorPorts,
): Promise<Report> {
  const settings = await examineSettings(env, cwd);
  const { config } = settings;
  // The simulator inside has keys of its own; there is nobody outside to ask or to be told by.
  const wallets = config.embeddedSimulator ? [] : await examineWallets(settings);
  const configured = wallets.filter(({ findings }) => !findings.some(({ id }) => id.endsWith('.absent')));
  const ids = configured.map(({ id }) => id);
  const sound = configured.filter(({ findings }) => findings.every(({ level }) => level !== 'error'));

  const [checks, notify, ledger, service] = await Promise.all([
    Promise.all(offline ? [] : sound.map(({ id }) => checkGateway(id, settings.values, env, ports))),
    examineNotify(settings, config.realm === 'simulator' ? [] : ids, offline ? undefined : ports),
    examineLedger(config, ports),
    examineService(config, config.embeddedSimulator ? PROVIDER_IDS : ids, ports.machine),
  ]);
  const skews = checks.flatMap(({ skewMs }) => (skewMs === undefined ? [] : [skewMs]));
  const findings = [
    ...settings.findings,
    ...wallets.flatMap((wallet) => wallet.findings),
    ...checks.flatMap((check) => check.findings),
    ...examineClock(skews, checks.length > 0, ports.machine.timeZone),
    ...notify,
    ...ledger,
    ...service,
  ];
  return {
    ok: findings.every(({ level }) => level !== 'error'),
    findings: AREAS.flatMap((area) => findings.filter((one) => one.area === area)),
    language: settings.values.CASHIER_LANG === undefined ? undefined : config.language,
  };
}

async function examineWallets(
  settings: Settings,
): Promise<readonly { readonly id: ProviderId; readonly findings: readonly Finding[] }[]> {
  return Promise.all(PROVIDER_IDS.map(async (id) => ({ id, findings: await EXAMINE[id](settings) })));
}
