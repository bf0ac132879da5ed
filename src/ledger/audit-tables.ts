import type { StoredLink } from './audit-chain.ts';
import { BEFORE_ALL, exact, type Reader } from './audit-reader.ts';
import { readMeta } from './meta.ts';
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
    else if (link.kind === 'audit-key-made') this.#publicKey = String(detailOf(link).publicKey);
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
    const faults = [
      ...(await compareTable(tx, ORDERS, this.#orders)),
      ...(await compareTable(tx, REFUNDS, this.#refunds)),
      ...(await compareTable(tx, APPROVALS, this.#approvals, unnamed)),
      ...(await compareTable(tx, BUDGET_MOVES, this.#budgetMoves)),
      ...(await compareTable(tx, POLICIES, this.#policies)),
    ];
    const frozen = ((await readMeta(tx, 'frozen')) ?? '') !== '';
    if (frozen !== this.#frozen) faults.push(differs('meta', 'frozen', 'value', this.#frozen, frozen));
    if (this.#publicKey !== publicKey)
      faults.push(differs('meta', 'audit_key', 'public key', this.#publicKey, publicKey));
    return faults;
  }
}

interface Table {
  readonly name: string;
  /** The primary key. */
  readonly key: readonly string[];
  /** What is below every key. */
  readonly first: SqlValue;
  /** Columns that {@link Facts} may name. */
  readonly columns: string;
}

const AMOUNT = exact('amount_fen');
const ORDERS: Table = {
  name: 'orders',
  key: ['out_trade_no'],
  first: '',
  columns: `provider, scene, caller, state, ${AMOUNT}`,
};
const REFUNDS: Table = {
  name: 'refunds',
  key: ['out_trade_no', 'out_refund_no'],
  first: '',
  columns: `caller, state, ${AMOUNT}`,
};
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
  { name, key, first, columns }: Table,
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
      if (facts) faults.push(...differences(name, id, facts, row));
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

function differences(table: string, row: string, facts: Facts, stored: Row): TableFault[] {
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
    rows.set(key, { provider, scene, caller, amount_fen: amountFen, state });
  } else if (known && detail.to !== undefined) known.state = detail.to;
}

function refundKey(outTradeNo: unknown, outRefundNo: unknown): string {
  return `${outTradeNo}/${outRefundNo ?? ''}`;
}

function detailOf(link: StoredLink): Facts {
  return JSON.parse(link.detailJson) as Facts;
}
