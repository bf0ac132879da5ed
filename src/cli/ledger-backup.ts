import { typedPath } from '../config-paths.ts';
import { beijingIso } from '../domain/clock.ts';
import { backUp } from '../keeping/backup.ts';
import type { Progress } from '../keeping/fill.ts';
import { realmOf, restore } from '../keeping/restore.ts';
import { hasOperatorSecret } from '../persons/secret.ts';
import { systemPorts } from '../platform/system.ts';
import { readCheckpoints } from './audit.ts';
import { printVerdict } from './audit-verdict.ts';
import { noLedger, withBooks } from './books.ts';
import type { CommandContext, Typed } from './command.ts';
import { promptPerson } from './operator-secret.ts';
import type { Say } from './speaker.ts';
import { print, printJson, tell } from './terminal.ts';

type ValuesOf<A extends string> = Extract<Typed<'ledger'>, { readonly action: A }>['values'];

/** `mcp-cashier ledger backup FILE`: a copy as one instant has it, while servers work on. */
export async function backup(
  file: string,
  values: ValuesOf<'backup'>,
  context: CommandContext,
): Promise<number> {
  const { say } = context;
  return withBooks(context, values, 'read', async ({ ledger, settings, where, announce }) => {
    if (where.realm === null) throw noLedger(settings);
    const path = typedPath(file, context.cwd);
    const { progress, end } = progressLine(say);
    const { checkpoint, bytes } = await backUp(ledger, settings, path, systemPorts, progress).finally(end);
    if (values.json) {
      printJson({ ...where, file: path, bytes, records: checkpoint.seq, intact: true, checkpoint });
      return 0;
    }
    announce();
    tell(say, {
      zh: `已备份到 ${path}：${checkpoint.seq} 条记录，核对无误。它和账本一样机密：里面有订单、口令的哈希和检查点密钥。`,
      en: `Backed up to ${path}: ${checkpoint.seq} records, verified. It is as confidential as the ledger: orders, the hash of the operator secret and the checkpoints' key are in it.`,
    });
    tell(say, {
      zh: '下面一行是检查点：请保存在别处，恢复时用 --checkpoint 核对。',
      en: 'The next line is its checkpoint: keep it elsewhere, and hold the backup against it with --checkpoint when you restore.',
    });
    print(JSON.stringify(checkpoint));
    return 0;
  });
}

/** `mcp-cashier ledger restore FILE`: puts a backup where no ledger is; it begins paused. */
export async function restoreFile(
  file: string,
  values: ValuesOf<'restore'>,
  context: CommandContext,
): Promise<number> {
  const { say } = context;
  const path = typedPath(file, context.cwd);
  // Whose it is to be is asked before the file is looked at.
  await context.config('operator', values);
  const settings = await context.config('operator', {
    ...values,
    realm: values.realm ?? (await realmOf(path)),
  });
  const { progress, end } = progressLine(say);
  const restored = await restore({
    ...{
      file: path,
      target: settings,
      home: settings.home,
      realm: values.realm,
      ports: systemPorts,
      progress,
    },
    checkpoints: values.checkpoint.flatMap(readCheckpoints),
    async person(backup) {
      end();
      // Where the backup has none, nobody could prove who they are; and it stays paused until one is set.
      return (await hasOperatorSecret(backup)) ? (await promptPerson(backup, settings, say)).via : 'terminal';
    },
  }).finally(end);
  const { realm, seq, since, verdict } = restored;
  if (values.json) {
    const at = beijingIso(since);
    printJson({ realm, ledger: settings.ledgerName, file: path, records: seq, since: at, frozen: true });
    return 0;
  }
  print(say.line(`账本：${realm} ${settings.ledgerName}`, `ledger: ${realm} ${settings.ledgerName}`));
  printVerdict(verdict, say);
  tell(say, {
    zh: `已恢复，到第 ${seq} 条（${beijingIso(since)}）。它不知道其后的事，所以先暂停：对其后每一天运行 mcp-cashier reconcile --date 日期 --settle，再由人恢复。额度和限额也是当时的，恢复收款前请核对。`,
    en: `Restored, to record ${seq} (${beijingIso(since)}). It knows nothing of what came after, so it begins paused: run mcp-cashier reconcile --date DAY --settle for every day since, then let a person resume it. Allowances and limits are of that time too: see to them before.`,
  });
  tell(say, { zh: '恢复收款：mcp-cashier unfreeze', en: 'To resume: mcp-cashier unfreeze' });
  return 0;
}

/** What long work is at, on one line of a terminal. */
export function progressLine(say: Say): { readonly progress: Progress; readonly end: () => void } {
  if (!process.stderr.isTTY) return { progress: () => undefined, end: () => undefined };
  const words = {
    verify: say.line('核对记录', 'records verified'),
    carry: say.line('写入行', 'rows written'),
    compare: say.line('比对行', 'rows compared'),
  };
  return {
    progress: (doing, done) => process.stderr.write(`\r\u001b[K${words[doing]}: ${done}`),
    end: () => process.stderr.write('\r\u001b[K'),
  };
}
