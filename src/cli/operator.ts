import { openApp } from '../compose.ts';
import { CashierError } from '../domain/errors.ts';
import { systemRandom } from '../platform/system.ts';
import { hasOperatorSecret, Person, setOperatorSecret } from '../policy/operator.ts';
import type { CommandContext } from './command.ts';
import { recordingGuess } from './operator-secret.ts';
import { askSecret, printTable } from './terminal.ts';

/**
 * `mcp-cashier operator set-secret`: the new secret is typed at the terminal, or is `CASHIER_OPERATOR_SECRET` when none
 * is set yet; to change one, `CASHIER_OPERATOR_SECRET` (or the terminal) gives the old and the terminal the new.
 */
export async function run(args: readonly string[], { config }: CommandContext): Promise<number> {
  if (args[0] !== 'set-secret' || args.length > 1) throw usage();
  const settings = await config('operator');
  const app = await openApp(settings);
  try {
    const changing = await hasOperatorSecret(app.ledger);
    const given = settings.operatorSecret;
    const oldSecret = changing ? (given ?? (await askSecret('原口令 / old secret: '))) : undefined;
    if (changing) {
      await recordingGuess(app.ledger, Person.bySecret(app.ledger, settings.realm, oldSecret, 'terminal'));
    }
    const newSecret =
      !changing && given !== undefined ? given : await askSecret('新口令 / new secret (8+): ');
    await setOperatorSecret(app.ledger, { newSecret, oldSecret }, systemRandom);
    printTable([['操作员口令已设置 operator secret set']]);
    return 0;
  } finally {
    await app.close();
  }
}

function usage(): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: '用法：mcp-cashier operator set-secret。',
    en: 'Usage: mcp-cashier operator set-secret.',
    next: { zh: '', en: '' },
  });
}
