import { beijingIso } from '../domain/clock.ts';
import { fen, toYuan } from '../domain/money.ts';
import { type Kept, ledgerFacts } from '../keeping/facts.ts';
import { type Users, usersOf } from '../keeping/users.ts';
import { type Due, dayName } from '../ledger/restored.ts';
import { isThere, noLedger, withBooks } from './books.ts';
import type { CommandContext, Typed } from './command.ts';
import type { Say } from './speaker.ts';
import { printJson, printTable } from './terminal.ts';

type Values = Typed<'ledger'>['values'];

/** `mcp-cashier ledger info`: what a ledger is, how large, who has it open, when it was last looked after. */
export async function info(values: Values, context: CommandContext): Promise<number> {
  const settings = await context.config('operator', values);
  // Before this process has it open itself.
  const users: Users = isThere(settings) ? await usersOf(settings) : { any: false, connections: [] };
  return withBooks(context, values, 'read', async ({ ledger, where, announce }) => {
    if (where.realm === null) throw noLedger(settings);
    const facts = await ledgerFacts(ledger, settings.ledger);
    if (values.json) {
      const { freeze, due, verified, backedUp, newest, paidFen, refundedFen, ...rest } = facts;
      printJson({
        ...where,
        ...rest,
        paidYuan: toYuan(fen(paidFen)),
        refundedYuan: toYuan(fen(refundedFen)),
        newest: newest ? { at: beijingIso(newest.at), kind: newest.kind } : null,
        frozen: freeze ? { at: beijingIso(freeze.at), by: freeze.by, reason: freeze.reason ?? null } : null,
        restored: due ? restoredAsJson(due) : null,
        openElsewhere: users.any ?? null,
        connections: users.connections,
        verified: keptAsJson(verified),
        backedUp: keptAsJson(backedUp),
      });
      return 0;
    }
    announce();
    printTable(rows(facts, users, context.say));
    return 0;
  });
}

function rows(facts: Awaited<ReturnType<typeof ledgerFacts>>, users: Users, say: Say): string[][] {
  const { newest, freeze, due, orders } = facts;
  const never = say.line('没有记下', 'not noted');
  const kept = (one: Kept | undefined) =>
    one
      ? say.line(`${beijingIso(one.at)}，到第 ${one.seq} 条`, `${beijingIso(one.at)}, to record ${one.seq}`)
      : never;
  const states = Object.entries(orders).map(([state, count]) => `${state} ${count}`);
  const open =
    users.any === undefined
      ? say.line('无法得知（没有用 WAL）', 'cannot be known (no WAL)')
      : users.any
        ? [say.line('是', 'yes'), ...users.connections.map(({ from, since }) => `${from} (${since})`)].join(
            ', ',
          )
        : say.line('否', 'no');
  return [
    [say.line('编号', 'id'), facts.id],
    [say.line('格式版本', 'schema version'), String(facts.schemaVersion)],
    [say.line('大小', 'size'), `${Math.ceil(facts.bytes / 1024)} KiB`],
    [say.line('订单', 'orders'), states.join(', ') || '0'],
    [
      say.line('已付款', 'paid'),
      say.line(`${toYuan(fen(facts.paidFen))} 元`, `${toYuan(fen(facts.paidFen))} yuan`),
    ],
    [
      say.line('已退款', 'refunded'),
      say.line(`${toYuan(fen(facts.refundedFen))} 元`, `${toYuan(fen(facts.refundedFen))} yuan`),
    ],
    [say.line('审计记录', 'audit records'), String(facts.records)],
    [say.line('最新一条', 'the newest'), newest ? `${beijingIso(newest.at)} ${newest.kind}` : '-'],
    [
      say.line('暂停', 'paused'),
      freeze ? `${beijingIso(freeze.at)} ${freeze.by} ${freeze.reason ?? ''}` : say.line('否', 'no'),
    ],
    ...(due ? [[say.line('从备份恢复', 'restored from a backup'), restoredWords(due, say)]] : []),
    [say.line('其他进程打开着', 'open in other processes'), open],
    [say.line('上次核对', 'last verified'), kept(facts.verified)],
    [say.line('上次备份', 'last backup'), kept(facts.backedUp)],
  ];
}

function restoredWords({ restored, days, unasked }: Due, say: Say): string {
  const { at, since } = { at: beijingIso(restored.at), since: beijingIso(restored.since) };
  const due = days.map(dayName).join(', ') || '-';
  return say.line(
    `${at}，备份止于 ${since}；待对账：${due}${unasked ? '；有未完成的订单还没有问过' : ''}`,
    `${at}, the backup ends at ${since}; to be reconciled: ${due}${unasked ? '; open orders were not asked about yet' : ''}`,
  );
}

function restoredAsJson({ restored, days, unasked }: Due) {
  return {
    at: beijingIso(restored.at),
    since: beijingIso(restored.since),
    toReconcile: days.map(({ provider, date, open }) => ({
      ...{ provider: provider ?? null, date, differences: open ?? null },
    })),
    openOrdersAsked: !unasked,
  };
}

function keptAsJson(kept: Kept | undefined) {
  return kept ? { at: beijingIso(kept.at), records: kept.seq } : null;
}
