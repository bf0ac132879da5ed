import { beijingDateTime } from '../../domain/clock.ts';
import { type Fen, toYuan } from '../../domain/money.ts';
import { type Answer, type Incoming, json, redirect } from '../http.ts';
import { errorPage, fact, header } from '../pages/cashier-page.ts';
import { html, type Markup, page } from '../pages/layout.ts';
import type { AgreementTerms } from '../state/agreed.ts';
import { type Agreement, agreementState } from '../state/agreements.ts';
import { type AgreementDeed, inSpace, type World } from '../world.ts';
import { actOn } from './agreement-signing.ts';
import { partiesOf } from './notify.ts';
import { nextPlan } from './periods.ts';
import { signingText, signRsa2 } from './signature.ts';

/** Where agreements have their pages. */
export const AGREEMENT = '/alipay/agreement';

export function agreementAddress({ token }: Agreement): string {
  return `${AGREEMENT}/${token}`;
}

type Row = readonly [zh: string, en: string, value: string];

/** What a buyer agrees to, line by line. */
export function rulesOf(terms: AgreementTerms): readonly Row[] {
  const { unit, every, firstOn, singleFen, totalFen, times, validity } = terms;
  const often =
    unit === 'DAY' ? `每 ${every} 天` : every === 1 ? '每月' : every === 12 ? '每年' : `每 ${every} 个月`;
  return [
    ['扣款周期', 'Every', often],
    ['每次最多', 'At most each', `¥${toYuan(singleFen as Fen)}`],
    ['首次扣款', 'First on', firstOn],
    ...(times === undefined ? [] : [['最多扣款', 'Times at most', `${times} 次`] as const]),
    ...(totalFen === undefined
      ? []
      : [['累计最多', 'In all at most', `¥${toYuan(totalFen as Fen)}`] as const]),
    ...(validity === undefined ? [] : [['协议期限', 'For', inWords(validity)] as const]),
  ];
}

const inWords = (validity: string) => `${validity.slice(0, -1)} ${validity.endsWith('d') ? '天' : '个月'}`;

/** The page of an agreement: to be signed, in force, or over. */
export function showAgreement(world: World, { target }: Incoming): Answer {
  const agreement = world.agreements.byToken(tokenIn(target));
  if (!agreement) return errorPage(world, 'plain', '签约页不存在', 'No such agreement');
  const state = agreementState(agreement, world.clock.now());
  const body = { TEMP: asking, NORMAL: inForce, STOP: over }[state](world, agreement);
  return page(world, {
    title: `自动扣款 · 模拟支付宝`,
    theme: agreement.provider,
    body: html`${header(world, agreement.provider)}\n<main class="card">${body}</main>`,
  });
}

/** A button of that page, pressed on that page and nowhere else. */
export async function pressOnAgreement(
  world: World,
  { target, headers }: Incoming,
  deed: AgreementDeed,
): Promise<Answer> {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    return json(403, { error: 'another site' });
  const token = tokenIn(target);
  await world.database.write(() => {
    const agreement = world.agreements.byToken(token);
    if (agreement) actOn(world, agreement, deed);
  });
  return redirect(`${AGREEMENT}/${token}`);
}

function tokenIn(target: string): string {
  return target.slice(AGREEMENT.length + 1).split(/[/?]/)[0] ?? '';
}

function asking(_world: World, agreement: Agreement): Markup {
  const address = agreementAddress(agreement);
  return html`
${agreement.declinedAt === undefined ? undefined : html`<p class="hint">您刚才没有开通，仍可以开通。<br><span class="en">You declined just now; you can still agree.</span></p>`}
<p class="payee">模拟商户 <small>Simulated Shop</small></p>
<h1 class="result">开通自动扣款 <small>Automatic payments</small></h1>
<p class="why">开通后，商户按下列约定自动扣款，届时不再请您确认。您可以随时关闭。<br><span class="en">The shop may then take money as agreed here, without asking each time. You can end it at any time.</span></p>
${terms(agreement)}
<form method="post" action="${address}/sign"><button class="go">同意并开通 <small>Agree</small></button></form>
<form method="post" action="${address}/decline"><button class="no">暂不开通 <small>Not now</small></button></form>
`;
}

function inForce(world: World, agreement: Agreement): Markup {
  const books = inSpace(world, agreement.space);
  const plan = nextPlan(books, agreement);
  const taken = agreement.taken
    .map(({ outTradeNo }) => books.trades.byNumber('alipay', outTradeNo))
    .filter((trade) => trade?.paidAt !== undefined);
  const back = returnOf(world, agreement);
  return html`
<div class="sign">✓</div>
<h1 class="result">已开通自动扣款 <small>In force</small></h1>
<p class="clock">${beijingDateTime(agreement.signedAt ?? 0)}</p>
${terms(agreement, [
  ...(plan ? [['下次扣款', 'Next on', plan.on] as const] : []),
  ['已扣款', 'Taken so far', `${taken.length} 次`],
])}
${back ? html`<a class="button go" rel="noreferrer noopener" href="${back}">返回商户 <small>Back to the merchant</small></a>` : undefined}
<form method="post" action="${agreementAddress(agreement)}/stop"><button class="no">关闭自动扣款 <small>End it</small></button></form>
`;
}

function over(_world: World, agreement: Agreement): Markup {
  return html`
<div class="sign bad">!</div>
<h1 class="result">自动扣款已关闭 <small>Ended</small></h1>
<p class="why">商户不能再自动扣款。<br><span class="en">The shop cannot take money any more.</span></p>
${terms(agreement)}
`;
}

function terms(agreement: Agreement, more: readonly Row[] = []): Markup {
  const { title, logonId, externalNo } = agreement;
  const rows: readonly Row[] = [
    ...(title === undefined ? [] : [['商品', 'Goods', title] as const]),
    ...(logonId === undefined ? [] : [['商户处的账号', 'Account there', logonId] as const]),
    ...rulesOf(agreement),
    ...more,
    ...(externalNo === undefined ? [] : [['签约号', 'Agreement', externalNo] as const]),
  ];
  return html`<dl>${rows.map(fact)}</dl>`;
}

/** Where the buyer goes back to, with what Alipay adds and signs. It proves nothing. */
function returnOf(world: World, agreement: Agreement): string | undefined {
  const { returnUrl, signedAt, externalNo } = agreement;
  if (!returnUrl || !URL.canParse(returnUrl)) return undefined;
  const { appId, authAppId } = partiesOf(world, agreement);
  const parameters = new Map([
    ...[['charset', 'utf-8'] as const, ['sign_type', 'RSA2'] as const, ['version', '1.0'] as const],
    ...[['app_id', appId] as const, ['auth_app_id', authAppId] as const],
    ['agreement_no', agreement.agreementNo],
    ...(externalNo === undefined ? [] : [['external_agreement_no', externalNo] as const]),
    ...[['status', 'NORMAL'] as const, ['sign_scene', agreement.signScene] as const],
    ['personal_product_code', agreement.personalProductCode],
    ['sign_time', beijingDateTime(signedAt ?? 0)],
  ]);
  const { privateKey } = world.identity.keys.alipay;
  parameters.set('sign', signRsa2(signingText(parameters, ['sign', 'sign_type']), privateKey));
  const address = new URL(returnUrl);
  for (const [name, value] of parameters) address.searchParams.set(name, value);
  return address.href;
}
