import { type Env, withDotenv } from '../config.ts';
import { envOf, insistOnNoWallet, noSuchMerchant, readMerchants } from '../config-merchants.ts';
import { withPaths } from '../config-paths.ts';
import { DEFAULT_MERCHANT } from '../domain/merchant.ts';
import { type Finding, refusal, warning } from '../providers/finding.ts';
import { isOpenToOthers } from './env-file.ts';
import { type Asked, examine, type Report } from './examine.ts';
import type { DoctorPorts } from './ports.ts';

/** What is the service's is looked at with the first. */
const ONCE = ['clock', 'service'];

/**
 * As {@link examine}, of each merchant that the file names, or of the one that is asked for; each finding says whose it
 * is. Throws INVALID_ARGUMENT for a merchant that there is not.
 */
export async function examineMerchants(
  asked: Omit<Asked, 'whose'> & { readonly merchant: string | undefined },
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
  const reports: (Report & { readonly merchant: string })[] = [];
  for (const one of meant) {
    const whose = { id: one.id, of, hasLedger: false };
    const report = await examine({ ...asked, env: envOf(env, one), whose }, ports);
    reports.push({ ...report, merchant: one.id });
  }
  const findings = reports.flatMap((report, i) =>
    report.findings
      .filter(({ area }) => i === 0 || !ONCE.includes(area))
      .map((finding) => ({ ...finding, merchant: report.merchant })),
  );
  const all = [...examineFile(file, env), ...findings];
  return {
    ok: all.every(({ level }) => level !== 'error'),
    findings: all,
    language: reports[0]?.language,
  };
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
  if (!isOpenToOthers(file)) return;
  yield warning('configuration.file-mode', {
    variable: 'CASHIER_MERCHANTS',
    zh: `${file} 可被这台机器上的其他用户读取。`,
    en: `${file} can be read by other users of this machine.`,
    remedy: [`执行 chmod 600 ${file}。`, `Run chmod 600 ${file}.`],
  });
}
