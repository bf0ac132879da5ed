import type { Text } from '../domain/errors.ts';
import type { Frame } from '../operator/frame.ts';
import { freezeBanner, liveOf, moment, shell, stopForm } from '../operator/layout.ts';
import { foreign, html, type Markup } from '../operator/markup.ts';
import { WORDS as OPERATOR_WORDS, SCENE_WORDS } from '../operator/words.ts';
import { clockTime } from '../policy/decide.ts';
import { spanWords } from '../policy/policy-words.ts';
import { walletName, yuan } from './cells.ts';
import type { Allowance, RuleLine, RuleLines, RulesView } from './rules-view.ts';
import { WORDS } from './words.ts';

/** From where on a meter says that little is left, of 100. */
const NEAR = 80;

/** The rules in force, what is used of each limit and allowance, and whose they are. */
export function rulesPage(frame: Frame, view: RulesView): Markup {
  const { accepted, policy, all, callers, allowances, frozen } = view;
  return shell(frame, {
    title: frame.say(WORDS.rules),
    room: 'rules',
    body: html`<h1>${frame.say(WORDS.rules)}</h1>
${liveOf(frame, {
  mark: view.mark,
  announce: '',
  body: html`${freezeBanner(frame, frozen)}
${
  accepted === undefined
    ? html`<p class="note">${frame.say(WORDS.noRules)}</p>`
    : html`<p class="soft">${frame.say(WORDS.inForce)} ${moment(frame, accepted.acceptedAt)} · ${frame.say(WORDS.version)} ${accepted.version}</p>
<div class="pair">${section(frame, 'payments', WORDS.onPayments, all.payment)}${section(frame, 'refunds', WORDS.onRefunds, all.refund)}</div>`
}
${further(frame, policy)}
${allowances.length === 0 ? '' : html`<section class="card" aria-labelledby="allowances"><h2 id="allowances">${frame.say(WORDS.allowances)}</h2><ul class="limits">${allowances.map((one) => allowance(frame, one))}</ul></section>`}
${callers.length === 0 ? '' : html`<section aria-labelledby="of-callers"><h2 id="of-callers">${frame.say(WORDS.ofCallers)}</h2><div class="pair callers">${callers.map(([name, lines], i) => ofCaller(frame, name, lines, i))}</div>${view.moreCallers ? html`<p class="small soft">${frame.say(WORDS.notAllCallers)}</p>` : ''}</section>`}
<p class="small soft">${frame.say(WORDS.howToChange)} <code translate="no">${frame.typed('mcp-cashier policy accept')}</code> · <code translate="no">${frame.typed('mcp-cashier budget top-up')}</code></p>`,
})}
${frozen ? '' : stopForm(frame)}`,
  });
}

function further(frame: Frame, policy: RulesView['policy']): Markup | undefined {
  const { foreignOrders, trustForms, delivery } = policy ?? {};
  const lines = [
    ...(foreignOrders === undefined ? [] : [html`<li>${frame.say(FOREIGN[foreignOrders])}</li>`]),
    ...(delivery === undefined
      ? []
      : [html`<li>${frame.say(DELIVERY[delivery.otherwise])} <b>${spanWords(delivery.withinMs)}</b></li>`]),
    ...(trustForms ? [html`<li>${frame.say(WORDS.trusted)}</li>`] : []),
  ];
  if (lines.length === 0) return undefined;
  return html`<section class="card" aria-labelledby="further"><h2 id="further">${frame.say(WORDS.furtherRules)}</h2><ul class="limits">${lines}</ul></section>`;
}

const DELIVERY: Readonly<Record<'tell' | 'propose-refund' | 'refund', Text>> = {
  tell: WORDS.overdueTold,
  'propose-refund': WORDS.overdueAsked,
  refund: WORDS.overdueRefunded,
};

const FOREIGN: Readonly<Record<'refuse' | 'query' | 'allow', Text>> = {
  refuse: WORDS.foreignRefused,
  query: WORDS.foreignAsked,
  allow: WORDS.foreignAllowed,
};

function section(frame: Frame, id: string, name: Text, lines: readonly RuleLine[]): Markup {
  return html`<section class="card" aria-labelledby="${id}"><h2 id="${id}">${frame.say(name)}</h2>${list(frame, lines)}</section>`;
}

function list(frame: Frame, lines: readonly RuleLine[]): Markup {
  if (lines.length === 0) return html`<p class="soft">${frame.say(WORDS.noLimit)}</p>`;
  return html`<ul class="limits">${lines.flatMap((line) => told(frame, line)).map((line) => html`<li>${line}</li>`)}</ul>`;
}

function ofCaller(frame: Frame, name: string, { payment, refund }: RuleLines, i: number): Markup {
  const part = (words: Text, lines: readonly RuleLine[]) =>
    lines.length === 0 ? '' : html`<h4>${frame.say(words)}</h4>${list(frame, lines)}`;
  return html`<section class="card" aria-labelledby="caller-${i}"><h3 id="caller-${i}"><a href="${frame.console('/orders', { caller: name })}">${foreign(name)}</a></h3>${part(WORDS.onPayments, payment)}${part(WORDS.onRefunds, refund)}</section>`;
}

/** A rule in plain words; a limit with what is used of it. */
function told(frame: Frame, { rule, used }: RuleLine): Markup[] {
  const listed = (words: readonly string[]) => words.join(frame.language === 'zh' ? '、' : ', ');
  switch (rule.kind) {
    case 'max':
      return [html`${frame.say(WORDS.oneAtMost)} <b class="sum">${yuan(rule.fen)}</b>`];
    case 'approve':
      return rule.aboveFen === 0
        ? [html`${frame.say(WORDS.everyNeeds)}`]
        : [html`${frame.say(WORDS.aboveNeeds)} <b class="sum">${yuan(rule.aboveFen)}</b>`];
    case 'providers':
      return [html`${frame.say(WORDS.onlyBy)} ${listed(rule.allowed.map((id) => walletName(frame, id)))}`];
    case 'scenes':
      return [
        html`${frame.say(WORDS.onlyBy)} ${listed(rule.allowed.map((scene) => frame.say(SCENE_WORDS[scene])))}`,
      ];
    case 'hours':
      return [
        html`${frame.say(WORDS.onlyAt)} <span class="sum">${rule.hours.map(clockTime).join('–')}</span>${frame.say(OPERATOR_WORDS.beijing)}`,
      ];
    case 'budget':
      return [html`${frame.say(WORDS.outOf)} ${foreign(rule.budget)}`];
    case 'active': {
      const open = used?.count ?? 0;
      return [limit(frame, WORDS.atATime, `${rule.count}`, `${open}`, shareOf(open, rule.count))];
    }
    case 'ceiling': {
      const within = rule.window === 'day' ? WORDS.perDay : WORDS.perMinute;
      const { totalFen, count } = rule;
      return [
        ...(totalFen === undefined
          ? []
          : [limit(frame, within, yuan(totalFen), yuan(used?.fen ?? 0), shareOf(used?.fen ?? 0, totalFen))]),
        ...(count === undefined
          ? []
          : [
              limit(
                frame,
                within,
                `${count}${frame.say(WORDS.timesUnit)}`,
                `${used?.count ?? 0}${frame.say(WORDS.timesUnit)}`,
                shareOf(used?.count ?? 0, count),
              ),
            ]),
      ];
    }
  }
}

function allowance(frame: Frame, { name, filledFen, heldFen }: Allowance): Markup {
  const left = filledFen - heldFen;
  return html`<li><div class="row"><b>${foreign(name)}</b><span>${frame.say(WORDS.allowanceLeft)} <b class="sum">${yuan(left)}</b></span></div>
<p class="small soft">${frame.say(WORDS.granted)} ${yuan(Math.max(0, filledFen))} · ${frame.say(WORDS.used)} ${yuan(heldFen)}</p>${meter(shareOf(heldFen, filledFen))}</li>`;
}

function limit(frame: Frame, within: Text, most: string, used: string, share: number): Markup {
  return html`<div class="row"><span>${frame.say(within)} <b class="sum">${most}</b></span><span class="small">${frame.say(WORDS.used)} <span class="sum">${used}</span></span></div>${meter(share)}`;
}

/** What the words beside it say, drawn. @param share of 100 */
function meter(share: number): Markup {
  const name = share >= 100 ? 'full' : share >= NEAR ? 'near' : 'some';
  return html`<svg class="meter" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true"><rect class="${name}" width="${share}" height="1"/></svg>`;
}

/** In whole hundredths, and never more than all. */
function shareOf(part: number, whole: number): number {
  if (whole <= 0) return part > 0 ? FULL : 0;
  return Math.min(FULL, Math.max(0, Math.round((part / whole) * FULL)));
}
const FULL = 1e2;
