/** One variable of the environment, as people are told of it. */
export interface Setting {
  readonly name: string;
  readonly en: string;
  readonly zh: string;
  /** What holds when it is not set. */
  readonly absent?: string | { readonly en: string; readonly zh: string };
  /** Must never be seen; may also come from a file, by `…_FILE`. */
  readonly secret?: true;
}

/** Every variable there is, in the order in which people meet them; documents are made from this list. */
export const SETTINGS: readonly Setting[] = [
  { name: 'AP_APP_ID', en: 'Alipay app id', zh: '支付宝应用 APPID' },
  {
    name: 'AP_APP_KEY',
    en: "your app's **private** key (PKCS1 or PKCS8, PEM or bare base64)",
    zh: '应用**私钥**（PKCS1 或 PKCS8，PEM 或裸 base64 均可）',
    secret: true,
  },
  {
    name: 'AP_PUB_KEY',
    en: "**Alipay's** public key, not your app's own",
    zh: '**支付宝**公钥，不是应用公钥',
    secret: true,
  },
  {
    name: 'AP_APP_CERT',
    en: 'certificate mode, in place of `AP_PUB_KEY`: `appCertPublicKey_….crt`',
    zh: '证书模式（代替 `AP_PUB_KEY`）：`appCertPublicKey_….crt` 应用公钥证书',
    secret: true,
  },
  {
    name: 'AP_ALIPAY_CERT',
    en: '`alipayCertPublicKey_RSA2.crt`',
    zh: '`alipayCertPublicKey_RSA2.crt` 支付宝公钥证书',
    secret: true,
  },
  { name: 'AP_ROOT_CERT', en: '`alipayRootCert.crt`', zh: '`alipayRootCert.crt` 支付宝根证书', secret: true },
  { name: 'AP_RETURN_URL', en: 'where the buyer lands after paying', zh: '付款后买家返回的页面' },
  { name: 'AP_NOTIFY_URL', en: 'where Alipay posts notifications', zh: '支付宝异步通知地址' },
  { name: 'AP_ENCRYPTION_ALGO', en: '`RSA2` or `RSA`', zh: '`RSA2` 或 `RSA`', absent: '`RSA2`' },
  {
    name: 'AP_CURRENT_ENV',
    en: "`prod`, or `sandbox` for Alipay's sandbox gateway",
    zh: '`prod`，或 `sandbox`（支付宝沙箱网关）',
    absent: '`prod`',
  },
  {
    name: 'AP_SELECT_TOOLS',
    en: 'toolsets (`unified`, `alipay`, `wechatpay`, `all`), tool names, official short names; comma list',
    zh: '工具集（`unified`、`alipay`、`wechatpay`、`all`）、工具名或官方短名，逗号分隔',
    absent: '`unified`',
  },
  { name: 'AP_LOG_ENABLED', en: 'write a log file', zh: '是否写日志文件', absent: '`true`' },
  {
    name: 'AP_INVOKE_AUTH_TOKEN',
    en: "an ISV's `app_auth_token`",
    zh: '服务商的 `app_auth_token`',
    secret: true,
  },
  {
    name: 'AP_SELLER_ID',
    en: 'seller id (starts with 2088), checked against `seller_id` in notifications',
    zh: '收款账号 PID（2088 开头），核对通知中的 `seller_id`',
  },
  {
    name: 'AP_PRECREATE_PRODUCT_CODE',
    en: '`QR_CODE_OFFLINE` or `FACE_TO_FACE_PAYMENT`',
    zh: '`QR_CODE_OFFLINE` 或 `FACE_TO_FACE_PAYMENT`',
    absent: '`QR_CODE_OFFLINE`',
  },
  {
    name: 'AP_GATEWAY',
    en: 'another gateway URL: https, or http on loopback',
    zh: '替换网关地址：https，或本机 http',
  },
  { name: 'WXPAY_APP_ID', en: 'WeChat appid', zh: '微信 appid' },
  { name: 'WXPAY_MCH_ID', en: 'merchant ID', zh: '微信支付商户号' },
  { name: 'WXPAY_MCH_KEY', en: "the merchant's API private key", zh: '商户 API 私钥', secret: true },
  { name: 'WXPAY_MCH_SERIAL', en: "serial number of the merchant's certificate", zh: '商户 API 证书序列号' },
  { name: 'WXPAY_API_V3_KEY', en: 'the 32-byte APIv3 key', zh: '32 字节的 APIv3 密钥', secret: true },
  {
    name: 'WXPAY_PUB_KEY',
    en: "WeChat Pay's public key; without it platform certificates are downloaded",
    zh: '微信支付公钥；不填则下载平台证书',
    secret: true,
  },
  { name: 'WXPAY_PUB_KEY_ID', en: 'its `PUB_KEY_ID_…`', zh: '微信支付公钥 ID（`PUB_KEY_ID_…`）' },
  {
    name: 'WXPAY_KEY_MODE',
    en: "which of WeChat Pay's keys verify: `public-key`, `certificates` or `both` (while a merchant switches, either signs)",
    zh: '用微信支付的哪种密钥验签：`public-key`（公钥）、`certificates`（平台证书）或 `both`（切换期间两者都可能签名）',
    absent: {
      en: '`both` with a public key, else `certificates`',
      zh: '有公钥时为 `both`，否则为 `certificates`',
    },
  },
  {
    name: 'WXPAY_NOTIFY_URL',
    en: 'where WeChat Pay posts notifications (https, no query); needed in live unless `CASHIER_PUBLIC_URL` is set',
    zh: '微信支付通知地址（https，不带参数）；正式环境必填，除非设置了 `CASHIER_PUBLIC_URL`',
  },
  {
    name: 'WXPAY_GATEWAY',
    en: 'another API origin: https, or http on loopback',
    zh: '替换 API 地址：https，或本机 http',
    absent: '`https://api.mch.weixin.qq.com`',
  },
  {
    name: 'WXPAY_H5_ORIGIN',
    en: "the H5 domain registered with WeChat Pay, as `https://…`: the buyer's page for `h5` stands there",
    zh: '在微信支付登记的 H5 支付域名（`https://…`），`h5` 的收银台页面须在该域名下',
    absent: { en: 'origin of `CASHIER_PUBLIC_URL`', zh: '`CASHIER_PUBLIC_URL` 的域名' },
  },
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
  {
    name: 'CASHIER_MODE',
    en: '`live` or `simulator`',
    zh: '`live`（正式）或 `simulator`（模拟）',
    absent: {
      en: '`simulator` without any key, else `live`',
      zh: '没有任何密钥时为 `simulator`，否则为 `live`',
    },
  },
  { name: 'CASHIER_HOME', en: 'data folder', zh: '数据文件夹', absent: '`~/.mcp-cashier`' },
  {
    name: 'CASHIER_LEDGER',
    en: 'the ledger, an SQLite file',
    zh: '账本（SQLite 文件）',
    absent: '`$CASHIER_HOME/<realm>/ledger.db`',
  },
  {
    name: 'CASHIER_POLICY',
    en: "the merchant's rules, YAML or JSON",
    zh: '商家规则文件，YAML 或 JSON',
    absent: { en: '`$CASHIER_HOME/policy.yaml` if there', zh: '`$CASHIER_HOME/policy.yaml`（如存在）' },
  },
  {
    name: 'CASHIER_PUBLIC_URL',
    en: 'where the world reaches the service; notify URLs are made from it',
    zh: '外网访问本服务的地址；通知地址由它得出',
  },
  {
    name: 'CASHIER_MERCHANT_NAME',
    en: 'the payee, as buyers and operators read it',
    zh: '买家和操作员看到的收款方名称',
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
    name: 'CASHIER_CALLER',
    en: 'name of this caller on stdio, for allowances and limits',
    zh: 'stdio 下本调用方的名字，用于额度与限额',
  },
  {
    name: 'CASHIER_OPERATOR_SECRET',
    en: "the operator secret, read by the operator's commands only, never by a server",
    zh: '操作员口令，只有操作员命令会读取，服务器从不读取',
    secret: true,
  },
  {
    name: 'CASHIER_LANG',
    en: '`zh` or `en`: language of all sentences',
    zh: '`zh` 或 `en`：所有提示的语言',
    absent: '`zh`',
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
];

/** The README's table of all variables. */
export function settingsTable(language: 'zh' | 'en'): string {
  const head = language === 'zh' ? '| 变量 | 含义 | 默认 |' : '| variable | meaning | default |';
  const rows = SETTINGS.map(
    ({ name, absent = '–', secret, ...text }) =>
      `| \`${name}\`${secret ? ` (\`_FILE\`)` : ''} | ${text[language]} | ${typeof absent === 'string' ? absent : absent[language]} |`,
  );
  return [head, '|---|---|---|', ...rows].join('\n');
}
