import { isActorName } from '../domain/actors.ts';
import type { OrderState } from '../domain/order.ts';
import { rowDigest, termsDigest } from './audit-digest.ts';
import type { Reader, ToldLink } from './audit-reader.ts';
import { PERIODS, periodTold, subscribed, subscriptions } from './audit-subscriptions.ts';
import { readMeta } from './meta.ts';
import { isSettledOrder } from './order-machine.ts';
import { FORGOTTEN, payerDigest } from './payers.ts';
import { NOBODY, rosterDigest } from './person-book.ts';
import { storedReceiptKids } from './receipt-keys.ts';
import {
  differs,
  type Fact,
  kind,
  RecordedRows,
  type RecordedTable,
  type RowsState,
  type TableFault,
} from './recorded-rows.ts';
import { IS_HASH, ORDERS, type RequestedTerms } from './records.ts';
import type { Row, SqlValue } from './store.ts';
import { contractOf } from './subscription-records.ts';

/** Kinds that tell of them begin so. */
const TELLING =
  /^(?:order|offer|call|refund|owed|delivery|subscription|approval|budget|operator|audit|receipt)-|^policy-(?!al)|^ledger-restored$/;

/** What is left of what one part of a trail has told; plain data. */
export interface TablesState {
  readonly rows: readonly RowsState[];
  readonly unnamedApprovals: readonly string[];
  readonly moves: number;
  readonly frozen: boolean;
  readonly publicKey: string | undefined;
  readonly receiptKids: readonly string[];
  readonly secret: string | undefined;
  readonly roster: string;
}

/**
 * What the tables must hold, gathered link by link, for what the trail tells in full: states, amounts, callers and
 * wallets of orders and refunds, approvals, budgets, accepted rules, the freeze, the keys of checkpoints and receipts.
 */
export class RecordedTables {
  readonly #salt: string;
  readonly #orders: RecordedRows;
  readonly #refunds: RecordedRows;
  readonly #offers: RecordedRows;
  readonly #owed: RecordedRows;
  readonly #paidCalls: RecordedRows;
  readonly #promises: RecordedRows;
  readonly #subscriptions: RecordedRows;
  readonly #periods: RecordedRows;
  readonly #approvals: RecordedRows;
  readonly #policies = new RecordedRows(POLICIES);
  readonly #budgetMoves = new RecordedRows(BUDGET_MOVES);
  /** Orders and refunds with approvals from the time when a record did not name them. */
  readonly #unnamedApprovals = new Set<string>();
  #moves = 0;
  #frozen = false;
  #publicKey: string | undefined;
  /** Names of the keys of receipts. */
  readonly #receiptKids = new Set<string>();
  /** Digest of the operator secret's stored hash; `untold` where an older record tells that one was set, not which. */
  #secret: string | undefined;
  /** Digest of all persons and passkeys. */
  #roster = NOBODY;
  /** What says nothing without that which was told before it; undefined once, or where, that is known. */
  #postponed: ToldLink[] | undefined;

  /** @param since where only a later part of the trail is told: when (ms) it begins, or a little after */
  constructor(salt: string, since?: number) {
    this.#salt = salt;
    this.#orders = new RecordedRows(orders(salt), since);
    this.#refunds = new RecordedRows(refunds(salt), since);
    this.#approvals = new RecordedRows(APPROVALS, since);
    this.#offers = new RecordedRows(offers(salt), since);
    this.#owed = new RecordedRows(OWED, since);
    this.#paidCalls = new RecordedRows(paidCalls(salt), since);
    this.#promises = new RecordedRows(promises(salt), since);
    this.#subscriptions = new RecordedRows(subscriptions(salt), since);
    this.#periods = new RecordedRows(PERIODS, since);
    if (since !== undefined) this.#postponed = [];
  }

  get state(): TablesState {
    return {
      rows: this.#rows.map(({ state }) => state),
      ...{ unnamedApprovals: [...this.#unnamedApprovals], moves: this.#moves, frozen: this.#frozen },
      ...{ publicKey: this.#publicKey, secret: this.#secret, roster: this.#roster },
      receiptKids: [...this.#receiptKids],
    };
  }

  /** Once, where only a later part of the trail was told: puts the earlier one before it. */
  follow(earlier: TablesState): void {
    for (const [i, rows] of this.#rows.entries()) rows.follow(earlier.rows[i] ?? { made: 0, facts: [] });
    for (const subject of earlier.unnamedApprovals) this.#unnamedApprovals.add(subject);
    for (const kid of earlier.receiptKids) this.#receiptKids.add(kid);
    ({
      moves: this.#moves,
      frozen: this.#frozen,
      publicKey: this.#publicKey,
      secret: this.#secret,
      roster: this.#roster,
    } = earlier);
    const postponed = this.#postponed ?? [];
    this.#postponed = undefined;
    for (const link of postponed) this.add(link);
  }

  /** @param link one that was found right */
  add(link: ToldLink): void {
    const { kind, outTradeNo, outRefundNo, told } = link;
    if (!TELLING.test(kind)) return;
    const dash = kind.indexOf('-');
    const [about, what] = [kind.slice(0, dash), kind.slice(dash + 1)];
    const fact = told as (name: string) => Fact;
    if (about === 'order') moved(this.#orders, outTradeNo ?? '', what, fact);
    else if (about === 'offer') offered(this.#offers, outTradeNo ?? '', what, fact);
    else if (about === 'delivery') promised(this.#promises, outTradeNo ?? '', what, fact);
    else if (about === 'subscription') {
      const contract = contractOf(outTradeNo);
      if (contract === undefined) periodTold(this.#periods, outTradeNo ?? '', what, fact);
      else subscribed(this.#subscriptions, contract, what, fact);
    } else if (about === 'owed') owed(this.#owed, `${outTradeNo ?? ''}/${outRefundNo ?? ''}`, what, fact);
    else if (about === 'call') calledFor(this.#paidCalls, outTradeNo ?? '', what, fact);
    else if (about === 'refund') moved(this.#refunds, `${outTradeNo ?? ''}/${outRefundNo ?? ''}`, what, fact);
    else if (about === 'approval') this.#approval(link, what, fact);
    else if (this.#postponed) this.#postponed.push(link);
    else if (kind === 'policy-first' || kind === 'policy-accepted') {
      this.#policies.make(String(told('version')), { rules_json: JSON.stringify(told('policy')) });
    } else if (kind === 'budget-topped-up' || kind === 'budget-drawn') {
      this.#moves += 1;
      this.#budgetMoves.make(String(this.#moves), { budget: fact('budget'), amount_fen: fact('amountFen') });
    } else if (kind === 'operator-froze') this.#frozen = true;
    else if (kind === 'operator-unfroze') this.#frozen = false;
    else if (kind === 'operator-secret-set' || kind === 'operator-secret-changed') {
      this.#secret = String(told('secret') ?? 'untold');
    } else if (kind === 'audit-key-made') this.#publicKey = String(told('publicKey'));
    else if (about === 'receipt') this.#receiptKids.add(String(told('kid')));
    if (this.#postponed === undefined) this.#roster = String(fact('roster') ?? this.#roster);
  }

  #approval({ outTradeNo, outRefundNo, caller }: ToldLink, name: string, fact: (name: string) => Fact): void {
    const id = fact('approval');
    // That it has run out is read off the clock.
    if (name === 'expired') return;
    if (id === undefined) {
      this.#unnamedApprovals.add(`${outTradeNo ?? ''}/${outRefundNo ?? ''}`);
    } else if (name === 'asked') {
      this.#approvals.make(String(id), {
        ...{ state: 'pending', amount_fen: fact('amountFen'), rule: fact('rule') },
        ...{ out_trade_no: outTradeNo, out_refund_no: outRefundNo ?? '-' },
        // What the server proposes, it proposes for the order's caller.
        caller: isActorName(caller) ? undefined : caller,
      });
    } else {
      const known = this.#approvals.of(String(id));
      known.state = name;
      const decidedBy = fact('decidedBy');
      if (decidedBy !== undefined) known.decided_by ??= decidedBy;
    }
  }

  /** Forgets what the tables bear out already. Any time, with what has been added so far in the tables. */
  async settle(tx: Reader): Promise<void> {
    for (const rows of this.#rows) await rows.settle(tx);
  }

  /**
   * Once only, after the last link, in the transaction that has seen it to be the last.
   * @param publicKey the public half of the key that the ledger has now
   */
  async compare(tx: Reader, publicKey: string | undefined): Promise<TableFault[]> {
    const unnamed = (row: Row) =>
      this.#unnamedApprovals.has(`${row.out_trade_no}/${row.out_refund_no ?? ''}`);
    const faults: TableFault[] = [];
    for (const rows of this.#rows) {
      const excused = rows === this.#approvals && this.#unnamedApprovals.size > 0 ? unnamed : undefined;
      faults.push(...(await rows.faults(tx, excused)));
    }
    const frozen = ((await readMeta(tx, 'frozen')) ?? '') !== '';
    if (frozen !== this.#frozen) faults.push(differs('meta', 'frozen', 'value', this.#frozen, frozen));
    if (this.#publicKey !== publicKey)
      faults.push(differs('meta', 'audit_key', 'public key', this.#publicKey, publicKey));
    const kids = [...this.#receiptKids].sort().join(' ');
    const { published, own } = await storedReceiptKids(tx);
    if (kids !== published) faults.push(differs('meta', 'receipt_keys', 'key ids', kids, published));
    if (own !== undefined && !this.#receiptKids.has(own))
      faults.push(differs('meta', 'receipt_key', 'key id', kids, own));
    const stored = await readMeta(tx, 'operator_secret');
    const secret = stored === undefined ? undefined : rowDigest(this.#salt, stored);
    if (this.#secret !== 'untold' && this.#secret !== secret)
      faults.push(differs('meta', 'operator_secret', 'hash', this.#secret, secret));
    const roster = await rosterDigest(tx, this.#salt);
    if (this.#roster !== roster) faults.push(differs('persons', '*', 'roster', this.#roster, roster));
    return faults;
  }

  get #rows(): readonly RecordedRows[] {
    return [
      ...[this.#orders, this.#refunds, this.#approvals, this.#budgetMoves, this.#policies],
      ...[this.#offers, this.#owed, this.#promises, this.#paidCalls],
      ...[this.#subscriptions, this.#periods],
    ];
  }
}

/** Of an order without code or link. */
const NOTHING_GIVEN = 'none';
const planDigest = (salt: string, plan: SqlValue | undefined) =>
  plan === null || plan === undefined ? undefined : rowDigest(salt, String(plan));

function orders(salt: string): RecordedTable {
  const termsOf = (row: Row) =>
    termsDigest(salt, {
      account: String(row.account),
      title: String(row.title),
      inputHash: inputHashOf(String(row.input_hash)),
      terms: termsIn(row.terms_json ?? null),
    });
  const credentialOf = ({ credential_json: credential }: Row) =>
    (credential ?? '{}') === '{}' ? NOTHING_GIVEN : rowDigest(salt, String(credential));
  return {
    name: 'orders',
    rows: 'orders LEFT JOIN plans USING (out_trade_no)',
    key: ['out_trade_no'],
    columns: [
      ...['provider', 'scene', 'caller', 'state', 'amount_fen', 'counted_at', 'plan', 'credential_json'],
      ...['account', 'title', 'input_hash', 'terms_json'],
      ...['payer_salt', 'payer_openid', 'payer_client_ip', 'buyer_hash', 'forgotten'],
    ],
    read: {
      input_hash:
        "CASE typeof(input_hash) WHEN 'blob' THEN lower(hex(input_hash)) ELSE typeof(input_hash) || ' ' || input_hash END",
      forgotten: `CASE WHEN payer_salt = '${FORGOTTEN}' THEN EXISTS (SELECT 1 FROM audit
        WHERE audit.out_trade_no = orders.out_trade_no AND kind > 2 AND kind = ${kind('order-forgotten')}) END`,
    },
    digests: (row, { terms, credential, plan, payer }) => ({
      payer: payer === undefined ? undefined : payerOf(row, payer),
      terms: terms === undefined ? undefined : termsOf(row),
      credential: credential === undefined ? undefined : credentialOf(row),
      // What will not be sent again is not kept.
      plan: plan === undefined || isSettledOrder(row.state as OrderState) ? plan : planDigest(salt, row.plan),
    }),
    made: `audit.out_trade_no = orders.out_trade_no AND kind = ${kind('order-created')}`,
  };
}

/** Of one that was forgotten, and tells so, nothing is left to be compared. */
function payerOf(row: Row, told: Fact): Fact {
  const isBlank = [row.payer_openid, row.payer_client_ip, row.buyer_hash].every((value) => value === null);
  if (isBlank && row.forgotten) return told;
  const text = (value: SqlValue | undefined) =>
    value === null || value === undefined ? undefined : String(value);
  return payerDigest({
    payerSalt: text(row.payer_salt),
    payerOpenid: text(row.payer_openid),
    payerClientIp: text(row.payer_client_ip),
    buyerHash: text(row.buyer_hash),
  });
}

function refunds(salt: string): RecordedTable {
  return {
    name: 'refunds',
    key: ['out_trade_no', 'out_refund_no'],
    columns: ['caller', 'state', 'amount_fen', 'counted_at', 'plan'],
    digests: (row) => ({ plan: planDigest(salt, row.plan) }),
    made: `audit.out_trade_no = refunds.out_trade_no AND audit.out_refund_no = refunds.out_refund_no
      AND kind = ${kind('refund-created')}`,
  };
}

function offers(salt: string): RecordedTable {
  return {
    name: 'offers',
    key: ['out_trade_no'],
    columns: [
      ...['caller', 'amount_fen', 'expires_at', 'closed_at'],
      ...['title', 'input_hash', 'terms_json', 'page_token', 'asked_json'],
    ],
    digests: ({ title, input_hash, terms_json, page_token, asked_json }) => ({
      terms: rowDigest(salt, ...[title, input_hash, terms_json, page_token, asked_json].map(String)),
    }),
    made: `audit.out_trade_no = offers.out_trade_no AND kind = ${kind('offer-made')}`,
  };
}

function offered(rows: RecordedRows, key: string, name: string, fact: (name: string) => Fact): void {
  if (name === 'closed') rows.of(key).closed_at = fact('closedAt');
  else {
    const [caller, amount_fen, expires_at, terms] = ['caller', 'amountFen', 'expiresAt', 'terms'].map(fact);
    rows.make(key, { caller, amount_fen, expires_at, terms, closed_at: '-' });
  }
}

const OWED: RecordedTable = {
  name: 'owed',
  key: ['out_trade_no', 'out_refund_no'],
  columns: ['amount_fen', 'due_at', 'why', 'refused_code', 'settled_at'],
  made: `audit.out_trade_no = owed.out_trade_no AND audit.out_refund_no = owed.out_refund_no
    AND kind = ${kind('owed-made')}`,
};

function owed(rows: RecordedRows, key: string, name: string, fact: (name: string) => Fact): void {
  if (name === 'made') {
    const [amount_fen, due_at, why] = ['amountFen', 'dueAt', 'why'].map(fact);
    rows.make(key, { amount_fen, due_at, why, refused_code: '-', settled_at: '-' });
  } else if (name === 'refused') rows.of(key).refused_code = fact('code');
  else rows.of(key).settled_at = fact('settledAt');
}

function paidCalls(salt: string): RecordedTable {
  const terms = ['number', 'face', 'upstream', 'priced', 'request_hash', 'title', 'page_no'];
  return {
    name: 'paid_calls',
    key: ['paid_by'],
    columns: ['caller', 'amount_fen', 'state', ...terms],
    read: { request_hash: 'lower(hex(request_hash))' },
    told: 'paid_by IS NOT NULL',
    digests: (row) => ({ terms: rowDigest(salt, ...terms.map((name) => String(row[name]))) }),
    made: `audit.out_trade_no = paid_calls.paid_by AND kind = ${kind('call-paid')}`,
  };
}

function calledFor(rows: RecordedRows, key: string, name: string, fact: (name: string) => Fact): void {
  const to = fact('to');
  if (name === 'paid') {
    const [caller, amount_fen, terms] = ['caller', 'amountFen', 'terms'].map(fact);
    rows.make(key, { caller, amount_fen, terms, state: to });
  } else if (to !== undefined) rows.of(key).state = to;
}

function promises(salt: string): RecordedTable {
  return {
    name: 'promises',
    key: ['out_trade_no'],
    columns: ['overdue_at', 'told_at', 'delivered_at', 'note'],
    digests: ({ note }) => ({ note: note === null ? '-' : rowDigest(salt, String(note)) }),
    made: `audit.out_trade_no = promises.out_trade_no AND kind = ${kind('delivery-awaited')}`,
  };
}

function promised(rows: RecordedRows, key: string, name: string, fact: (name: string) => Fact): void {
  if (name === 'awaited') {
    const overdue_at = fact('overdueAt') ?? '-';
    rows.make(key, { overdue_at, told_at: '-', delivered_at: '-', note: '-' });
  } else if (name === 'confirmed') {
    Object.assign(rows.of(key), { delivered_at: fact('deliveredAt'), note: fact('note') ?? '-' });
  } else rows.of(key).told_at = fact('toldAt');
}

const APPROVALS: RecordedTable = {
  name: 'approvals',
  key: ['id'],
  columns: ['out_trade_no', 'out_refund_no', 'caller', 'rule', 'state', 'decided_by', 'amount_fen'],
  made: `audit.out_trade_no = approvals.out_trade_no AND kind = ${kind('approval-asked')}
    AND CAST(detail AS TEXT) LIKE '%"approval":"' || approvals.id || '"%'`,
};
const BUDGET_MOVES: RecordedTable = {
  name: 'budget_moves',
  key: ['seq'],
  columns: ['budget', 'amount_fen'],
  made: `budget_moves.seq <= (SELECT COUNT(*) FROM audit JOIN words ON words.id = kind WHERE word LIKE 'budget-%')`,
};
const POLICIES: RecordedTable = {
  name: 'policies',
  key: ['version'],
  columns: ['rules_json'],
  made: `kind IN (SELECT id FROM words WHERE word LIKE 'policy-%')
    AND CAST(detail AS TEXT) LIKE '{"version":' || policies.version || ',%'`,
};

function moved(rows: RecordedRows, key: string, name: string, fact: (name: string) => Fact): void {
  if (name === 'created') {
    const terms = fact('terms');
    rows.make(key, {
      provider: fact('provider'),
      scene: fact('scene'),
      caller: fact('caller'),
      amount_fen: fact('amountFen'),
      state: fact('state') ?? 'PENDING_APPROVAL',
      terms,
      payer: fact('payer'),
      // What an older version has recorded tells neither.
      credential: terms === undefined ? undefined : NOTHING_GIVEN,
    });
    return;
  }
  const known = rows.of(key);
  const [to, credential, plan, countedAt] = [fact('to'), fact('credential'), fact('plan'), fact('countedAt')];
  if (to !== undefined) known.state = to;
  if (credential !== undefined) known.credential = credential;
  // A number that another system has used was never sent by us: its plan goes, and what is left is not told.
  if (plan !== undefined || name === 'declined') known.plan = plan;
  if (countedAt !== undefined) known.counted_at = countedAt;
  if (name === 'withdrawn') known.counted_at = '-';
}

/** Only what is no hash stands there as text. */
function inputHashOf(read: string): string {
  const text = read.startsWith('text ') ? read.slice(5) : read;
  return text === read || IS_HASH.test(text) ? read : text;
}

/** Of a row that somebody has been at, anything may come. */
function termsIn(json: SqlValue): RequestedTerms {
  try {
    return ORDERS.fields.terms.read(json);
  } catch {
    return { expiresInMinutes: Number.NaN };
  }
}
