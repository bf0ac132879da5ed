import type { Config, Env, Whose } from '../config.ts';
import { codeOf } from '../domain/errors.ts';
import type { ProviderId } from '../domain/order.ts';
import { type Area, error, type Finding, warning } from '../providers/finding.ts';
import { isSamePair, readPastedKey } from '../providers/pasted-key.ts';
import { WALLET_IDS, WALLETS } from '../providers/registry.ts';
import { examineChannels } from './channels.ts';
import { examineClock } from './clock.ts';
import { examineGate } from './gate.ts';
import { checkGateway, type GatewayCheck } from './gateways.ts';
import { examineLedger } from './ledger.ts';
import { examineNotify } from './notify.ts';
import type { DoctorPorts } from './ports.ts';
import { examineProxy } from './proxy.ts';
import { examineService } from './service.ts';
import { examineSettings, type Settings } from './settings.ts';

/** In which people read what was found. */
const AREAS: readonly Area[] = [
  'configuration',
  ...WALLET_IDS,
  ...(['clock', 'notify', 'ledger', 'policy', 'channels', 'gate', 'service'] as const),
];

/** What is of a service and not of one of its merchants. */
const OF_SERVICE: readonly Area[] = ['clock', 'service'];

/** What is looked at. */
export interface Asked {
  readonly env: Env;
  readonly cwd: string;
  readonly offline: boolean;
  readonly whose?: Whose;
  /** Whether {@link OF_SERVICE} is looked at, too; by default it is. */
  readonly withService?: boolean;
  /** Whether what the gate charges for is looked at, too; by default it is. */
  readonly withGate?: boolean;
  /** The price file of the gate, where it is not the configuration that names it. */
  readonly prices?: string | undefined;
}

export interface Report {
  /** Whether there is no error; warnings do not count. */
  readonly ok: boolean;
  /** By area, in the order of {@link AREAS}. */
  readonly findings: readonly Finding[];
  /** The language that was asked for, where it was. */
  readonly language: Config['language'] | undefined;
}

/**
 * Looks at everything a server needs, however broken it is: nothing that is wrong keeps the rest from being looked at,
 * and nothing is changed but a ledger's schema, as by any command. Moves no money.
 */
export async function examine(
  { env, cwd, offline, whose, prices, withService = true, withGate = true }: Asked,
  ports: DoctorPorts,
): Promise<Report> {
  const settings = await examineSettings(env, cwd, whose);
  const { config } = settings;
  // The simulator inside has keys of its own; there is nobody outside to ask or to be told by.
  const wallets = config.embeddedSimulator ? [] : await examineWallets(settings, ports.clock.now());
  const configured = wallets.filter(({ findings }) => !findings.some(({ id }) => id.endsWith('.absent')));
  const ids = configured.map(({ id }) => id);
  const served = config.embeddedSimulator ? WALLET_IDS : ids;
  const isGiven = (name: string) => settings.values[name] !== undefined;
  const sound = configured.filter(({ findings }) => findings.every(({ level }) => level !== 'error'));

  const [checks, notify, ledger, channels, gate, service] = await Promise.all([
    Promise.all(
      offline ? [] : sound.map(({ id }) => askGateway(id, checkGateway(id, settings.values, env, ports))),
    ),
    guarded(
      'notify',
      examineNotify(settings, config.realm === 'simulator' ? [] : ids, offline ? undefined : ports),
    ),
    guarded('ledger', gathered(examineLedger(config, ports))),
    guarded('channels', gathered(examineChannels(config, offline ? {} : ports))),
    withGate
      ? guarded(
          'gate',
          gathered(examineGate(config, { typed: prices, wallets: served, isGiven, offline }, ports)),
        )
      : [],
    withService ? guarded('service', gathered(examineService(config, served, ports, offline))) : [],
  ]);
  const skews = checks.flatMap(({ skewMs }) => (skewMs === undefined ? [] : [skewMs]));
  const found = [
    ...settings.findings,
    ...(config.embeddedSimulator ? [] : examineProxy(env)),
    ...wallets.flatMap((wallet) => wallet.findings),
    ...checks.flatMap((check) => check.findings),
    ...examineClock(skews, checks.length > 0, ports.machine.timeZone),
    ...notify,
    ...ledger,
    ...channels,
    ...gate,
    ...service,
  ];
  const areas = AREAS.filter((area) => withService || !OF_SERVICE.includes(area));
  const findings = areas.flatMap((area) => found.filter((one) => one.area === area));
  return {
    ok: findings.every(({ level }) => level !== 'error'),
    findings,
    language: settings.values.CASHIER_LANG === undefined ? undefined : config.language,
  };
}

async function examineWallets(
  settings: Settings,
  now: number,
): Promise<readonly { readonly id: ProviderId; readonly findings: readonly Finding[] }[]> {
  const { config } = settings;
  const publicPage = config.realm === 'simulator' ? 'simulated' : (config.h5Origin ?? config.publicUrl);
  return Promise.all(
    WALLETS.map(async ({ id, doctor }) => {
      const found = doctor().then(({ examine }) => examine({ ...settings, publicPage }, now));
      return { id, findings: [...(await guarded(id, found)), ...sharedKeys(id, settings)] };
    }),
  );
}

/** A private key that stands in an earlier wallet's settings too. */
function sharedKeys(id: ProviderId, { values, nameOf }: Settings): Finding[] {
  const keys = WALLETS.flatMap((wallet) =>
    wallet.settings.flatMap(({ name, key }) => {
      const pasted = key === 'private' && values[name] !== undefined && readPastedKey(values[name]);
      return pasted && pasted.kind === 'private' ? [{ name, wallet: wallet.id, pasted }] : [];
    }),
  );
  return keys.flatMap((own, i) => {
    const first = keys.slice(0, i).find((one) => one.wallet !== id && isSamePair(one.pasted, own.pasted));
    if (own.wallet !== id || !first) return [];
    return [
      warning(`${id}.key-shared-with-${first.wallet}`, {
        variable: nameOf(own.name),
        zh: `${own.name} 与 ${first.name} 是同一把私钥，多半是粘贴错了。`,
        en: `${own.name} and ${first.name} are the same private key; one of them was probably pasted by mistake.`,
        remedy: ['在各自的平台取得各自的私钥。', "Give each gateway's own private key."],
      }),
    ];
  });
}

async function askGateway(id: ProviderId, asked: Promise<GatewayCheck>): Promise<GatewayCheck> {
  let skewMs: number | undefined;
  const found = asked.then((check) => {
    skewMs = check.skewMs;
    return check.findings;
  });
  return { findings: await guarded(id, found), skewMs };
}

async function gathered(findings: AsyncIterable<Finding>): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  for await (const one of findings) found.push(one);
  return found;
}

/** The last wall: a mistake of ours in one examination does not keep the others from being told. */
async function guarded(area: Area, findings: Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await findings;
  } catch (thrown) {
    // Its message may quote what it stumbled over.
    const what = codeOf(thrown) || 'INTERNAL';
    return [
      error(`${area}.not-examined`, {
        zh: `这一部分的检查没有完成（${what}）。`,
        en: `This part could not be examined (${what}).`,
        remedy: [
          '这是程序的缺陷，请附上配置方式（不含密钥）反馈。',
          'That is a bug: please report it with how you configured it, without keys.',
        ],
      }),
    ];
  }
}
