import { CashierError, codeOf, configuration, type Text } from '../domain/errors.ts';

/** The `SQLSTATE` of an error that the server has sent; undefined for one of the connection. */
export function stateOf(error: unknown): string | undefined {
  const isServers = error instanceof Error && 'severity' in error && 'code' in error;
  return isServers ? String(error.code) : undefined;
}

/** Whether an error ends the connection: what was sent last may have been done or not. */
export function isLost(error: unknown): boolean {
  const state = stateOf(error);
  if (state === undefined) return isOfConnection(error);
  const { severity } = error as { severity?: unknown };
  return severity === 'FATAL' || severity === 'PANIC' || /^(?:08|57P0[1-5])/.test(state);
}

/** The driver's own words where the system has none. */
const CONNECTION =
  /^(?:Connection terminated|timeout e|Query read timeout|Client has encountered|Client was closed)/;
const NO_TLS = 'The server does not support SSL';
const NO_PASSWORD = /^SASL: .*password must be/;
/** @see https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const UNTRUSTED =
  /CERT|CRL|^(?:UNABLE_TO_VERIFY_LEAF_SIGNATURE|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED)$/;

function isOfConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    'syscall' in error ||
    /^(?:E[A-Z_]{3,}|ERR_(?:SSL|TLS)_\w+)$/.test(codeOf(error)) ||
    CONNECTION.test(error.message) ||
    tlsProblem(error) !== undefined
  );
}

/** Why there is no TLS as the address wants it, which no waiting mends. */
function tlsProblem(error: unknown): Text | undefined {
  const code = codeOf(error);
  if (stateOf(error) !== undefined || !(error instanceof Error)) return undefined;
  if (UNTRUSTED.test(code)) {
    return { zh: `出示的证书不可信（${code}）`, en: `shows a certificate that is not trusted (${code})` };
  }
  if (error.message.startsWith(NO_TLS)) {
    return { zh: '不支持地址中要求的 TLS', en: 'speaks no TLS, which the address asks for' };
  }
  // The driver reads them for each connection.
  if ('syscall' in error && error.syscall === 'open') {
    return {
      zh: `所需的证书文件无法读取（${code}）`,
      en: `cannot be asked: a certificate file of the address cannot be read (${code})`,
    };
  }
  return undefined;
}

/** Whether the same transaction, made again as a whole, may well come through. */
export function isClash(error: unknown): boolean {
  return ['40001', '40P01'].includes(stateOf(error) ?? '');
}

/** Whether a statement's name is not there, or another's: a pooler has given the connection away in between. */
export function isNameless(error: unknown): boolean {
  return ['26000', '42P05', '0A000'].includes(stateOf(error) ?? '');
}

/** Whether it may be there again in a moment: it starts, stops, or has no connection left. */
export function isAway(error: unknown): boolean {
  const state = stateOf(error);
  if (state !== undefined) return /^(?:08|57P0[1-5]|53300|25P03)/.test(state);
  return isOfConnection(error) && !/^(?:ENOTFOUND|ERR_)/.test(codeOf(error)) && !tlsProblem(error);
}

const NEXT_CHECK: Text = {
  zh: '检查 CASHIER_LEDGER 中的地址、用户和密码，以及 PostgreSQL 是否在运行；mcp-cashier doctor 会再试一次。',
  en: 'See to the address, user and password in CASHIER_LEDGER, and whether PostgreSQL runs; mcp-cashier doctor tries it again.',
};

const NEXT_TLS: Text = {
  zh: '让 CASHIER_LEDGER 中的主机名与证书一致，并以 sslmode=verify-full&sslrootcert=/路径/ca.pem 指明签发它的 CA；sslmode=disable 不加密。',
  en: 'See that the host in CASHIER_LEDGER is the one in the certificate, and name the CA that issued it: sslmode=verify-full&sslrootcert=/path/ca.pem; sslmode=disable encrypts nothing.',
};
const NEXT_OWNER: Text = {
  zh: '让数据表的所有者账号启动一次服务器（建表和升级需要它），并授予这个用户读写全部数据表的权限；见 docs/zh-CN/ledger.md。',
  en: 'Start a server once as the owner of the tables, who makes and upgrades them, and let this user read and write all of them; see docs/ledger.md.',
};

const PASSWORD_WANTED: Text = {
  zh: '需要密码，而地址中没有',
  en: 'wants a password, and its address has none',
};

/** A configuration that the server refuses, by the beginning of its `SQLSTATE`. */
const REFUSED: readonly (readonly [RegExp, Text])[] = [
  [/^28/, { zh: '不接受这个用户或密码', en: 'does not accept the user or the password' }],
  [/^3D/, { zh: '没有这个数据库', en: 'has no such database' }],
  [/^42501/, { zh: '不允许这个用户这样做', en: 'does not allow this user to do that' }],
  [/^25006/, { zh: '只能读取（可能是备用服务器）', en: 'can only be read (it may be a standby)' }],
  [/^53[12]00/, { zh: '没有空间了', en: 'has no space left' }],
];

/**
 * One clear sentence for every way in which the server can fail us; what is no such failure stays what it is.
 * @param name the ledger's address without its password
 */
export function postgresRefusal(error: unknown, name: string): unknown {
  if (error instanceof CashierError) return error;
  const state = stateOf(error);
  const details = { ledger: name, ...(state === undefined ? {} : { sqlState: state }) };
  const tls = tlsProblem(error);
  const isWithoutPassword = error instanceof Error && NO_PASSWORD.test(error.message);
  const why =
    tls ??
    (isWithoutPassword ? PASSWORD_WANTED : undefined) ??
    REFUSED.find(([states]) => states.test(state ?? ''))?.[1];
  if (why) {
    return configuration('CASHIER_LEDGER', {
      zh: `账本 ${name} 的 PostgreSQL ${why.zh}；没有写入任何内容，也没有向支付平台发送任何请求。`,
      en: `The PostgreSQL of the ledger ${name} ${why.en}; nothing was written and nothing was sent to a gateway.`,
      next: tls ? NEXT_TLS : state === '42501' ? NEXT_OWNER : NEXT_CHECK,
      details,
    });
  }
  if (state === '55P03' || isClash(error)) {
    return new CashierError('INTERNAL', {
      zh: `账本 ${name} 正被其他进程长时间占用，本次没有写入任何内容，也没有资金变动。`,
      en: `The ledger ${name} is held by other processes; nothing was written and no money moved.`,
      next: { zh: '稍后重试。', en: 'Call again in a moment.' },
    });
  }
  if (isAway(error) || isLost(error)) {
    return new CashierError('INTERNAL', {
      zh: `账本 ${name} 的 PostgreSQL 没有应答；没有写入任何内容，也没有资金变动。`,
      en: `The PostgreSQL of the ledger ${name} does not answer; nothing was written and no money moved.`,
      next: NEXT_CHECK,
      details,
    });
  }
  return error;
}

/** As {@link postgresRefusal}, before anything has been opened: whoever starts has to mend it. */
export function unreachable(error: unknown, name: string): unknown {
  const refusal = postgresRefusal(error, name);
  if (!(refusal instanceof CashierError) || refusal.code !== 'INTERNAL') return refusal;
  const code = codeOf(error);
  const why = code ? ` (${code})` : '';
  return configuration('CASHIER_LEDGER', {
    zh: `连接不上账本 ${name} 的 PostgreSQL${why}，未做任何改动。`,
    en: `The PostgreSQL of the ledger ${name} cannot be reached${why}; nothing was changed.`,
    next: NEXT_CHECK,
    details: { ledger: name },
  });
}

/** Its commit was sent and never answered, and nobody could be asked since. */
export function inDoubt(name: string): CashierError {
  return new CashierError('OUTCOME_UNKNOWN', {
    zh: `账本 ${name} 的 PostgreSQL 在提交时断开，之后一直问不到结果：这次写入可能已经生效，也可能没有；资金可能已变动。`,
    en: `The PostgreSQL of the ledger ${name} broke off while it committed and could not be asked since: what was written may stand or not, and money may have moved.`,
    next: {
      zh: '数据库恢复后用同一单号、相同参数重试；不要换单号。',
      en: 'When the database is back, repeat the call with the same number and arguments, never a new one.',
    },
    details: { ledger: name },
  });
}

export function tooOld(version: string, name: string): CashierError {
  return configuration('CASHIER_LEDGER', {
    zh: `账本 ${name} 的 PostgreSQL 是 ${version}，需要 14 或更新的版本；未做任何改动。`,
    en: `The ledger ${name} is on PostgreSQL ${version}, and 14 or newer is needed; nothing was changed.`,
    next: { zh: '升级 PostgreSQL。', en: 'Upgrade PostgreSQL.' },
    details: { ledger: name },
  });
}

export function notUnicode(name: string): CashierError {
  return configuration('CASHIER_LEDGER', {
    zh: `账本 ${name} 的数据库不是 UTF-8 编码，存不了中文；未做任何改动。`,
    en: `The database of the ledger ${name} is not in UTF-8 and could not hold every text; nothing was changed.`,
    next: {
      zh: "新建一个 UTF-8 数据库：CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0。",
      en: "Make one that is: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0.",
    },
    details: { ledger: name },
  });
}
