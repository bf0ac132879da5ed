import type { Frame } from '../operator/frame.ts';
import { html, type Markup } from '../operator/markup.ts';
import { WALLETS } from '../providers/registry.ts';
import { dayName, walletName, yuan } from './cells.ts';
import type { Day } from './overview.ts';
import { WORDS } from './words.ts';

/** The drawing's own measure; it is stretched to whatever room there is, and so has no text in it. */
const WIDTH_OF_DAY = 20;
const BAR = 14;
const HEIGHT = 200;

/** What came in above the line, by wallet, and what went back below it. The table beside it says the same. */
export function chart(frame: Frame, days: readonly Day[]): Markup {
  const up = Math.max(0, ...days.map(({ paidFen }) => paidFen));
  const down = Math.max(0, ...days.map(({ refundedFen }) => refundedFen));
  const scale = HEIGHT / Math.max(1, up + down);
  const line = up * scale;
  const width = days.length * WIDTH_OF_DAY;
  const bars = days.map((day, i) => {
    const x = i * WIDTH_OF_DAY + (WIDTH_OF_DAY - BAR) / 2;
    let y = line;
    const paid = [...day.byWallet].map(([id, { paidFen }]) => {
      y -= paidFen * scale;
      return bar(`pays ${id}`, x, y, paidFen * scale);
    });
    const what = `${dayName(day.day)} ${frame.say(WORDS.collected)} ${yuan(day.paidFen)} ${frame.say(WORDS.refunded)} ${yuan(day.refundedFen)}`;
    return html`<g><title>${what}</title><rect class="day" x="${i * WIDTH_OF_DAY}" y="0" width="${WIDTH_OF_DAY}" height="${HEIGHT}"/>${paid}${bar('gave', x, line, day.refundedFen * scale)}</g>`;
  });
  const ids = [...new Set(days.flatMap(({ byWallet }) => [...byWallet.keys()]))];
  const [first, last] = [days[0], days.at(-1)];
  return html`<figure class="chart"><figcaption class="legend">${ids.map((id) => html`<span><i class="key ${known(id)}"></i>${walletName(frame, id)}</span>`)}<span><i class="key gave"></i>${frame.say(WORDS.refunded)}</span></figcaption>
<p class="small soft peak">${frame.say(WORDS.highest)} <span class="sum">${yuan(up)}</span></p>
<svg viewBox="0 0 ${width} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${frame.say(WORDS.chart)}${frame.language === 'zh' ? '。' : '. '}${frame.say(WORDS.chartAlt)}">${bars}<rect class="axis" x="0" y="${rounded(Math.min(line, HEIGHT - 1))}" width="${width}" height="1"/></svg>
<div class="axes small soft"><span>${first ? dayName(first.day) : ''}</span><span>${last ? dayName(last.day) : ''}</span></div></figure>`;
}

function bar(name: string, x: number, y: number, height: number): Markup {
  return html`<rect class="${name}" x="${x}" y="${rounded(y)}" width="${BAR}" height="${rounded(height)}"/>`;
}

/** A wallet that is in the list has a colour of its own. */
function known(id: string): string {
  return WALLETS.some((wallet) => wallet.id === id) ? id : '';
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
