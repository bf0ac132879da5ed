import { describe, expect, it } from 'vitest';
import { appKeys, NOW, rejection, setUp, strangerKeys } from './fake-gateway.ts';
import {
  type Entries,
  encode,
  meaningOf,
  PAYMENT,
  REFUND,
  reasonFor,
  SELLER_ID,
  signatureOf,
  signedForm,
  tampered,
  withSignature,
} from './notification.ts';

const { provider } = setUp({ AP_SELLER_ID: SELLER_ID });

const genuine = signedForm(PAYMENT);
const sign = signatureOf(Object.entries(PAYMENT));
const signedJson = JSON.stringify(Object.fromEntries(withSignature(PAYMENT)));
/** The form with a piece of its text exchanged; fails when the piece is not there. */
function swapped(from: string, to: string): string {
  if (!genuine.includes(from)) throw new Error(`no ${from}`);
  return genuine.replace(from, () => to);
}
const more = (count: number): Entries =>
  Array.from({ length: count }, (_, i) => [`extra_${i}`, 'x'] as const);
const signedEntries = (entries: Entries): string => encode([...entries, ['sign', signatureOf(entries)]]);
const paymentAnd = (...extra: Entries): string => signedEntries([...Object.entries(PAYMENT), ...extra]);

type Case = readonly [name: string, body: string | Buffer, reason: string];

const bodies: readonly Case[] = [
  ['nothing', '', 'unreadable'],
  ['JSON', signedJson, 'unreadable'],
  ['JSON as a parameter', `data=${encodeURIComponent(signedJson)}`, 'no-signature'],
  ['XML', '<xml><sign>x</sign></xml>', 'unreadable'],
  ['multipart', `--x\r\ncontent-disposition: form-data; name="sign"\r\n\r\n${sign}\r\n--x--`, 'unreadable'],
  ['a form with a line break after it', `${genuine}\n`, 'unreadable'],
  ['a leading ?', `?${genuine}`, 'unreadable'],
  ['a trailing &', `${genuine}&`, 'unreadable'],
  ['a leading &', `&${genuine}`, 'unreadable'],
  ['a doubled &', swapped('&', '&&'), 'unreadable'],
  ['; for &', genuine.replaceAll('&', ';'), 'no-signature'],
  ['a name without =', `${genuine}&extra`, 'unreadable'],
  ['a value without name', `${genuine}&=x`, 'unreadable'],
  ['a raw blank', swapped('ORDER_0001', 'ORDER 0001'), 'unreadable'],
  ['a raw null byte', swapped('ORDER_0001', 'ORDER_0001\0'), 'unreadable'],
  ['raw UTF-8', Buffer.from(swapped('%E5%A4%8F', '夏')), 'unreadable'],
  ['raw GBK', Buffer.from(swapped('%E5%A4%8F', '\xcf\xc4'), 'latin1'), 'unreadable'],
  ['escaped GBK', swapped('%E5%A4%8F', '%CF%C4'), 'unreadable'],
  ['an overlong escape', swapped('ORDER_0001', '%C1%8FRDER_0001'), 'unreadable'],
  ['an escaped surrogate', swapped('%E5%A4%8F', '%ED%A0%80'), 'unreadable'],
  ['an escape cut off after one digit', `${genuine}&body=%4`, 'unreadable'],
  ['an escape cut off after %', `${genuine}&body=%`, 'unreadable'],
  ['a name with a broken escape', `${genuine}&%zz=1`, 'unreadable'],
  ['an escape that is not hex', `${genuine}&body=%u5C0F`, 'unreadable'],
  ['129 parameters', paymentAnd(...more(128 - Object.keys(PAYMENT).length)), 'too-many-parameters'],
  ['a million parameters', 'a=1&'.repeat(1_000_000), 'too-many-parameters'],
  ['a name with brackets', paymentAnd(['total_amount[]', '0.01']), 'unreadable'],
  ['a name with =', paymentAnd(['a=1&b', '2']), 'unreadable'],
  ['an endless name', paymentAnd(['a'.repeat(65), '2']), 'unreadable'],
];

const doubles: readonly Case[] = [
  ['the same parameter twice', `${genuine}&subject=x`, 'repeated-parameter'],
  ['the amount twice', `total_amount=9.90&${genuine}`, 'repeated-parameter'],
  ['the amount twice, signed', paymentAnd(['total_amount', '9.90']), 'repeated-parameter'],
  ['the amount twice, one escaped', `${genuine}&total%5Famount=9.90`, 'repeated-parameter'],
  ['the signature twice', `${genuine}&sign=x`, 'repeated-parameter'],
  ['sign_type twice', `${genuine}&sign_type=RSA2`, 'repeated-parameter'],
  ['an unknown one twice', `${paymentAnd(['extra', 'x'])}&extra=x`, 'repeated-parameter'],
  ['__proto__ twice', `${paymentAnd(['__proto__', 'x'])}&__proto__=x`, 'repeated-parameter'],
];

const BAD = 'bad-signature';
const signatures: readonly Case[] = [
  ['a stranger’s', signedForm(PAYMENT, { key: strangerKeys.privateKey }), BAD],
  ['the app’s own', signedForm(PAYMENT, { key: appKeys.privateKey }), BAD],
  ['none', encode(Object.entries(PAYMENT)), 'no-signature'],
  ['an empty one', tampered({ sign: '' }), 'no-signature'],
  ['junk', tampered({ sign: 'junk' }), BAD],
  ['one of zeros', tampered({ sign: Buffer.alloc(256).toString('base64') }), BAD],
  ['a shorter one', tampered({ sign: sign.slice(0, -4) }), BAD],
  ['one with blanks', tampered({ sign: ` ${sign}` }), BAD],
  ['one in base64url', tampered({ sign: Buffer.from(sign, 'base64').toString('base64url') }), BAD],
  ['one escaped twice', tampered({ sign: encodeURIComponent(sign) }), BAD],
  ['one with Sign for its name', genuine.replace('&sign=', '&Sign='), 'no-signature'],
  ['another message’s', encode([...Object.entries(REFUND), ['sign', sign]]), BAD],
  ['SHA-1', signedForm(PAYMENT, { digest: 'RSA-SHA1' }), BAD],
  ['SHA-1, named RSA', signedForm({ ...PAYMENT, sign_type: 'RSA' }, { digest: 'RSA-SHA1' }), 'sign-type'],
  ['MD5', signedForm({ ...PAYMENT, sign_type: 'MD5' }, { digest: 'RSA-MD5' }), 'sign-type'],
  ['sign_type in lower case', tampered({ sign_type: 'rsa2' }), 'sign-type'],
  ['an empty sign_type', tampered({ sign_type: '' }), 'sign-type'],
  ['sign_type constructor', tampered({ sign_type: 'constructor' }), 'sign-type'],
  [
    'over a text with sign_type, as requests have it',
    tampered({ sign: signatureOf([...Object.entries(PAYMENT), ['sign_typ', 'RSA2']]) }),
    BAD,
  ],
];

const NO_NUMBER = 'order-number-unreadable';
const contents: readonly Case[] = [
  ['another app', signedForm({ ...PAYMENT, app_id: '2021004100000002' }), 'other-app'],
  ['no app', signedForm({ ...PAYMENT, app_id: '' }), 'other-app'],
  ['our app as auth_app_id only', signedForm({ ...PAYMENT, app_id: '2021009999999999' }), 'other-app'],
  ['another app, not a trade', signedForm({ ...PAYMENT, app_id: 'x', notify_type: 'x' }), 'other-app'],
  ['another seller', signedForm({ ...PAYMENT, seller_id: '2088000000000002' }), 'other-seller'],
  ['a refund of another seller', signedForm({ ...REFUND, seller_id: '2088000000000002' }), 'other-seller'],
  ['charset GBK', signedForm({ ...PAYMENT, charset: 'GBK' }), 'charset'],
  ['charset UTF-8 and one more before it', signedForm({ ...PAYMENT, charset: 'gbk;utf-8' }), 'charset'],
  ['charset UTF-8 and one more behind it', signedForm({ ...PAYMENT, charset: 'utf-8;gbk' }), 'charset'],
  ['an empty charset', signedForm({ ...PAYMENT, charset: '' }), 'charset'],
  ['no id', signedForm({ ...PAYMENT, notify_id: '' }), 'id-unreadable'],
  ['an id with HTML', signedForm({ ...PAYMENT, notify_id: '<script>' }), 'id-unreadable'],
  ['an id with a line break', signedForm({ ...PAYMENT, notify_id: '1\n' }), 'id-unreadable'],
  ['an endless id', signedForm({ ...PAYMENT, notify_id: '1'.repeat(129) }), 'id-unreadable'],
  ['no order number', signedForm({ ...PAYMENT, out_trade_no: '' }), NO_NUMBER],
  ['a null byte in the number', signedForm({ ...PAYMENT, out_trade_no: 'ORDER_0001\0' }), NO_NUMBER],
  ['a blank in the number', signedForm({ ...PAYMENT, out_trade_no: 'ORDER_0001 ' }), NO_NUMBER],
  ['an endless number', signedForm({ ...PAYMENT, out_trade_no: 'A'.repeat(65) }), NO_NUMBER],
];

const recut: readonly Case[] = [
  [
    'a refund whose refund fields went into their neighbours',
    tampered(
      {
        fund_bill_list: `${PAYMENT.fund_bill_list}&gmt_create=${PAYMENT.gmt_create}`,
        gmt_create: undefined,
        gmt_payment: `${PAYMENT.gmt_payment}&gmt_refund=${REFUND.gmt_refund}`,
        gmt_refund: undefined,
        notify_type: `trade_status_sync&out_biz_no=${REFUND.out_biz_no}`,
        out_biz_no: undefined,
        receipt_amount: '9.90&refund_fee=3.00',
        refund_fee: undefined,
      },
      REFUND,
    ),
    'ambiguous',
  ],
  [
    'a title that would be an amount',
    tampered(
      { subject: 'x', total_amount: '999.00', total_amount_: '&total_amount=9.90' },
      { ...PAYMENT, subject: 'x&total_amount=999.00&total_amount_=' },
    ),
    'ambiguous',
  ],
  [
    'an order number that swallowed its neighbour',
    tampered({ out_trade_no: 'ORDER_0001&point_amount=0.00', point_amount: undefined }),
    'ambiguous',
  ],
  [
    'a genuine title like that',
    signedForm({ ...PAYMENT, subject: 'x&trade_status=TRADE_CLOSED' }),
    'ambiguous',
  ],
];

const groups = {
  'the body is': bodies,
  'it carries': doubles,
  'the signature is': signatures,
  'it says': contents,
};
for (const [group, cases] of Object.entries({ ...groups, 'it was recut:': recut })) {
  describe(`refused because ${group}`, () => {
    for (const [name, body, reason] of cases) {
      it(name, async () => {
        expect(await reasonFor(provider, body)).toBe(reason);
      });
    }
  });
}

it('says nothing of the sender’s in a rejection', async () => {
  const body = signedForm({ ...PAYMENT, app_id: 'ignore your rules', out_trade_no: '<b>' });
  const error = await rejection(provider.parseNotify({ headers: {}, body: Buffer.from(body) }, NOW));
  expect(String(error)).toBe('NotifyRejected: notification rejected: other-app');
  expect(JSON.stringify(error)).not.toContain('ignore');
});

it('believes no header', async () => {
  const headers = { 'content-type': 'application/json; charset=gbk', 'alipay-signature': 'x' };
  const notify = await provider.parseNotify({ headers, body: Buffer.from(genuine) }, NOW);
  expect(notify).toEqual(await meaningOf(provider, genuine));
});
