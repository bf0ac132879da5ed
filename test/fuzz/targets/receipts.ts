import {
  createECDH,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  sign,
  verify,
} from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { receiptKey } from '../../../src/ledger/receipt-keys.ts';
import { verifyReceipt } from '../../../src/receipts/verify.ts';
import type { Dice } from '../../support/dice.ts';
import { mutatedBytes, mutatedJson, mutatedText, pumped } from '../mutate.ts';
import { Fault, type Target } from '../target.ts';

const MOST = 65_536;

/** A key that is the same for the same name; what it signs is another text each time. */
function keyOf(name: string) {
  const d = createHash('sha256').update(name).digest();
  const pair = createECDH('prime256v1');
  pair.setPrivateKey(d);
  const [x, y] = [pair.getPublicKey().subarray(1, 33), pair.getPublicKey().subarray(33)];
  const text = (bytes: Buffer) => bytes.toString('base64url');
  const jwk = { kty: 'EC', crv: 'P-256', x: text(x), y: text(y), d: text(d) };
  return createPrivateKey({ key: jwk, format: 'jwk' });
}
const own = keyOf('own');
const nobody = keyOf('nobody');
const JWK = {
  ...createPublicKey(own).export({ format: 'jwk' }),
  kid: receiptKey(own).kid,
  use: 'sig',
  alg: 'ES256',
};
const OTHER = { ...createPublicKey(nobody).export({ format: 'jwk' }), kid: 'other', use: 'enc' };

const HEADER = { alg: 'ES256', typ: 'cashier-receipt+jwt', kid: JWK.kid };
const CLAIMS = {
  ...{ iss: 'https://pay.example.com', iat: 1_795_831_200, jti: 'l/ORDER_1/R1', order_id: 'ORDER_1' },
  ...{ amount: '9.90', currency: 'CNY', merchant: '茶铺', title: '茶', psp: 'alipay' },
  ...{ psp_confirmation_id: '2026112122001418201234567890', paid_at: '2026-11-28T10:00:00+08:00' },
  ...{ simulated: true, refund_of: 'l/ORDER_1' },
};
const WORDS = [
  'none',
  'HS256',
  'ES384',
  'EdDSA',
  'at+jwt',
  'JWT',
  'crit',
  'b64',
  'jwk',
  'jku',
  'x5c',
  JWK.kid,
];

const encoded = (text: string) => Buffer.from(text).toString('base64url');
function signed(header: string, payload: string, key = own): string {
  const text = `${encoded(header)}.${encoded(payload)}`;
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}
const GENUINE = signed(JSON.stringify(HEADER), JSON.stringify(CLAIMS));

function receiptOf(random: Dice): string {
  const header = random.chance(0.4) ? mutatedJson(HEADER, random, WORDS) : JSON.stringify(HEADER);
  const payload = random.chance(0.7) ? mutatedJson(CLAIMS, random, WORDS) : JSON.stringify(CLAIMS);
  return random.pick<() => string>([
    () => GENUINE,
    () => mutatedText(GENUINE, random),
    () => mutatedBytes(Buffer.from(GENUINE), random, { most: MOST }).toString('latin1'),
    () => pumped(Buffer.from(GENUINE), random, MOST).toString('latin1'),
    () => signed(header, payload),
    () => signed(header, payload),
    () => signed(header, payload, nobody),
    () => `${encoded(header)}.${encoded(payload)}.${GENUINE.split('.')[2]}`,
    () => `${encoded(header.replace('ES256', random.pick(['none', 'None', 'nOnE'])))}.${encoded(payload)}.`,
    () => {
      const text = `${encoded(header.replace('ES256', 'HS256'))}.${encoded(payload)}`;
      const secret = random.pick([JWK.x ?? '', JSON.stringify(JWK), '']);
      return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
    },
  ])();
}

/** Throws where a receipt is taken that our key has not signed as one, or for more than it says. */
function insistOnReceipt(jws: string, claims: unknown): void {
  const [header = '', payload = '', signature = ''] = jws.split('.');
  const text = Buffer.from(`${header}.${payload}`);
  const how = { key: createPublicKey(own), dsaEncoding: 'ieee-p1363' } as const;
  if (!verify('sha256', text, how, Buffer.from(signature, 'base64url')))
    throw new Fault('a receipt is taken that our key has not signed');
  const said = JSON.parse(Buffer.from(header, 'base64url').toString()) as Record<string, unknown>;
  if (said.alg !== HEADER.alg || said.typ !== HEADER.typ || said.kid !== HEADER.kid || 'crit' in said)
    throw new Fault(`a receipt is taken under ${JSON.stringify(said)}`);
  if (!isDeepStrictEqual(claims, JSON.parse(Buffer.from(payload, 'base64url').toString())))
    throw new Fault('a receipt is taken for something else than it says');
}

/** Receipts, and sets of keys, as anybody may hand them in. */
export const RECEIPTS: readonly Target[] = [
  {
    ...{ name: 'receipts', cases: 100_000, few: 1_000 },
    async open() {
      return {
        async run({ random, input }) {
          const jws = receiptOf(random);
          input('receipt', jws);
          const set = random.chance(0.2) ? mutatedJson([OTHER, JWK], random, WORDS) : undefined;
          if (set !== undefined) input('keys', set);
          let keys: unknown = [OTHER, JWK];
          try {
            keys = set === undefined ? keys : JSON.parse(set);
          } catch {
            // The command says that these are no keys.
          }
          const found = await verifyReceipt(jws, Array.isArray(keys) ? keys : []);
          if ('fault' in found) return { accepted: false, seen: found.fault };
          insistOnReceipt(jws, found.claims);
          return { accepted: true, seen: 'taken' };
        },
      };
    },
  },
];
