import { afterEach, beforeEach, expect, it } from 'vitest';
import { notifyRoutes } from '../../src/notify/routes.ts';
import { createSubscription } from '../../src/payments/agreements/create-subscription.ts';
import type { Till } from '../../src/payments/till.ts';
import { declined, ENV, NOW, setUp, signed, strangerKeys } from '../providers/alipay/fake-gateway.ts';
import { signedForm, tampered } from '../providers/alipay/notification.ts';
import { CALL, subscriptionWish, World } from '../support/world.ts';

/* What Alipay tells of a consent, and what somebody else may tell, as the ledger takes it. */

const CONTRACT = 'READER0001';
const AGREEMENT = '20260621123456789012';
let world: World;
let till: Till;
let signNo: string;

beforeEach(async () => {
  world = new World();
  const { provider, gateway } = setUp({ AP_SIGN_SCENE: 'INDUSTRY|DIGITAL_MEDIA' });
  gateway.reply = ({ parameters }) => {
    const answer = signed(parameters.get('method') ?? '', declined('USER_AGREEMENT_NOT_EXIST'));
    return { status: 200, headers: {}, body: Buffer.from(answer) };
  };
  till = { ...(await world.process()), providers: new Map([[provider.id, provider]]) };
  await createSubscription(till, CALL, subscriptionWish({ provider: provider.id, contractNo: CONTRACT }));
  signNo = (await known())?.signNo ?? '';
});
afterEach(() => world.end());

const known = () => till.ledger.read((book) => book.subscriptions.get(CONTRACT));
const post = async (body: string) => {
  const routes = notifyRoutes(async () => till);
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return (await routes.request('/notify/alipay', { method: 'POST', body, headers })).status;
};
let count = 0;
/** What Alipay tells; each with an id of its own. */
const told = (type: 'sign' | 'unsign', change: Readonly<Record<string, string>> = {}) => ({
  ...{ notify_time: '2026-11-21 14:30:00', notify_type: `dut_user_${type}`, notify_id: `N${++count}` },
  ...{ charset: 'utf-8', version: '1.0', sign_type: 'RSA2' },
  ...{ app_id: ENV.AP_APP_ID, auth_app_id: ENV.AP_APP_ID },
  ...{ agreement_no: AGREEMENT, external_agreement_no: signNo, alipay_user_id: '2088000000000009' },
  ...{ personal_product_code: 'CYCLE_PAY_AUTH_P', sign_scene: 'INDUSTRY|DIGITAL_MEDIA' },
  ...{ status: type === 'sign' ? 'NORMAL' : 'UNSIGN', sign_time: '2026-11-21 14:29:58' },
  ...change,
});

it('makes it active, ends it, and is the same fact when it comes again', async () => {
  expect(world.clock.now()).toBeLessThanOrEqual(NOW);
  const consent = signedForm(told('sign'));
  expect(await post(consent)).toBe(200);
  expect(await known()).toMatchObject({ state: 'ACTIVE', agreementNo: AGREEMENT });
  expect(await post(consent)).toBe(200);
  const end = signedForm(told('unsign'));
  expect(await post(end)).toBe(200);
  expect(await known()).toMatchObject({ state: 'ENDED', reason: 'ended-by-subscriber' });
  // Nobody comes back to life by what was said before, nor by the same said anew.
  for (const body of [consent, end, signedForm(told('sign'))]) expect(await post(body)).toBe(200);
  expect((await known())?.state).not.toBe('ACTIVE');
  expect(await known()).toMatchObject({ reason: 'ended-by-subscriber' });
});

it('is nobody’s consent when it is forged, another app’s, another contract’s, or stale', async () => {
  const before = await known();
  const refused = [
    signedForm(told('sign'), { key: strangerKeys.privateKey }),
    signedForm(told('sign', { app_id: '2021004100000009' })),
    signedForm(told('sign', { notify_time: '2026-11-18 14:30:00' })),
    tampered({ external_agreement_no: signNo }, told('sign', { external_agreement_no: 'S2026ELSEWHERE' })),
  ];
  for (const body of refused) expect(await post(body)).toBe(400);
  // Genuine, and not ours.
  const others = [
    told('sign', { external_agreement_no: 'S2026ELSEWHERE' }),
    told('sign', { external_agreement_no: '' }),
    told('sign', { personal_product_code: 'GENERAL_WITHHOLDING_P' }),
  ];
  for (const message of others) await post(signedForm(message));
  expect(await known()).toEqual(before);
});

it('ends nothing when it is about another agreement, or says nothing of ours', async () => {
  await post(signedForm(told('sign')));
  const before = await known();
  const another = '20260621000000000000';
  for (const body of [
    signedForm(told('unsign', { agreement_no: another })),
    signedForm(told('unsign', { agreement_no: another, external_agreement_no: 'S2026ELSEWHERE' })),
    signedForm(told('unsign', { app_id: '2021004100000009' })),
    signedForm(told('unsign', { status: 'NORMAL' })),
    tampered({ agreement_no: AGREEMENT }, told('unsign', { agreement_no: another })),
    signedForm(told('sign', { agreement_no: another })),
  ])
    await post(body);
  expect(await known()).toMatchObject({ state: 'ACTIVE', agreementNo: AGREEMENT, signNo: before?.signNo });
});
