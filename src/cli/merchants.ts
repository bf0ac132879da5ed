import { withDotenv } from '../config.ts';
import { readMerchants, walletsIn } from '../config-merchants.ts';
import { withPaths } from '../config-paths.ts';
import { WALLETS } from '../providers/registry.ts';
import type { CommandContext, Typed } from './command.ts';
import { printJson, printTable } from './terminal.ts';

/**
 * `mcp-cashier merchants [list]`, with `--json`: whom this home collects for, with which wallets, and where each one's
 * ledger is. Without a file of merchants there is one.
 */
export async function run({ values }: Typed<'merchants'>, context: CommandContext): Promise<number> {
  const { say } = context;
  const configs = await context.configs('operator', values);
  const env = await withDotenv(context.env, context.cwd);
  const { CASHIER_MERCHANTS: file } = withPaths({ CASHIER_MERCHANTS: env.CASHIER_MERCHANTS });
  const named = file ? await readMerchants(file) : [];
  const merchants = configs.map((config) => ({
    merchant: config.merchant,
    payee: config.merchantName ?? null,
    realm: config.realm,
    // The simulator has them all.
    wallets: (config.embeddedSimulator
      ? WALLETS
      : walletsIn(named.find(({ id }) => id === config.merchant)?.env ?? env)
    ).map(({ id }) => id),
    ledger: config.ledgerName,
    policy: config.policyFile ?? null,
    channels: config.channelsFile ?? null,
  }));
  if (values.json) {
    printJson({ file: file ?? null, items: merchants });
    return 0;
  }
  printTable([
    say.row('商户|收款方|环境|支付方式|账本', 'merchant|payee|realm|wallets|ledger'),
    ...merchants.map(({ merchant, payee, realm, wallets, ledger }) => [
      ...[merchant, payee ?? '-', realm, wallets.join(', ') || '-', ledger],
    ]),
  ]);
  return 0;
}
