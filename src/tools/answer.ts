import type { Outcome } from '../payments/till.ts';
import type { View } from './views.ts';

/** The language of every sentence of this process. */
export type Language = 'zh' | 'en';

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
}
