import type { App } from '../compose.ts';
import { isInForce } from '../policy/decisions.ts';
import type { Say } from './speaker.ts';

/** Says on stderr and in the log when a changed policy file waits to be accepted. Only reads the ledger. */
export async function noticeUnacceptedPolicy({ ledger, policy, config, log }: App, say: Say): Promise<void> {
  const version = await ledger.read(async (book) =>
    (await isInForce(book, policy)) ? undefined : (await book.operator.policy())?.version,
  );
  if (version === undefined) return;
  const file = config.policyFile;
  log.info('policy file differs from the rules in force', { file: file ?? 'none', version });
  const [zh, en] =
    file === undefined
      ? ['没有规则文件，默认规则', 'There is no policy file, and the default rules differ']
      : [`规则文件 ${file} `, `The policy file ${file} differs`];
  const option = config.merchants.length === 0 ? '' : ` --merchant ${config.merchant}`;
  const whose = config.merchants.length === 0 ? '' : `${config.merchant}: `;
  for (const line of say({
    zh: `${zh}与已接受的第 ${version} 版规则不同，后者继续有效，直到运行 mcp-cashier policy accept${option}。`,
    en: `${en} from the accepted version ${version}, which stays in force until mcp-cashier policy accept${option}.`,
  })) {
    process.stderr.write(`mcp-cashier: ${whose}${line}\n`);
  }
}
