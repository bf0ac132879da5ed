import type { Page } from 'playwright-core';

/**
 * Runs in the page; gives what a person with a keyboard, a screen reader or weak eyes would stumble over. Written as
 * text because the types of a browser are not those of this project.
 */
const FINDINGS = `(() => {
const found = [];
const all = (selector) => [...document.querySelectorAll(selector)];
const name = (e) => e.tagName.toLowerCase() + (e.id ? '#' + e.id : '') + ' "' + e.textContent.trim().slice(0, 30) + '"';
const shown = (e) => { const b = e.getBoundingClientRect(); return b.width > 0 && b.height > 0 && getComputedStyle(e).visibility === 'visible'; };

if (!document.documentElement.lang) found.push('no language');
for (const landmark of ['main', 'body > header']) {
  if (all(landmark).length !== 1) found.push(all(landmark).length + ' × ' + landmark);
}
const levels = all('h1,h2,h3,h4,h5,h6').filter(shown).map((e) => Number(e.tagName[1]));
if (levels.filter((level) => level === 1).length !== 1) found.push('not one h1');
levels.forEach((level, i) => { if (level > (levels[i - 1] ?? 0) + 1) found.push('heading skips to h' + level); });

const ids = all('[id]').map((e) => e.id);
for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) found.push('id twice: ' + id);
for (const attribute of ['aria-labelledby', 'aria-describedby', 'for']) {
  for (const e of all('[' + attribute + ']')) {
    for (const id of e.getAttribute(attribute).split(' ')) if (!document.getElementById(id)) found.push(attribute + ' nowhere: ' + id);
  }
}
for (const e of all('input:not([type=hidden]),select,textarea')) if (!e.labels.length) found.push('no label: ' + name(e));
for (const e of all('a,button')) if (!e.textContent.trim()) found.push('no name: ' + name(e));
for (const e of all('section')) if (!e.getAttribute('aria-labelledby') && !e.querySelector('h1')) found.push('nameless section');
for (const e of all('[tabindex]')) if (e.tabIndex > 0) found.push('tabindex: ' + name(e));
for (const e of all('button,input:not([type=hidden]),a.button,a.tool').filter(shown)) {
  if (e.getBoundingClientRect().height < 40) found.push('too small to touch: ' + name(e));
}
if (document.documentElement.scrollWidth > document.documentElement.clientWidth) {
  found.push('scrolls sideways: ' + document.documentElement.scrollWidth);
}

const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
const rgba = (color) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
};
const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
const light = (color) => {
  const [r, g, b] = color.map((c) => { const v = c / 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
const ground = (e) => {
  const layers = [];
  for (let at = e; at; at = at.parentElement) {
    const style = getComputedStyle(at);
    if (style.backgroundImage !== 'none') return style.backgroundImage.match(/rgba?\\([^)]*\\)/g).map(rgba);
    const color = rgba(style.backgroundColor);
    if (color[3] > 0) layers.push(color);
    if (color[3] === 1) break;
  }
  return [layers.reverse().reduce((below, layer) => over(layer, below), rgba('canvas'))];
};
const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (words.nextNode()) {
  const e = words.currentNode.parentElement;
  if (!words.currentNode.textContent.trim() || !shown(e) || e.closest('script,.quiet,.skip')) continue;
  const style = getComputedStyle(e);
  const size = parseFloat(style.fontSize);
  const least = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
  for (const below of ground(e)) {
    const got = ratio(over(rgba(style.color), below), below);
    if (got < least) found.push('contrast ' + got.toFixed(2) + ': ' + name(e));
  }
  if (size < 13) found.push('small print ' + size + ': ' + name(e));
}
for (const e of all('input:not([type=hidden]),.plainly,.no').filter(shown)) {
  const edge = rgba(getComputedStyle(e).borderTopColor);
  const got = Math.min(...ground(e.parentElement).map((below) => ratio(over(edge, below), below)));
  if (got < 3) found.push('edge ' + got.toFixed(2) + ': ' + name(e));
}
return found;
})()`;

/** What is wrong with the page as it stands; nothing is right. */
export async function stumblingBlocks(page: Pick<Page, 'evaluate'>): Promise<string[]> {
  return (await page.evaluate(FINDINGS)) as string[];
}
