import { fen } from '../../../src/domain/money.ts';
import {
  type A2m,
  GatewayDeclined,
  type PaymentProvider,
  ProofRefused,
} from '../../../src/providers/contract.ts';
import type { GatewayResponse } from '../../../src/providers/gateway-http.ts';
import type { Dice } from '../../support/dice.ts';
import { mutatedBytes, mutatedJson, mutatedText, pumped } from '../mutate.ts';
import { Shop } from '../shop.ts';
import { type Case, Fault, insistOnSilence, nameOf, type Target, type Verdict } from '../target.ts';
import { type Object as Content, FORGER, insistOnKind, MOST, providers, signedNode } from './answers.ts';

/* What a buyer's agent shows for having paid, and what Alipay says of it. */

const TRADE_NO = '2026112122001456789012345678';
const SECRETS = [
  '5ec2e7'.repeat(10),
  Buffer.from('{"externalId":"2088","signature":"-"}').toString('base64'),
] as const;
const [PROOF, SESSION] = SECRETS;
const SHOWN = { protocol: { payment_proof: PROOF, trade_no: TRADE_NO }, method: { client_session: SESSION } };
const WORTH = {
  ...{ code: '10000', msg: 'Success', active: true, amount: '10.00' },
  ...{ out_trade_no: 'CALL_1', resource_id: '/paid/weather', trade_no: TRADE_NO },
};
const WORDS = [
  ...['10000', '20000', '40004', '40005', 'true', 'false', '10.00', '0.01', TRADE_NO, `${TRADE_NO}0`],
  ...['CALL_1', 'CALL_2', '/paid/weather', '/paid/poster'],
  ...['PAYMENT_PROOF_INVALID', 'TRADE_STATUS_UNPAID', 'TRADE_STATUS_INVALID', 'ACQ.SYSTEM_ERROR'],
];

function sellerOf(provider: PaymentProvider): A2m {
  if (!provider.a2m) throw new Error('nothing is for sale');
  return provider.a2m;
}

/** Nobody is told more than the reason. */
function insistOnSecrets(error: Error, shop: Shop): void {
  const said = `${error.message} ${JSON.stringify(error)}\n${shop.logged.join('\n')}`;
  insistOnSilence(said, [...shop.secrets, ...SECRETS]);
}

const PROOFS: Target = {
  name: 'payment-proof',
  cases: 250_000,
  few: 3_000,
  async open() {
    const shop = await Shop.open();
    const make = providers(shop, 'alipay', 'keys');
    const { readProof } = sellerOf(make({ send: () => Promise.reject(new Error('nobody is asked')) }));
    return {
      async run({ random, input }: Case): Promise<Verdict> {
        const header = shownBy(random);
        input('payment-proof.txt', header);
        try {
          const proof = readProof(header);
          const told = JSON.parse(Buffer.from(header.trim(), 'base64').toString());
          if (told.protocol.trade_no !== proof.tradeNo) throw new Fault('another trade than it says');
          if (!/^[\w-]{1,64}$/.test(proof.tradeNo)) throw new Fault('a number that is none');
          // What stands in both places is none.
          const secrets = [told.protocol.payment_proof, told.method?.client_session, ...SECRETS];
          const hidden = secrets.filter((one) => typeof one === 'string' && one.length > 8);
          insistOnSilence(
            JSON.stringify(proof),
            hidden.filter((one) => !proof.tradeNo.includes(one)),
          );
          return { accepted: true, seen: 'read' };
        } catch (error) {
          if (!(error instanceof ProofRefused))
            throw error instanceof Fault ? error : new Fault(String(error));
          insistOnSecrets(error, shop);
          return { accepted: false, seen: nameOf(error) };
        }
      },
      close: () => shop.close(),
    };
  },
};

/** A header, more or less as an agent would send it. */
function shownBy(random: Dice): string {
  const text = random.pick([
    () => JSON.stringify(SHOWN),
    () => mutatedJson(SHOWN, random, WORDS),
    () => mutatedJson({ ...SHOWN, more: SHOWN }, random, WORDS),
    () => mutatedText(JSON.stringify(SHOWN), random),
  ])();
  const encoded = Buffer.from(text).toString(random.chance(0.5) ? 'base64' : 'base64url');
  return random.pick([
    () => encoded,
    () => encoded,
    () => encoded.replace(/=+$/, ''),
    () => mutatedText(encoded, random),
    () => mutatedBytes(Buffer.from(encoded), random, { most: 16_384 }).toString('latin1'),
    () => (random.chance(0.1) ? pumped(Buffer.from(encoded), random, 65_536).toString('latin1') : text),
  ])();
}

const OPERATIONS = {
  verify: 'alipay_aipay_agent_payment_verify_response',
  confirm: 'alipay_aipay_agent_fulfillment_confirm_response',
} as const;
type Operation = keyof typeof OPERATIONS;

const ANSWERS: Target = {
  name: 'answers-a2m',
  cases: 250_000,
  few: 1_000,
  async open() {
    const shop = await Shop.open();
    const make = providers(shop, 'alipay', 'keys');
    const right = shop.keys('alipay').privateKey;
    return {
      async run({ random, input }: Case): Promise<Verdict> {
        const operation = random.pick(['verify', 'verify', 'confirm'] as const);
        const { body, signed } = answerTo(operation, random, right);
        input('operation', operation);
        input('body', body);
        const response: GatewayResponse = { status: 200, headers: {}, body };
        const a2m = sellerOf(make({ send: async () => response }));
        const proof = a2m.readProof(Buffer.from(JSON.stringify(SHOWN)).toString('base64'));
        try {
          const result =
            operation === 'verify' ? await a2m.verifyProof(proof) : await a2m.confirmFulfilment(TRADE_NO);
          if (!agrees(signed, result))
            throw new Fault(`${JSON.stringify(result)} of ${JSON.stringify(signed)}`);
          return { accepted: true, seen: `${operation} ${typeof result === 'string' ? result : 'worth'}` };
        } catch (error) {
          if (!(error instanceof ProofRefused)) insistOnKind(error);
          insistOnSecrets(error, shop);
          const proves = error instanceof ProofRefused || (error instanceof GatewayDeclined && error.proven);
          if (proves && signed === undefined) throw new Fault(`${nameOf(error)} without a valid signature`);
          return { accepted: proves, seen: `${operation} ${nameOf(error)}` };
        } finally {
          shop.back();
        }
      },
      close: () => shop.close(),
    };
  },
};

/** An answer, and its content where Alipay has signed exactly that. */
function answerTo(
  operation: Operation,
  random: Dice,
  right: Parameters<typeof signedNode>[1],
): { readonly body: Buffer; readonly signed: Content | undefined } {
  const truth = operation === 'verify' ? WORTH : { code: '10000', msg: 'Success', trade_no: TRADE_NO };
  const refusal = { code: '40004', msg: 'Business Failed', sub_code: random.pick(WORDS), sub_msg: PROOF };
  const begun = random.chance(0.6) ? truth : refusal;
  const node = random.chance(0.3) ? JSON.stringify(begun) : mutatedJson(begun, random, WORDS);
  const name = random.chance(0.95) ? OPERATIONS[operation] : 'error_response';
  const by = random.pick(['right', 'right', 'forger', 'nobody', 'truth'] as const);
  const sign =
    by === 'nobody'
      ? undefined
      : signedNode(by === 'truth' ? JSON.stringify(truth) : node, by === 'forger' ? FORGER : right);
  const whole = Buffer.from(`{"${name}":${node}${sign === undefined ? '' : `,"sign":"${sign}"`}}`);
  const isSigned = by === 'right' || (by === 'truth' && node === JSON.stringify(truth));
  if (random.chance(0.8)) return { body: whole, signed: isSigned ? objectIn(node) : undefined };
  const body = mutatedBytes(whole, random, { most: random.chance(0.05) ? MOST : 65_536 });
  // Word for word what was signed may have survived.
  return { body, signed: isSigned && body.includes(node) ? objectIn(node) : undefined };
}

function objectIn(text: string): Content | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Content)
      : undefined;
  } catch {
    return undefined;
  }
}

function agrees(signed: Content | undefined, result: unknown): boolean {
  if (signed === undefined) return false;
  if (result === 'not-open')
    return signed.code === '40004' && String(signed.sub_code).endsWith('TRADE_STATUS_INVALID');
  if (signed.code !== '10000' || signed.trade_no !== TRADE_NO) return false;
  if (result === 'confirmed') return true;
  const { outTradeNo, resourceId, tradeNo, amountFen } = result as Content;
  return (
    (signed.active === true || signed.active === 'true') &&
    outTradeNo === signed.out_trade_no &&
    resourceId === signed.resource_id &&
    tradeNo === TRADE_NO &&
    amountFen === fen(Math.round(Number(signed.amount) * 100))
  );
}

export const PAY_PER_CALL: readonly Target[] = [PROOFS, ANSWERS];
