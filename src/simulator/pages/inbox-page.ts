import { beijingDateTime } from '../../domain/clock.ts';
import type { Answer } from '../http.ts';
import { BOXES, type Receiver, RULE, secretOf } from '../inbox/receiver.ts';
import { RECEIVERS } from '../inbox/receivers.ts';
import type { Arrived, Refusal, Shown } from '../state/inbox.ts';
import type { World } from '../world.ts';
import { STYLE } from './inbox-style.ts';
import { html, type Markup, page } from './layout.ts';
import { marked } from './marked.ts';

const SHOWN = 60;
/** The box that the page offers to whoever sets up a channel. */
const OFFERED = 'boss';

const REFUSALS: Readonly<Record<Refusal, { readonly zh: string; readonly en: string }>> = {
  signature: { zh: '签名不对', en: 'wrong signature' },
  clock: { zh: '时间戳超出窗口', en: 'timestamp outside the window' },
  keyword: { zh: '缺少关键词', en: 'keyword missing' },
  limited: { zh: '太快', en: 'too fast' },
  removed: { zh: '已被移除', en: 'removed' },
  busy: { zh: '繁忙', en: 'busy' },
  malformed: { zh: '格式不对', en: 'malformed' },
  'unknown-type': { zh: '消息类型不对', en: 'unknown type' },
  'too-large': { zh: '太长', en: 'too large' },
};

/** `GET /inbox`: what the merchant was told, as a phone shows it. */
export function inboxPage(world: World): Answer {
  const messages = world.inbox.recent(SHOWN);
  return page(world, {
    title: '收件箱 · 模拟网关 · mcp-cashier',
    theme: 'plain',
    live: true,
    style: STYLE,
    body: html`<header class="home inbox"><h1 id="inbox">收件箱 <small>Inbox</small></h1>
<p>商家的手机和群会收到的消息。<a href="/">模拟器首页</a><span class="en">What the merchant’s phone and group chats are told. <a href="/" lang="en">Simulator home</a></span></p></header>
<main class="home inbox">
<section id="live" aria-labelledby="inbox">${messages.length === 0 ? empty() : html`<ol class="chat">${messages.map(bubble)}</ol>`}</section>
<h2>把消息发到这里 <small>Send messages here</small></h2>
<p>写进 <code>channels.yaml</code>（<code>CASHIER_CHANNELS</code>），每种渠道一个例子；地址里的 <code>${OFFERED}</code> 可以换成别的名字。<span class="en">One example of each kind for <code>channels.yaml</code> (<code>CASHIER_CHANNELS</code>); any other name will do for <code>${OFFERED}</code> in an address.</span></p>
<pre class="box" tabindex="0" aria-label="channels.yaml">${example(world)}</pre>
<p>名字也能带来意外：<span class="en">Some names bring something about:</span></p>
<div class="box"><table><thead><tr><th>名字 Name</th><th>发生什么 What happens</th></tr></thead>
<tbody>${BOXES.map(({ name, zh, en }) => html`<tr><td><code>${name}</code></td><td>${zh}<span class="en">${en}</span></td></tr>`)}</tbody></table></div>
</main>`,
  });
}

function empty(): Markup {
  return html`<p class="box">还没有消息。收款、申请退款后会出现在这里。<span class="en">No messages yet. They appear here once something is paid or a refund is asked for.</span></p>`;
}

function bubble({ kind, box, at, refused, shown, id }: Arrived): Markup {
  const receiver = RECEIVERS.find((one) => one.kind === kind);
  const why = refused && REFUSALS[refused];
  return html`<li class="bubble ${refused === undefined ? 'taken' : 'refused'}">
<div class="from">${avatar(receiver)}<b>${receiver?.name.zh ?? kind} <small>${receiver?.name.en === receiver?.name.zh ? '' : (receiver?.name.en ?? '')}</small></b> <span class="mono">${box}</span> <time>${beijingDateTime(at)}</time></div>
${why ? html`<p class="why-not">没有送达：${why.zh} <span class="en">Not delivered: ${why.en}</span></p>` : undefined}
${shown ? message(shown) : undefined}
${id === undefined ? undefined : html`<p class="small mono">${id}</p>`}
</li>`;
}

function avatar(receiver: Receiver | undefined): Markup {
  return html`<span class="avatar ${receiver?.kind ?? ''}" aria-hidden="true">${receiver?.mark ?? '?'}</span>`;
}

function message({
  tone,
  title,
  text,
  marked: isMarked,
  raw,
  pairs = [],
  quote,
  buttons,
  foot,
}: Shown): Markup {
  return html`<article class="message ${tone}">
${title === '' ? undefined : html`<h2>${title}</h2>`}
${quote ? html`<blockquote><small>${quote.title}</small><br>${quote.text}</blockquote>` : undefined}
${text === '' ? undefined : isMarked ? html`<div class="text">${marked(text)}</div>` : plain(text)}
${pairs.length === 0 ? undefined : html`<dl>${pairs.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`}
${raw === undefined ? undefined : html`<pre tabindex="0" aria-label="JSON">${raw}</pre>`}
${buttons.map((button) => html`<a class="button go" rel="noreferrer noopener" href="${button.url}">${button.text}</a>`)}
${foot === undefined ? undefined : html`<p class="foot">${foot}</p>`}
</article>`;
}

function plain(text: string): Markup {
  const blocks = text.split(`\n${RULE}\n`);
  return html`${blocks.map((block, i) => html`${i === 0 ? undefined : html`<hr>`}<div class="text plain">${block}</div>`)}`;
}

/** A file of channels that lead here. */
function example(world: World): string {
  const lines = RECEIVERS.flatMap((receiver) => {
    const secret = secretOf(world, receiver, OFFERED);
    return [
      `  - name: ${receiver.kind}`,
      `    kind: ${receiver.kind}`,
      `    url: ${receiver.address(world.origin, OFFERED)}`,
      ...(secret === undefined ? [] : [`    secret: ${secret}`]),
    ];
  });
  return ['version: 1', 'channels:', ...lines].join('\n');
}
