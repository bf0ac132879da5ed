import type { StoredLink } from './audit-chain.ts';
import { rowDigest, termsDigest } from './audit-digest.ts';
import { BEFORE_ALL, exact, type Reader } from './audit-reader.ts';
import { readMeta } from './meta.ts';
import type { RequestedTerms } from './records.ts';
import type { Row, SqlValue } from './store.ts';

/** A row that is not what the trail tells of it: nothing tells of it, it is gone, or a column differs. */
export interface TableFault {
  readonly table: string;
  readonly row: string;
  readonly look: 'unrecorded' | 'gone' | 'differs';
  readonly column?: string;
  readonly recorded?: string;
  readonly stored?: string;
}

const PAGE = 2_000;
/** So many are named; more say no more. */
const MOST = 20;

type Facts = Record<string, string | number | undefined>;

/**
 * What the tables must hold, gathered link by link, for what the trail tells in full: states, amounts, callers and
 * wallets of orders and refunds, approvals, budgets, accepted rules, the freeze, the key of the checkpoints.
 */
export class RecordedTables {
  readonly #orders = new Map<string, Facts>();
  readonly #refunds = new Map<string, Facts>();
  readonly #approvals = new Map<string, Facts>();
  /** Orders and refunds with approvals from the time when a record did not name them. */
  readonly #unnamedApprovals = new Set<string>();
  readonly #policies = new Map<string, Facts>();
  readonly #budgetMoves = new Map<string, Facts>();
  #frozen = false;
  #publicKey: string | undefined;
  /** Digest of the operator secret's stored hash; `untold` where an older record tells that one was set, not which. */
  #secret: string | undefined;

  /** @param link one that was found right */
  add(link: StoredLink): void {
    const dash = link.kind.indexOf('-');
    const about = dash < 0 ? '' : link.kind.slice(0, dash);
    const what = link.kind.slice(dash + 1);
    if (about === 'order') moved(this.#orders, link.outTradeNo ?? '', what, detailOf(link));
    else if (about === 'refund')
      moved(this.#refunds, refundKey(link.outTradeNo, link.outRefundNo), what, detailOf(link));
    else if (about === 'approval') this.#approval(link, what, detailOf(link));
    else if (link.kind === 'policy-first' || link.kind === 'policy-accepted') this.#policy(detailOf(link));
    else if (link.kind === 'budget-topped-up' || link.kind === 'budget-drawn') {
      const { budget, amountFen } = detailOf(link);
      this.#budgetMoves.set(String(this.#budgetMoves.size + 1), { budget, amount_fen: amountFen });
    } else if (link.kind === 'operator-froze') this.#frozen = true;
    else if (link.kind === 'operator-unfroze') this.#frozen = false;
    else if (link.kind === 'operator-secret-set' || link.kind === 'operator-secret-changed') {
      this.#secret = String(detailOf(link).secret ?? 'untold');
    } else if (link.kind === 'audit-key-made') this.#publicKey = String(detailOf(link).publicKey);
  }

  #approval(link: StoredLink, name: string, detail: Facts): void {
    const id = detail.approval;
    if (id === undefined) {
      this.#unnamedApprovals.add(refundKey(link.outTradeNo, link.outRefundNo));
      return;
    }
    const known = this.#approvals.get(String(id));
    this.#approvals.set(String(id), {
      state: name === 'asked' ? 'pending' : name,
      amount_fen: known?.amount_fen ?? detail.amountFen,
      rule: known?.rule ?? detail.rule,
      decided_by: known?.decided_by ?? detail.decidedBy,
    });
  }

  #policy({ version, policy }: Facts): void {
    this.#policies.set(String(version), { rules_json: JSON.stringify(policy) });
  }

  /**
   * Once only, after the last link.
   * @param publicKey the public half of the key that the ledger has now
   */
  async compare(tx: Reader, publicKey: string | undefined): Promise<TableFault[]> {
    const unnamed = (row: Row) =>
      this.#unnamedApprovals.has(refundKey(row.out_trade_no, row.out_refund_no ?? undefined));
    const salt = (await readMeta(tx, 'salt')) ?? '';
    const faults = [
      ...(await compareTable(tx, orders(salt), this.#orders)),
      ...(await compareTable(tx, refunds(salt), this.#refunds)),
      ...(await compareTable(tx, APPROVALS, this.#approvals, unnamed)),
      ...(await compareTable(tx, BUDGET_MOVES, this.#budgetMoves)),
      ...(await compareTable(tx, POLICIES, this.#policies)),
    ];
    const frozen = ((await readMeta(tx, 'frozen')) ?? '') !== '';
    if (frozen !== this.#frozen) faults.push(differs('meta', 'frozen', 'value', this.#frozen, frozen));
    if (this.#publicKey !== publicKey)
      faults.push(differs('meta', 'audit_key', 'public key', this.#publicKey, publicKey));
    const stored = await readMeta(tx, 'operator_secret');
    const secret = stored === undefined ? undefined : rowDigest(salt, stored);
    if (this.#secret !== 'untold' && this.#secret !== secret)
      faults.push(differs('meta', 'operator_secret', 'hash', this.#secret, secret));
    return faults;
  }
}

interface Table {
  readonly name: string;
  /** The primary key. */
  readonly key: readonly string[];
  /** What is below every key. */
  readonly first: SqlValue;
  /** Columns that {@link Facts} may name, and those that `digests` reads. */
  readonly columns: string;
  /** What is told by digest only. */
  readonly digests?: (row: Row) => Facts;
}

const AMOUNT = exact('amount_fen');
const COUNTED = exact('counted_at');
/** Of an order without code or link. */
const NOTHING_GIVEN = 'none';
const planDigest = (salt: string, plan: SqlValue | undefined) =>
  plan === null || plan === undefined ? undefined : rowDigest(salt, String(plan));
const orders = (salt: string): Table => ({
  name: 'orders',
  key: ['out_trade_no'],
  first: '',
  columns: `provider, scene, caller, state, account, title, input_hash, terms_json, credential_json, plan,
    ${AMOUNT}, ${COUNTED}`,
  digests: (row) => ({
    terms: termsDigest(salt, {
      account: String(row.account),
      title: String(row.title),
      inputHash: String(row.input_hash),
      terms: termsIn(String(row.terms_json)),
    }),
    credential:
      (row.credential_json ?? '{}') === '{}' ? NOTHING_GIVEN : rowDigest(salt, String(row.credential_json)),
    plan: planDigest(salt, row.plan),
  }),
});
const refunds = (salt: string): Table => ({
  name: 'refunds',
  key: ['out_trade_no', 'out_refund_no'],
  first: '',
  columns: `caller, state, plan, ${AMOUNT}, ${COUNTED}`,
  digests: (row) => ({ plan: planDigest(salt, row.plan) }),
});
const APPROVALS: Table = {
  name: 'approvals',
  key: ['id'],
  first: '',
  columns: `out_trade_no, out_refund_no, rule, state, decided_by, ${AMOUNT}`,
};
const BUDGET_MOVES: Table = {
  name: 'budget_moves',
  key: ['seq'],
  first: BEFORE_ALL,
  columns: `budget, ${AMOUNT}`,
};
const POLICIES: Table = { name: 'policies', key: ['version'], first: BEFORE_ALL, columns: 'rules_json' };

/** @param recorded by key; what has been found is taken out of it */
async function compareTable(
  tx: Reader,
  { name, key, first, columns, digests }: Table,
  recorded: Map<string, Facts>,
  excused: (row: Row) => boolean = () => false,
): Promise<TableFault[]> {
  const faults: TableFault[] = [];
  const keys = key.map((column) => `${name}.${column}`).join(', ');
  const sql = `SELECT ${key.map((column) => `${name}.${column} AS key_${column}`).join(', ')}, ${columns} FROM ${name}
    WHERE (${keys}) > (${key.map(() => '?').join(', ')}) ORDER BY ${keys} LIMIT ${PAGE}`;
  let seen = 0;
  for (let last = key.map(() => first); ; ) {
    const rows = await tx.all(sql, ...last);
    for (const row of rows) {
      last = key.map((column) => row[`key_${column}`] ?? null);
      const id = last.join('/');
      const facts = recorded.get(id);
      recorded.delete(id);
      if (facts) faults.push(...differences(name, id, facts, digests ? { ...row, ...digests(row) } : row));
      else if (!excused(row)) faults.push({ table: name, row: id, look: 'unrecorded' });
    }
    seen += rows.length;
    if (faults.length >= MOST) return faults.slice(0, MOST);
    if (rows.length < PAGE) break;
  }
  const [all] = await tx.all(`SELECT COUNT(*) AS count FROM ${name}`);
  if (Number(all?.count) !== seen) faults.push({ table: name, row: '', look: 'unrecorded' });
  for (const row of recorded.keys()) {
    if (faults.length >= MOST) break;
    faults.push({ table: name, row, look: 'gone' });
  }
  return faults;
}

function differences(
  table: string,
  row: string,
  facts: Facts,
  stored: Readonly<Record<string, SqlValue | undefined>>,
): TableFault[] {
  return Object.entries(facts)
    .filter(([column, value]) => value !== undefined && String(stored[column] ?? '-') !== String(value))
    .map(([column, value]) => differs(table, row, column, value, stored[column] ?? undefined));
}

function differs(
  table: string,
  row: string,
  column: string,
  recorded: string | number | boolean | undefined,
  stored: string | number | boolean | undefined,
): TableFault {
  return {
    table,
    row,
    look: 'differs',
    column,
    recorded: String(recorded ?? '-'),
    stored: String(stored ?? '-'),
  };
}

function moved(rows: Map<string, Facts>, key: string, name: string, detail: Facts): void {
  const known = rows.get(key);
  if (name === 'created') {
    const { provider, scene, caller, amountFen, state = 'PENDING_APPROVAL' } = detail;
    // What an older version has recorded tells neither.
    const credential = detail.terms === undefined ? undefined : NOTHING_GIVEN;
    rows.set(key, { provider, scene, caller, amount_fen: amountFen, state, terms: detail.terms, credential });
    return;
  }
  if (!known) return;
  if (detail.to !== undefined) known.state = detail.to;
  if (detail.credential !== undefined) known.credential = detail.credential;
  // A number that another system has used was never sent by us: its plan goes, and what is left is not told.
  if (detail.plan !== undefined || name === 'declined') known.plan = detail.plan;
  if (detail.countedAt !== undefined) known.counted_at = detail.countedAt;
  if (name === 'withdrawn') known.counted_at = '-';
}

/** Of a row that somebody has been at, anything may come. */
function termsIn(json: string): RequestedTerms {
  try {
    return JSON.parse(json) as RequestedTerms;
  } catch {
    return { expiresInMinutes: Number.NaN };
  }
}

function refundKey(outTradeNo: unknown, outRefundNo: unknown): string {
  return `${outTradeNo}/${outRefundNo ?? ''}`;
}

function detailOf(link: StoredLink): Facts {
  return JSON.parse(link.detailJson) as Facts;
}
