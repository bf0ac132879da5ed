import type { OrderState, ProviderId, Scene } from '../domain/order.ts';

/** Everything the page may show; built by the money path from the ledger. All instants are ms since the epoch. */
export interface CashierView {
  readonly provider: ProviderId;
  readonly scene: Scene;
  readonly state: OrderState;
  readonly amountYuan: string;
  readonly title: string;
  readonly outTradeNo: string;
  readonly expiresAt: number;
  /** When the code or link dies, where that is earlier than the order. */
  readonly linkExpiresAt?: number;
  readonly closing: boolean;
  readonly late: boolean;
  readonly qrCode?: string;
  readonly payUrl?: string;
  readonly simulated: boolean;
  /** Simulator only: its own page, where a click pays. */
  readonly simulatorUrl?: string;
}

/**
 * Looks an order up by its 128-bit page token (16 bytes in base64url: 22 characters); undefined = no such page.
 * It is only ever called with a well-formed token.
 */
export type CashierLookup = (token: string) => Promise<CashierView | undefined>;
