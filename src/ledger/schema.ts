import { type CashierError, configuration } from '../domain/errors.ts';
import { REALMS, type Realm } from '../domain/order.ts';
import type { AuditKind } from './audit-kinds.ts';
import { SHAPELESS } from './audit-shapes.ts';
import { readMeta, writeMeta } from './meta.ts';
import { eventsIntoAudit, ordersWithoutCode } from './migrations.ts';
import { payersApart } from './payers.ts';
import { countAll } from './recount.ts';
import { sealed, sealOf } from './seal.ts';
import type { Store, Tx } from './store.ts';

/** @param now ms */
type Step = string | Otherwise | ((tx: Tx, now: number) => Promise<void>);

/** What a step is in SQLite, and in PostgreSQL, where no ledger is older than it. */
interface Otherwise {
  readonly sqlite?: string;
  readonly postgres?: string;
}

/**
 * These have the numbers from 1 on, by which the indexes of the trail tell calls, warnings and all else apart: a kind
 * that is added to them needs a step of its own, unless no index needs to know it.
 */
const FIRST_WORDS: Readonly<
  Record<
    Exclude<
      Extract<AuditKind, 'call' | 'result' | `alarm-${string}` | `approval-${string}`>,
      'approval-expired'
    >,
    number
  >
> = {
  call: 1,
  result: 2,
  'alarm-foreign-trade': 3,
  'alarm-foreign-refund': 4,
  'alarm-refunded-after-closed': 5,
  'approval-asked': 6,
  'approval-approved': 7,
  'approval-denied': 8,
  'approval-used': 9,
  'approval-failed': 10,
};
/** How the trail's details stood before there were shapes; as `shapeWord`. */
const WHOLE = `COALESCE(tool, '') || char(10) || '${SHAPELESS}'`;

/** The rows of a trail that was all text, with its hashes as bytes where they are any. */
function linksInWords(seq: string): string {
  return `SELECT ${seq}, at, COALESCE(kinds.id, kind), COALESCE(callers.id, caller), COALESCE(shapes.id, tool),
    call_id, out_trade_no, out_refund_no,
    CASE typeof(detail_json) WHEN 'text' THEN CAST(detail_json AS BLOB) ELSE 'none' END,
    CASE WHEN typeof(hash) = 'text' AND hash = lower(hex(unhex(hash))) THEN unhex(hash) ELSE hash END
    FROM audit_before LEFT JOIN words AS kinds ON kinds.word = kind LEFT JOIN words AS callers ON callers.word = caller
    LEFT JOIN words AS shapes ON shapes.word = ${WHOLE} AND COALESCE(tool, 'none') <> ''`;
}

const dropped = (index: string): Otherwise => ({ postgres: `DROP INDEX ${index}` });

/** Each entry brings a ledger from its index to index + 1. Entries are never edited once released, only added. */
const MIGRATIONS: readonly (readonly Step[])[] = [
  [
    `CREATE TABLE orders (
      out_trade_no TEXT PRIMARY KEY,
      provider TEXT NOT NULL, account TEXT NOT NULL, caller TEXT NOT NULL, buyer_hash TEXT,
      scene TEXT NOT NULL, amount_fen BIGINT NOT NULL, title TEXT NOT NULL,
      state TEXT NOT NULL, gateway_state TEXT, gateway_trade_no TEXT, source TEXT NOT NULL,
      input_hash TEXT NOT NULL, terms_json TEXT NOT NULL, plan TEXT, credential_json TEXT,
      page_token TEXT NOT NULL UNIQUE,
      created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, sent_at BIGINT, expires_at BIGINT, paid_at BIGINT,
      late INTEGER NOT NULL, closing INTEGER NOT NULL, declined_code TEXT,
      sending_by TEXT, sending_until BIGINT,
      ask_at BIGINT, asked INTEGER NOT NULL)`,
    'CREATE INDEX orders_by_time ON orders (created_at, out_trade_no)',
    'CREATE INDEX orders_to_ask ON orders (account, ask_at)',
    'CREATE INDEX orders_by_call ON orders (input_hash, caller, created_at)',
    `CREATE TABLE refunds (
      out_trade_no TEXT NOT NULL REFERENCES orders (out_trade_no), out_refund_no TEXT NOT NULL,
      /* The merchant within which the number must be unique too, where the gateway wants that. */
      merchant_scope TEXT,
      caller TEXT NOT NULL, amount_fen BIGINT NOT NULL, reason TEXT,
      state TEXT NOT NULL, gateway_state TEXT, gateway_refund_no TEXT,
      input_hash TEXT NOT NULL, plan TEXT,
      created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, sent_at BIGINT, declined_code TEXT,
      sending_by TEXT, sending_until BIGINT,
      ask_at BIGINT, asked INTEGER NOT NULL,
      PRIMARY KEY (out_trade_no, out_refund_no))`,
    'CREATE INDEX refunds_to_ask ON refunds (ask_at)',
    'CREATE UNIQUE INDEX refunds_by_merchant ON refunds (merchant_scope, out_refund_no)',
    `CREATE TABLE approvals (
      id TEXT PRIMARY KEY, kind TEXT NOT NULL, out_trade_no TEXT NOT NULL, out_refund_no TEXT,
      input_hash TEXT NOT NULL, caller TEXT NOT NULL, amount_fen BIGINT NOT NULL, rule TEXT NOT NULL,
      state TEXT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL,
      decided_at BIGINT, decided_by TEXT, reason TEXT)`,
    'CREATE INDEX approvals_by_order ON approvals (out_trade_no, out_refund_no, created_at)',
    'CREATE INDEX approvals_by_caller ON approvals (caller, state, expires_at)',
    `CREATE TABLE events (
      seq BIGINT PRIMARY KEY, at BIGINT NOT NULL, out_trade_no TEXT NOT NULL, out_refund_no TEXT,
      kind TEXT NOT NULL, detail_json TEXT NOT NULL)`,
    'CREATE INDEX events_by_order ON events (out_trade_no, seq)',
  ],
  [
    // Since when it counts against the limits, against whose, and what the calling program calls itself.
    'ALTER TABLE orders ADD COLUMN counted_at BIGINT',
    'ALTER TABLE orders ADD COLUMN counted_by TEXT',
    'ALTER TABLE orders ADD COLUMN client TEXT',
    'ALTER TABLE refunds ADD COLUMN counted_at BIGINT',
    'ALTER TABLE refunds ADD COLUMN counted_by TEXT',
    'ALTER TABLE refunds ADD COLUMN client TEXT',
    'UPDATE orders SET counted_at = sent_at, counted_by = caller',
    'UPDATE refunds SET counted_at = created_at, counted_by = caller WHERE plan IS NOT NULL',
    'CREATE INDEX orders_by_count ON orders (counted_at, counted_by, amount_fen)',
    'CREATE INDEX refunds_by_count ON refunds (counted_at, counted_by, amount_fen)',
    `CREATE TABLE budget_moves (
      seq BIGINT PRIMARY KEY, at BIGINT NOT NULL, budget TEXT NOT NULL, amount_fen BIGINT NOT NULL,
      decided_by TEXT NOT NULL, note TEXT)`,
    'CREATE INDEX budget_moves_by_budget ON budget_moves (budget, seq)',
    /* Which budget an order (refund number '') or refund was taken out of; what it takes follows from its state. */
    `CREATE TABLE budget_draws (
      budget TEXT NOT NULL, out_trade_no TEXT NOT NULL, out_refund_no TEXT NOT NULL,
      PRIMARY KEY (budget, out_trade_no, out_refund_no))`,
    `CREATE TABLE policies (
      version BIGINT PRIMARY KEY, accepted_at BIGINT NOT NULL, accepted_by TEXT NOT NULL,
      rules_json TEXT NOT NULL)`,
    `CREATE TABLE operator_sessions (
      id_hash TEXT PRIMARY KEY, csrf TEXT NOT NULL, secret_hash TEXT NOT NULL, expires_at BIGINT NOT NULL)`,
    `CREATE TABLE audit (
      seq BIGINT PRIMARY KEY, at BIGINT NOT NULL, kind TEXT NOT NULL, caller TEXT NOT NULL, tool TEXT, call_id TEXT,
      out_trade_no TEXT, out_refund_no TEXT, detail_json TEXT NOT NULL, hash TEXT NOT NULL)`,
    'CREATE INDEX audit_by_order ON audit (out_trade_no, seq)',
    'CREATE INDEX audit_by_call ON audit (call_id) WHERE call_id IS NOT NULL',
    eventsIntoAudit,
    'DROP TABLE events',
  ],
  [
    // What the gateway says was refunded in all, in fen, or that something was.
    'ALTER TABLE orders ADD COLUMN gateway_refunded TEXT',
    ordersWithoutCode,
  ],
  [
    // Who asked and under which rules, so that a yes can be carried out without the agent; why it was not, or not yet.
    'ALTER TABLE approvals ADD COLUMN asked_json TEXT',
    'ALTER TABLE approvals ADD COLUMN code TEXT',
    `CREATE INDEX approvals_to_carry_out ON approvals (expires_at) WHERE state = 'approved'`,
  ],
  [
    // What is to be asked, listed and shown is found by index, however much is settled; see asking.ts.
    'ALTER TABLE orders ADD COLUMN asked_at BIGINT',
    'ALTER TABLE refunds ADD COLUMN account TEXT',
    'UPDATE refunds SET account = (SELECT account FROM orders WHERE orders.out_trade_no = refunds.out_trade_no)',
    'DROP INDEX IF EXISTS orders_to_ask',
    'DROP INDEX IF EXISTS refunds_to_ask',
    'CREATE INDEX orders_to_ask ON orders (account, ask_at) WHERE ask_at IS NOT NULL',
    'CREATE INDEX orders_fresh ON orders (account, caller, ask_at) WHERE ask_at IS NOT NULL AND asked < 4',
    'CREATE INDEX orders_not_fresh ON orders (account, caller, ask_at) WHERE ask_at IS NOT NULL AND asked >= 4',
    'CREATE INDEX refunds_to_ask ON refunds (account, ask_at) WHERE ask_at IS NOT NULL',
    'CREATE INDEX orders_by_caller ON orders (caller, created_at, out_trade_no)',
    'CREATE INDEX orders_by_state ON orders (state, created_at, out_trade_no)',
    'CREATE INDEX orders_by_caller_and_state ON orders (caller, state, created_at, out_trade_no)',
    'CREATE INDEX approvals_open ON approvals (state, expires_at)',
    'CREATE INDEX approvals_by_time ON approvals (created_at, id)',
    "CREATE INDEX audit_warnings_by_order ON audit (out_trade_no, seq) WHERE (kind LIKE 'alarm-%' OR kind LIKE 'approval-%')",
    "CREATE INDEX audit_deeds_by_order ON audit (out_trade_no, seq) WHERE kind NOT IN ('call', 'result')",
  ],
  [
    // What a day's bill is compared with, and what one send was taken out of.
    'CREATE INDEX orders_by_payment ON orders (account, paid_at, out_trade_no) WHERE paid_at IS NOT NULL',
    'CREATE INDEX refunds_by_send ON refunds (account, sent_at, out_refund_no) WHERE sent_at IS NOT NULL',
    'CREATE INDEX budget_draws_by_order ON budget_draws (out_trade_no, out_refund_no)',
  ],
  [
    // The trail in fewer bytes: its numbers are the rows' own, a hash is 32 bytes, what is said often stands in `words`,
    // and no index holds what another has. What is no hash, number or text stays as wrong as it is.
    'CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE)',
    `INSERT INTO words (word) VALUES ${Object.entries(FIRST_WORDS)
      .sort(([, a], [, b]) => a - b)
      .map(([word]) => `('${word}')`)
      .join(', ')}`,
    {
      sqlite: `INSERT INTO words (word) SELECT kind FROM audit UNION SELECT caller FROM audit UNION SELECT ${WHOLE} FROM audit
        EXCEPT SELECT word FROM words`,
    },
    'ALTER TABLE audit RENAME TO audit_before',
    `CREATE TABLE audit (
      seq INTEGER PRIMARY KEY, at BIGINT NOT NULL, kind INTEGER NOT NULL, caller INTEGER NOT NULL,
      shape INTEGER NOT NULL, call_id TEXT, out_trade_no TEXT, out_refund_no TEXT, detail BLOB NOT NULL,
      hash BLOB NOT NULL)`,
    { sqlite: `INSERT INTO audit ${linksInWords('seq')} WHERE typeof(seq) = 'integer' ORDER BY seq` },
    { sqlite: `INSERT INTO audit ${linksInWords('NULL')} WHERE typeof(seq) <> 'integer'` },
    'DROP TABLE audit_before',
    'CREATE INDEX audit_deeds_by_order ON audit (out_trade_no) WHERE kind > 2',
    'CREATE INDEX audit_calls_by_order ON audit (out_trade_no) WHERE kind <= 2',
    'CREATE INDEX audit_warnings_by_order ON audit (out_trade_no) WHERE kind BETWEEN 3 AND 10',
    'CREATE INDEX audit_by_call ON audit (call_id) WHERE call_id IS NOT NULL AND (out_trade_no IS NULL OR kind <= 2)',
  ],
  [
    // Limits, budgets and totals are added up as they change; see tallies.ts.
    `CREATE TABLE limit_tallies (
      kind TEXT NOT NULL, scope TEXT NOT NULL, day BIGINT NOT NULL,
      count BIGINT NOT NULL DEFAULT 0, fen BIGINT NOT NULL DEFAULT 0,
      PRIMARY KEY (kind, scope, day))`,
    `CREATE TABLE order_tallies (
      scope TEXT NOT NULL, day BIGINT NOT NULL, provider TEXT NOT NULL,
      pending_approval_count BIGINT NOT NULL DEFAULT 0, pending_approval_refunded_fen BIGINT NOT NULL DEFAULT 0,
      denied_count BIGINT NOT NULL DEFAULT 0, denied_refunded_fen BIGINT NOT NULL DEFAULT 0,
      notpay_count BIGINT NOT NULL DEFAULT 0, notpay_refunded_fen BIGINT NOT NULL DEFAULT 0,
      paid_count BIGINT NOT NULL DEFAULT 0, paid_refunded_fen BIGINT NOT NULL DEFAULT 0,
      closed_count BIGINT NOT NULL DEFAULT 0, closed_refunded_fen BIGINT NOT NULL DEFAULT 0,
      unknown_count BIGINT NOT NULL DEFAULT 0, unknown_refunded_fen BIGINT NOT NULL DEFAULT 0,
      paid_fen BIGINT NOT NULL DEFAULT 0,
      PRIMARY KEY (scope, day, provider))`,
    `CREATE TABLE budgets (
      budget TEXT PRIMARY KEY, filled_fen BIGINT NOT NULL DEFAULT 0, held_fen BIGINT NOT NULL DEFAULT 0)`,
    (tx) => countAll(tx, ['limit_tallies', 'order_tallies', 'budgets']),
    // Asked for by the order only.
    'ALTER TABLE budget_draws RENAME TO budget_draws_before',
    `CREATE TABLE budget_draws (
      out_trade_no TEXT NOT NULL, out_refund_no TEXT NOT NULL, budget TEXT NOT NULL,
      PRIMARY KEY (out_trade_no, out_refund_no, budget)) WITHOUT ROWID`,
    `INSERT INTO budget_draws (out_trade_no, out_refund_no, budget)
     SELECT out_trade_no, out_refund_no, budget FROM budget_draws_before`,
    'DROP TABLE budget_draws_before',
    // Narrow keys: what a list is merged from, what counted just now, what was paid on a day, what a buyer repeats.
    'DROP INDEX IF EXISTS orders_by_time',
    'DROP INDEX IF EXISTS orders_by_caller',
    'DROP INDEX IF EXISTS orders_by_state',
    'DROP INDEX IF EXISTS orders_by_caller_and_state',
    'CREATE INDEX orders_listed ON orders (provider, state, created_at)',
    'CREATE INDEX orders_listed_of_caller ON orders (caller, provider, state, created_at)',
    'DROP INDEX IF EXISTS orders_by_count',
    'DROP INDEX IF EXISTS refunds_by_count',
    'CREATE INDEX orders_by_count ON orders (counted_at, counted_by) WHERE counted_at IS NOT NULL',
    'CREATE INDEX refunds_by_count ON refunds (counted_at, counted_by) WHERE counted_at IS NOT NULL',
    'DROP INDEX IF EXISTS orders_by_payment',
    'DROP INDEX IF EXISTS refunds_by_send',
    'CREATE INDEX orders_by_payment ON orders (paid_at) WHERE paid_at IS NOT NULL',
    'CREATE INDEX refunds_by_send ON refunds (sent_at) WHERE sent_at IS NOT NULL',
    "CREATE INDEX refunds_in_doubt ON refunds (created_at) WHERE state = 'UNKNOWN'",
    'DROP INDEX IF EXISTS orders_by_call',
    // What is sent again as it was, stands apart while that may be; afterwards only its digest, in the trail.
    'CREATE TABLE plans (out_trade_no TEXT PRIMARY KEY, plan TEXT NOT NULL) WITHOUT ROWID',
    `INSERT INTO plans (out_trade_no, plan) SELECT out_trade_no, plan FROM orders
     WHERE plan IS NOT NULL AND state IN ('UNKNOWN', 'NOTPAY')`,
    'ALTER TABLE orders DROP COLUMN plan',
    {
      sqlite: `UPDATE orders SET input_hash = unhex(input_hash) WHERE input_hash = lower(hex(unhex(input_hash))) AND length(input_hash) = 64`,
      postgres: "ALTER TABLE orders ALTER COLUMN input_hash TYPE BYTEA USING ''",
    },
    'CREATE INDEX orders_by_call ON orders (input_hash, caller, created_at) WHERE buyer_hash IS NOT NULL',
    "CREATE INDEX orders_in_doubt ON orders (input_hash, caller, created_at) WHERE state = 'UNKNOWN'",
  ],
  [
    // Wrong guesses at the operator's secret, counted for all processes; see guess-count.ts.
    `CREATE TABLE guesses (
      guesser TEXT NOT NULL, slot INTEGER NOT NULL, at BIGINT NOT NULL,
      PRIMARY KEY (guesser, slot)) WITHOUT ROWID`,
    'CREATE INDEX guesses_by_time ON guesses (at)',
  ],
  [
    // SQLite's indexes end with the number of the row, and PostgreSQL's with what they say.
    ...['audit_deeds_by_order', 'audit_calls_by_order', 'audit_warnings_by_order', 'audit_by_call'].map(
      dropped,
    ),
    { postgres: 'CREATE INDEX audit_deeds_by_order ON audit (out_trade_no, seq) WHERE kind > 2' },
    { postgres: 'CREATE INDEX audit_calls_by_order ON audit (out_trade_no, seq) WHERE kind <= 2' },
    {
      postgres:
        'CREATE INDEX audit_warnings_by_order ON audit (out_trade_no, seq) WHERE kind BETWEEN 3 AND 10',
    },
    {
      postgres:
        'CREATE INDEX audit_by_call ON audit (call_id, seq) WHERE call_id IS NOT NULL AND (out_trade_no IS NULL OR kind <= 2)',
    },
  ],
  [
    // Who pays stands in columns of its own, which are blanked in time; see payers.ts.
    'ALTER TABLE orders ADD COLUMN payer_openid TEXT',
    'ALTER TABLE orders ADD COLUMN payer_client_ip TEXT',
    'ALTER TABLE orders ADD COLUMN payer_salt TEXT',
    payersApart,
    "CREATE INDEX orders_with_payer ON orders (created_at) WHERE payer_salt > '-'",
  ],
  [
    // What 2025 clients want to hear of, at whichever process; see session-book.ts.
    `CREATE TABLE sessions (
      session TEXT NOT NULL, about TEXT NOT NULL, caller TEXT NOT NULL, stream TEXT, at BIGINT NOT NULL,
      PRIMARY KEY (session, about)) WITHOUT ROWID`,
    'CREATE INDEX sessions_by_subject ON sessions (about, session)',
    'CREATE INDEX sessions_by_caller ON sessions (caller, at)',
    'CREATE INDEX sessions_by_time ON sessions (at)',
  ],
  [
    // What channels have been told of the trail, and what they wait for; see outbox.ts.
    `CREATE TABLE channels (
      channel TEXT PRIMARY KEY, seq BIGINT NOT NULL, holder TEXT, beat BIGINT NOT NULL DEFAULT 0,
      sent TEXT NOT NULL DEFAULT '', rest_until BIGINT NOT NULL DEFAULT 0,
      failures INTEGER NOT NULL DEFAULT 0, failing_since BIGINT, told_at BIGINT,
      disabled_at BIGINT, disabled_why TEXT)`,
    `CREATE TABLE deliveries (
      channel TEXT NOT NULL, seq BIGINT NOT NULL, type TEXT NOT NULL, lane TEXT NOT NULL, rank INTEGER NOT NULL,
      due_at BIGINT, tries INTEGER NOT NULL DEFAULT 0, done_at BIGINT, outcome TEXT,
      PRIMARY KEY (channel, seq)) WITHOUT ROWID`,
    'CREATE INDEX deliveries_due ON deliveries (channel, rank, due_at) WHERE due_at IS NOT NULL',
    'CREATE INDEX deliveries_waiting ON deliveries (channel, lane, seq) WHERE done_at IS NULL',
    'CREATE INDEX deliveries_done ON deliveries (channel, done_at) WHERE done_at IS NOT NULL',
    "CREATE INDEX deliveries_refused ON deliveries (channel, done_at) WHERE outcome = 'refused'",
  ],
  [
    // What came in and went back, day by day, is added up as it happens; an order is found by the gateway's number.
    `CREATE TABLE takings (
      day BIGINT NOT NULL, provider TEXT NOT NULL, caller TEXT NOT NULL,
      paid_count BIGINT NOT NULL DEFAULT 0, paid_fen BIGINT NOT NULL DEFAULT 0,
      refunded_count BIGINT NOT NULL DEFAULT 0, refunded_fen BIGINT NOT NULL DEFAULT 0,
      PRIMARY KEY (day, provider, caller))`,
    (tx) => countAll(tx, ['takings']),
    'CREATE INDEX orders_by_gateway_no ON orders (gateway_trade_no) WHERE gateway_trade_no IS NOT NULL',
  ],
  [
    // Who may sign in and by what, and who is signed in for how long; see person-book.ts.
    `CREATE TABLE persons (
      id TEXT PRIMARY KEY, name TEXT NOT NULL, sign_name TEXT NOT NULL UNIQUE, role TEXT NOT NULL, password TEXT,
      invitation TEXT, invited_until BIGINT, added_at BIGINT NOT NULL)`,
    `CREATE TABLE passkeys (
      id TEXT PRIMARY KEY, person TEXT NOT NULL, public_key TEXT NOT NULL, counter BIGINT NOT NULL,
      rp_id TEXT NOT NULL, name TEXT NOT NULL, added_at BIGINT NOT NULL, used_at BIGINT)`,
    'CREATE INDEX passkeys_by_person ON passkeys (person)',
    'CREATE TABLE spent_challenges (challenge TEXT PRIMARY KEY, until BIGINT NOT NULL)',
    "ALTER TABLE operator_sessions ADD COLUMN person TEXT NOT NULL DEFAULT 'operator'",
    'ALTER TABLE operator_sessions ADD COLUMN began_at BIGINT NOT NULL DEFAULT 0',
    "ALTER TABLE operator_sessions ADD COLUMN device TEXT NOT NULL DEFAULT ''",
    'CREATE INDEX operator_sessions_by_person ON operator_sessions (person)',
  ],
  [
    // Payments of which the buyer is yet to choose the wallet.
    `CREATE TABLE offers (
      out_trade_no TEXT PRIMARY KEY, caller TEXT NOT NULL, buyer_hash TEXT, amount_fen BIGINT NOT NULL,
      title TEXT NOT NULL, input_hash TEXT NOT NULL, terms_json TEXT NOT NULL, page_token TEXT NOT NULL UNIQUE,
      created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, closed_at BIGINT, asked_json TEXT NOT NULL)`,
    'CREATE INDEX offers_by_age ON offers (created_at) WHERE buyer_hash IS NOT NULL',
    'CREATE INDEX offers_by_call ON offers (input_hash, caller, created_at) WHERE buyer_hash IS NOT NULL',
  ],
  [
    // What the server pays back of its own accord; see owed.ts.
    `CREATE TABLE owed (
      out_trade_no TEXT NOT NULL REFERENCES orders (out_trade_no), out_refund_no TEXT NOT NULL,
      account TEXT NOT NULL, amount_fen BIGINT NOT NULL, why TEXT NOT NULL,
      created_at BIGINT NOT NULL, due_at BIGINT NOT NULL, try_at BIGINT, tries INTEGER NOT NULL,
      refused_code TEXT, settled_at BIGINT,
      PRIMARY KEY (out_trade_no, out_refund_no))`,
    'CREATE INDEX owed_due ON owed (account, try_at) WHERE try_at IS NOT NULL',
  ],
  [
    // Calls that are paid for one by one, and what was answered; see paid-calls.ts.
    `CREATE TABLE paid_calls (
      number TEXT PRIMARY KEY, caller TEXT NOT NULL, face TEXT NOT NULL, upstream TEXT NOT NULL,
      priced TEXT NOT NULL, request_hash BLOB NOT NULL, amount_fen BIGINT NOT NULL, title TEXT NOT NULL,
      repeatable INTEGER NOT NULL, refund_after_ms BIGINT NOT NULL, state TEXT NOT NULL,
      created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, expires_at BIGINT NOT NULL,
      page_token TEXT NOT NULL UNIQUE, page_no TEXT NOT NULL UNIQUE, weixin_no TEXT UNIQUE, weixin_code TEXT,
      proof_no TEXT UNIQUE, by_proof_json TEXT, paid_by TEXT UNIQUE, paid_at BIGINT,
      sending_by TEXT, sending_until BIGINT, due_at BIGINT, tries INTEGER NOT NULL DEFAULT 0, why TEXT)`,
    'CREATE INDEX paid_calls_due ON paid_calls (due_at) WHERE due_at IS NOT NULL',
    'CREATE INDEX paid_calls_by_request ON paid_calls (request_hash, caller, created_at)',
    'CREATE INDEX paid_calls_unpaid ON paid_calls (expires_at) WHERE paid_by IS NULL',
    `CREATE TABLE paid_results (
      number TEXT PRIMARY KEY, status INTEGER NOT NULL, headers_json TEXT NOT NULL, body BLOB NOT NULL,
      created_at BIGINT NOT NULL)`,
    'CREATE INDEX paid_results_by_age ON paid_results (created_at)',
  ],
  [
    // Which paid orders are delivered, and until when the others are to be; see promises.ts.
    `CREATE TABLE promises (
      out_trade_no TEXT PRIMARY KEY REFERENCES orders (out_trade_no), account TEXT NOT NULL,
      out_refund_no TEXT NOT NULL, created_at BIGINT NOT NULL, overdue_at BIGINT, try_at BIGINT,
      tries INTEGER NOT NULL, told_at BIGINT, course TEXT, delivered_at BIGINT, note TEXT)`,
    'CREATE INDEX promises_due ON promises (account, try_at) WHERE try_at IS NOT NULL',
  ],
  [
    // What is charged again and again by one consent, or paid from reminder to reminder; see subscriptions.ts.
    `CREATE TABLE subscriptions (
      contract_no TEXT PRIMARY KEY, sign_no TEXT NOT NULL UNIQUE, provider TEXT NOT NULL, account TEXT NOT NULL,
      caller TEXT NOT NULL, mode TEXT NOT NULL, state TEXT NOT NULL, amount_fen BIGINT NOT NULL, first_fen BIGINT,
      title TEXT NOT NULL, period TEXT NOT NULL, times INTEGER, subscriber_hash TEXT NOT NULL,
      input_hash TEXT NOT NULL, asked_json TEXT NOT NULL, first_day TEXT NOT NULL, grace_days INTEGER NOT NULL,
      opened_at BIGINT, sign_before BIGINT NOT NULL, plan TEXT, agreement_no TEXT, gateway_state TEXT, signed_at BIGINT,
      proven_at BIGINT, valid_until BIGINT, window_from BIGINT, window_to BIGINT, next_period INTEGER NOT NULL,
      charged INTEGER NOT NULL, missed INTEGER NOT NULL, ending_at BIGINT, reason TEXT, unsign_plan TEXT,
      ended_at BIGINT, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, try_at BIGINT, tries INTEGER NOT NULL)`,
    'CREATE INDEX subscriptions_due ON subscriptions (account, try_at) WHERE try_at IS NOT NULL',
    'CREATE INDEX subscriptions_listed ON subscriptions (state, created_at, contract_no)',
    'CREATE INDEX subscriptions_listed_of_caller ON subscriptions (caller, state, created_at, contract_no)',
    "CREATE INDEX subscriptions_by_call ON subscriptions (input_hash, caller) WHERE state <> 'ENDED'",
    'CREATE INDEX subscriptions_by_opening ON subscriptions (opened_at, amount_fen) WHERE opened_at IS NOT NULL',
    "CREATE INDEX subscriptions_open ON subscriptions (opened_at) WHERE state <> 'ENDED' AND opened_at IS NOT NULL",
    'CREATE INDEX subscriptions_by_agreement ON subscriptions (agreement_no) WHERE agreement_no IS NOT NULL',
    "CREATE INDEX subscriptions_with_subscriber ON subscriptions (ended_at) WHERE subscriber_hash <> ''",
    `CREATE TABLE subscription_periods (
      contract_no TEXT NOT NULL REFERENCES subscriptions (contract_no), period INTEGER NOT NULL,
      out_trade_no TEXT NOT NULL UNIQUE, amount_fen BIGINT NOT NULL, due_at BIGINT NOT NULL, until_at BIGINT NOT NULL,
      tries INTEGER NOT NULL, tried_at BIGINT, code TEXT, given_up_at BIGINT, outcome TEXT,
      created_at BIGINT NOT NULL, PRIMARY KEY (contract_no, period))`,
  ],
  [
    // How many subscriptions a day has seen is added up as it happens; one wallet's are listed by its name.
    `CREATE TABLE subscription_tallies (
      day BIGINT PRIMARY KEY, count BIGINT NOT NULL DEFAULT 0, fen BIGINT NOT NULL DEFAULT 0)`,
    (tx) => countAll(tx, ['subscription_tallies']),
    'DROP INDEX IF EXISTS subscriptions_by_opening',
    'CREATE INDEX subscriptions_of_wallet ON subscriptions (provider, state, created_at, contract_no)',
    'CREATE INDEX subscriptions_of_caller_by_wallet ON subscriptions (caller, provider, state, created_at, contract_no)',
  ],
  // An agreement may be signed by paying its first period.
  ['ALTER TABLE subscriptions ADD COLUMN signing_scene TEXT'],
];

/** The version that this program writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

export interface Opening {
  /** Takes a ledger for what it is, and the stated realm only for one that has none yet. */
  readonly adopt?: boolean;
  /** Whether an empty database becomes a ledger, as by default. */
  readonly mayMake?: boolean;
}

/**
 * Brings the ledger to this version's schema and binds it to its realm, in one transaction. Returns the realm. Throws
 * CONFIGURATION for another program's database and for a ledger of a newer version or of another realm, which are left
 * untouched.
 * @param now ms
 */
export async function prepareSchema(
  store: Store,
  realm: Realm,
  {
    now,
    salt,
    adopt = false,
    mayMake = true,
  }: { readonly now: number; readonly salt: () => string } & Opening,
): Promise<Realm> {
  return store.write(async (tx) => {
    const isEmpty = await isEmptyDatabase(tx);
    if (isEmpty && !mayMake) throw noLedgerYet();
    const version = isEmpty ? 0 : Number((await readMeta(tx, 'schema_version')) ?? 0);
    if (version > MIGRATIONS.length) throw await notOfThisVersion(tx);
    if (isEmpty) await tx.run(MAKE_META);
    const owner = await readMeta(tx, 'realm');
    const bound = adopt ? REALMS.find((one) => one === owner) : realm;
    if (owner !== undefined && owner !== bound) throw otherRealm(owner, realm);
    if (owner === undefined) {
      await writeMeta(tx, 'realm', realm);
      await writeMeta(tx, 'salt', salt());
    }
    if ((await readMeta(tx, 'ledger_id')) === undefined) await writeMeta(tx, 'ledger_id', salt());
    await migrate(tx, version, store.dialect, now);
    if (version < MIGRATIONS.length) await writeMeta(tx, 'schema_version', String(MIGRATIONS.length));
    return bound ?? realm;
  });
}

/** Makes the tables of this version in an empty database. @param now ms */
export async function makeTables(tx: Tx, dialect: Store['dialect'], now: number): Promise<void> {
  await tx.run(MAKE_META);
  await migrate(tx, 0, dialect, now);
}

const MAKE_META = 'CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)';

async function migrate(tx: Tx, from: number, dialect: Store['dialect'], now: number): Promise<void> {
  for (const step of MIGRATIONS.slice(from).flat()) {
    const sql = typeof step === 'object' ? step[dialect ?? 'sqlite'] : step;
    if (typeof sql === 'string') await tx.run(sql);
    else await sql?.(tx, now);
  }
}

/** Throws CONFIGURATION for another program's database. */
export async function isEmptyDatabase(tx: Pick<Tx, 'all'>): Promise<boolean> {
  if (!(await holds(tx, 'SELECT 1 FROM sqlite_schema LIMIT 1'))) return true;
  if (await isForeign(tx)) throw foreignDatabase();
  return false;
}

async function holds(tx: Pick<Tx, 'all'>, sql: string): Promise<boolean> {
  return (await tx.all(sql)).length > 0;
}

/** Whether a database that holds something has not what every ledger has from its first commit on. */
async function isForeign(tx: Pick<Tx, 'all'>): Promise<boolean> {
  const columns = await tx.all("SELECT name FROM pragma_table_info('meta')");
  const isMeta = ['key', 'value'].every((name) => columns.some((column) => column.name === name));
  return !isMeta || !(await holds(tx, "SELECT 1 FROM meta WHERE key = 'schema_version'"));
}

/** Its detail `absent` tells it from other mistakes. */
function noLedgerYet(): CashierError {
  return configuration('CASHIER_LEDGER', {
    zh: 'CASHIER_LEDGER 指向的数据库是空的，还没有账本；没有做任何事。',
    en: 'The database in CASHIER_LEDGER is empty and holds no ledger yet; nothing was done.',
    next: {
      zh: '服务器第一次启动时会建立账本；检查地址中的数据库名。',
      en: 'A server makes one when it first starts: see to the name of the database in the address.',
    },
    details: { absent: 'ledger' },
  });
}

function foreignDatabase(): CashierError {
  return configuration('CASHIER_LEDGER', {
    zh: 'CASHIER_LEDGER 指向的数据库属于别的程序，不是 mcp-cashier 的账本；没有改动它。',
    en: "The database in CASHIER_LEDGER is another program's and no ledger of mcp-cashier; it was left untouched.",
    next: {
      zh: '把 CASHIER_LEDGER（或 --ledger）指向账本文件。',
      en: 'Point CASHIER_LEDGER (or --ledger) at a ledger.',
    },
  });
}

/** Throws CONFIGURATION where a newer version has changed the ledger since this one opened it. */
export async function insistKnownSchema(tx: Tx): Promise<void> {
  if (Number((await readMeta(tx, 'schema_version')) ?? 0) > MIGRATIONS.length)
    throw await notOfThisVersion(tx);
}

async function notOfThisVersion(tx: Pick<Tx, 'all'>): Promise<CashierError> {
  const seal = await sealOf(tx);
  return seal ? sealed(seal) : newerLedger();
}

function newerLedger(): CashierError {
  return configuration('CASHIER_LEDGER', {
    zh: 'CASHIER_LEDGER 指向的账本由更新版本的 mcp-cashier 写成；本版本没有改动它。',
    en: 'The ledger in CASHIER_LEDGER was written by a newer mcp-cashier; this version left it untouched.',
    next: {
      zh: '升级 mcp-cashier，或使用另一个 CASHIER_LEDGER。',
      en: 'Upgrade mcp-cashier, or use another CASHIER_LEDGER.',
    },
  });
}

function otherRealm(owner: string, realm: Realm): CashierError {
  return configuration('CASHIER_LEDGER', {
    zh: `CASHIER_LEDGER 指向的账本属于 ${owner} 环境，当前为 ${realm} 环境；真实与模拟的资金不能记在同一本账里。`,
    en: `The ledger in CASHIER_LEDGER belongs to the realm ${owner}, this process runs in ${realm}; real and simulated money never share a ledger.`,
    next: {
      zh: '为每个环境使用各自的 CASHIER_LEDGER，或改正 CASHIER_MODE / *_CURRENT_ENV。',
      en: 'Use a CASHIER_LEDGER of its own for each realm, or correct CASHIER_MODE / *_CURRENT_ENV.',
    },
  });
}
