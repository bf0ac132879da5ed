import { beijingDateTime } from '../../domain/clock.ts';
import { type Fen, toYuan } from '../../domain/money.ts';
import type { Answer } from '../http.ts';
import { pageOfAgreement } from '../scanner.ts';
import { isFor, SCENARIOS, type Scenario } from '../scenarios.ts';
import { type Agreement, agreementState } from '../state/agreements.ts';
import type { IssuedCode } from '../state/codes.ts';
import { refundStatus, type Trade, tradeState } from '../state/trades.ts';
import { fakeOf, type World } from '../world.ts';
import { html, type Markup, page } from './layout.ts';

const STATES = { NOTPAY: '待支付', PAID: '已支付', CLOSED: '已关闭' } as const;
const REFUNDS = {
  PROCESSING: '退款处理中',
  SUCCESS: '已退款',
  CLOSED: '退款关闭',
  ABNORMAL: '退款异常',
} as const;
const AGREEMENTS = {
  TEMP: { word: '待签约', tag: 'NOTPAY' },
  NORMAL: { word: '已签约', tag: 'PAID' },
  STOP: { word: '已解约', tag: 'CLOSED' },
} as const;
const SHOWN = 30;

/** `GET /`: recent orders, the phone's scanner as a form, and the table of scenarios. */
export function homePage(world: World): Answer {
  const codes = world.codes.unopened(SHOWN).map((issued) => unopenedItem(world, issued));
  const orders = world.trades.recent(SHOWN).map((trade) => orderItem(world, trade));
  const agreements = world.agreements.recent(SHOWN).map((agreement) => agreementItem(world, agreement));
  return page(world, {
    title: '模拟网关 · mcp-cashier',
    theme: 'plain',
    body: html`<header class="home">
<h1>支付网关模拟器 <small>Gateway simulator</small></h1>
<p>扮演支付网关（${world.fakes.map(({ name }) => name.zh).join('、')}），以及付款的人。<span class="en">Plays the gateways, and the person who pays.</span></p>
<p><a href="/inbox">收件箱：商家收到的消息 <small>Inbox: what the merchant is told</small></a></p>
</header>
<main class="home">
<h2>扫一扫 <small>Scan</small></h2>
<p><label for="code">二维码内容或支付链接 <small>QR string or link</small></label></p>
<form class="box scan" method="get" action="/scan">
<input id="code" name="code" required autocomplete="off" placeholder="weixin://wxpay/…">
<button class="go">打开 <small>Open</small></button>
</form>
<h2>订单 <small>Orders</small></h2>
${codes.length + orders.length === 0 ? html`<p class="box">还没有订单。<span class="en">No orders yet.</span></p>` : html`<ul class="orders">${codes}${orders}</ul>`}
${agreements.length === 0 ? undefined : html`<h2>自动扣款 <small>Automatic payments</small></h2><ul class="orders">${agreements}</ul>`}
<h2>场景 <small>Scenarios</small></h2>
<p>写在订单标题或退款原因里，例如“咖啡 sim:notify-twice”；<code>@query</code> 指定操作，<code>*2</code> 指定次数。<br><span class="en">Write the token in a payment's title or a refund's reason; <code>@query</code> names the operation, <code>*2</code> how many calls.</span></p>
<div class="box"><table><thead><tr><th>标记 Token</th><th>发生什么 What happens</th><th>网关 Gateway</th></tr></thead>
<tbody>${SCENARIOS.map((scenario) => scenarioRow(world, scenario))}</tbody></table></div>
</main>`,
  });
}

function orderItem(world: World, trade: Trade): Markup {
  const now = world.clock.now();
  const state = tradeState(trade, now);
  const word = state === 'PAID' ? '查看 View' : '收银台 Cashier';
  return html`<li class="box"><div class="title">${trade.title}</div><div class="sum">¥${toYuan(trade.amountFen)}</div>
<div class="facts">${wallet(world, trade.provider)} <span class="tag ${state}">${STATES[state]} ${state}</span>
${trade.refunds.map((refund) => html` <span class="tag">${REFUNDS[refundStatus(refund, now)]} ¥${toYuan(refund.amountFen)}</span>`)}
<br><span class="mono">${trade.outTradeNo}</span> · ${beijingDateTime(trade.createdAt)}</div>
<div class="act"><a href="/cashier/${trade.cashierToken}">${word}</a></div></li>`;
}

/** A code nobody has scanned: at Alipay there is no trade yet. */
function unopenedItem(world: World, issued: IssuedCode): Markup {
  const terms = JSON.parse(issued.terms ?? '{}') as { readonly title: string; readonly amountFen: Fen };
  const alive = world.clock.now() < issued.diesAt;
  return html`<li class="box"><div class="title">${terms.title}</div><div class="sum">¥${toYuan(terms.amountFen)}</div>
<div class="facts">${wallet(world, issued.provider)} <span class="tag">${alive ? '未扫码 not scanned' : '二维码已失效 code is dead'}</span>
<br><span class="mono">${issued.outTradeNo}</span></div>
<div class="act">${alive ? html`<a href="/scan?code=${encodeURIComponent(issued.code)}">扫码 Scan</a>` : undefined}</div></li>`;
}

function agreementItem(world: World, agreement: Agreement): Markup {
  const state = agreementState(agreement, world.clock.now());
  return html`<li class="box"><div class="title">${agreement.title ?? agreement.logonId ?? agreement.externalNo ?? ''}</div><div class="sum">≤ ¥${toYuan(agreement.singleFen as Fen)}</div>
<div class="facts">${wallet(world, agreement.provider)} <span class="tag ${AGREEMENTS[state].tag}">${AGREEMENTS[state].word} ${state}</span>
<br><span class="mono">${agreement.agreementNo}</span> · ${beijingDateTime(agreement.createdAt)}</div>
<div class="act"><a href="${pageOfAgreement(world, agreement)}">查看 View</a></div></li>`;
}

function wallet(world: World, provider: Trade['provider']): Markup {
  return html`<span class="tag ${provider}">${fakeOf(world, provider).name.zh}</span>`;
}

function scenarioRow(world: World, scenario: Scenario): Markup {
  const { name, zh, en } = scenario;
  const providers = world.fakes.map(({ id }) => id).filter((id) => isFor(scenario, id));
  return html`<tr><td><code>sim:${name}</code></td><td>${zh}<span class="en">${en}</span></td><td>${providers.map((id) => wallet(world, id))}</td></tr>`;
}
