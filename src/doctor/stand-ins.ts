import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { Env } from '../config.ts';
import { CashierError } from '../domain/errors.ts';
import { type Finding, refusal } from './finding.ts';

let made: Promise<Env> | undefined;

/** Values of the right form that belong to nobody, so that what stands behind a wrong one can be read too. */
function standIns(): Promise<Env> {
  made ??= makeStandIns();
  return made;
}

async function makeStandIns(): Promise<Env> {
  const pair = () => promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const [mine, theirs] = await Promise.all([pair(), pair()]);
  const privateKey = String(mine.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const publicKey = String(theirs.publicKey.export({ type: 'spki', format: 'pem' }));
  return {
    AP_APP_ID: '2021000000000000',
    AP_APP_KEY: privateKey,
    AP_PUB_KEY: publicKey,
    WXPAY_APP_ID: 'wx0000000000000000',
    WXPAY_MCH_ID: '1900000000',
    WXPAY_MCH_KEY: privateKey,
    WXPAY_MCH_SERIAL: '0'.repeat(40),
    WXPAY_API_V3_KEY: '0'.repeat(32),
    WXPAY_PUB_KEY: publicKey,
    WXPAY_PUB_KEY_ID: 'PUB_KEY_ID_0',
    WXPAY_NOTIFY_URL: 'https://example.com/notify/wechatpay',
    CASHIER_PUBLIC_URL: 'https://example.com',
  };
}

/**
 * What the server's own reader says of a wallet's settings beyond what was found here, so that nothing it refuses to
 * start with is ever passed over.
 * @param covered variables about which enough has been said
 * @param read the adapter's reader; throws CONFIGURATION naming the variable
 */
export async function serverComplaints(
  area: 'alipay' | 'wechatpay',
  values: Env,
  covered: ReadonlySet<string>,
  read: (env: Env) => unknown,
): Promise<Finding[]> {
  const more: Finding[] = [];
  const left: Record<string, string | undefined> = { ...values };
  const replaced = new Set<string>();
  for (;;) {
    try {
      read(left);
      return more;
    } catch (thrown) {
      const variable = thrown instanceof CashierError ? thrown.details.variable : undefined;
      if (typeof variable !== 'string' || replaced.has(variable)) throw thrown;
      replaced.add(variable);
      if (!covered.has(variable)) {
        more.push(refusal(thrown, () => `${area}.${variable.toLowerCase().replaceAll('_', '-')}`));
      }
      const others = await standIns();
      left[variable] = others[variable];
      // Certificates belong together, and a public key does in their place.
      if (/^AP_\w+_CERT$/.test(variable)) {
        for (const name of ['AP_APP_CERT', 'AP_ALIPAY_CERT', 'AP_ROOT_CERT']) left[name] = undefined;
        left.AP_PUB_KEY = others.AP_PUB_KEY;
      }
    }
  }
}

/** The variables, by their plain names, that some error is about. */
export function coveredBy(findings: readonly Finding[]): Set<string> {
  const named = findings.filter(({ level }) => level === 'error').map(({ variable }) => variable);
  return new Set(named.flatMap((name) => (name === undefined ? [] : [name.replace(/_FILE$/, '')])));
}
