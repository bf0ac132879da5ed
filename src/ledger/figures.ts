import type { ProviderId } from '../domain/order.ts';
import { type Waiting, waitingFor } from './channel-rows.ts';
import type { Row, SqlValue, Tx } from './store.ts';

/** Nothing is counted any further: a figure takes as long on any ledger. */
const MOST = 5_000;
const MOST_BUDGETS = 100;

/** How many outcomes nobody knows yet, and since when (ms) the oldest of them. */
export interface Doubt {
  readonly count: number;
  readonly since: number | undefined;
}

/** What of a ledger is watched from outside. */
export interface Figures {
  readonly orders: ReadonlyMap<ProviderId, Doubt>;
  readonly refunds: Doubt;
  /** Approvals that wait for a person, and those that a person has given and nobody has carried out yet. */
  readonly approvals: { readonly pending: number; readonly approved: number };
  readonly frozen: boolean;
  /** By the names that persons have filled them under; of very many, the first. */
  readonly budgets: readonly { readonly name: string; readonly leftFen: number }[];
  /** By channel. */
  readonly outbox: ReadonlyMap<string, Waiting & { readonly disabled: boolean }>;
}

/** Found by index, whatever the ledger holds. @param now ms */
export async function figuresOf(
  { all }: Pick<Tx, 'all'>,
  providers: readonly ProviderId[],
  channels: readonly string[],
  now: number,
): Promise<Figures> {
  const doubt = async (where: string, ...values: SqlValue[]): Promise<Doubt> => {
    const [row] = await all(
      `SELECT COUNT(*) AS count, MIN(created_at) AS since FROM (
         SELECT created_at FROM ${where} AND state = 'UNKNOWN' ORDER BY created_at LIMIT ${MOST}) AS oldest`,
      ...values,
    );
    const count = Number(row?.count);
    return { count, since: count === 0 ? undefined : Number(row?.since) };
  };
  const approvals = async (state: string): Promise<number> => {
    const [row] = await all(
      `SELECT COUNT(*) AS count FROM (
         SELECT 1 AS one FROM approvals WHERE state = ? AND expires_at > ? LIMIT ${MOST}) AS found`,
      state,
      now,
    );
    return Number(row?.count);
  };
  const orders = new Map<ProviderId, Doubt>();
  for (const id of providers) orders.set(id, await doubt('orders WHERE provider = ?', id));
  const outbox = new Map<string, Waiting & { readonly disabled: boolean }>();
  for (const channel of channels) {
    const [row] = await all('SELECT disabled_at FROM channels WHERE channel = ?', channel);
    const disabled = row !== undefined && row.disabled_at !== null;
    outbox.set(channel, { ...(await waitingFor({ all }, channel, now)), disabled });
  }
  const [frozen] = await all("SELECT value FROM meta WHERE key = 'frozen'");
  const budgets: Row[] = await all(
    `SELECT budget, filled_fen - held_fen AS left_fen FROM budgets WHERE filled_fen > 0
     ORDER BY budget LIMIT ${MOST_BUDGETS}`,
  );
  return {
    orders,
    refunds: await doubt('refunds WHERE 1 = 1'),
    approvals: { pending: await approvals('pending'), approved: await approvals('approved') },
    frozen: Boolean(frozen?.value),
    outbox,
    budgets: budgets.map((row) => ({ name: String(row.budget), leftFen: Number(row.left_fen) })),
  };
}
