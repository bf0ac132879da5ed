import type { Text } from '../domain/errors.ts';
import { DEFAULT_MERCHANT } from '../domain/merchant.ts';
import type { Realm } from '../domain/order.ts';
import { pageHeaders } from '../html/headers.ts';
import { html, type Markup, trusted } from '../html/markup.ts';
import { WALLETS } from '../providers/registry.ts';

const STYLE = `:root{color-scheme:light dark;--ground:#f4f5f7;--card:#fff;--ink:#16191f;--soft:#565e6c;--line:#e1e4ea;--tone:#1a56b0;--wash:#e6effb;--shadow:0 1px 2px rgb(20 30 50/.06),0 12px 36px rgb(20 30 50/.07)}
@media (prefers-color-scheme:dark){:root{--ground:#101216;--card:#1a1d23;--ink:#eef0f3;--soft:#a5adba;--line:#2e333c;--tone:#8db8ff;--wash:#1b2c48;--shadow:none}}
*{box-sizing:border-box;margin:0}
body{min-height:100vh;background:radial-gradient(80rem 30rem at 50% -10rem,var(--wash),var(--ground)) no-repeat var(--ground);color:var(--ink);font:16px/1.6 system-ui,-apple-system,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC","WenQuanYi Zen Hei",sans-serif;-webkit-text-size-adjust:100%;overflow-wrap:anywhere}
.band{padding:8px 16px;text-align:center;font-weight:700;line-height:1.4;text-wrap:balance;color:#1a1400;background:repeating-linear-gradient(135deg,#ffc53d 0 18px,#ffd666 18px 36px)}
header,main{max-width:920px;margin:0 auto;padding:56px 24px 0}
main{padding:0 24px 64px}
.mark{display:grid;place-items:center;width:52px;height:52px;border-radius:15px;background:#1f3a5f;color:#fff}
.mark svg{width:30px;height:30px}
h1{margin-top:20px;font-size:36px;line-height:1.2;letter-spacing:-.02em}
.lead{margin-top:12px;font-size:20px;line-height:1.5;text-wrap:balance}
[lang=en]{color:var(--soft)}
.lead+.lead{margin-top:2px;font-size:17px}
.places{display:grid;grid-template-columns:1fr 1fr;gap:16px;margin-top:36px;padding:0;list-style:none}
.places li{display:flex;flex-direction:column;padding:20px 22px;background:var(--card);border:1px solid var(--line);border-radius:16px;box-shadow:var(--shadow)}
h2{font-size:17px;line-height:1.4}
h2 span{margin-inline-start:.5em;font-weight:400;font-size:15px}
.places p{margin-top:6px;font-size:15px;line-height:1.55}
.places p+p{margin-top:2px;font-size:14px}
.where{display:flex;flex-wrap:wrap;gap:8px;margin-top:auto;padding-top:12px}
.where>*{display:inline-block;padding:4px 11px;border-radius:9px;background:var(--wash);color:var(--tone);font:600 14px/1.6 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;text-decoration:none}
.where code{background:none;color:var(--soft);box-shadow:inset 0 0 0 1px var(--line)}
.where a:hover{text-decoration:underline;text-underline-offset:3px}
:focus-visible{outline:3px solid var(--tone);outline-offset:3px;border-radius:9px}
@media (max-width:640px){header{padding:32px 16px 0}main{padding:0 16px 40px}h1{font-size:30px}.lead{font-size:18px}.lead+.lead{font-size:16px}.places{grid-template-columns:1fr;gap:12px;margin-top:26px}.places li{padding:18px}}
@media (prefers-contrast:more){.places li{border-color:var(--soft)}}
`;
const HEADERS = {
  ...pageHeaders({ script: '', style: STYLE, forms: 'none', referrer: 'no-referrer' }),
  'Content-Type': 'text/html; charset=utf-8',
};
const DOCS = 'https://github.com/mcp-cashier/mcp-cashier#readme';
const MARK = trusted(
  '<svg viewBox="0 0 32 32" fill="none" stroke="currentColor" stroke-width="3.4" stroke-linecap="round" stroke-linejoin="round"><path d="M7 17l6 6L25 9"/></svg>',
);

const NO_REAL_MONEY: Readonly<Partial<Record<Realm, Text>>> = {
  simulator: { zh: '模拟环境，不是真钱', en: 'Simulator, no real money' },
  sandbox: { zh: '沙箱环境，不是真钱', en: 'Sandbox, no real money' },
};

interface Place {
  readonly whose: Text;
  readonly does: Text;
  readonly where: readonly Markup[];
}

const named = (language: 'zh' | 'en', and: string) => WALLETS.map(({ name }) => name[language]).join(and);
const link = (path: string) => html`<a href="${path}">${path}</a>`;
const path = (text: string) => html`<code>${text}</code>`;

const BUYERS: Place = {
  whose: { zh: '买家', en: 'Buyers' },
  does: {
    zh: '付款请用卖家或聊天里给您的链接或二维码。这里没有需要您填写的内容。',
    en: 'To pay, use the link or code that the seller or the chat gave you. There is nothing to fill in here.',
  },
  where: [],
};
const AGENTS: Place = {
  whose: { zh: '智能体', en: 'Agents' },
  does: {
    zh: 'MCP（Streamable HTTP）。从外部连接需要令牌，向商家索取。',
    en: 'MCP over Streamable HTTP. From outside it takes a token, which the merchant gives out.',
  },
  where: [path('/mcp')],
};
const MERCHANT: Place = {
  whose: { zh: '商家', en: 'The merchant' },
  does: {
    zh: '登录后查看收款和订单，审批、退款、暂停和恢复。',
    en: 'Sign in to see what came in, to approve and refund, and to pause or resume.',
  },
  where: [link('/console'), link('/approvals')],
};
const OF_ONE_MERCHANT: readonly Markup[] = [path('/m/…/console'), path('/m/…/approvals')];
const GATEWAYS: Place = {
  whose: { zh: '支付平台', en: 'Gateways' },
  does: {
    zh: '异步通知的接收地址，验签后才入账。',
    en: 'Where notifications arrive. They count only once their signature is verified.',
  },
  where: [path('/notify/…')],
};
const OPERATIONS: Place = {
  whose: { zh: '运维', en: 'Operations' },
  does: {
    zh: '健康检查与指标（Prometheus）。指标只给本机，或有权限的令牌。',
    en: 'Health, and metrics for Prometheus. Metrics are for this machine, or for a token with that right.',
  },
  where: [link('/livez'), link('/readyz'), link('/metrics')],
};
const READING: Place = {
  whose: { zh: '文档', en: 'Documentation' },
  does: { zh: '安装、配置、工具与安全说明。', en: 'Setting up, settings, tools and security.' },
  where: [html`<a href="${DOCS}" rel="noreferrer">README</a>`],
};

interface Served {
  readonly mcp: boolean;
  readonly realm: Realm;
  readonly merchants: readonly string[];
}

/** `/`: what this is and where things are, the same for whoever asks; nothing of whose it is. */
export function frontPage({ mcp, realm, merchants }: Served): () => Response {
  const band = NO_REAL_MONEY[realm];
  const ofMerchants = [
    ...(merchants.includes(DEFAULT_MERCHANT) ? MERCHANT.where : []),
    ...(merchants.some((one) => one !== DEFAULT_MERCHANT) ? OF_ONE_MERCHANT : []),
  ];
  const places = [
    BUYERS,
    ...(mcp ? [AGENTS] : []),
    { ...MERCHANT, where: ofMerchants },
    GATEWAYS,
    OPERATIONS,
    READING,
  ];
  const page = html`<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>mcp-cashier</title>
<link rel="icon" href="data:,">
<style>${trusted(STYLE)}</style>
</head>
<body>
${band === undefined ? undefined : html`<aside class="band">${band.zh} · ${band.en}</aside>`}
<header>
<div class="mark" aria-hidden="true">${MARK}</div>
<h1>mcp-cashier</h1>
<p class="lead">让 AI 智能体用${named('zh', '和')}收款的服务。</p>
<p class="lead" lang="en">A service with which AI agents collect money with ${named('en', ' and ')}.</p>
</header>
<main>
<ul class="places">
${places.map(({ whose, does, where }) => html`<li><h2>${whose.zh}<span lang="en">${whose.en}</span></h2><p>${does.zh}</p><p lang="en">${does.en}</p>${where.length === 0 ? undefined : html`<div class="where">${where}</div>`}</li>`)}
</ul>
</main>
</body>
</html>
`.source;
  return () => new Response(page, { headers: HEADERS });
}
