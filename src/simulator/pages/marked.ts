import { html, type Markup } from '../../html/markup.ts';

/** What group robots make of Markdown: headings, lists, quotes, bold, links. */
export function marked(text: string): Markup[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, mark = '', rest = ''] = /^(#{1,6} |- |> )?(.*)$/.exec(line) ?? [];
      if (mark.startsWith('#')) return html`<p class="heading">${inline(rest)}</p>`;
      if (mark === '- ') return html`<p class="item">${inline(rest)}</p>`;
      return mark === '> ' ? html`<blockquote>${inline(rest)}</blockquote>` : html`<p>${inline(rest)}</p>`;
    });
}

const PARTS = /\*\*([^*]+)\*\*|\[([^\]]+)\]\((https?:\/\/[^)\s]+)\)/g;

function inline(line: string): Markup[] {
  const found: Markup[] = [];
  let from = 0;
  for (const match of line.matchAll(PARTS)) {
    const [all, bold, text, url] = match;
    found.push(html`${line.slice(from, match.index)}`);
    found.push(
      bold === undefined
        ? html`<a rel="noreferrer noopener" href="${url ?? ''}">${text ?? ''}</a>`
        : html`<b>${bold}</b>`,
    );
    from = match.index + all.length;
  }
  return [...found, html`${line.slice(from)}`];
}
