import type { Text } from './domain/errors.ts';
import type { Setting } from './domain/setting.ts';
import { WALLETS } from './providers/registry.ts';
import type { Wallet } from './providers/wallet.ts';

/** Settings that belong together, under their title. */
export interface SettingGroup {
  readonly title: Text;
  /** Whose they are, where they are a wallet's. */
  readonly wallet?: Wallet;
  /** What holds for all of them. */
  readonly note?: Text;
  readonly settings: readonly Setting[];
}

const PROXY: readonly Setting[] = [
  {
    name: 'HTTPS_PROXY',
    en: 'proxy on the way to the gateways (`http://host:port`); it sees where we connect to, not what is said',
    zh: '连接支付网关所经的代理（`http://主机:端口`）；代理只知道连向哪里，看不到内容',
  },
  {
    name: 'NO_PROXY',
    en: 'names that are reached without it; this machine always is',
    zh: '不经代理的域名；本机从不经代理',
  },
];

const OWN: readonly Setting[] = [
  {
    name: 'CASHIER_MODE',
    en: '`live` or `simulator`',
    zh: '`live`（正式）或 `simulator`（模拟）',
    absent: {
      en: '`simulator` without any key, else `live`',
      zh: '没有任何密钥时为 `simulator`，否则为 `live`',
    },
    choices: ['simulator', 'live'],
    asked: 'Mode 模式',
  },
  {
    name: 'CASHIER_TRIAL',
    en: '`true`: trial edition on a live merchant: real wallets, small sums, all paid back the next day at 10:00 (Beijing)',
    zh: '`true` 为体验版：用正式商户号收小额真钱，次日 10:00（北京时间）自动全额退回',
  },
  {
    name: 'CASHIER_TRIAL_MAX_YUAN',
    en: 'what one payment of the trial edition may be at most, up to 10.00',
    zh: '体验版单笔上限（元），最多 10.00',
    absent: '`1.00`',
  },
  { name: 'CASHIER_HOME', en: 'data folder', zh: '数据文件夹', absent: '`~/.mcp-cashier`', asked: true },
  {
    name: 'CASHIER_LEDGER',
    en: 'the ledger: an SQLite file, or `postgres://user:password@host/database` (PostgreSQL 14 or newer)',
    zh: '账本：SQLite 文件，或 `postgres://用户:密码@主机/数据库`（PostgreSQL 14 或更新）',
    secret: true,
    absent: '`$CASHIER_HOME/<realm>/ledger.db`',
  },
  {
    name: 'CASHIER_LEDGER_LISTEN',
    en: 'address of the same database for LISTEN, where `CASHIER_LEDGER` goes through a pooler',
    zh: '同一数据库用于 LISTEN 的地址；`CASHIER_LEDGER` 经过连接池时填写',
    secret: true,
    absent: '`CASHIER_LEDGER`',
  },
  {
    name: 'CASHIER_POLICY',
    en: "the merchant's rules, YAML or JSON",
    zh: '商家规则文件，YAML 或 JSON',
    absent: { en: '`$CASHIER_HOME/policy.yaml` if there', zh: '`$CASHIER_HOME/policy.yaml`（如存在）' },
  },
  {
    name: 'CASHIER_CHANNELS',
    en: 'who is told what: group robots, phones, your own systems; YAML',
    zh: '通知谁什么事：群机器人、手机、自己的系统；YAML 文件',
    absent: { en: '`$CASHIER_HOME/channels.yaml` if there', zh: '`$CASHIER_HOME/channels.yaml`（如存在）' },
  },
  {
    name: 'CASHIER_PRICES',
    en: 'what the gate charges for, call by call; YAML',
    zh: '按次收费网关的价目文件，YAML',
  },
  {
    name: 'CASHIER_GATE_URL',
    en: 'where the world reaches the gate, at a host name of its own, such as `https://api.example.com`',
    zh: '外网访问按次收费网关的地址，须用单独的域名，如 `https://api.example.com`',
  },
  {
    name: 'CASHIER_PUBLIC_URL',
    en: 'where the world reaches the service; notify URLs are made from it, and buyers may choose the wallet there',
    zh: '外网访问本服务的地址；通知地址由它得出，买家可在此选择支付方式',
  },
  {
    name: 'CASHIER_MERCHANT_NAME',
    en: 'the payee, as buyers and operators read it',
    zh: '买家和操作员看到的收款方名称',
    asked: 'Payee 收款方名称',
  },
  {
    name: 'CASHIER_RECEIPT_KEY',
    en: 'private key that signs receipts (ES256: EC, P-256; PEM)',
    zh: '签署收据的私钥（ES256：EC，P-256；PEM）',
    secret: true,
    key: 'private',
    example: 'receipt-key.pem',
    absent: { en: 'made, and kept in the ledger', zh: '自动生成，存在账本中' },
  },
  {
    name: 'CASHIER_MERCHANTS',
    en: 'several merchants in one service: a YAML file that names each with its wallets, policy and payee',
    zh: '一个服务里的多个商户：YAML 文件，写明每个商户的支付方式、规则和收款方名称',
  },
  {
    name: 'CASHIER_HTTP_HOST',
    en: 'address that the service binds',
    zh: '服务监听的地址',
    absent: '`127.0.0.1`',
  },
  {
    name: 'CASHIER_HTTP_PORT',
    en: 'its port; on stdio, set it to take notifications there',
    zh: '服务端口；stdio 下设置它即在该端口接收通知',
    absent: '`3920`',
  },
  {
    name: 'CASHIER_OPERATOR_URL',
    en: 'where operators reach their pages from outside; no other outside name shows them',
    zh: '操作员从外部访问审批页面的地址；其他外部域名不显示审批页面',
    absent: '`CASHIER_PUBLIC_URL`',
  },
  {
    name: 'CASHIER_ALLOWED_HOSTS',
    en: 'further names under which the service may be addressed (what a proxy sends as `Host`); comma list',
    zh: '允许访问本服务的其他主机名（代理转发的 `Host`），逗号分隔',
  },
  {
    name: 'CASHIER_ALLOWED_ORIGINS',
    en: 'browser origins that may call `/mcp` (CORS), such as `http://localhost:6274` for the Inspector; comma list',
    zh: '允许在浏览器中调用 `/mcp` 的来源（CORS），如 Inspector 的 `http://localhost:6274`，逗号分隔',
  },
  {
    name: 'CASHIER_TRUSTED_PROXIES',
    en: 'addresses or networks of your proxies; only their `X-Forwarded-For` is believed; comma list',
    zh: '自己的代理的 IP 地址或网段；只信任它们给出的 `X-Forwarded-For`，逗号分隔',
  },
  {
    name: 'CASHIER_TOKENS_FILE',
    en: 'who may call over HTTP',
    zh: 'HTTP 调用方的令牌文件',
    absent: { en: '`$CASHIER_HOME/tokens.json` if there', zh: '`$CASHIER_HOME/tokens.json`（如存在）' },
  },
  {
    name: 'CASHIER_OAUTH_ISSUER',
    en: 'issuer of OAuth access tokens that may call over HTTP, as in `iss` (https, or http on this machine)',
    zh: 'HTTP 调用方 OAuth 访问令牌的签发方，与 `iss` 完全一致（https，本机可用 http）',
  },
  {
    name: 'CASHIER_OAUTH_AUDIENCE',
    en: 'what they must say in `aud`',
    zh: '令牌 `aud` 必须包含的值',
    absent: {
      en: 'the address of `/mcp` (`CASHIER_PUBLIC_URL`)',
      zh: '`/mcp` 的地址（`CASHIER_PUBLIC_URL`）',
    },
  },
  {
    name: 'CASHIER_OAUTH_JWKS',
    en: "address of the issuer's keys (JWKS)",
    zh: '签发方公钥（JWKS）的地址',
    absent: { en: 'as its metadata says', zh: '取自签发方的元数据' },
  },
  {
    name: 'CASHIER_CALLER',
    en: 'name of this caller on stdio, for allowances and limits',
    zh: 'stdio 下本调用方的名字，用于额度与限额',
  },
  {
    name: 'CASHIER_KEEP_PERSONAL_DAYS',
    en: 'how many days who has paid (openid, IP, buyer) is kept after an order was made',
    zh: '买家信息（openid、IP、买家标识）在下单后保留的天数',
    absent: '`180`',
  },
  {
    name: 'CASHIER_OPERATOR_SECRET',
    en: "the operator secret (with `--as`: that person's password), read by the operator's commands only, never by a server",
    zh: '操作员口令（用 `--as` 时为该人的密码），只有操作员命令会读取，服务器从不读取',
    secret: true,
  },
  {
    name: 'CASHIER_LANG',
    en: '`zh` or `en`: language of all sentences',
    zh: '`zh` 或 `en`：所有提示的语言',
    absent: '`zh`',
    choices: ['zh', 'en'],
    asked: 'Language 语言 (zh / en)',
  },
  {
    name: 'CASHIER_TEXT_ONLY_CLIENTS',
    en: 'clients (by their own name) that hide text where there is structure; `-name` takes one off the list',
    zh: '会在有结构化结果时隐藏文字的客户端名；`-名字` 表示从内置名单中去掉',
    absent: '`claude-code`, `cherry-studio`, `codex-mcp-client`',
  },
  { name: 'CASHIER_LOG_LEVEL', en: 'pino level', zh: '日志级别（pino）', absent: '`info`' },
  {
    name: 'CASHIER_LOG_FILE',
    en: 'log file',
    zh: '日志文件',
    absent: '`$CASHIER_HOME/cashier.log`',
  },
  {
    name: 'AP_SELECT_TOOLS',
    en: 'toolsets (`unified`, `alipay`, `wechatpay`, `subscriptions`, `all`), tool names, official short names; comma list',
    zh: '工具集（`unified`、`alipay`、`wechatpay`、`subscriptions`、`all`）、工具名或官方短名，逗号分隔',
    absent: '`unified`',
  },
  { name: 'AP_LOG_ENABLED', en: 'write a log file', zh: '是否写日志文件', absent: '`true`' },
];

/** Every variable there is, in the order in which people meet them; documents are made from this list. */
export const SETTING_GROUPS: readonly SettingGroup[] = [
  ...WALLETS.map((wallet) => ({ title: wallet.name, wallet, settings: wallet.settings })),
  {
    title: { zh: '代理', en: 'proxy' },
    note: {
      zh: '只从真实环境读取，不从 .env 读取',
      en: 'read from the real environment only, not from a .env',
    },
    settings: PROXY,
  },
  { title: { zh: '', en: 'mcp-cashier' }, settings: OWN },
];
export const SETTINGS: readonly Setting[] = SETTING_GROUPS.flatMap(({ settings }) => settings);

const namesOf = (which: (setting: Setting) => unknown): readonly string[] =>
  SETTINGS.filter(which).map(({ name }) => name);

/** Values that must never be seen; each may also come from a file. */
export const SECRETS = namesOf(({ secret }) => secret);
/** Any of these takes the process out of the simulator. */
export const CREDENTIALS = namesOf(({ credential }) => credential);
/** Keys as people paste them. */
export const KEYS = namesOf(({ key }) => key);
/** The variables that are addressed to us. */
export const OURS = new RegExp(`^(${[...WALLETS.map(({ prefix }) => prefix), 'CASHIER'].join('|')})_`);
