import type { Report } from '../doctor/examine.ts';
import { thisMachine } from '../doctor/machine.ts';
import { examineMerchants } from '../doctor/merchants.ts';
import { usableProxy } from '../doctor/proxy.ts';
import type { Text } from '../domain/errors.ts';
import { openEgress } from '../events/egress.ts';
import { openLedger } from '../open-ledger.ts';
import { systemClock, systemRandom } from '../platform/system.ts';
import { readPolicy } from '../policy/read-policy-file.ts';
import type { Area, Finding, Level } from '../providers/finding.ts';
import { gatewayHttp } from '../providers/gateway-http.ts';
import { WALLETS } from '../providers/registry.ts';
import { typedPath } from './arguments.ts';
import type { CommandContext, Typed } from './command.ts';
import { disarmed } from './disarmed.ts';
import { type Say, speaker } from './speaker.ts';
import { print, printJson, printPainted } from './terminal.ts';

/** ms; a person waits. */
const TIMEOUT_MS = 5_000;

/**
 * `mcp-cashier doctor [--merchant NAME] [--prices FILE] [--offline] [--lang zh|en] [--json]`: looks at configuration, keys, clock, ledger and gateways
 * without moving money, and says what is wrong and what to do. Exit code 0 when there is no error.
 */
export async function run({ values }: Typed<'doctor'>, context: CommandContext): Promise<number> {
  const { env } = context;
  const report = await examineMerchants(
    {
      ...{ env, cwd: process.cwd(), offline: values.offline, merchant: values.merchant },
      prices: typedPath(values.prices, context.cwd),
    },
    {
      clock: systemClock,
      randomBytes: systemRandom,
      http: gatewayHttp(TIMEOUT_MS, usableProxy(env)),
      reach: openEgress({ proxy: usableProxy(env), timeoutMs: TIMEOUT_MS }).reach,
      openLedger,
      readPolicy,
      machine: thisMachine,
    },
  );
  const say = context.say ?? speaker(values.lang ?? report.language);
  if (values.json) {
    printJson({
      ok: report.ok,
      findings: report.findings.map(({ message, remedy, ...finding }) => ({
        ...finding,
        message: say(message).join(' '),
        remedy: say(remedy).join(' '),
      })),
    });
  } else printReport(report, say, process.stdout.isTTY === true && !env.NO_COLOR);
  return report.ok ? 0 : 1;
}

const TITLES: Readonly<Partial<Record<Area, Text>>> = {
  configuration: { zh: '配置', en: 'Configuration' },
  ...Object.fromEntries(WALLETS.map(({ id, name }) => [id, name])),
  clock: { zh: '时钟', en: 'Clock' },
  notify: { zh: '通知', en: 'Notifications' },
  ledger: { zh: '账本', en: 'Ledger' },
  policy: { zh: '规则', en: 'Rules' },
  channels: { zh: '通知渠道', en: 'Channels' },
  gate: { zh: '按次收费网关', en: 'Gate' },
  service: { zh: '服务', en: 'Service' },
};
/** SGR codes of a terminal. */
const COLOURS = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;
type Colour = keyof typeof COLOURS;
type Paint = (colour: Colour, text: string) => string;
const MARKS: Readonly<Record<Level, { readonly sign: string; readonly colour: 'green' | 'yellow' | 'red' }>> =
  {
    ok: { sign: '✔', colour: 'green' },
    warning: { sign: '!', colour: 'yellow' },
    error: { sign: '✘', colour: 'red' },
  };
const TITLE_TIPS = WALLETS.flatMap(({ titleTip }) => titleTip ?? []);
const TIP: Text = {
  zh: `提示：${['商品名里不要有表情符号', ...TITLE_TIPS.map(({ zh }) => zh)].join('；')}。`,
  en: `Tip: ${['no emoji in titles', ...TITLE_TIPS.map(({ en }) => en)].join('; ')}.`,
};

function printReport({ findings, ok }: Report, say: Say, coloured: boolean): void {
  const paint: Paint = (colour, text) => (coloured ? `\u001b[${COLOURS[colour]}m${text}\u001b[0m` : text);
  let area: Area | undefined;
  let merchant: string | undefined;
  for (const finding of findings) {
    if (finding.merchant !== undefined && finding.merchant !== merchant) {
      if (area !== undefined) print();
      printPainted(paint('bold', say.line(`—— 商户 ${finding.merchant}`, `—— merchant ${finding.merchant}`)));
      area = undefined;
    }
    merchant = finding.merchant;
    if (finding.area !== area) {
      if (area !== undefined) print();
      printPainted(
        paint('bold', say(TITLES[finding.area] ?? { zh: finding.area, en: finding.area }).join(' ')),
      );
    }
    area = finding.area;
    printFinding(finding, say, paint);
  }
  const count = (level: Level) => findings.filter((finding) => finding.level === level).length;
  const [errors, warnings] = [count('error'), count('warning')];
  print();
  for (const line of say({
    zh: ok ? `没有错误，${warnings} 处提醒。` : `${errors} 处错误，${warnings} 处提醒。`,
    en: ok ? `No errors; warnings: ${warnings}.` : `Errors: ${errors}; warnings: ${warnings}.`,
  })) {
    printPainted(paint(ok ? 'green' : 'red', line));
  }
  for (const line of say(TIP)) printPainted(paint('dim', line));
}

function printFinding({ level, message, remedy }: Finding, say: Say, paint: Paint): void {
  const { sign, colour } = MARKS[level];
  for (const [i, line] of say(message).entries())
    printPainted(`  ${i === 0 ? paint(colour, sign) : ' '} ${disarmed(line)}`);
  for (const line of say(remedy)) print(`    → ${line}`);
}
