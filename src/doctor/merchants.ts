import { type Env, withDotenv } from '../config.ts';
import { envOf, insistOnNoWallet, noSuchMerchant, readMerchants } from '../config-merchants.ts';
import { withPaths } from '../config-paths.ts';
import { DEFAULT_MERCHANT } from '../domain/merchant.ts';
import { type Finding, refusal } from '../providers/finding.ts';
import { openFile } from './env-file.ts';
import { type Asked, examine, type Report } from './examine.ts';
import type { DoctorPorts } from './ports.ts';

/**
 * As {@link examine}, of each merchant that the file names, or of the one that is asked for; each finding says whose it
 * is. Throws INVALID_ARGUMENT for a merchant that there is not.
 */
export async function examineMerchants(
  asked: Omit<Asked, 'whose' | 'withService' | 'withGate'> & { readonly merchant: string | undefined },
  ports: DoctorPorts,
): Promise<Report> {
  const { cwd, merchant: named } = asked;
  const env = await withDotenv(asked.env, cwd).catch(() => asked.env);
  const file = fileIn(env);
  if (file === undefined) {
    if (named !== undefined && named !== DEFAULT_MERCHANT) throw noSuchMerchant(named, []);
    return examine(asked, ports);
  }
  let merchants: Awaited<ReturnType<typeof readMerchants>>;
  try {
    merchants = await readMerchants(file);
  } catch (error) {
    return { ok: false, findings: [refusal(error, () => 'configuration.merchants')], language: undefined };
  }
  const of = merchants.map(({ id }) => id);
  const meant = merchants.filter(({ id }) => named === undefined || id === named);
  if (named !== undefined && meant.length === 0) throw noSuchMerchant(named, of);
  const findings: Finding[] = [...examineFile(file, env)];
  let language: Report['language'];
  for (const [i, one] of meant.entries()) {
    const whose = { id: one.id, of, hasLedger: false };
    const isFirst = i === 0;
    // For whom the gate sells, its command line says.
    const which = { withService: isFirst, withGate: named !== undefined };
    const report = await examine({ ...asked, env: envOf(env, one), whose, ...which }, ports);
    findings.push(...report.findings.map((finding) => ({ ...finding, merchant: one.id })));
    if (isFirst) language = report.language;
  }
  return { ok: findings.every(({ level }) => level !== 'error'), findings, language };
}

function fileIn(env: Env): string | undefined {
  try {
    return withPaths({ CASHIER_MERCHANTS: env.CASHIER_MERCHANTS }).CASHIER_MERCHANTS || undefined;
  } catch {
    return env.CASHIER_MERCHANTS; // what is wrong with it is said when it cannot be read
  }
}

function* examineFile(file: string, env: Env): Iterable<Finding> {
  try {
    insistOnNoWallet(env);
  } catch (error) {
    yield refusal(error, () => 'configuration.wallet-outside-merchants');
  }
  yield* openFile('CASHIER_MERCHANTS', file);
}
