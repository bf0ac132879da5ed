import type { Outcome } from '../payments/till.ts';
import type { View } from './views.ts';

/** The language of every sentence of this process. */
export type Language = 'zh' | 'en';

/** Beside a structure. Nothing in it is enough to approve, or anything that the model must not see. */
export interface Aside {
  /** When it was told (ms): a device's clock may be wrong. */
  readonly now: number;
  /** The payee's name. */
  readonly payee?: string;
  /** PNG of the structure's `qrCode`, base64. */
  readonly qr?: string;
  /** Where a person who signs in decides. */
  readonly approvalUrl?: string;
}

export interface ToolAnswer<V extends View = View> {
  /** The first text block: everything the model needs to go on. */
  readonly text: string;
  /** A second text block, for tools whose first one has its words fixed. */
  readonly note?: string;
  /** Left out by tools whose clients read text only. */
  readonly structured?: Readonly<V>;
  /** What the audit trail keeps of it. */
  readonly outcome: Outcome;
  /** PNG, base64. */
  readonly image?: string;
  /** What a view beside the conversation shows and no model needs. */
  readonly aside?: () => Promise<Aside>;
}
