import type { Text } from '../domain/errors.ts';
import { html, type Markup } from '../html/markup.ts';

export { html, Markup, trusted } from '../html/markup.ts';

/** Chinese first, English beneath. */
export function both(text: Text): Markup {
  return html`<span>${text.zh}</span><span class="en" lang="en">${text.en}</span>`;
}

/** Text of somebody else: isolated, so that its writing direction cannot turn the page around it. */
export function foreign(text: string): Markup {
  return html`<bdi translate="no">${text}</bdi>`;
}
