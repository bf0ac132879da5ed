import { createCipheriv, createDecipheriv, createSign, type KeyObject } from 'node:crypto';
import { beijingDateTime } from '../../../src/domain/clock.ts';
import { notifyRoutes } from '../../../src/notify/routes.ts';
import type { NotifyOutcome } from '../../../src/payments/apply-notify.ts';
import type { Dice } from '../../support/dice.ts';
import {
  formOf,
  mutatedBytes,
  mutatedHeaders,
  mutatedJson,
  mutatedPairs,
  type Pairs,
  pumped,
  wellFormed,
} from '../mutate.ts';
import { numberOf, ORDER_NUMBERS, REFUNDS, type Row, Shop, type WalletId } from '../shop.ts';
import { type Case, Fault, insistOnSilence, type Opened, type Target, type Verdict } from '../target.ts';
import { DOUYINPAY, FORGER, signedHeaders, type V3, WECHATPAY } from './answers.ts';
import { unionpayNotify } from './unionpay.ts';

/** The longest that is read, and a little more (bytes). */
export const MOST = 65 * 1024;
/** How far (s) the time of a signature may be from ours: around the edges of what is taken. */
const AGES = [-301, -299, 299, 301, 86_400, -86_401 - 240];
const GOOD: ReadonlySet<NotifyOutcome> = new Set(['applied', 'repeated', 'other']);

/** What is posted, and what its signature may prove. */
export interface Posted {
  readonly headers: Pairs;
  readonly body: Buffer;
  readonly path: string;
  /**
   * What the gateway said with a valid signature, where that is known: of a genuine message as it was, or of one that
   * was signed with the right key. undefined: nothing, or no more than a genuine message says.
   */
  readonly proven: ReadonlyMap<string, string> | undefined;
}

/** Knows how a wallet's notifications are made, and on its own what is genuine in one. */
export interface Dialect {
  readonly wallet: WalletId;
  post(random: Dice): Posted;
  /** The content that a message provably has, read in no way of the product's; undefined: none. */
  proves(posted: Posted): ReadonlyMap<string, string> | undefined;
  saidIn(content: ReadonlyMap<string, string>): Said;
}

/** What a notification says of an order or refund, in the words of the ledger. */
export interface Said {
  readonly outTradeNo: string | undefined;
  readonly outRefundNo: string | undefined;
  readonly amountFen: number | undefined;
  readonly isPaid: boolean;
  readonly aboutRefund: boolean;
  /** Of a refund: whether it came about; undefined where no message says it. */
  readonly isBack?: boolean;
}

export const WORDS = [
  ...[
    'TRADE_SUCCESS',
    'TRADE_FINISHED',
    'TRADE_CLOSED',
    'WAIT_BUYER_PAY',
    'SUCCESS',
    'REFUND',
    'NOTPAY',
    'CLOSED',
  ],
  ...['PROCESSING', 'ABNORMAL', 'TRANSACTION.SUCCESS', 'REFUND.SUCCESS', 'REFUND.CLOSED', 'REFUND.ABNORMAL'],
  ...[
    '10.00',
    '10.01',
    '9.99',
    '0.01',
    '3.00',
    '1000',
    'CNY',
    'USD',
    'trade_status_sync',
    'dut_user_sign',
    'dut_user_unsign',
    'NORMAL',
    'UNSIGN',
    ...Object.values(REFUNDS),
    'REFUND03',
  ],
  ...ORDER_NUMBERS,
];

function target(wallet: WalletId, dialectOf: (shop: Shop) => Dialect): Target {
  return {
    name: `notify-${wallet}`,
    cases: 250_000,
    few: 2_500,
    async open() {
      const shop = await Shop.open();
      return opened(shop, wallet, dialectOf(shop));
    },
  };
}

function opened(shop: Shop, wallet: WalletId, dialect: Dialect): Opened {
  let outcome: NotifyOutcome | undefined;
  const routes = notifyRoutes(
    async () => shop.till,
    undefined,
    (_, became) => {
      outcome = became;
    },
  );
  const before = shop.books();
  return {
    async run(one: Case): Promise<Verdict> {
      outcome = undefined;
      const posted = dialect.post(one.random);
      one.input('headers.json', JSON.stringify(posted.headers));
      one.input('body', posted.body);
      const headers = headersOf(posted.headers);
      if (headers === undefined) return { accepted: false, seen: 'not HTTP' };
      try {
        const reply = await routes.request(`http://127.0.0.1:3920${posted.path}`, {
          method: 'POST',
          headers,
          body: posted.body,
        });
        const said = await reply.text();
        insistOnSilence(`${said}\n${shop.logged.join('\n')}`, shop.secrets);
        // Each wallet in its own words, and both where a message was posted to the other.
        const isTaken = said === 'success' || reply.ok;
        if (!isTaken && ![400, 404, 413].includes(reply.status))
          throw new Fault(`answered ${reply.status} ${said}`);
        if (isTaken && wallet === 'alipay' && said !== 'success')
          throw new Fault(`answered ${reply.status} ${said}`);
        const content = isTaken || shop.changes > 0 ? dialect.proves(posted) : undefined;
        if ((isTaken || shop.changes > 0) && content === undefined) {
          throw new Fault(
            `${isTaken ? 'acknowledged' : 'changed something'} without a valid signature: ${outcome}`,
          );
        }
        if (isTaken !== (outcome !== undefined && GOOD.has(outcome)))
          throw new Fault(`acknowledged ${isTaken} for ${outcome}`);
        if (content && shop.changes > 0)
          insistOnProof(before, shop.books(), dialect.saidIn(content), outcome);
        return {
          accepted: content !== undefined,
          seen: outcome === 'rejected' ? reasonIn(shop) : (outcome ?? String(reply.status)),
        };
      } finally {
        shop.back();
      }
    },
    close: () => shop.close(),
  };
}

/** Why it was rejected, as the log has it. */
function reasonIn(shop: Shop): string {
  const line = shop.logged.find((text) => text.startsWith('notification rejected')) ?? '';
  return /"reason":"([\w-]+)"/.exec(line)?.[1] ?? 'rejected';
}

/** As they arrive; undefined for what no HTTP reader lets through. */
function headersOf(pairs: Pairs): Headers | undefined {
  const headers = new Headers();
  try {
    for (const [name, value] of pairs) headers.append(name, value);
  } catch {
    return undefined;
  }
  return headers;
}

type Books = ReturnType<Shop['books']>;

/** Throws where rows have changed otherwise than the content proves. */
function insistOnProof(before: Books, after: Books, said: Said, outcome: NotifyOutcome | undefined): void {
  for (const [number, order] of after.orders) {
    const earlier = before.orders.get(number);
    if (!earlier) throw new Fault(`an order has come into being: ${number}`);
    const changed = differences(earlier, order);
    if (changed.length === 0) continue;
    if (number !== said.outTradeNo)
      throw new Fault(`${changed} of ${number} changed, spoken of was ${said.outTradeNo}`);
    if (outcome === 'foreign' && changed.includes('state'))
      throw new Fault(`${changed} changed by a foreign message`);
    if (
      changed.some((column) =>
        ['amount_fen', 'account', 'provider', 'caller', 'title', 'created_at'].includes(column),
      )
    ) {
      throw new Fault(`${changed} of ${number} changed`);
    }
    if (changed.includes('state') || changed.includes('paid_at')) {
      if (
        order.state === 'PAID' &&
        !(said.isPaid && said.amountFen === order.amount_fen && !said.aboutRefund)
      ) {
        throw new Fault(`${number} is PAID by ${JSON.stringify(said)}`);
      }
      if (earlier.state === 'PAID') throw new Fault(`${number} is ${order.state} after it was PAID`);
    }
  }
  if (after.orders.size !== before.orders.size) throw new Fault('an order is gone');
  for (const [name, refund] of after.refunds) {
    const earlier = before.refunds.get(name);
    const changed = earlier ? differences(earlier, refund) : ['state'];
    if (changed.length === 0) continue;
    if (name !== `${said.outTradeNo} ${said.outRefundNo}` || !said.aboutRefund) {
      throw new Fault(`${changed} of the refund ${name} changed by ${JSON.stringify(said)}`);
    }
    if (changed.includes('amount_fen')) throw new Fault(`the sum of the refund ${name} changed`);
    if (refund.state === 'SUCCESS' && earlier?.state !== 'SUCCESS' && said.isBack === false)
      throw new Fault(`${name} is SUCCESS by ${JSON.stringify(said)}`);
    if (earlier?.state === 'SUCCESS' && refund.state !== 'SUCCESS')
      throw new Fault(`${name} is ${refund.state} after SUCCESS`);
    if (said.amountFen !== undefined && changed.includes('state') && refund.amount_fen !== said.amountFen) {
      throw new Fault(`${name} is ${refund.state} by a message of ${said.amountFen} fen`);
    }
  }
}

function differences(a: Row, b: Row): string[] {
  const comparable = (value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
  return Object.keys(b).filter((column) => comparable(a[column]) !== comparable(b[column]));
}

function saidByAlipay(content: ReadonlyMap<string, string>): Said {
  const text = (name: string) => content.get(name);
  const yuan =
    /^(\d{1,9})\.(\d\d)$/.exec(text('total_amount') ?? '') ?? /^(\d{1,9})$/.exec(text('total_amount') ?? '');
  const aboutRefund =
    ['out_biz_no', 'gmt_refund'].some((name) => (text(name) ?? '') !== '') ||
    /[1-9]/.test(text('refund_fee') ?? '');
  const status = text('trade_status') ?? '';
  return {
    outTradeNo: text('out_trade_no'),
    outRefundNo: undefined,
    amountFen: yuan ? Number(yuan[1]) * 100 + Number(yuan[2] ?? 0) : undefined,
    isPaid:
      status === 'TRADE_SUCCESS' ||
      status === 'TRADE_FINISHED' ||
      (status === 'TRADE_CLOSED' && (text('gmt_payment') ?? '') !== ''),
    aboutRefund,
  };
}

/** WeChat Pay says by the event's name what a message is about, Douyin Pay by what is in it. */
function saidInV3(wallet: V3['wallet'], content: ReadonlyMap<string, string>): Said {
  const text = (name: string) => content.get(name);
  const resource = JSON.parse(text('resource') ?? '{}') as Record<string, unknown>;
  const aboutRefund =
    wallet === 'wechatpay'
      ? (text('event_type') ?? '').startsWith('REFUND.')
      : resource.refund_status !== undefined;
  const amount = resource.amount as Record<string, unknown> | undefined;
  const sum = amount?.[aboutRefund ? 'refund' : 'total'];
  const word = resource.trade_state;
  return {
    outTradeNo: typeof resource.out_trade_no === 'string' ? resource.out_trade_no : undefined,
    outRefundNo: typeof resource.out_refund_no === 'string' ? resource.out_refund_no : undefined,
    amountFen: typeof sum === 'number' ? sum : undefined,
    isPaid: word === 'SUCCESS' || word === 'REFUND',
    aboutRefund,
    isBack: resource.refund_status === 'SUCCESS',
  };
}

const sorted = (pairs: Pairs) => [...pairs].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

/** Of an agreement, and no trade. */
const AGREEMENT = {
  ...{ out_trade_no: '', trade_no: '', trade_status: '', total_amount: '', seller_id: '' },
  ...{ agreement_no: '20260621123456789012', external_agreement_no: 'contract1' },
  ...{ personal_product_code: 'CYCLE_PAY_AUTH_P', sign_scene: 'INDUSTRY|DIGITAL_MEDIA' },
};

/** Alipay's form: the signature is a parameter like any other. */
function alipay(shop: Shop): Dialect {
  const { privateKey } = shop.keys('alipay');
  const genuine = shop.notifications('alipay').map(({ headers, body }) => ({
    headers,
    body: Buffer.from(body),
    pairs: [...new URLSearchParams(body)] as Pairs,
  }));
  // Of money that went back, in the form in which Alipay tells it; and one of two days ago.
  const [first] = genuine;
  if (!first) throw new Error('nothing was notified');
  const more = (changes: Readonly<Record<string, string>>) => {
    const pairs = signed(
      [...first.pairs.filter(([name]) => !(name in changes)), ...Object.entries(changes)],
      privateKey,
    );
    return { headers: first.headers, body: Buffer.from(plainForm(pairs)), pairs };
  };
  const at = (order: string) => ({ out_trade_no: numberOf('alipay', order) });
  const samples = [
    ...genuine,
    more({ ...at('PART'), refund_fee: '3.00', out_biz_no: 'R1', gmt_refund: '2026-11-21 14:40:00.123' }),
    more({ ...at('BACK'), refund_fee: '10.00', out_biz_no: 'R1B', trade_status: 'TRADE_CLOSED' }),
    more({ ...at('OPEN'), notify_time: beijingDateTime(shop.clock.now() - 3 * 86_400_000) }),
    more({ ...at('OPEN'), total_amount: '10.01' }),
    more({ ...at('OPEN'), notify_type: 'open_app_auth_notify' }),
    more({ ...AGREEMENT, notify_type: 'dut_user_sign', status: 'NORMAL', sign_time: '2026-11-21 14:30:00' }),
    more({ ...AGREEMENT, notify_type: 'dut_user_unsign', status: 'UNSIGN' }),
  ];
  const known = new Set(samples.map(({ pairs }) => contentOf(pairs)));
  const forger = FORGER;
  return {
    wallet: 'alipay',
    saidIn: saidByAlipay,
    post(random) {
      const sample = random.pick(samples);
      const path = random.chance(0.97)
        ? '/notify/alipay'
        : random.pick([
            '/notify/wechatpay',
            '/notify/alipay/default',
            '/notify/%E0%A4',
            '/notify/constructor',
            '/notify//alipay',
          ]);
      const headers = mutatedHeaders(sample.headers, random);
      const post = (body: Buffer, proven?: ReadonlyMap<string, string>): Posted => ({
        headers,
        body,
        path,
        proven,
      });
      return random.pick<() => Posted>([
        () =>
          post(
            random.chance(0.1)
              ? sample.body
              : mutatedBytes(sample.body, random, { most: MOST, other: random.pick(samples).body }),
          ),
        () => post(Buffer.from(formOf(mutatedPairs(sample.pairs, random, WORDS), random))),
        () => post(Buffer.from(formOf(mutatedPairs(sample.pairs, random, WORDS), random))),
        () =>
          post(
            Buffer.from(formOf(signed(mutatedPairs(unsigned(sample.pairs), random, WORDS), forger), random)),
          ),
        () => post(Buffer.from(formOf(spliced(sample.pairs, random.pick(samples).pairs, random), random))),
        () => {
          const pairs = signed(mutatedPairs(unsigned(sample.pairs), random, WORDS), privateKey);
          return post(Buffer.from(formOf(pairs, random)), new Map(pairs));
        },
        () => {
          const pairs = signed(mutatedPairs(unsigned(sample.pairs), random, WORDS), privateKey);
          return post(Buffer.from(plainForm(pairs)), new Map(pairs));
        },
        () =>
          random.chance(0.1)
            ? post(pumped(sample.body, random, MOST))
            : post(
                random.chance(0.1)
                  ? Buffer.from(mutatedJson(Object.fromEntries(sample.pairs), random))
                  : sample.body,
              ),
      ])();
    },
    proves({ body, proven }) {
      const told = new Map(readLoosely(body));
      if (proven) return contentOf([...proven]) === contentOf([...told]) ? told : undefined;
      return known.has(contentOf([...told])) ? told : undefined;
    },
  };
}

const plainForm = (pairs: Pairs) =>
  new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value])).toString();

/** A form as any reader would take it, duplicates and all. */
function readLoosely(body: Buffer): Pairs {
  return [...new URLSearchParams(body.toString('latin1'))];
}

const unsigned = (pairs: Pairs) => pairs.filter(([name]) => name !== 'sign');

/** What says what happened, to whom, and when. Other parameters may run together: the text that is signed is the same. */
const DECIDING = [
  ...[
    'app_id',
    'auth_app_id',
    'seller_id',
    'notify_type',
    'notify_id',
    'notify_time',
    'out_trade_no',
    'trade_no',
  ],
  ...['trade_status', 'total_amount', 'gmt_payment', 'refund_fee', 'gmt_refund', 'out_biz_no'],
  ...[
    'agreement_no',
    'external_agreement_no',
    'personal_product_code',
    'status',
    'sign_time',
    'invalid_time',
  ],
];

/** What is said: the text that is signed, without what says nothing, and what decides in it. */
function contentOf(pairs: Pairs): string {
  const about = pairs.filter(
    ([name, value]) => value !== '' && !['sign', 'sign_type', 'alipay_cert_sn'].includes(name),
  );
  const text = sorted(about).map((pair) => pair.join('='));
  return JSON.stringify([
    text.join('&'),
    DECIDING.map((name) => about.filter(([one]) => one === name).map(([, value]) => value)),
  ]);
}

function signed(pairs: Pairs, key: KeyObject): Pairs {
  const whole = pairs.map(([name, value]) => [wellFormed(name), wellFormed(value)] as const);
  const about = sorted(
    whole.filter(([name, value]) => name !== 'sign' && name !== 'sign_type' && value !== ''),
  );
  const text = about.map(([name, value]) => `${name}=${value}`).join('&');
  return [...whole, ['sign', createSign('sha256').update(text, 'utf8').sign(key, 'base64')]];
}

/** Parameters of one under the signature of the other. */
function spliced(a: Pairs, b: Pairs, random: Dice): Pairs {
  const other = new Map(b);
  return a.map(([name, value]) => [name, random.chance(0.2) ? (other.get(name) ?? value) : value] as const);
}

/** JSON, sealed and signed in the headers. */
function v3(shop: Shop, { wallet, ...speaker }: V3): Dialect {
  const right = shop.keys(wallet).privateKey;
  const [serial, apiKey] = [speaker.serial(shop), speaker.apiKey(shop)];
  const header = (name: string) => `${wallet}-${name}`;
  const forger = FORGER;
  const genuine = shop
    .notifications(wallet)
    .map(({ headers, body }) => ({ headers, body: Buffer.from(body) }));
  const open = (body: Buffer) => {
    const envelope = JSON.parse(body.toString()) as Record<string, unknown>;
    return { envelope, resource: unsealed(envelope.resource as Sealed, apiKey) };
  };
  const [first] = genuine;
  if (!first) throw new Error('nothing was notified');
  const now = Math.floor(shop.clock.now() / 1000);
  const headersSigned = (body: Buffer, key: KeyObject, random: Dice): Record<string, string> => ({
    ...first.headers,
    ...signedHeaders(wallet, body, {
      key,
      now: now + (random.chance(0.1) ? random.pick(AGES) : 0),
      nonce: random.bytes(16).toString('hex'),
      serial: random.chance(0.1)
        ? random.pick([shop.identity.mchSerial, '0123456789ABCDEF', 'PUB_KEY_ID_1'])
        : serial,
    }),
  });
  const proofs = new Map<string, ReadonlyMap<string, string>>();
  const proofOf = (headers: Pairs, body: Buffer) => {
    const one = new Map<string, string>();
    // As HTTP has it, what comes twice is one value with a comma in it.
    for (const [name, value] of headersOf(headers) ?? []) one.set(name, value);
    const [timestamp, nonce] = [one.get(header('timestamp')), one.get(header('nonce'))];
    return `${timestamp}\n${nonce}\n${body.toString('latin1')}`;
  };
  const contentIn = (body: Buffer): ReadonlyMap<string, string> => {
    const { envelope, resource } = open(body);
    return new Map([
      ['event_type', String(envelope.event_type)],
      ['resource', resource],
    ]);
  };
  for (const { headers, body } of genuine)
    proofs.set(proofOf(Object.entries(headers), body), contentIn(body));
  return {
    wallet,
    saidIn: (content) => saidInV3(wallet, content),
    post(random) {
      const sample = random.pick(genuine);
      const { envelope, resource } = open(sample.body);
      const path = random.chance(0.97)
        ? `/notify/${wallet}`
        : random.pick(['/notify/alipay', `/notify/${wallet}/default`, '/notify/nobody']);
      const post = (body: Buffer, headers: Pairs, proven?: ReadonlyMap<string, string>): Posted => ({
        body,
        headers,
        path,
        proven,
      });
      const withHeaders = (
        body: Buffer,
        headers: Readonly<Record<string, string>>,
        proven?: ReadonlyMap<string, string>,
      ) => post(body, mutatedHeaders(headers, random), proven);
      const resealed = (text: string, more: Readonly<Record<string, unknown>> = {}) => {
        const old = envelope.resource as Sealed & { readonly original_type: string };
        const sealed = { ...old, ...sealedWith(text, apiKey, old.associated_data, random) };
        return Buffer.from(JSON.stringify({ ...envelope, resource: sealed, ...more }));
      };
      const signedByThem = (body: Buffer, content?: ReadonlyMap<string, string>) =>
        withHeaders(body, headersSigned(body, right, random), content ?? new Map([['unread', '']]));
      return random.pick<() => Posted>([
        () =>
          withHeaders(
            random.chance(0.1)
              ? sample.body
              : mutatedBytes(sample.body, random, { most: MOST, other: random.pick(genuine).body }),
            sample.headers,
          ),
        () => withHeaders(Buffer.from(mutatedJson(envelope, random, WORDS)), sample.headers),
        () => withHeaders(sample.body, random.pick(genuine).headers),
        () => withHeaders(sample.body, sample.headers),
        () => {
          // Sealed by who knows the key, as the merchant does, and signed by nobody.
          const body = resealed(mutatedJson(JSON.parse(resource), random, WORDS));
          return withHeaders(body, random.chance(0.5) ? sample.headers : headersSigned(body, forger, random));
        },
        () => {
          const text = mutatedJson(JSON.parse(resource), random, WORDS);
          const type = random.chance(0.2) ? random.pick(WORDS) : String(envelope.event_type);
          return signedByThem(
            resealed(text, { event_type: type }),
            new Map([
              ['event_type', type],
              ['resource', text],
            ]),
          );
        },
        () => {
          const text = mutatedJson(JSON.parse(resource), random, WORDS);
          return signedByThem(
            resealed(text),
            new Map([
              ['event_type', String(envelope.event_type)],
              ['resource', text],
            ]),
          );
        },
        () =>
          signedByThem(
            random.chance(0.2)
              ? pumped(sample.body, random, MOST)
              : Buffer.from(mutatedJson(envelope, random, WORDS)),
          ),
        () => signedByThem(mutatedBytes(sample.body, random, { most: MOST })),
      ])();
    },
    proves({ headers, body, proven }) {
      const all = headersOf(headers);
      const known = proofs.get(proofOf(headers, body));
      if (known && all?.get(header('serial')) === serial) return known;
      if (!proven) return undefined;
      return proven.has('unread') ? contentIn(body) : proven;
    },
  };
}

interface Sealed {
  readonly ciphertext: string;
  readonly nonce: string;
  readonly associated_data: string;
}

function unsealed({ ciphertext, nonce, associated_data }: Sealed, key: string): string {
  const bytes = Buffer.from(ciphertext, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(associated_data ?? ''));
  decipher.setAuthTag(bytes.subarray(-16));
  return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]).toString();
}

function sealedWith(text: string, key: string, associatedData: string, random: Dice): Sealed {
  const nonce = random.bytes(6).toString('hex');
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(associatedData));
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return { ciphertext: sealed.toString('base64'), nonce, associated_data: associatedData };
}

export const NOTIFY: readonly Target[] = [
  target('alipay', alipay),
  target('wechatpay', (shop) => v3(shop, WECHATPAY)),
  target('douyinpay', (shop) => v3(shop, DOUYINPAY)),
  target('unionpay', unionpayNotify),
];
