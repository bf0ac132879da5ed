import { capitalYuan } from '../domain/capitals.ts';
import type { Text } from '../domain/errors.ts';
import { groupedYuan } from '../domain/money.ts';
import { BY_PERSON } from '../ledger/records.ts';
import { mayDo } from '../persons/person.ts';
import { MAX_REASON } from '../policy/reason.ts';
import { walletOf } from '../providers/registry.ts';
import { fact, sumsCard } from './facts.ts';
import type { Frame } from './frame.ts';
import { badge, countdown, decider, freezeBanner, moment, quotation, shell, token } from './layout.ts';
import { foreign, html, type Markup } from './markup.ts';
import { type Outcome, outcomeOf, stillWaits } from './outcome.ts';
import { SIGN_IN } from './sign-in-words.ts';
import { story } from './story.ts';
import type { CaseView } from './view.ts';
import { BADGES, ORDER_STATES, REFUND_STATES, SCENE_WORDS, WORDS } from './words.ts';

/** How often (ms) an open page asks anew while something can change, or is about to; and without a script (s). */
const POLL_MS = 4_000;
const SOON_POLL_MS = 1_000;
const REFRESH_SECONDS = 5;
/** A sum of more characters than this needs a smaller face to stand on one line. */
const LONG_SUM = 9;

/** One approval: what it is about, what has happened before, and the decision. `problem` is said first. */
export function casePage(frame: Frame, view: CaseView, problem?: Text): Markup {
  const { approval, phase, order, refund } = view;
  const pending = phase === 'pending';
  const kind = frame.say(WORDS[approval.kind]);
  const outcome = outcomeOf(view, frame.now);
  // An agent that asks again and again is no news.
  const news = view.events.findLast((event) => event.kind !== 'call' && event.kind !== 'result');
  const mark = [
    phase,
    view.frozen?.at,
    order?.state,
    refund?.state,
    news?.seq,
    outcome.headline.en,
    outcome.code,
  ].join();
  const changes = pending || outcome.open;
  const poll = outcome.soon ? SOON_POLL_MS : POLL_MS;
  const said = pending ? BADGES.pending : outcome.headline;
  return shell(frame, {
    title: `${kind} ¥${groupedYuan(approval.amountFen)} ${frame.say(BADGES[phase])}`,
    // A refresh would take away what is being typed.
    refresh: outcome.open ? REFRESH_SECONDS : undefined,
    room: 'approvals',
    body: html`<p class="back"><a href="${frame.to('')}">← ${frame.say(WORDS.backToList)}</a></p>
${problem === undefined ? '' : html`<p class="note warn" role="alert">${frame.say(problem)}</p>`}
<div id="live" class="live" tabindex="-1" data-poll="${changes ? poll : 0}" data-announce="${frame.say(said)}" data-mark="${mark}">
${freezeBanner(frame, view.frozen)}
${pending ? html`<div class="case">${factCards(frame, view)}${decision(frame, view)}${decisionBar(frame, view)}</div>` : html`<div class="case done">${verdict(frame, view, outcome)}${factCards(frame, view)}</div>`}
</div>`,
  });
}

/** What it is about. Once it is decided, that stands above and has the first heading. */
function factCards(frame: Frame, view: CaseView): Markup {
  const { approval, phase, order, refund } = view;
  const ask = frame.say(approval.kind === 'refund' ? WORDS.askRefund : WORDS.askPayment);
  const sum = groupedYuan(approval.amountFen);
  const heading =
    phase === 'pending'
      ? html`<h1 id="what">${ask}</h1>`
      : html`<h2 id="what">${frame.say(WORDS[approval.kind])}</h2>`;
  return html`<div class="facts">
<section class="card" aria-labelledby="what"><div class="row">${heading}${badge(frame, phase)}</div>
<p class="amount${sum.length > LONG_SUM ? ' long' : ''}"><span>¥</span>${sum}</p>
${frame.language === 'zh' ? html`<p class="capitals">人民币${capitalYuan(approval.amountFen)}</p>` : ''}
${frame.payee === undefined ? '' : html`<p class="soft">${frame.say(approval.kind === 'refund' ? WORDS.payer : WORDS.payee)} <b>${foreign(frame.payee)}</b></p>`}
${order ? quotation(frame, WORDS.titleCaption, order.title) : ''}
${approval.kind === 'refund' ? reasonOf(frame, refund?.reason, approval.rule) : ''}
${phase === 'pending' ? html`<p class="jump"><a href="#decide">↓ ${frame.say(WORDS.decide)}</a> <span class="time">${countdown(approval.expiresAt, frame.now)}</span></p>` : ''}
</section>
${view.sums ? sumsCard(frame, view.sums, phase === 'pending' || phase === 'approved') : ''}
<section class="card" aria-labelledby="details"><h2 id="details">${frame.say(WORDS.details)}</h2><dl>${facts(frame, view)}</dl></section>
<section class="card" aria-labelledby="history"><h2 id="history">${frame.say(WORDS.history)}<small class="soft">${frame.say(WORDS.beijing)}</small></h2>${story(frame, view.events)}</section>
</div>`;
}

function reasonOf(frame: Frame, reason: string | undefined, rule: string): Markup {
  if (rule === BY_PERSON) return reason === undefined ? html`` : html`<p class="said">${foreign(reason)}</p>`;
  if (reason === undefined) return html`<p class="small soft">${frame.say(WORDS.noReason)}</p>`;
  return quotation(frame, WORDS.reasonCaption, reason);
}

function facts(frame: Frame, view: CaseView): Markup[] {
  const { approval, order, refund, client } = view;
  const { decidedAt, decidedBy, reason } = approval;
  return [
    fact(frame, WORDS.order, html`<span class="number">${foreign(approval.outTradeNo)}</span>`),
    ...(approval.outRefundNo === undefined
      ? []
      : [fact(frame, WORDS.refundNo, html`<span class="number">${foreign(approval.outRefundNo)}</span>`)]),
    ...(order
      ? [
          fact(
            frame,
            WORDS.wallet,
            `${frame.say(walletOf(order.provider).name)} · ${frame.say(SCENE_WORDS[order.scene])}`,
          ),
          fact(frame, WORDS.orderState, frame.say(ORDER_STATES[order.state])),
        ]
      : []),
    ...(refund ? [fact(frame, WORDS.refundState, frame.say(REFUND_STATES[refund.state]))] : []),
    fact(frame, WORDS.caller, foreign(approval.caller)),
    ...(client === undefined
      ? []
      : [
          fact(
            frame,
            WORDS.program,
            html`${frame.say(WORDS.says)} <q>${foreign(client)}</q> <span class="soft">${frame.say(WORDS.notChecked)}</span>`,
          ),
        ]),
    fact(
      frame,
      WORDS.rule,
      html`${ruleWords(frame, view)}<br><code class="small">${foreign(approval.rule)}</code>`,
    ),
    fact(frame, WORDS.asked, moment(frame, approval.createdAt)),
    fact(frame, WORDS.until, moment(frame, approval.expiresAt)),
    ...(decidedAt === undefined ? [] : [fact(frame, WORDS.decidedAt, moment(frame, decidedAt))]),
    ...(decidedBy === undefined ? [] : [fact(frame, WORDS.decidedBy, decider(frame, decidedBy))]),
    ...(reason === undefined ? [] : [fact(frame, WORDS.denyReason, foreign(reason))]),
  ];
}

function ruleWords(frame: Frame, { approval, aboveFen }: CaseView): string {
  const refunds = approval.kind === 'refund';
  if (approval.rule === BY_PERSON) return frame.say(WORDS.ruleByPerson);
  if (aboveFen === undefined) return frame.say(WORDS.ruleOther);
  if (aboveFen === 0) return frame.say(refunds ? WORDS.ruleEveryRefund : WORDS.ruleEveryPayment);
  return `${frame.say(refunds ? WORDS.ruleRefund : WORDS.rulePayment)}¥${groupedYuan(aboveFen)}`;
}

/**
 * The two answers stand in forms of their own, so that Enter in the reason of a no can never be a yes; what a person
 * reads on the button is what they agree to.
 */
function decision(frame: Frame, view: CaseView): Markup {
  const { approval } = view;
  if (!mayDecide(frame)) {
    return html`<div class="verdict"><section class="card decide" aria-labelledby="decide"><h2 id="decide">${frame.say(WORDS.decide)}</h2><p>${frame.say(SIGN_IN.maySee)}</p></section></div>`;
  }
  const action = frame.to(`/${approval.id}`);
  const approve = approval.kind === 'refund' ? WORDS.approveRefund : WORDS.approvePayment;
  return html`<div class="verdict"><section class="card decide" aria-labelledby="decide"><h2 id="decide">${frame.say(WORDS.decide)}</h2>
<p class="time"><span>${frame.say(WORDS.left)}</span> ${countdown(approval.expiresAt, frame.now, frame.say(WORDS.minutesLeft))}</p>
<p class="note bad" data-over hidden>${frame.say(WORDS.over)}</p>
${view.frozen ? html`<p class="note warn">${frame.say(WORDS.frozenDecide)}</p>` : ''}
${stillWaits(view) ? '' : html`<p class="note warn">${frame.say(WORDS.moot)}</p>`}
<div data-decide>
<form id="yes" class="stack" method="post" action="${action}">${token(frame)}
<button id="approve" class="button go wide" name="decision" value="approve" aria-describedby="approve-means">${frame.say(approve)} ¥${groupedYuan(approval.amountFen)}</button>
<p id="approve-means" class="small soft">${frame.say(WORDS.approveMeans)}</p></form>
<form class="stack" method="post" action="${action}">${token(frame)}
<label for="reason">${frame.say(WORDS.reasonLabel)}</label><input id="reason" name="reason" maxlength="${MAX_REASON}" autocomplete="off">
<button id="deny" class="button no wide" name="decision" value="deny" aria-describedby="deny-means">${frame.say(WORDS.deny)}</button>
<p id="deny-means" class="small soft">${frame.say(WORDS.denyMeans)}</p></form>
</div></section></div>`;
}

function mayDecide({ person }: Frame): boolean {
  return person !== undefined && mayDo(person, 'approval');
}

/** On a small screen the yes and the way to the no stay in sight, with what they are about. */
function decisionBar(frame: Frame, { approval }: CaseView): Markup | undefined {
  if (!mayDecide(frame)) return undefined;
  const approve = approval.kind === 'refund' ? WORDS.refundNow : WORDS.payNow;
  return html`<div class="bar" data-decide><a class="button no" href="#decide">${frame.say(WORDS.deny)}…</a>
<button class="button go" form="yes" name="decision" value="approve">${frame.say(approve)} <span class="sum">¥${groupedYuan(approval.amountFen)}</span></button></div>`;
}

function verdict(
  frame: Frame,
  { approval, phase }: CaseView,
  { headline, next, code, look, soon }: Outcome,
): Markup {
  const waits = look === 'wait';
  return html`<div class="verdict"><section class="card outcome ${waits && !soon ? 'held' : phase}" aria-labelledby="outcome"><h1 id="outcome">${frame.say(headline)}</h1><p>${frame.say(next)}</p>
${code === undefined ? '' : html`<p><code>${foreign(code)}</code></p>`}
${waits ? html`<p class="time"><span>${frame.say(WORDS.left)}</span> ${countdown(approval.expiresAt, frame.now)}</p>` : ''}
<p><a id="back" class="button plainly wide" href="${frame.to('')}">${frame.say(WORDS.backToList)}</a></p></section></div>`;
}
