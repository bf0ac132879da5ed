import type { Text } from '../domain/errors.ts';
import type { Rank } from '../persons/person.ts';
import type { Stay } from '../persons/sessions.ts';

/** Sentences about signing in, and about whoever is. */
export const SIGN_IN = {
  name: { zh: '姓名', en: 'Name' },
  nameHint: { zh: '用操作员口令登录时留空。', en: 'Leave it empty to sign in with the operator secret.' },
  password: { zh: '密码或操作员口令', en: 'Password, or operator secret' },
  wrong: { zh: '姓名、密码或口令不正确。', en: 'That name, password or secret is not right.' },
  stay: { zh: '在这台设备上保持登录', en: 'Stay signed in on this device' },
  passkey: { zh: '用通行密钥登录', en: 'Sign in with a passkey' },
  passkeyFailed: {
    zh: '没有成功：已取消，或这台设备上没有这里的通行密钥。可以改用密码。',
    en: 'That did not work: cancelled, or this device has no passkey for these pages. A password works too.',
  },
  passkeyRefused: {
    zh: '这把通行密钥不能在这里使用，或已用过一次。请重试，或改用密码。',
    en: 'This passkey is not known here, or its answer came twice. Try again, or use a password.',
  },
  or: { zh: '或', en: 'or' },
  haveCode: { zh: '我有邀请码', en: 'I have an invitation' },
  local: { zh: '在这个地址可以使用通行密钥', en: 'Passkeys work at this address' },

  join: { zh: '接受邀请', en: 'Accept the invitation' },
  joinLead: {
    zh: '选择以后怎样登录：用这台设备的指纹、面容或锁屏密码（通行密钥），或设置一个密码。',
    en: 'Choose how you will sign in: with the fingerprint, face or screen lock of this device (a passkey), or with a password.',
  },
  code: { zh: '邀请码', en: 'Invitation code' },
  badCode: {
    zh: '邀请码不正确、已用过或已过期。请向邀请您的人要一个新的。',
    en: 'This code is not right, was used before, or is over. Ask whoever invited you for a new one.',
  },
  newPassword: { zh: '密码（至少 8 个字符）', en: 'Password (8 characters or more)' },
  again: { zh: '再输入一次', en: 'Once more' },
  notAlike: { zh: '两次输入不同。', en: 'The two are not the same.' },
  tooShort: { zh: '密码至少需要 8 个字符。', en: 'A password needs at least 8 characters.' },
  usePasskey: { zh: '使用通行密钥', en: 'Use a passkey' },
  usePassword: { zh: '使用密码', en: 'Use a password' },
  makeFailed: {
    zh: '没有成功：已取消，或这台设备已有这里的通行密钥。',
    en: 'That did not work: cancelled, or this device already has a passkey for these pages.',
  },
  makeRefused: {
    zh: '通行密钥没有保存，请重试。',
    en: 'The passkey was not kept. Please try again.',
  },

  inClear: { zh: '这里不能登录', en: 'Nobody can sign in here' },
  inClearAdvice: {
    zh: '这个地址不是 https，途中的人能看到口令。请把 CASHIER_OPERATOR_URL 设为 https 地址，或在运行服务的电脑上打开。',
    en: 'This address is not https, and whoever is on the way could read a password. Set CASHIER_OPERATOR_URL to an https address, or open it on the machine that runs this.',
  },

  me: { zh: '我的登录', en: 'My sign-in' },
  role: { zh: '权限', en: 'Role' },
  passkeys: { zh: '通行密钥', en: 'Passkeys' },
  noPasskeys: {
    zh: '还没有。添加后，用指纹、面容或锁屏密码即可登录。',
    en: 'None yet. With one, a fingerprint, a face or the screen lock signs you in.',
  },
  addPasskey: { zh: '在这台设备上添加', en: 'Add one on this device' },
  label: { zh: '名称', en: 'Name of it' },
  noPlace: {
    zh: '通行密钥只能在 https 地址或 http://localhost 上使用。',
    en: 'Passkeys work under https or http://localhost only.',
  },
  added: { zh: '添加于', en: 'Added' },
  used: { zh: '上次使用', en: 'Last used' },
  remove: { zh: '删除', en: 'Remove' },
  changePassword: { zh: '更换密码', en: 'Change the password' },
  setPassword: { zh: '设置密码', en: 'Set a password' },
  passwordMeans: {
    zh: '保存后，其他设备上的登录全部结束。',
    en: 'Ends your sessions everywhere else.',
  },
  save: { zh: '保存', en: 'Save' },
  sessions: { zh: '登录中的设备', en: 'Where you are signed in' },
  thisOne: { zh: '这台设备', en: 'this device' },
  someDevice: { zh: '未知设备', en: 'unknown device' },
  since: { zh: '登录于', en: 'Since' },
  lasts: { zh: '有效期至', en: 'Until' },
  endOne: { zh: '退出', en: 'Sign out' },
  endAll: { zh: '全部退出', en: 'Sign out everywhere' },
  notFresh: {
    zh: '没有执行：更改登录方式须在登录后 10 分钟内进行。请退出并重新登录后再试。',
    en: 'Nothing was done: how you sign in can be changed within 10 minutes after signing in. Sign out, sign in again, and retry.',
  },
  staleHint: {
    zh: '更改登录方式须在登录后 10 分钟内进行：请先退出，重新登录。',
    en: 'To change how you sign in, sign out and in again: it is possible for 10 minutes.',
  },
  notAllowed: { zh: '没有执行：您的权限不允许', en: 'Nothing was done: your role does not allow it' },
  notAllowedAdvice: {
    zh: '请有权限的人来做，或用操作员口令登录。',
    en: 'Ask somebody who may, or sign in with the operator secret.',
  },
  maySee: {
    zh: '您只能查看，由有审批权限的人决定。',
    en: 'You may look; somebody who may approve decides.',
  },
} as const satisfies Readonly<Record<string, Text>>;

export const ROLE_WORDS: Readonly<Record<Rank, Text>> = {
  see: { zh: '只看', en: 'look' },
  decide: { zh: '审批、退款、关单', en: 'approve, refund, close' },
  rule: { zh: '审批，并可改规则、额度、暂停', en: 'approve, and set rules, allowances, pause' },
  root: { zh: '全部（操作员口令）', en: 'everything (operator secret)' },
};

export const STAY_WORDS: Readonly<Record<Stay, Text>> = {
  visit: { zh: '30 分钟（他人也用的设备）', en: '30 minutes (shared device)' },
  week: { zh: '7 天', en: '7 days' },
  month: { zh: '30 天', en: '30 days' },
  quarter: { zh: '90 天', en: '90 days' },
};
