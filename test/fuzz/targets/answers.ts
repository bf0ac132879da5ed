import { createSign, type KeyObject } from 'node:crypto';
import { fen } from '../../../src/domain/money.ts';
import { createAlipayProvider, readAlipayConfig } from '../../../src/providers/alipay/index.ts';
import {
  GatewayDeclined,
  GatewayUnavailable,
  OutcomeUnknown,
  type PaymentProvider,
} from '../../../src/providers/contract.ts';
import { createDouyinpayProvider, readDouyinpayConfig } from '../../../src/providers/douyinpay/index.ts';
import type { GatewayHttp, GatewayResponse } from '../../../src/providers/gateway-http.ts';
import { createUnionpayProvider, readUnionpayConfig } from '../../../src/providers/unionpay/index.ts';
import { createWechatpayProvider, readWechatpayConfig } from '../../../src/providers/wechatpay/index.ts';
import { FAKES } from '../../../src/simulator/fakes.ts';
import { closeAt } from '../../support/close.ts';
import type { Dice } from '../../support/dice.ts';
import { pairOf } from '../../support/named-keys.ts';
import { mutatedBytes, mutatedHeaders, mutatedJson, type Pairs, pumped } from '../mutate.ts';
import {
  isList,
  NOBODYS,
  numberOf,
  ORDER_NUMBERS,
  ORDERS,
  REFUNDS,
  type Sample,
  Shop,
  type WalletId,
} from '../shop.ts';
import {
  type Case,
  Fault,
  insistOnSilence,
  nameOf,
  type Opened,
  type Target,
  type Verdict,
} from '../target.ts';
import { unionpayAnswers } from './unionpay.ts';

/** The longest answer that is read (bytes). */
export const MOST = 131_072;
/** Nobody's, and quick. */
export const FORGER = pairOf('nobody', 1024).privateKey;
export type Object = Readonly<Record<string, unknown>>;

const OPERATIONS = ['query', 'create', 'close', 'refund', 'query-refund'] as const;
type Operation = (typeof OPERATIONS)[number];

/** What a case asks of the gateway. */
export interface Asked {
  readonly operation: Operation;
  readonly outTradeNo: string;
  readonly outRefundNo: string;
  /** ms; when the order and its refund were sent, and until when the order could be paid. */
  readonly sentAt: number;
  readonly refundSentAt: number;
  readonly expiresAt: number;
  readonly gatewayTradeNo: string;
}

/** An answer, and what of it is provably the gateway's. */
export interface Given {
  readonly response: GatewayResponse;
  /** Contents for which this answer carries a valid signature, as far as the one who made it knows. */
  readonly proven: readonly Object[];
}

export interface Dialect {
  give(random: Dice, asked: Asked): Given;
  /** Whether a content says what the adapter says that it does. */
  agrees(asked: Asked, content: Object, result: unknown): boolean;
}

const WORDS = [
  ...[
    '10000',
    '20000',
    '40004',
    '40005',
    '40006',
    'ACQ.TRADE_NOT_EXIST',
    'ACQ.TRADE_HAS_CLOSE',
    'ACQ.SYSTEM_ERROR',
    'aop.ACQ.SYSTEM_ERROR',
  ],
  ...[
    'ACQ.TRADE_HAS_SUCCESS',
    'ACQ.SELLER_BALANCE_NOT_ENOUGH',
    'isv.invalid-signature',
    'Y',
    'N',
    'REFUND_SUCCESS',
    'REFUND_FAIL',
  ],
  ...[
    'WAIT_BUYER_PAY',
    'TRADE_SUCCESS',
    'TRADE_CLOSED',
    'TRADE_FINISHED',
    'NOTPAY',
    'SUCCESS',
    'REFUND',
    'CLOSED',
    'PROCESSING',
    'ABNORMAL',
  ],
  ...[
    'ORDER_NOT_EXIST',
    'RESOURCE_NOT_EXISTS',
    'SYSTEM_ERROR',
    'ORDERPAID',
    'ORDER_CLOSED',
    'NOT_ENOUGH',
    'FREQUENCY_LIMITED',
    'SIGN_ERROR',
  ],
  ...[
    '10.00',
    '3.00',
    '0.01',
    '1000',
    'CNY',
    'USD',
    'https://qr.alipay.com/x',
    'weixin://wxpay/bizpayurl?pr=x',
    ...Object.values(REFUNDS),
    'REFUND03',
  ],
  ...ORDER_NUMBERS,
];

/** A provider of its own for each case, whose own signatures cost little. */
export function providers(
  shop: Shop,
  wallet: WalletId,
  mode: 'keys' | 'certificates',
): (http: GatewayHttp) => PaymentProvider {
  const cheap = pairOf('cheap', 1024).privateKey;
  const fake = FAKES.find(({ id }) => id === wallet);
  const env =
    (mode === 'keys' ? fake?.env : (fake?.certificateEnv ?? fake?.env))?.call(
      fake as (typeof FAKES)[number],
      shop.identity,
      shop.world.origin,
    ) ?? {};
  const { clock, till } = shop;
  const { randomBytes, log } = till;
  if (wallet === 'alipay') {
    const config = readAlipayConfig(env);
    if (!config) throw new Error('not configured');
    return (http) => createAlipayProvider({ ...config, appPrivateKey: cheap }, { clock, http, log });
  }
  if (wallet === 'unionpay') {
    const config = readUnionpayConfig(env);
    if (!config) throw new Error('not configured');
    const merchant = { ...config.merchant, key: cheap };
    return (http) => createUnionpayProvider({ ...config, merchant }, { clock, http });
  }
  if (wallet === 'douyinpay') {
    const config = readDouyinpayConfig(env);
    if (!config) throw new Error('not configured');
    return (http) => createDouyinpayProvider({ ...config, merchantKey: cheap }, { clock, http, randomBytes });
  }
  const config = readWechatpayConfig(env);
  if (!config) throw new Error('not configured');
  return (http) => createWechatpayProvider({ ...config, merchantKey: cheap }, { clock, http, randomBytes });
}

/** Throws for what is not one of the port's three errors. */
export function insistOnKind(
  error: unknown,
): asserts error is GatewayDeclined | GatewayUnavailable | OutcomeUnknown {
  if (
    error instanceof GatewayDeclined ||
    error instanceof GatewayUnavailable ||
    error instanceof OutcomeUnknown
  )
    return;
  throw error instanceof Fault
    ? error
    : new Fault(`none of our errors: ${error instanceof Error ? error.stack : error}`);
}

function target(wallet: WalletId, dialectOf: (shop: Shop) => Dialect): Target {
  return {
    name: `answers-${wallet}`,
    cases: 250_000,
    few: 2_000,
    async open() {
      const shop = await Shop.open();
      return opened(shop, wallet, dialectOf(shop));
    },
  };
}

function opened(shop: Shop, wallet: WalletId, dialect: Dialect): Opened {
  const make = providers(shop, wallet, 'keys');
  const { closeTrade } = shop.provider(wallet);
  const operations = OPERATIONS.filter((operation) => operation !== 'close' || closeTrade);
  const list = (shop.samples.get(wallet) ?? []).find(({ operation }) => operation === 'certificates');
  const now = shop.clock.now();
  const numbers = [...ORDERS.map((order) => numberOf(wallet, order)), NOBODYS];
  const questions = numbers.map((outTradeNo) => {
    const outRefundNo = outTradeNo.includes('BACK') ? REFUNDS.BACK : REFUNDS.PART;
    const { sentAt = now, refunds = [], tradeNo } = shop.world.trades.byNumber(wallet, outTradeNo) ?? {};
    const { sentAt: refundSentAt = now } = refunds[0] ?? {};
    return { outTradeNo, outRefundNo, sentAt, refundSentAt, gatewayTradeNo: tradeNo ?? '1'.repeat(21) };
  });
  return {
    async run(one: Case): Promise<Verdict> {
      const { random } = one;
      const operation = random.pick(operations);
      const expiresAt = now + random.pick([-1_800_000, 1_800_000]);
      const asked = { operation, ...random.pick(questions), expiresAt };
      const { response, proven } = dialect.give(random, asked);
      one.input('asked.json', JSON.stringify(asked));
      one.input('status-and-headers.json', JSON.stringify({ ...response, body: undefined }));
      one.input('body', response.body);
      const provider = make({
        send: async (request) => (isList(request) && list ? list.response : response),
      });
      try {
        const result = await ask(provider, asked, now);
        insistOnProof(dialect, asked, proven, result);
        return { accepted: true, seen: `${operation} ${kindOf(result)}` };
      } catch (error) {
        insistOnKind(error);
        insistOnSilence(`${error.message} ${JSON.stringify(error)}\n${shop.logged.join('\n')}`, shop.secrets);
        const isProof = error instanceof GatewayDeclined && error.proven;
        if (isProof) insistOnProof(dialect, asked, proven, error);
        return { accepted: isProof, seen: `${operation} ${nameOf(error)}${isProof ? ' proven' : ''}` };
      } finally {
        shop.back();
      }
    },
    close: () => shop.close(),
  };
}

function insistOnProof(dialect: Dialect, asked: Asked, proven: readonly Object[], result: unknown): void {
  if (proven.length === 0) throw new Fault(`${JSON.stringify(result)} without a valid signature`);
  if (proven.some((content) => dialect.agrees(asked, content, result))) return;
  throw new Fault(`${JSON.stringify(asked)}: ${JSON.stringify(result)} of ${JSON.stringify(proven)}`);
}

function ask(
  provider: PaymentProvider,
  { operation, outTradeNo, outRefundNo, gatewayTradeNo, sentAt, refundSentAt, expiresAt }: Asked,
  now: number,
): Promise<unknown> {
  const refundTerms = {
    ...{ outTradeNo, outRefundNo, gatewayTradeNo, refundFen: fen(300), totalFen: fen(1000) },
    sentAt: refundSentAt,
  };
  const terms = {
    outTradeNo,
    scene: 'qr',
    amountFen: fen(1000),
    title: 'x',
    sentAt,
    expiresAt: now + 1_800_000,
  } as const;
  switch (operation) {
    case 'query':
      return provider.queryTrade(outTradeNo, { sentAt, expiresAt });
    case 'close':
      return closeAt(provider, outTradeNo);
    case 'create':
      return provider.sendPayment(terms, provider.planPayment(terms));
    case 'refund':
      return provider.sendRefund(refundTerms, provider.planRefund(refundTerms));
    case 'query-refund':
      return provider.queryRefund(outTradeNo, outRefundNo, { plan: provider.planRefund(refundTerms) });
  }
}

function kindOf(result: unknown): string {
  if (typeof result !== 'object' || result === null) return String(result);
  const { exists, state } = result as Object;
  return exists === undefined ? Object.keys(result).join() : `${exists} ${state ?? ''}`;
}

/** One to begin with: mostly an answer to the same kind of question about the same order. */
export function sampleFor(
  samples: readonly Sample[],
  random: Dice,
  { operation, outTradeNo }: Asked,
): Sample {
  const same = samples.filter((one) => one.operation === operation);
  const about = same.filter((one) => one.outTradeNo === outTradeNo);
  if (about.length > 0 && random.chance(0.6)) return random.pick(about);
  return random.chance(0.7) && same.length > 0 ? random.pick(same) : random.pick(samples);
}

export const SAMPLED: ReadonlySet<string> = new Set<string>(OPERATIONS);
const yuan = (text: unknown): number | undefined => {
  const match = /^(\d{1,9})(?:\.(\d{1,2}))?$/.exec(typeof text === 'string' ? text : '');
  return match ? Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0')) : undefined;
};

/** With the status, or a header, of something else. */
export function shaken(response: GatewayResponse, random: Dice): GatewayResponse {
  const status = random.chance(0.9)
    ? response.status
    : random.pick([0, 200, 201, 204, 301, 400, 401, 404, 429, 500, 502, 503]);
  if (random.chance(0.7)) return { ...response, status };
  return { ...response, status, headers: joined(mutatedHeaders(response.headers, random)) };
}

/** As the network port hands them out: lower case, what comes twice joined. */
export function joined(pairs: Pairs): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of pairs) {
    const key = name.toLowerCase();
    headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`;
  }
  return headers;
}

/** `{"alipay_…_response":{…},"sign":"…"}`. */
const ALIPAY_FORM = /^\{"(\w+)":(\{.*\})(?:,"alipay_cert_sn":"\w+")?(?:,"sign":"([^"]+)")?\}$/s;
const METHODS: Readonly<Record<Operation, string>> = {
  query: 'alipay_trade_query_response',
  create: 'alipay_trade_precreate_response',
  close: 'alipay_trade_close_response',
  refund: 'alipay_trade_refund_response',
  'query-refund': 'alipay_trade_fastpay_refund_query_response',
};

export function signedNode(text: string, key: KeyObject): string {
  return createSign('sha256').update(text, 'utf8').sign(key, 'base64');
}

function alipay(shop: Shop): Dialect {
  const right = shop.keys('alipay').privateKey;
  const forger = FORGER;
  const samples = (shop.samples.get('alipay') ?? []).filter(({ operation }) => SAMPLED.has(operation));
  const genuine = new Map<string, Object>();
  const parts = (body: Buffer) => {
    const [, name = '', node = '', sign] = ALIPAY_FORM.exec(body.toString()) ?? [];
    return { name, node, sign };
  };
  for (const { response } of samples) {
    const { node, sign } = parts(response.body);
    if (sign !== undefined) genuine.set(node, JSON.parse(node));
  }
  /** Every genuine node that stands in it word for word. */
  const provenIn = (body: Buffer): Object[] => {
    const text = body.toString();
    return [...genuine].filter(([node]) => text.includes(node)).map(([, content]) => content);
  };
  return {
    give(random, asked) {
      const { response } = sampleFor(samples, random, asked);
      const { node, sign } = parts(response.body);
      const name = random.chance(0.95)
        ? METHODS[asked.operation]
        : random.pick([...Object.values(METHODS), 'error_response', 'x_response']);
      const give = (body: Buffer, own?: string): Given => ({
        response: shaken({ ...response, body }, random),
        proven: [...provenIn(body), ...(own === undefined ? [] : parsed(own))],
      });
      const write = (text: string, signature: string | undefined) =>
        Buffer.from(`{"${name}":${text}${signature === undefined ? '' : `,"sign":"${signature}"`}}`);
      const changed = () => mutatedJson(JSON.parse(node), random, WORDS);
      return random.pick<() => Given>([
        () => give(random.chance(0.2) ? response.body : write(node, sign)),
        () => give(write(node, sign)),
        () =>
          give(
            mutatedBytes(write(node, sign), random, {
              most: random.chance(0.05) ? MOST : 65_536,
              other: random.pick(samples).response.body,
            }),
          ),
        () => give(write(changed(), sign)),
        () => give(write(changed(), undefined)),
        () => give(write(node, undefined)),
        () => {
          const text = changed();
          return give(write(text, signedNode(text, forger)));
        },
        () => {
          const text = changed();
          return give(write(text, signedNode(text, right)), text);
        },
        () => {
          // The whole as JSON: nodes and signatures that stand twice, in another order, in other spellings.
          const whole = {
            [name]: JSON.parse(node),
            sign: sign ?? '',
            [random.pick(Object.values(METHODS))]: JSON.parse(
              parts(random.pick(samples).response.body).node || '{}',
            ),
          };
          return give(Buffer.from(mutatedJson(whole, random, WORDS)));
        },
        () => {
          const other = parts(random.pick(samples).response.body);
          return give(Buffer.from(`{"${name}":${changed()},"${name}":${other.node},"sign":"${other.sign}"}`));
        },
        () =>
          random.chance(0.1)
            ? give(pumped(write(node, sign), random, random.chance(0.2) ? MOST : 65_536))
            : give(write(node, random.pick([`${sign}=`, `${sign}\\n`, '', sign?.replace(/\//g, '\\/')]))),
      ])();
    },
    agrees({ operation, outTradeNo, outRefundNo }, content, result) {
      const said = (field: string) => content[field];
      if (result instanceof GatewayDeclined) {
        return (
          said('code') !== '10000' &&
          (said('sub_code') === undefined ||
            said('sub_code') === '' ||
            result.gatewayCode === said('sub_code') ||
            result.gatewayCode === 'unreadable' ||
            result.gatewayCode === said('code'))
        );
      }
      const isOk = said('code') === '10000';
      const isNumber = said('out_trade_no') === outTradeNo;
      const told = (result ?? {}) as Object;
      switch (operation) {
        case 'query': {
          if (told.exists === false) return !isOk;
          const paid = ['TRADE_SUCCESS', 'TRADE_FINISHED', 'TRADE_CLOSED'].includes(
            said('trade_status') as string,
          );
          return (
            isOk &&
            isNumber &&
            (told.state !== 'PAID' || (paid && told.amountFen === yuan(said('total_amount')))) &&
            (told.state !== 'CLOSED' || said('trade_status') === 'TRADE_CLOSED')
          );
        }
        case 'create':
          return isOk && isNumber && told.qrCode === said('qr_code');
        case 'close':
          return isOk && isNumber;
        case 'refund':
          return (
            isOk &&
            isNumber &&
            (told.state !== 'SUCCESS' || said('fund_change') === 'Y') &&
            told.state !== 'CLOSED'
          );
        case 'query-refund':
          if (told.exists === false) return true;
          return (
            isOk &&
            isNumber &&
            said('out_request_no') === outRefundNo &&
            (told.state !== 'SUCCESS' || said('refund_status') === 'REFUND_SUCCESS') &&
            (told.refundFen === undefined || told.refundFen === yuan(said('refund_amount')))
          );
      }
    },
  };
}

/** As an object, if it is one. Of a key that stands twice the last counts, as for every reader of the product. */
function parsed(text: string): Object[] {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? [value as Object] : [];
  } catch {
    return [];
  }
}

/** Signed and sealed in the manner of APIv3, in JSON, with the signature in the headers. */
export interface V3 {
  readonly wallet: 'wechatpay' | 'douyinpay';
  /** Of the gateway's signatures, and the merchant's, with which the gateway seals. */
  readonly serial: (shop: Shop) => string;
  readonly apiKey: (shop: Shop) => string;
  readonly closed: readonly string[];
}

export const WECHATPAY: V3 = {
  wallet: 'wechatpay',
  serial: ({ identity }) => identity.publicKeyId,
  apiKey: ({ identity }) => identity.apiV3Key,
  closed: ['CLOSED', 'REVOKED', 'PAYERROR'],
};
export const DOUYINPAY: V3 = {
  wallet: 'douyinpay',
  // The one certificate that the platform signs with.
  serial: ({ samples }) =>
    (samples.get('douyinpay') ?? []).flatMap(
      ({ response }) => response.headers['douyinpay-serial'] ?? [],
    )[0] ?? '',
  apiKey: ({ identity }) => identity.douyin.apiKey,
  closed: ['CLOSED', 'PAYERROR'],
};

function v3(shop: Shop, { wallet, closed, ...speaker }: V3): Dialect {
  const right = shop.keys(wallet).privateKey;
  const serial = speaker.serial(shop);
  const forger = FORGER;
  const samples = (shop.samples.get(wallet) ?? []).filter(({ operation }) => SAMPLED.has(operation));
  const header = (name: string) => `${wallet}-${name}`;
  const now = Math.floor(shop.clock.now() / 1000);
  // Long since given; what is new is signed now, as far as it is by the right key.
  const fresh = samples.map((sample) => ({
    ...sample,
    response:
      sample.response.headers[header('signature')] === undefined
        ? sample.response
        : {
            ...sample.response,
            headers: {
              ...sample.response.headers,
              ...signedHeaders(wallet, sample.response.body, {
                ...{ key: right, serial, now },
                nonce: sample.response.headers[header('nonce')] ?? 'n',
              }),
            },
          },
  }));
  const keyOf = (headers: Readonly<Record<string, string>>, body: Buffer) =>
    `${headers[header('timestamp')]}\n${headers[header('nonce')]}\n${body.toString('latin1')}`;
  const proofs = new Set(
    [...fresh, ...samples]
      .filter(({ response }) => header('signature') in response.headers)
      .map(({ response }) => keyOf(response.headers, response.body)),
  );
  return {
    give(random, asked) {
      const { response } = sampleFor(fresh, random, asked);
      const give = (given: GatewayResponse, own = false): Given => {
        const shook = shaken(given, random);
        const isSigned =
          proofs.has(keyOf(shook.headers, shook.body)) ||
          (own && keyOf(shook.headers, shook.body) === keyOf(given.headers, given.body));
        // No signature covers the status: it is what the connection says.
        return {
          response: shook,
          proven: isSigned
            ? shook.body.toString('latin1').trim() === ''
              ? [{ '#status': shook.status }]
              : parsed(shook.body.toString()).map((content) => ({ ...content, '#status': shook.status }))
            : [],
        };
      };
      const content = () => parsed(response.body.toString())[0] ?? { code: 'SYSTEM_ERROR' };
      const changed = () => Buffer.from(mutatedJson(content(), random, WORDS));
      const signedBy = (body: Buffer, key: KeyObject) => ({
        ...response,
        body,
        headers: {
          ...response.headers,
          ...signedHeaders(wallet, body, { key, serial, now, nonce: random.bytes(8).toString('hex') }),
        },
      });
      return random.pick<() => Given>([
        () => give(response),
        () => give(response),
        () =>
          give({
            ...response,
            body: mutatedBytes(response.body, random, {
              most: random.chance(0.05) ? MOST : 65_536,
              other: random.pick(samples).response.body,
            }),
          }),
        () => give({ ...response, body: changed() }),
        () => give({ ...response, headers: random.pick(fresh).response.headers }),
        () => give({ ...response, headers: { 'request-id': 'x' } }),
        () => give({ ...random.pick(samples).response }),
        () => give(signedBy(changed(), forger)),
        () => give(signedBy(changed(), right), true),
        () => give(signedBy(mutatedBytes(response.body, random, { most: 65_536 }), right), true),
        () => {
          if (!random.chance(0.1))
            return give({ ...response, status: random.pick([200, 400, 404, 500]), body: changed() });
          const isRight = random.chance(0.5);
          const body = pumped(response.body, random, random.chance(0.2) ? MOST : 65_536);
          return give(signedBy(body, isRight ? right : forger), isRight);
        },
      ])();
    },
    agrees({ operation, outTradeNo, outRefundNo }, content, result) {
      const said = (field: string) => content[field];
      if (result instanceof GatewayDeclined)
        return result.gatewayCode === said('code') && Number(said('#status')) >= 400;
      const told = (result ?? {}) as Object;
      const isNumber = said('out_trade_no') === outTradeNo;
      const amount = said('amount') as Object | undefined;
      switch (operation) {
        case 'query':
          if (told.exists === false) return Number(said('#status')) >= 400;
          return (
            isNumber &&
            (told.state !== 'PAID' ||
              (['SUCCESS', 'REFUND'].includes(said('trade_state') as string) &&
                told.amountFen === amount?.total)) &&
            (told.state !== 'CLOSED' || closed.includes(said('trade_state') as string))
          );
        case 'create':
          return told.qrCode === (said('code_url') ?? said('qr_code'));
        case 'close':
          return (
            said('#status') === 204 ||
            (said('#status') === 200 && Object.keys(content).length === 1) ||
            said('code') === 'ORDER_CLOSED' ||
            said('code') === 'ORDERCLOSED' ||
            Number(said('#status')) >= 400
          );
        case 'refund':
        case 'query-refund':
          if (told.exists === false) return Number(said('#status')) >= 400;
          return (
            isNumber &&
            said('out_refund_no') === outRefundNo &&
            (told.state === 'UNKNOWN' || told.state === said('status')) &&
            (told.refundFen === undefined || told.refundFen === amount?.refund)
          );
      }
    },
  };
}

/** @param signed.now seconds */
export function signedHeaders(
  wallet: V3['wallet'],
  body: Buffer,
  {
    key,
    now,
    nonce,
    serial,
  }: { readonly key: KeyObject; readonly now: number; readonly nonce: string; readonly serial: string },
): Record<string, string> {
  const text = Buffer.concat([Buffer.from(`${now}\n${nonce}\n`), body, Buffer.from('\n')]);
  return {
    [`${wallet}-timestamp`]: String(now),
    [`${wallet}-nonce`]: nonce,
    [`${wallet}-signature`]: createSign('sha256').update(text).sign(key, 'base64'),
    [`${wallet}-serial`]: serial,
  };
}

export const ANSWERS: readonly Target[] = [
  target('alipay', alipay),
  target('wechatpay', (shop) => v3(shop, WECHATPAY)),
  target('douyinpay', (shop) => v3(shop, DOUYINPAY)),
  target('unionpay', unionpayAnswers),
];
