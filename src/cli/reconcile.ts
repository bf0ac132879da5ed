import { openApp } from '../compose.ts';
import { CashierError } from '../domain/errors.ts';
import type { ProviderId, Realm } from '../domain/order.ts';
import type { reconcile } from '../payments/reconcile.ts';
import { settleDay } from '../payments/settle-day.ts';
import { chooseProvider, type Till } from '../payments/till.ts';
import { systemPorts } from '../platform/system.ts';
import { spaced, whoseOf } from './books.ts';
import type { CommandContext, Typed } from './command.ts';
import { asJson, type DayReport, errorAsJson, printReport } from './reconcile-report.ts';
import { print, printJson } from './terminal.ts';

/**
 * `mcp-cashier reconcile --date YYYY-MM-DD [--provider ID] [--settle] [--json]`: downloads the gateways'
 * bills of a day and names every difference from the ledger. `--settle` also asks the gateway about each order and
 * refund whose state differs, and frees the sums of refunds in doubt that no bill has; on a restored ledger it also
 * takes in what that has forgotten. Exit code 0 only when every bill was had and nothing differs.
 */
export async function run({ values }: Typed<'reconcile'>, context: CommandContext): Promise<number> {
  const { date, provider: wanted } = values;
  const { say } = context;
  if (date === undefined) throw needsDate();
  // Asks the gateways, so it needs what a server needs, and works on the ledger that this is the environment of.
  const settings = await context.config('server', values);
  const { realm } = settings;
  if (values.realm !== undefined && values.realm !== realm) throw otherKeys(realm, values.realm);
  const simulated = realm === 'simulator';
  const app = await openApp(settings, systemPorts);
  try {
    const till = await app.till();
    const ids = wanted === undefined ? [...till.providers.keys()] : [chooseProvider(till, wanted).id];
    const days: DayReport[] = [];
    for (const id of ids) {
      const what = say.line('正在下载账单并对账…', 'downloading the bill and comparing…');
      process.stderr.write(`${id} ${date}: ${what}\n`);
      days.push(await reportOf(till, id, { date, today: simulated ? 'allowed' : 'refused' }, values.settle));
    }
    const clean = days.every((day) => !('error' in day) && day.result.differences.length === 0);
    if (values.json) {
      const providers = days.map((day) => ('error' in day ? errorAsJson(day) : asJson(day)));
      printJson({
        ...whoseOf(settings),
        realm,
        ledger: settings.ledgerName,
        date,
        clean,
        simulated,
        providers,
      });
    } else {
      const books = spaced(whoseOf(settings).merchant ?? '', realm, settings.ledgerName);
      print(say.line(`账本：${books}`, `ledger: ${books}`));
      if (simulated) print(say.line('模拟环境，不是真钱', 'SIMULATED, no real money'));
      for (const day of days) printReport(day, say);
    }
    return clean ? 0 : 1;
  } finally {
    await app.close();
  }
}

/** A wallet whose bill cannot be had does not keep the other one from being compared; a wrong date concerns both. */
async function reportOf(
  opened: Till,
  provider: ProviderId,
  input: Parameters<typeof reconcile>[2],
  settle: boolean,
): Promise<DayReport> {
  const till = { ...opened, ledger: opened.ledger.as({ actor: 'operator', tool: 'reconcile' }) };
  try {
    return { provider, ...(await settleDay(till, chooseProvider(till, provider), input, settle)) };
  } catch (error) {
    if (error instanceof CashierError && error.code !== 'INVALID_ARGUMENT') return { provider, error };
    throw error;
  }
}

function otherKeys(realm: Realm, asked: Realm): CashierError {
  return new CashierError('CONFIGURATION', {
    zh: `密钥属于 ${realm} 环境，不能与 ${asked} 的账单对账。`,
    en: `The keys are those of the realm ${realm}; they cannot ask for the bills of ${asked}.`,
    next: { zh: '改正 *_CURRENT_ENV 或 --realm。', en: 'Correct *_CURRENT_ENV or --realm.' },
  });
}

function needsDate(): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: 'reconcile 缺少 --date。',
    en: 'reconcile needs --date.',
    next: {
      zh: '例如：mcp-cashier reconcile --date 2026-11-21',
      en: 'For example: mcp-cashier reconcile --date 2026-11-21',
    },
  });
}
