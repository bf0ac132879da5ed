import { parseArgs } from 'node:util';
import { openApp } from '../compose.ts';
import { CashierError } from '../domain/errors.ts';
import { PROVIDER_IDS, type ProviderId } from '../domain/order.ts';
import { releaseAbsentRefunds } from '../payments/absent-refunds.ts';
import { type Cashier, chooseProvider } from '../payments/cashier.ts';
import { billsOf, reconcile } from '../payments/reconcile.ts';
import { settleDifference } from '../payments/settle-differences.ts';
import type { CommandContext } from './command.ts';
import { asJson, type DayReport, errorAsJson, printReport } from './reconcile-report.ts';
import { print, printJson } from './terminal.ts';

/**
 * `mcp-cashier reconcile --date YYYY-MM-DD [--provider alipay|wechatpay] [--settle] [--json]`: downloads the gateways'
 * bills of a day and names every difference from the ledger. `--settle` also asks the gateway about each order and
 * refund whose state differs, and frees the sums of refunds in doubt that no bill has. Exit code 0 only when every bill was had and nothing differs.
 */
export async function run(args: readonly string[], { config }: CommandContext): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      date: { type: 'string' },
      provider: { type: 'string' },
      settle: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const { date } = values;
  const wanted = PROVIDER_IDS.find((id) => id === values.provider);
  if (date === undefined || (values.provider !== undefined && wanted === undefined)) throw usage();
  const settings = await config();
  const simulated = settings.realm === 'simulator';
  const app = await openApp(settings);
  try {
    const cashier = await app.cashier();
    const ids = wanted === undefined ? [...cashier.providers.keys()] : [chooseProvider(cashier, wanted).id];
    const days: DayReport[] = [];
    for (const id of ids) {
      process.stderr.write(`${id} ${date}: 正在下载账单并对账… downloading the bill and comparing…\n`);
      days.push(
        await reportOf(cashier, id, { date, today: simulated ? 'allowed' : 'refused' }, values.settle),
      );
    }
    const clean = days.every((day) => !('error' in day) && day.result.differences.length === 0);
    if (values.json) {
      const providers = days.map((day) => ('error' in day ? errorAsJson(day) : asJson(day)));
      printJson({ date, clean, simulated, providers });
    } else {
      if (simulated) print('模拟环境，不是真钱 SIMULATED, no real money');
      for (const day of days) printReport(day);
    }
    return clean ? 0 : 1;
  } finally {
    await app.close();
  }
}

/** A wallet whose bill cannot be had does not keep the other one from being compared; a wrong date concerns both. */
async function reportOf(
  cashier: Cashier,
  provider: ProviderId,
  input: Parameters<typeof reconcile>[2],
  settle: boolean,
): Promise<DayReport> {
  try {
    const result = await reconcile(cashier, chooseProvider(cashier, provider), input);
    const settled = new Map<(typeof result.differences)[number], string>();
    for (const difference of settle ? result.differences : []) {
      const state = await settleDifference(cashier, difference);
      if (state !== undefined) settled.set(difference, state);
    }
    const wallet = chooseProvider(cashier, provider);
    const released = settle ? await releaseAbsentRefunds(cashier, wallet, billsOf(wallet)) : [];
    return { provider, result, settled, released };
  } catch (error) {
    if (error instanceof CashierError && error.code !== 'INVALID_ARGUMENT') return { provider, error };
    throw error;
  }
}

function usage(): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: '用法：mcp-cashier reconcile --date YYYY-MM-DD [--provider alipay|wechatpay] [--settle] [--json]。',
    en: 'Usage: mcp-cashier reconcile --date YYYY-MM-DD [--provider alipay|wechatpay] [--settle] [--json].',
    next: { zh: '', en: '' },
  });
}
