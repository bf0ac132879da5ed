import { type CashierError, configuration, wrongSetting } from './domain/errors.ts';
import type { Realm } from './domain/order.ts';
import { WALLET_VARIABLES } from './providers/registry.ts';
import type { Wallet } from './providers/wallet.ts';

/* What a configuration is refused for as a whole. */

export function noCredentials(): CashierError {
  return configuration('CASHIER_MODE', {
    zh: `CASHIER_MODE=live，但没有配置任何支付平台的密钥（${WALLET_VARIABLES}）；绝不会用模拟环境代替。`,
    en: `CASHIER_MODE=live, but no credential of any gateway (${WALLET_VARIABLES}) is set; the simulator never stands in for them.`,
    next: {
      zh: '配置密钥，或用 CASHIER_MODE=simulator 试用。',
      en: 'Set the credentials, or try it with CASHIER_MODE=simulator.',
    },
  });
}

/** It, or the file that it names, has nothing but spaces in it. */
export function blankCredential(variable: string): CashierError {
  return wrongSetting(
    variable,
    '是空白的，其他密钥也都没有设置：请填入密钥，或都不设置。',
    'is blank, and no other credential is set: put the key there, or unset it.',
  );
}

/** One of them would move real money. */
export function mixedWithSandbox({ sandboxVariable = '' }: Wallet, outside: Wallet): CashierError {
  const { name, prefix, sandboxVariable: own } = outside;
  const why = own
    ? { zh: `${own} 不是 sandbox`, en: `${own} is not sandbox` }
    : { zh: `${name.zh}没有沙箱`, en: `${name.en} has no sandbox` };
  return configuration(sandboxVariable, {
    zh: `${sandboxVariable}=sandbox 时不能同时配置${name.zh}（${prefix}_*）：${why.zh}，会动用真钱。`,
    en: `${sandboxVariable}=sandbox excludes ${prefix}_*: ${why.en}, it would move real money.`,
    next: {
      zh: `去掉 ${prefix}_*，或改为 ${sandboxVariable}=prod。`,
      en: `Remove ${prefix}_*, or set ${sandboxVariable}=prod.`,
    },
    details: { wallet: outside.id },
  });
}

export function liveLedgerPresent(home: string): CashierError {
  return configuration('CASHIER_MODE', {
    zh: `没有配置任何密钥，但 ${home} 中有真实账本；为避免把模拟付款当真，不会自动进入模拟环境。`,
    en: `No credential is set, but ${home} holds a live ledger; the simulator does not start by itself, lest its payments be taken for real.`,
    next: {
      zh: `补上 ${WALLET_VARIABLES} 密钥；确要模拟请设 CASHIER_MODE=simulator。`,
      en: `Set the ${WALLET_VARIABLES} credentials, or CASHIER_MODE=simulator if that is what you want.`,
    },
  });
}

/** Money that is not real needs not be paid back. */
export function trialNotLive(realm: Realm): CashierError {
  return configuration('CASHIER_TRIAL', {
    zh: `CASHIER_TRIAL=true 只用于正式环境的商户号，当前为 ${realm} 环境。`,
    en: `CASHIER_TRIAL=true is for a live merchant; this is the realm ${realm}.`,
    next: {
      zh: '配置正式密钥，或去掉 CASHIER_TRIAL。',
      en: 'Set the credentials of a live merchant, or remove CASHIER_TRIAL.',
    },
  });
}

export function noLedgerAddress(): CashierError {
  return configuration('CASHIER_LEDGER', {
    zh: 'CASHIER_LEDGER 既不是文件路径，也不是完整的 postgres://用户:密码@主机/数据库 地址。',
    en: 'CASHIER_LEDGER is neither a file path nor a whole address postgres://user:password@host/database.',
    next: {
      zh: '写出完整地址（密码中的特殊字符按网址规则转义），或改为文件路径。',
      en: 'Write the whole address (special characters of the password escaped as in a URL), or a file path.',
    },
  });
}

export function noListenAddress(): CashierError {
  return configuration('CASHIER_LEDGER_LISTEN', {
    zh: 'CASHIER_LEDGER_LISTEN 不是完整的 postgres://用户:密码@主机/数据库 地址。',
    en: 'CASHIER_LEDGER_LISTEN is no whole address postgres://user:password@host/database.',
    next: {
      zh: '写出同一个数据库不经连接池的地址，或去掉它。',
      en: 'Write an address of the same database that goes through no pooler, or remove it.',
    },
  });
}

export function bothForms(name: string): CashierError {
  return configuration(name, {
    zh: `${name} 与 ${name}_FILE 只能设置一个。`,
    en: `Set ${name} or ${name}_FILE, not both.`,
    next: { zh: '去掉其中一个。', en: 'Remove one of them.' },
  });
}

export function unreadable(name: string, path: string): CashierError {
  return configuration(`${name}_FILE`, {
    zh: `${name}_FILE 指向的文件 ${path} 无法读取。`,
    en: `${name}_FILE points at ${path}, which cannot be read.`,
    next: { zh: '检查路径与读取权限。', en: 'Check the path and its permissions.' },
  });
}

export function simulatorNotLocal(name: string): CashierError {
  return configuration(name, {
    zh: `CASHIER_MODE=simulator 时 ${name} 只能指向本机的模拟器。`,
    en: `With CASHIER_MODE=simulator, ${name} may only point at a simulator on this machine.`,
    next: { zh: `去掉 ${name}，使用内置模拟器。`, en: `Remove ${name} to use the embedded simulator.` },
  });
}
