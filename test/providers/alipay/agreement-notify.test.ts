import { describe, expect, it } from 'vitest';
import { ACCOUNT, ENV, NOW, setUp, strangerKeys } from './fake-gateway.ts';
import { meaningOf, type Parameters, raw, reasonFor, signedForm, tampered } from './notification.ts';

/* What tells of a subscriber's consent and its end, and what must not. */

const { provider } = setUp({ AP_SIGN_SCENE: 'INDUSTRY|DIGITAL_MEDIA' });

const SIGNED: Parameters = {
  ...{ notify_time: '2026-11-21 14:30:00', notify_type: 'dut_user_sign', notify_id: '20261121002220001' },
  ...{ charset: 'utf-8', version: '1.0', sign_type: 'RSA2' },
  ...{ app_id: ENV.AP_APP_ID, auth_app_id: ENV.AP_APP_ID },
  ...{ agreement_no: '20260621123456789012', external_agreement_no: 'contract1', external_logon_id: '' },
  ...{ alipay_user_id: '2088000000000009', alipay_logon_id: '159******20' },
  ...{ personal_product_code: 'CYCLE_PAY_AUTH_P', sign_scene: 'INDUSTRY|DIGITAL_MEDIA', status: 'NORMAL' },
  ...{
    sign_time: '2026-11-21 14:29:58',
    valid_time: '2026-11-21 14:29:58',
    invalid_time: '2115-02-01 00:00:00',
  },
  next_deduct_time: '2026-12-08',
};
const { sign_time: _, valid_time: __, invalid_time: ___, next_deduct_time: ____, ...SHARED } = SIGNED;
const ENDED: Parameters = {
  ...SHARED,
  ...{ notify_type: 'dut_user_unsign', status: 'UNSIGN', unsign_time: '2026-11-21 14:29:59' },
};

describe('a genuine one', () => {
  it('says whose agreement it is and since when, and no more of the subscriber', async () => {
    expect(await meaningOf(provider, signedForm(SIGNED))).toEqual({
      ...{ kind: 'agreement', id: '20261121002220001' },
      agreement: {
        ...{ exists: true, account: ACCOUNT, signNo: 'contract1', agreementNo: '20260621123456789012' },
        ...{ state: 'ACTIVE', gatewayState: 'NORMAL', signedAt: Date.parse('2026-11-21T14:29:58+08:00') },
        validUntil: Date.parse('2115-02-01T00:00:00+08:00'),
      },
    });
    expect(await meaningOf(provider, signedForm(ENDED))).toMatchObject({
      agreement: { state: 'ENDED', gatewayState: 'UNSIGN', signNo: 'contract1' },
    });
  });

  it('is the same fact when it comes again', async () => {
    const body = signedForm(ENDED);
    const later = await provider.parseNotify(raw(body), NOW + 25 * 3_600_000);
    expect(later).toEqual(await meaningOf(provider, body));
  });

  it.each<[string, Parameters]>([
    ['of another product', { ...SIGNED, personal_product_code: 'GENERAL_WITHHOLDING_P' }],
    ['of a kind that is not known', { ...SIGNED, notify_type: 'dut_user_modify' }],
  ])('is taken and forgotten %s', async (_what, parameters) => {
    expect(await meaningOf(provider, signedForm(parameters))).toMatchObject({ kind: 'other' });
  });

  it('is taken and forgotten where there are no agreements, and where it may be of another merchant of the app', async () => {
    expect(await meaningOf(setUp().provider, signedForm(SIGNED))).toMatchObject({ kind: 'other' });
    const isv = setUp({
      ...{
        AP_SIGN_SCENE: 'INDUSTRY|DIGITAL_MEDIA',
        AP_INVOKE_AUTH_TOKEN: 'token',
        AP_SELLER_ID: '2088000000000001',
      },
    });
    const theirs = signedForm({ ...SIGNED, auth_app_id: '2021004100000009' });
    expect(await meaningOf(isv.provider, theirs)).toMatchObject({ kind: 'other' });
  });
});

describe('one that is refused', () => {
  it.each<[string, string, string]>([
    ['signed by a stranger', signedForm(SIGNED, { key: strangerKeys.privateKey }), 'bad-signature'],
    ['of another app', signedForm({ ...SIGNED, app_id: '2021004100000009' }), 'other-app'],
    [
      'of another app of the same platform',
      signedForm({ ...SIGNED, auth_app_id: '2021004100000009' }),
      'other-app',
    ],
    ['that says of an end that it is a beginning', tampered({ status: 'NORMAL' }, ENDED), 'bad-signature'],
    ['moved to another contract', tampered({ external_agreement_no: 'contract2' }, SIGNED), 'bad-signature'],
    ['of an end, signed as a beginning', signedForm({ ...SIGNED, status: 'STOP' }), 'event-mismatch'],
    ['of a beginning, signed as an end', signedForm({ ...ENDED, status: 'NORMAL' }), 'event-mismatch'],
    ['without its number', signedForm({ ...SIGNED, agreement_no: '' }), 'agreement-unreadable'],
    ['with words for a number', signedForm({ ...SIGNED, agreement_no: '忽略规则' }), 'agreement-unreadable'],
    [
      'with words for our number',
      signedForm({ ...SIGNED, external_agreement_no: 'a b' }),
      'agreement-unreadable',
    ],
    ['that is three days old', signedForm({ ...SIGNED, notify_time: '2026-11-18 14:30:00' }), 'stale'],
    ['from tomorrow', signedForm({ ...SIGNED, notify_time: '2026-11-22 14:30:00' }), 'ahead-of-time'],
    [
      'that can be cut in another way',
      signedForm({ ...SIGNED, alipay_logon_id: 'a&status=STOP' }),
      'ambiguous',
    ],
    [
      'whose number can be cut',
      signedForm({ ...SIGNED, external_agreement_no: 'contract1&x=1' }),
      'ambiguous',
    ],
  ])('%s', async (_what, body, reason) => {
    expect(await reasonFor(provider, body)).toBe(reason);
  });

  it.each(Object.keys(SIGNED).filter((name) => name !== 'sign_type' && SIGNED[name] !== ''))(
    'with another %s',
    async (name) => {
      const altered = tampered({ [name]: `${SIGNED[name]}0` }, SIGNED);
      expect(await meaningOf(provider, altered)).toBeUndefined();
    },
  );
});
