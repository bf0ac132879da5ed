import { createHash, type KeyObject, sign } from 'node:crypto';
import { beijingDateTime } from '../../../src/domain/clock.ts';
import { GatewayDeclined } from '../../../src/providers/contract.ts';
import { certificatePem } from '../../../src/simulator/certificate.ts';
import { VALID } from '../../../src/simulator/certificates.ts';
import { certificatesOf } from '../../../src/simulator/unionpay/certificates.ts';
import type { Dice } from '../../support/dice.ts';
import {
  formOf,
  mutatedBytes,
  mutatedHeaders,
  mutatedPairs,
  type Pairs,
  pumped,
  wellFormed,
} from '../mutate.ts';
import { numberOf, ORDER_NUMBERS, ORDERS, REFUNDS, type Shop } from '../shop.ts';
import {
  type Dialect as AnswersDialect,
  type Asked,
  type Object as Fields,
  MOST as MOST_OF_ANSWER,
  SAMPLED,
  sampleFor,
  shaken,
} from './answers.ts';
import { MOST, type Dialect as NotifyDialect, type Posted, type Said } from './notify.ts';

/*
 * UnionPay's messages: named values, signed as one text with the certificate in it. What a signature proves is that
 * text, and what it says is read from it here in a way of its own.
 */

type Content = ReadonlyMap<string, string>;

const WORDS = [
  ...['00', 'A6', '02', '03', '05', '12', '30', '34', '36', '37', '42', '64', '69', '70', '74', '98', 'ZZ'],
  ...['01', '04', '07', '31', '11', '156', '840', '1000', '1001', '300', '1', '000000001000', '9100004'],
  ...[
    '20261121143005',
    '1121143005',
    '700000000000000',
    'https://qr.95516.com/00010000/x',
    '{a=1&b=2}',
    '[&',
  ],
  ...[...ORDER_NUMBERS, ...Object.values(REFUNDS), 'REFUND03'],
];
const stamp = (ms: number) => beijingDateTime(ms).replace(/\D/g, '');

/** All but the signature and what is empty, by name. */
function textOf(pairs: Pairs): string {
  const about = pairs.filter(([name, value]) => name !== 'signature' && value !== '');
  const sorted = about.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return sorted.map(([name, value]) => `${name}=${value}`).join('&');
}

/** More are in no message that was signed, and to look at each would cost more than a case may. */
const MOST_PAIRS = 1_000;

/** Named values as they stand in a text: an `&` in braces or brackets is none between two of them. */
function pairsIn(text: string): Pairs {
  const pairs: (readonly [string, string])[] = [];
  for (const [, piece = ''] of text.matchAll(/(?:^|&)((?:\{[^}]*(?:\}|$)|\[[^\]]*(?:\]|$)|[^&{[])*)/g)) {
    const [name = ''] = piece.split('=', 1);
    pairs.push([name, piece.slice(name.length + 1)]);
    if (pairs.length > MOST_PAIRS) break;
  }
  return pairs;
}

/** What a text says; undefined where it says something twice. */
function contentIn(text: string): Content | undefined {
  const pairs = pairsIn(text);
  const content = new Map(pairs);
  return content.size === pairs.length ? content : undefined;
}

const signatureIn = (pairs: Pairs) => pairs.find(([name]) => name === 'signature')?.[1] ?? '';

function signed(pairs: Pairs, key: KeyObject, certificate?: string): Pairs {
  const bare = pairs
    .filter(([name]) => name !== 'signature' && (certificate === undefined || name !== 'signPubKeyCert'))
    .map(([name, value]) => [wellFormed(name), wellFormed(value)] as const);
  const whole = certificate === undefined ? bare : [...bare, ['signPubKeyCert', certificate] as const];
  const digest = createHash('sha256').update(textOf(whole), 'utf8').digest('hex');
  return [...whole, ['signature', sign('sha256', Buffer.from(digest), key).toString('base64')]];
}

/** Who signs, and with which certificate. */
function signersOf(shop: Shop) {
  const { unionpay, unionMerchant, forger } = shop.identity.keys;
  const { merchant, middle } = certificatesOf(shop.identity);
  const name = [['CN', '041@8310000000083040@中国银联股份有限公司@00016495']] as const;
  // It calls itself UnionPay's, and its issuer UnionPay's issuer.
  const forged = certificatePem({
    ...{ subject: name, issuer: { name, privateKey: forger.privateKey }, publicKey: forger.publicKey },
    ...{ serial: '13', ...VALID },
  });
  const nobody = [
    [forger.privateKey, forged],
    [forger.privateKey, undefined],
    // Every merchant has a certificate of the same issuer.
    [unionMerchant.privateKey, merchant],
    [unionpay.privateKey, merchant],
    [unionpay.privateKey, middle],
  ] as const;
  return {
    /** So that it counts. */
    rightly: (pairs: Pairs) => signed(pairs, unionpay.privateKey),
    /** So that it does not. */
    wrongly(pairs: Pairs, random: Dice) {
      const [key, certificate] = random.pick(nobody);
      return signed(pairs, key, certificate);
    },
  };
}

/** What of named values, as any reader would take them, is under a signature that counts; undefined: nothing. */
function provenIn(told: Pairs, texts: ReadonlyMap<string, string>): Content | undefined {
  const text = texts.get(signatureIn(told));
  return text !== undefined && text === textOf(told) ? contentIn(text) : undefined;
}

/** Values of the one under the signature of the other. */
function spliced(a: Pairs, b: Pairs, random: Dice): Pairs {
  const other = new Map(b);
  return a.map(([name, value]) => [name, random.chance(0.2) ? (other.get(name) ?? value) : value]);
}

export function unionpayNotify(shop: Shop): NotifyDialect {
  const { rightly, wrongly } = signersOf(shop);
  const plain = (pairs: Pairs) =>
    new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value])).toString();
  const genuine = shop.notifications('unionpay').map(({ headers, body }) => ({
    headers,
    pairs: [...new URLSearchParams(body)] as Pairs,
  }));
  const [first] = genuine;
  if (!first) throw new Error('nothing was notified');
  const sent = new Map(
    [...shop.books().orders.values()].map((row) => [String(row.out_trade_no), Number(row.sent_at)]),
  );
  const paid = (order: string, more: Readonly<Record<string, string>> = {}) => {
    const outTradeNo = numberOf('unionpay', order);
    const said = { orderId: outTradeNo, txnTime: stamp(sent.get(outTradeNo) ?? 0), ...more };
    const rest = first.pairs.filter(([name]) => !(name in said));
    return { headers: first.headers, pairs: rightly([...rest, ...Object.entries(said)]) };
  };
  const samples = [
    ...genuine,
    ...ORDERS.map((order) => paid(order)),
    paid('OPEN', { respCode: 'A6' }),
    paid('OPEN', { respCode: '64' }),
    paid('OPEN', { txnAmt: '1001' }),
    paid('OPEN', { txnTime: '20261121143004' }),
    paid('OPEN', { merId: '700000000000000' }),
  ].map((one) => ({ ...one, body: Buffer.from(plain(one.pairs)) }));
  const texts = new Map(samples.map(({ pairs }) => [signatureIn(pairs), textOf(pairs)]));
  const payments = ORDERS.map((order) => numberOf('unionpay', order));
  const byQueryId = new Map(
    payments.map((number) => [shop.world.trades.byNumber('unionpay', number)?.tradeNo, number]),
  );
  return {
    wallet: 'unionpay',
    saidIn: (content) => saidIn(content),
    post(random) {
      const sample = random.pick(samples);
      const path = random.chance(0.97)
        ? '/notify/unionpay'
        : random.pick(['/notify/alipay', '/notify/unionpay/default', '/notify/nobody']);
      const post = (body: Buffer, proven?: Content): Posted => ({
        ...{ headers: mutatedHeaders(sample.headers, random), body, path, proven },
      });
      const form = (pairs: Pairs) => Buffer.from(formOf(pairs, random));
      const changed = () => mutatedPairs(sample.pairs, random, WORDS);
      const own = (pairs: Pairs) => new Map([[signatureIn(pairs), textOf(pairs)]]);
      return random.pick<() => Posted>([
        () => post(random.chance(0.1) ? sample.body : mutatedBytes(sample.body, random, { most: MOST })),
        () => post(form(changed())),
        () => post(form(changed())),
        () => post(form(spliced(sample.pairs, random.pick(samples).pairs, random))),
        () => post(form(wrongly(random.chance(0.5) ? sample.pairs : changed(), random))),
        () => {
          const pairs = rightly(changed());
          return post(form(pairs), own(pairs));
        },
        () => {
          const pairs = rightly(changed());
          return post(Buffer.from(plain(pairs)), own(pairs));
        },
        () => post(random.chance(0.1) ? pumped(sample.body, random, MOST) : sample.body),
      ])();
    },
    proves({ body, proven }) {
      const told = [...new URLSearchParams(body.toString('latin1'))];
      return provenIn(told, texts) ?? (proven && provenIn(told, proven));
    },
  };

  function saidIn(content: Content): Said {
    const text = (name: string) => content.get(name) ?? '';
    const isDone = ['00', 'A6'].includes(text('respCode'));
    const aboutRefund = text('txnType') === '04';
    const number = aboutRefund ? byQueryId.get(text('origQryId')) : text('orderId');
    const isOurs =
      text('merId') === shop.identity.merId &&
      (aboutRefund || text('txnTime') === stamp(sent.get(text('orderId')) ?? 0));
    return {
      outTradeNo: isOurs ? number : undefined,
      outRefundNo: aboutRefund ? text('orderId') : undefined,
      amountFen: /^\d{1,12}$/.test(text('txnAmt')) ? Number(text('txnAmt')) : undefined,
      isPaid: text('txnType') === '01' && isDone && ['', '156'].includes(text('currencyCode')),
      aboutRefund,
      isBack: isDone,
    };
  }
}

/** What proves no failure: it is done, on its way, waited for, or in doubt. */
const NO_FAILURE = ['00', 'A6', '02', '03', '04', '05', '06', '34', '37', '42', '70', '74', '75', '99'];
/** ms that a payment may be on its way after its time was up. */
const LAG_MS = 5 * 60_000;

export function unionpayAnswers(shop: Shop): AnswersDialect {
  const { rightly, wrongly } = signersOf(shop);
  const samples = (shop.samples.get('unionpay') ?? []).filter(({ operation }) => SAMPLED.has(operation));
  const texts = new Map(
    samples.map(({ response }) => {
      const pairs = pairsIn(response.body.toString());
      return [signatureIn(pairs), textOf(pairs)];
    }),
  );
  const written = (pairs: Pairs) => Buffer.from(pairs.map((pair) => pair.join('=')).join('&'));
  return {
    give(random, asked) {
      const { response } = sampleFor(samples, random, asked);
      const pairs = pairsIn(response.body.toString());
      const other = random.pick(samples).response.body;
      const give = (body: Buffer, own?: Pairs) => {
        const told = pairsIn(body.toString());
        const all = own ? new Map([...texts, [signatureIn(own), textOf(own)]]) : texts;
        const content = provenIn(told, all);
        return {
          response: shaken({ ...response, body }, random),
          proven: content ? [Object.fromEntries(content)] : [],
        };
      };
      const bound = () => {
        const said = bindingOf(shop, asked);
        return pairs.map(([name, value]) => [name, said[name] ?? value] as const);
      };
      const changed = () => mutatedPairs(random.chance(0.7) ? bound() : pairs, random, WORDS);
      return random.pick([
        () => give(response.body),
        () => give(response.body),
        () =>
          give(
            mutatedBytes(response.body, random, {
              ...{ most: random.chance(0.05) ? MOST_OF_ANSWER : 65_536, other },
            }),
          ),
        () => give(written(changed())),
        () => give(written(changed().filter(([name]) => name !== 'signature'))),
        () => give(written(spliced(pairs, pairsIn(other.toString()), random))),
        () => give(Buffer.concat([response.body, Buffer.from('&'), other])),
        () => give(written(wrongly(random.chance(0.5) ? bound() : changed(), random))),
        () => {
          const own = rightly(bound());
          return give(written(own), own);
        },
        ...Array.from({ length: 3 }, () => () => {
          const own = rightly(changed());
          return give(written(own), own);
        }),
        () => {
          const [isRight, body] = [random.chance(0.5), pumped(response.body, random, 65_536)];
          const own = isRight ? rightly(pairsIn(body.toString())) : undefined;
          return give(own ? written(own) : body, own);
        },
      ])();
    },
    agrees(asked, content, result) {
      const said = (name: string) => content[name];
      if (Object.entries(bindingOf(shop, asked)).some(([name, value]) => said(name) !== value)) return false;
      if (result instanceof GatewayDeclined)
        return said('respCode') !== '00' && result.gatewayCode === said('respCode');
      const told = (result ?? {}) as Fields;
      if (told.exists === false) return said('respCode') === '34';
      if (said('respCode') !== '00') return false;
      const code = String(said('origRespCode'));
      const isDone = ['00', 'A6'].includes(code);
      switch (asked.operation) {
        case 'create':
          return told.qrCode === said('qrCode');
        case 'refund':
          return told.state === 'PROCESSING';
        case 'query':
          return (
            (told.state !== 'PAID' ||
              (isDone &&
                isSum(said('txnAmt'), told.amountFen) &&
                [undefined, '156'].includes(said('currencyCode') as string))) &&
            (told.state !== 'CLOSED' ||
              (asked.expiresAt + LAG_MS < shop.clock.now() && !NO_FAILURE.includes(code)))
          );
        case 'query-refund':
          return (
            (told.state !== 'SUCCESS' || (isDone && isSum(said('txnAmt'), told.refundFen))) &&
            (told.state !== 'CLOSED' || !NO_FAILURE.includes(code))
          );
        default:
          return false;
      }
    },
  };
}

const isSum = (text: unknown, fen: unknown) =>
  typeof text === 'string' && /^\d{1,12}$/.test(text) && Number(text) === fen;

/** By which an answer says what it answers. */
function bindingOf(shop: Shop, { operation, outTradeNo, outRefundNo, sentAt, refundSentAt }: Asked) {
  const ofRefund = operation === 'refund' || operation === 'query-refund';
  const binding: Record<string, string> = {
    merId: shop.identity.merId,
    orderId: ofRefund ? outRefundNo : outTradeNo,
    txnTime: stamp(ofRefund ? refundSentAt : sentAt),
    txnType: operation === 'create' ? '01' : operation === 'refund' ? '04' : '00',
  };
  return binding;
}
