import type { Config } from '../config.ts';
import { ledgerName, postgresAddress } from '../domain/ledger-address.ts';
import { isLoopbackName } from '../domain/names.ts';
import { type Finding, warning } from '../providers/finding.ts';

const WITHOUT_TLS = ['', 'disable', 'allow'];

/** Whether others can read on the way to a PostgreSQL on another machine, or play it. */
export function* examineWay({
  ledger,
  ledgerListen,
}: Pick<Config, 'ledger' | 'ledgerListen'>): Iterable<Finding> {
  const ways = [
    ['CASHIER_LEDGER', ledger],
    ['CASHIER_LEDGER_LISTEN', ledgerListen ?? ''],
  ] as const;
  for (const [variable, address] of ways) {
    const url = postgresAddress(address);
    if (!url || url.hostname === '' || isLoopbackName(url.hostname)) continue;
    const mode = url.searchParams.get('sslmode') ?? '';
    const isPlain = WITHOUT_TLS.includes(mode);
    if (!isPlain && mode !== 'no-verify') continue;
    const name = ledgerName(address);
    yield warning(isPlain ? 'ledger.unencrypted' : 'ledger.unverified', {
      variable,
      zh: isPlain ? `到 ${name} 的连接不加密。` : `到 ${name} 的连接已加密，但不核对对方是不是那台服务器。`,
      en: isPlain
        ? `The connection to ${name} is not encrypted.`
        : `The connection to ${name} is encrypted, and nobody checks whose it is.`,
      remedy: [
        '除非中间的网络只有你自己能用，请在地址后加 ?sslmode=verify-full（自签证书再加 &sslrootcert=/路径/ca.pem）。',
        'Unless the network between is yours alone, add ?sslmode=verify-full to the address (with a CA of your own, &sslrootcert=/path/ca.pem too).',
      ],
    });
  }
}
