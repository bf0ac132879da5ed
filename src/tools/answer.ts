/** The language of every sentence of this process. */
export type Language = 'zh' | 'en';

export interface ToolAnswer {
  /** The first text block: everything the model needs to go on. */
  readonly text: string;
  readonly structured: Readonly<Record<string, unknown>>;
  /** PNG, base64. */
  readonly image?: string;
}
