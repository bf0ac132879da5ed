import type { World } from '../world.ts';
import { certificatesOf } from './certificates.ts';
import { type Fields, isSigned } from './message.ts';
import { malformed, missing, UnionpayRefusal } from './refusal.ts';

const TIME = /^\d{14}$/;
const NUMBER = /^[A-Za-z0-9]{8,40}$/;
const AMOUNT = /^[1-9]\d{0,11}$/;
const ADDRESS = /^https?:\/\/[\x21-\x7e]{1,250}$/;

/** What every request says. */
const COMMON: Readonly<Record<string, RegExp>> = {
  version: /^5\.1\.0$/,
  encoding: /^UTF-8$/,
  signMethod: /^01$/,
  accessType: /^0$/,
  txnType: /^\d{2}$/,
  txnSubType: /^\d{2}$/,
  bizType: /^\d{6}$/,
  merId: /^[0-9A-Za-z]{15}$/,
  certId: /^\d+$/,
  txnTime: TIME,
  signature: /^[A-Za-z0-9+/]+=*$/,
};

const PAYMENT = {
  ...{ orderId: NUMBER, txnAmt: AMOUNT, currencyCode: /^156$/, backUrl: ADDRESS, payTimeout: TIME },
  channelType: /^0[78]$/,
};

/** What each kind of transaction says besides; a name with `?` may be left out. Nothing else is taken. */
const KINDS: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {
  '01/07': { ...PAYMENT, bizType: /^000000$/, channelType: /^08$/, 'reqReserved?': /^.{1,1024}$/ },
  '01/01': { ...PAYMENT, bizType: /^000201$/, frontUrl: ADDRESS, 'reqReserved?': /^.{1,1024}$/ },
  '00/00': { orderId: NUMBER },
  '04/00': {
    ...{ orderId: NUMBER, origQryId: /^\d{21}$/, txnAmt: AMOUNT, backUrl: ADDRESS },
    ...{ 'channelType?': /^0[78]$/, 'currencyCode?': /^156$/, 'reqReserved?': /^.{1,1024}$/ },
  },
  '76/01': { settleDate: /^\d{4}$/, fileType: /^00$/ },
};

/** A stranger, or a request that was not signed by whom it names: answered by whatever stands before the gateway. */
export class Stranger extends Error {}

/** Who asks and what, checked to the letter. Throws {@link Stranger}, and UnionpayRefusal. */
export function authenticate({ identity }: World, fields: Fields | undefined): Fields {
  if (fields?.merId !== identity.merId || fields.certId !== certificatesOf(identity).certId)
    throw new Stranger();
  if (!isSigned(fields, identity.keys.unionMerchant.publicKey))
    throw new UnionpayRefusal('11', '验证签名失败');
  const kind = KINDS[`${fields.txnType}/${fields.txnSubType}`];
  if (!kind) throw new UnionpayRefusal('32', '无此交易权限');
  const wanted = { ...COMMON, ...kind };
  for (const [name, pattern] of Object.entries(wanted)) {
    const value = fields[name.replace(/\?$/, '')];
    if (value === undefined && name.endsWith('?')) continue;
    if (value === undefined) throw missing(name);
    if (!pattern.test(value)) throw malformed(name);
  }
  const unknown = Object.keys(fields).find((name) => !(name in wanted) && !(`${name}?` in wanted));
  if (unknown !== undefined) throw malformed(unknown);
  return fields;
}

/** `pay …` or `refund …`, in which the merchant has its own words. */
export function ownWords(fields: Fields): string {
  const text = Buffer.from(fields.reqReserved ?? '', 'base64').toString('utf8');
  return text.slice(text.indexOf(' ') + 1);
}
