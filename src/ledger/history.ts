import type { Subject } from '../domain/subject.ts';
import { rowDigest, termsDigest } from './audit-digest.ts';
import type { Allowed, AuditDetails, AuditKind, Digests, Learned, Move } from './audit-kinds.ts';
import { type Actor, AuditTrail } from './audit-trail.ts';
import { readMeta } from './meta.ts';
import type { OfferRecord, OrderRecord, RefundRecord } from './records.ts';
import type { Tx } from './store.ts';

type Patch = Partial<OrderRecord & RefundRecord>;

/** What never changes of a ledger, once it was read. */
export interface Fixed {
  salt?: string | undefined;
  realm?: string | undefined;
}

/** What has happened to orders inside one transaction, and who did it. */
export class History {
  readonly #tx: Tx;
  readonly #fixed: Fixed;
  readonly audit: AuditTrail;
  /** Orders touched by this transaction, for those who wait for news. */
  readonly changed = new Set<string>();

  constructor(tx: Tx, now: number, actor: Actor, fixed: Fixed) {
    this.#tx = tx;
    this.#fixed = fixed;
    this.audit = new AuditTrail(tx, now, actor);
  }

  /** Appends to the order's history. */
  async event<Kind extends AuditKind>(
    { outTradeNo, outRefundNo }: Subject,
    kind: Kind,
    detail: AuditDetails[Kind],
  ): Promise<void> {
    this.changed.add(outTradeNo);
    await this.audit.append({ kind, outTradeNo, outRefundNo, detail });
  }

  /** What never changes of an order. */
  async termsOf(order: OrderRecord): Promise<string> {
    return termsDigest(await this.salt(), order);
  }

  /** What never changes of what was offered, as its row has it. */
  async offerOf({ title, inputHash, terms, pageToken, asked }: OfferRecord): Promise<string> {
    const [shown, who] = [JSON.stringify(terms), JSON.stringify(asked)];
    return rowDigest(await this.salt(), title, inputHash, shown, pageToken, who);
  }

  /** Since when it counts, the bytes that are sent now and at every repetition, and what a buyer can pay with. */
  async digestsOf({ plan, countedAt, credential }: Patch): Promise<Digests> {
    return {
      ...(credential === undefined ? {} : { credential: await this.#digest(JSON.stringify(credential)) }),
      ...(countedAt === undefined ? {} : { countedAt }),
      ...(plan === undefined ? {} : { plan: await this.#digest(plan) }),
    };
  }

  /** What is told of a move between two states. */
  async moved<State>(from: State, to: State, patch: Patch, allowed: Allowed): Promise<Move<State>> {
    return { from, to, ...toldIn(patch), ...(await this.digestsOf(patch)), ...allowed };
  }

  async #digest(text: string): Promise<string> {
    return rowDigest(await this.salt(), text);
  }

  async salt(): Promise<string> {
    this.#fixed.salt ??= await readMeta(this.#tx, 'salt');
    return this.#fixed.salt ?? '';
  }

  async realm(): Promise<string | undefined> {
    this.#fixed.realm ??= await readMeta(this.#tx, 'realm');
    return this.#fixed.realm;
  }
}

const LEARNED = [
  'source',
  'gatewayState',
  'gatewayTradeNo',
  'gatewayRefundNo',
  'declinedCode',
  'late',
] as const satisfies readonly (keyof Learned)[];

/** What a move has learned of the gateway. */
function toldIn(patch: Patch): Learned {
  return Object.fromEntries(LEARNED.flatMap((name) => (patch[name] ? [[name, patch[name]]] : [])));
}
