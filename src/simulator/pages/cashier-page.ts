import { beijingDateTime } from '../../domain/clock.ts';
import { toYuan } from '../../domain/money.ts';
import type { Answer } from '../http.ts';
import { type Trade, tradeState } from '../state/trades.ts';
import { tokensIn } from '../tokens.ts';
import { fakeOf, type World } from '../world.ts';
import { html, type Markup, page } from './layout.ts';

/** What a payer sees of an order, by its state. */
export function cashierPage(world: World, trade: Trade): Answer {
  const now = world.clock.now();
  const state = tradeState(trade, now);
  if (state === 'PAID') return successPage(world, trade);
  const mayPayLate = tokensIn(trade.title, 'onTitle', trade.provider).some(
    ({ scenario }) => scenario.name === 'pay-after-close',
  );
  if (state === 'CLOSED' && !mayPayLate) {
    return errorPage(world, trade.provider, '订单已关闭或过期', 'This order is closed or expired', trade);
  }
  const address = `/cashier/${trade.cashierToken}`;
  return page(world, {
    title: `确认付款 · 模拟${fakeOf(world, trade.provider).name.zh}`,
    theme: trade.provider,
    body: html`${header(world, trade.provider)}
<main class="card">
${trade.refusedAt === undefined ? undefined : html`<p class="hint">您刚才取消了付款，订单仍可支付。<br><span class="en">You refused just now; the order can still be paid.</span></p>`}
${amount(trade, true)}
<p class="clock">剩余支付时间 <b data-now="${now}" data-until="${trade.expiresAt}">${beijingDateTime(trade.expiresAt)}</b> <span class="en">left to pay</span></p>
${facts(trade, [['有效期至', 'Expires', beijingDateTime(trade.expiresAt)]])}
${agreed(fakeOf(world, trade.provider).agreesTo?.(trade) ?? [])}
<form method="post" action="${address}/pay"><button class="go">确认支付 <small>Pay</small></button></form>
<form method="post" action="${address}/refuse"><button class="no">取消 <small>Refuse</small></button></form>
</main>`,
  });
}

/** Paid: what, when, and the way back to the merchant if there is one. */
function successPage(world: World, trade: Trade): Answer {
  const { returnAddress, tradeNoWord } = fakeOf(world, trade.provider);
  const back = returnAddress(world, trade);
  return page(world, {
    title: `支付成功 · 模拟${fakeOf(world, trade.provider).name.zh}`,
    theme: trade.provider,
    body: html`${header(world, trade.provider)}
<main class="card">
<div class="sign">✓</div>
<h1 class="result">支付成功 <small>Paid</small></h1>
${amount(trade)}
<p class="clock">${beijingDateTime(trade.paidAt ?? 0)}</p>
${facts(trade, [[tradeNoWord, 'Transaction', trade.tradeNo ?? '']])}
${back ? html`<a class="button go" rel="noreferrer noopener" href="${back}">返回商户 <small>Back to the merchant</small></a>` : undefined}
</main>`,
  });
}

/** Why a payer cannot go on. */
export function errorPage(
  world: World,
  /** A wallet's id, or `plain`. */
  theme: string,
  zh: string,
  en: string,
  trade?: Trade,
): Answer {
  return page(world, {
    title: '无法支付 · 模拟收银台',
    theme,
    status: 400,
    body: html`${theme === 'plain' ? undefined : header(world, theme)}
<main class="card">
<div class="sign bad">!</div>
<h1 class="result">无法支付 <small>Cannot pay</small></h1>
<p class="why">${zh}<br><span class="en">${en}</span></p>
${trade ? facts(trade, [['金额', 'Amount', `¥${toYuan(trade.amountFen)}`]]) : undefined}
<a class="button no" href="/">模拟器首页 <small>Simulator home</small></a>
</main>`,
  });
}

export function header(world: World, provider: Trade['provider']): Markup {
  const { name, mark } = fakeOf(world, provider);
  const { zh, en } = name;
  return html`<header class="wallet"><div><span class="mark">${mark}</span>模拟${zh}收银台<span class="en">${en}</span></div></header>`;
}

/** For what and how much; `asking`: it is what the page is about. */
function amount(trade: Trade, asking = false): Markup {
  const what = asking
    ? html`<h1 class="payee">${trade.title}</h1>`
    : html`<p class="payee">${trade.title}</p>`;
  return html`${what}<p class="amount"><i>¥</i>${toYuan(trade.amountFen)}</p>`;
}

function facts(trade: Trade, more: readonly (readonly [zh: string, en: string, value: string])[]): Markup {
  const rows = [
    ['收款方', 'Merchant', '模拟商户'],
    ['商户订单号', 'Order', trade.outTradeNo],
    ...more,
  ] as const;
  return html`<dl>${rows.map(fact)}</dl>`;
}

/** What is agreed to by paying. */
function agreed(rows: readonly (readonly [zh: string, en: string, value: string])[]): Markup | undefined {
  if (rows.length === 0) return undefined;
  return html`<p class="hint">付款即同意开通自动扣款：<br><span class="en">By paying you agree to automatic payments:</span></p><dl>${rows.map(fact)}</dl>`;
}

/** One line; a number that is too long for it gets its own. */
export function fact([zh, en, value]: readonly [zh: string, en: string, value: string]): Markup {
  const long = value.length > 20 ? 'long' : 'short';
  const face = /^[\w-]{6,}$/.test(value) ? 'mono' : 'plain';
  return html`<div class="${long}"><dt>${zh} <small>${en}</small></dt><dd class="${face}">${value}</dd></div>`;
}
