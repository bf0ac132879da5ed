import { html, type Markup } from '../html/markup.ts';

export { html, Markup, trusted } from '../html/markup.ts';

/** Text of somebody else: isolated, so that its writing direction cannot turn the page around it. */
export function foreign(text: string): Markup {
  return html`<bdi translate="no">${text}</bdi>`;
}
