import { parseArgs } from 'node:util';
import { openApp } from '../compose.ts';
import { beijingIso } from '../domain/clock.ts';
import { toYuan } from '../domain/money.ts';
import type { CommandContext } from './command.ts';
import { printJson, printTable } from './terminal.ts';

/** `mcp-cashier orders [--limit N] [--json]`: the newest orders of the ledger with their refunds. */
export async function run(args: readonly string[], { config }: CommandContext): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { json: { type: 'boolean', default: false }, limit: { type: 'string', default: '20' } },
  });
  const app = await openApp(await config());
  try {
    const rows = await app.ledger.read(async (book) => {
      const orders = await book.orders({}, Number.parseInt(values.limit, 10) || 20);
      return Promise.all(
        orders.map(async (order) => ({ order, refunds: await book.refunds(order.outTradeNo) })),
      );
    });
    if (values.json) {
      printJson(
        rows.map(
          ({ order: { plan, credential, terms, pageToken, buyerHash, inputHash, ...order }, refunds }) => ({
            ...order,
            refunds: refunds.map(({ plan: _, inputHash: _hash, ...refund }) => refund),
          }),
        ),
      );
      return 0;
    }
    printTable([
      ['号码 number', '钱包 wallet', '状态 state', '元 yuan', '时间 created'],
      ...rows.flatMap(({ order, refunds }) => [
        [order.outTradeNo, order.provider, order.state, toYuan(order.amountFen), beijingIso(order.createdAt)],
        ...refunds.map((refund) => [
          `  ↩ ${refund.outRefundNo}`,
          order.provider,
          refund.state,
          toYuan(refund.amountFen),
          beijingIso(refund.createdAt),
        ]),
      ]),
    ]);
    return 0;
  } finally {
    await app.close();
  }
}
