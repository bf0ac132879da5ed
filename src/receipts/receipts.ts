import type { KeyObject } from 'node:crypto';
import type { RandomBytes } from '../domain/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import {
  ensureReceiptKey,
  kidOf,
  ownReceiptKey,
  publicReceiptKeys,
  type ReceiptJwk,
  type ReceiptKey,
  receiptKey,
} from '../ledger/receipt-keys.ts';
import { once } from '../platform/once.ts';
import { claimsOf, type Giver, type ReceiptClaims } from './claims.ts';
import { RECEIPT_ALGORITHM, signReceipt } from './jws.ts';

export interface ReceiptsOptions extends Omit<Giver, 'realm'> {
  readonly ledger: Ledger;
  readonly randomBytes: RandomBytes;
  /** The configuration's; undefined: the ledger's own. */
  readonly key: KeyObject | undefined;
}

/** A receipt, read and signed. */
export interface Receipt {
  readonly claims: ReceiptClaims;
  readonly jws: string;
}

/** Keys as they are published. @see https://www.rfc-editor.org/rfc/rfc7517#section-5 */
export interface PublishedKeys {
  readonly keys: readonly (ReceiptJwk & {
    readonly kid: string;
    readonly alg: string;
    readonly use: string;
  })[];
}

/** Gives receipts of what the ledger has proven: asked for twice, they say the same. */
export class Receipts {
  readonly #options: ReceiptsOptions;
  /** Nothing is signed before the ledger knows for good by what. */
  readonly #key = once(() => this.#known());

  constructor(options: ReceiptsOptions) {
    this.#options = options;
  }

  /** What they would say; as {@link claimsOf}. */
  claims(outTradeNo: string): Promise<readonly ReceiptClaims[]> {
    const { ledger, ...giver } = this.#options;
    return ledger.read((book) => claimsOf(book, { ...giver, realm: ledger.realm }, outTradeNo));
  }

  /** Of an order's payment, then of its refunds, oldest first; none where nothing is proven. */
  async of(outTradeNo: string): Promise<readonly Receipt[]> {
    const receipts: Receipt[] = [];
    for (const claims of await this.claims(outTradeNo)) receipts.push(await this.#sign(claims));
    return receipts;
  }

  /** The one of an order's payment, or of a refund; undefined where that is not proven. */
  async one(outTradeNo: string, outRefundNo?: string): Promise<Receipt | undefined> {
    const [payment, ...refunds] = await this.claims(outTradeNo);
    const jti = `${payment?.jti}/${outRefundNo}`;
    const wanted = outRefundNo === undefined ? payment : refunds.find((one) => one.jti === jti);
    return wanted && this.#sign(wanted);
  }

  /** Every key that has ever signed a receipt of this ledger, whichever process it was; its own, too. */
  async keys(): Promise<PublishedKeys> {
    await this.#key();
    const keys = await this.#options.ledger.read(publicReceiptKeys);
    return { keys: keys.map((one) => ({ ...one, kid: kidOf(one), alg: RECEIPT_ALGORITHM, use: 'sig' })) };
  }

  async #sign(claims: ReceiptClaims): Promise<Receipt> {
    return { claims, jws: await signReceipt(claims, await this.#key()) };
  }

  async #known(): Promise<ReceiptKey> {
    const { ledger, key, randomBytes } = this.#options;
    const given = key && receiptKey(key);
    const known = await ledger.read(async (book) => {
      const signing = given ?? (await ownReceiptKey(book));
      const keys = await publicReceiptKeys(book);
      return keys.some((one) => kidOf(one) === signing?.kid) ? signing : undefined;
    });
    return known ?? ledger.write((book) => ensureReceiptKey(book, given, randomBytes));
  }
}
