import type { AppName } from '../names.ts';
import { SHEETS } from './sheets.ts';

/**
 * What both views do: speak with the host (JSON-RPC over postMessage), keep the latest that was proven, ask through
 * the host how it stands, and show it. Whatever comes from outside is set as text, never as HTML. `SHEET` says what is
 * particular to a view.
 * @see https://github.com/modelcontextprotocol/ext-apps/blob/main/specification/2026-01-26/apps.mdx#communication-protocol
 */
const CORE = `
const root = document.documentElement, main = document.querySelector('main'), said = document.getElementById('said');
const open = new Map();
let id = 0, caps = {}, lang = 0, input, seen, aside = {}, first, refusal, cancelled = false, told;
let fails = 0, looks = 0, asking = false, gone = false, inView = true, timer, base = Date.now(), baseAt = performance.now(), old = false, stale = false;

const send = (message) => parent.postMessage({ jsonrpc: '2.0', ...message }, '*');
const ask = (method, params, ms = 70000) => new Promise((done, fail) => {
  const own = ++id;
  open.set(own, { done, fail });
  setTimeout(() => { if (open.delete(own)) fail(new Error('no answer')); }, ms);
  send({ id: own, method, params });
});
const heard = {
  'ui/notifications/tool-input': (p) => { input = p.arguments || {}; draw(); },
  'ui/notifications/tool-result': (p) => { take(p); stale = old; draw(); plan(old ? 0 : next()); },
  'ui/notifications/tool-cancelled': () => { cancelled = !seen; draw(); },
  'ui/notifications/host-context-changed': (p) => { dress(p); draw(); },
};
addEventListener('message', ({ source, data }) => {
  if (source !== parent || typeof data !== 'object' || !data || data.jsonrpc !== '2.0') return;
  if (data.method === undefined) {
    const waiting = open.get(data.id);
    open.delete(data.id);
    if (!waiting) return;
    if (data.error) waiting.fail(Object.assign(new Error('refused by the host'), { host: true }));
    else waiting.done(data.result || {});
  } else if (data.id === undefined) {
    if (Object.hasOwn(heard, data.method)) heard[data.method](data.params || {});
  } else if (data.method === 'ping' || data.method === 'ui/resource-teardown') {
    if (data.method !== 'ping') { gone = true; clearTimeout(timer); }
    send({ id: data.id, result: {} });
  } else send({ id: data.id, error: { code: -32601, message: 'Method not found' } });
});

function dress({ theme, locale, styles }) {
  if (theme) root.style.colorScheme = theme === 'dark' ? 'dark' : 'light';
  if (locale) lang = /^zh\\b/i.test(locale) ? 0 : 1;
  root.lang = lang ? 'en' : 'zh-CN';
  const given = (styles && styles.variables) || {};
  // A ground of theirs with a text of ours, or the other way round, might not be readable.
  const colours = given['--color-background-primary'] && given['--color-text-primary'];
  for (const [name, value] of Object.entries(given)) {
    if (/^--(font|border-radius)-/.test(name) || (colours && /^--color-/.test(name))) root.style.setProperty(name, value || '');
  }
}

function take(result, fresh) {
  const { structuredContent, isError, content = [], _meta = {} } = result;
  const text = content.map((part) => part.text || '').join('\\n');
  if (isError) {
    if (fresh) throw new Error('refused');
    let told;
    try { told = JSON.parse(content[0].text); } catch { told = {}; }
    refusal = String(told.message || '');
    return;
  }
  refusal = undefined;
  cancelled = false;
  const beside = _meta['cashier/view'] || {};
  const next = structuredContent || beside.told;
  if (!next) return;
  const image = content.find((part) => part.type === 'image' && part.mimeType === 'image/png');
  const was = seen;
  seen = next;
  aside = { ...(image && { qr: image.data }), ...beside };
  if (!aside.qr && was && was.qrCode === seen.qrCode) aside.qr = take.qr;
  take.qr = aside.qr;
  const now = Number(aside.now) || Date.now();
  old = Math.abs(Date.now() - now) > 60000;
  // A host may show an old answer again, and a device's clock may be wrong: until the server is heard, the later one.
  base = fresh ? now : Math.max(now, Date.now());
  baseAt = performance.now();
  if (first === undefined) first = seen.state;
  if (fresh && first !== seen.state) tell(text);
}

/** Once for each state that the tool's own answer did not have. */
function tell(text) {
  if (told === seen.state) return;
  told = seen.state;
  const content = [{ type: 'text', text }];
  if (caps.updateModelContext) ask('ui/update-model-context', { content }).catch(() => {});
  else if (caps.message && (looks > 1 || !stale)) ask('ui/message', { role: 'user', content }).catch(() => {});
}

const clock = () => base + performance.now() - baseAt;
const ends = () => SHEET.ends(seen);
function plan(ms) {
  clearTimeout(timer);
  if (!gone && ms !== undefined) timer = setTimeout(look, ms);
}
async function look(byHand) {
  if (asking || gone || !seen || (!byHand && (document.hidden || !inView))) return;
  asking = true;
  try {
    // A wait is for what differs from what the server knows, which may differ already from what is shown here.
    const wait = old || fails || byHand || seen.state !== 'NOTPAY' ? 0 : 25;
    const result = await ask('tools/call', { name: SHEET.tool, arguments: SHEET.args(seen, wait) });
    looks += 1;
    take(result, true);
    fails = 0;
  } catch (error) {
    // What a host refuses it will refuse again.
    fails += error.host ? 3 : 1;
  }
  asking = false;
  draw();
  plan(next());
}
function next() {
  if (!seen || SHEET.rests(seen, clock()) || fails > 5) return undefined;
  return Math.min(60000, fails ? 1000 * 2 ** fails : (seen.state === 'NOTPAY' ? 1000 : 3000) * 1.15 ** Math.max(0, looks - 20));
}

const w = (name) => W[name][lang];
const two = (n) => String(n).padStart(2, '0');
const face = (ms) => {
  const s = Math.max(0, Math.ceil(ms / 1000));
  return (s >= 3600 ? Math.floor(s / 3600) + ':' : '') + two(Math.floor(s / 60) % 60) + ':' + two(s % 60);
};
const yuan = (sum) => sum && '¥' + String(sum).replace(/\\B(?=(\\d{3})+(?!\\d))(?<!\\.\\d*)/g, ',');
const moment = (time) => time && String(time).slice(0, 16).replace('T', ' ') + w('beijing');
function h(tag, is, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(is || {})) if (value !== undefined) e.setAttribute(name, value);
  e.append(...children.flat().filter((child) => child !== undefined && child !== ''));
  return e;
}
/** Words of somebody else: their direction cannot turn what stands around them. */
const bdi = (text) => text && h('bdi', { translate: 'no' }, String(text));
const quote = (name, text) => (text ? h('div', { class: 'said' }, h('small', {}, w(name)), bdi(text)) : undefined);
const rows = (...all) => {
  const told = all.filter(([, value]) => value).map(([name, value]) => h('div', {}, h('dt', {}, w(name)), h('dd', {}, bdi(value))));
  return told.length ? h('dl', {}, told) : undefined;
};
const button = (name, does, main) => {
  const e = h('button', { type: 'button', 'data-key': name, ...(main && { class: 'main' }) }, w(name));
  e.addEventListener('click', does);
  return e;
};
function link(name, url, main) {
  if (!/^https?:\\/\\//.test(url || '')) return undefined;
  const box = h('div', {}, button(name, async () => {
    const done = await ask('ui/open-link', { url }).catch(() => ({ isError: true }));
    if (done.isError && box.childNodes.length < 2) box.append(h('p', { class: 'url', role: 'alert' }, w('notOpened'), h('br'), url));
  }, main));
  return box;
}

let drawn = '';
function draw() {
  const phase = cancelled ? 'cancelled' : refusal !== undefined ? 'refused' : seen ? SHEET.phase(seen, clock()) : 'asked';
  const [tone, badge, headline, advice] = PHASES[phase], s = seen || {};
  const lost = fails > 5 ? 'deaf' : fails > 1 ? 'lost' : '';
  const mark = JSON.stringify([phase, lang, seen, aside.qr, lost, input, refusal]);
  if (mark === drawn) return tick();
  drawn = mark;
  const held = document.activeElement && document.activeElement.dataset.key;
  const head = headline[lang].replace('{app}', SHEET.app(s));
  const parts = SHEET.parts(s, phase);
  const amount = SHEET.amount(s) || SHEET.amount(input || {});
  const of = s.trial ? 'trial' : 'simulated', bar = document.querySelector('header');
  bar.hidden = !s[of];
  bar.textContent = w(of);
  main.className = tone;
  main.replaceChildren(
    h('div', { class: 'top' }, parts.glyph, h('h1', {}, parts.heading), h('p', { class: 'badge' }, badge[lang])),
    h('div', parts.pay ? { class: 'wide' } : {},
      h('div', {},
        amount && h('p', { class: amount.length > 8 ? 'amount long' : 'amount' }, yuan(amount)),
        h('h2', {}, head),
        refusal ? h('p', { class: 'advice' }, bdi(refusal)) : advice && h('p', { class: 'advice' }, advice[lang]),
        parts.left && h('p', { class: 'left' }, parts.left, h('b', { role: 'timer' }))),
      parts.pay,
      h('div', { class: 'rest' },
        phase === 'approval' ? link('openApproval', aside.approvalUrl, true) : undefined,
        parts.more,
        lost && h('p', { class: 'note' }, w(lost)),
        lost && next() === undefined ? button('check', () => look(true)) : undefined)),
  );
  const again = held && main.querySelector('[data-key="' + held + '"]');
  if (again) again.focus();
  const words = badge[lang] + (lang ? '. ' : '。') + head;
  if (said.textContent !== words) said.textContent = words;
  tick();
}
let turned;
function tick() {
  const timer = main.querySelector('[role=timer]');
  if (timer) timer.textContent = face(ends() - clock());
  // Time alone turns what can be paid into what cannot.
  const over = Boolean(seen) && ends() <= clock();
  if (over !== turned) { turned = over; draw(); }
}
setInterval(tick, 500);
const wake = () => {
  const ms = next();
  if (!document.hidden && inView && !asking && ms !== undefined) plan(Math.min(ms, 1000));
};
document.addEventListener('visibilitychange', wake);
new IntersectionObserver(([{ isIntersecting }]) => { inView = isIntersecting; wake(); }).observe(main);

let size = '';
function measure() {
  const now = [Math.ceil(innerWidth), Math.ceil(root.getBoundingClientRect().height)];
  if (size === now.join()) return;
  size = now.join();
  send({ method: 'ui/notifications/size-changed', params: { width: now[0], height: now[1] } });
}
dress({ locale: navigator.language });
draw();
ask('ui/initialize', { protocolVersion: '2026-01-26', appInfo: { name: 'mcp-cashier', version: '1' }, appCapabilities: { availableDisplayModes: ['inline'] } })
  .then((result) => {
    caps = result.hostCapabilities || {};
    dress(result.hostContext || {});
    send({ method: 'ui/notifications/initialized', params: {} });
    new ResizeObserver(() => requestAnimationFrame(measure)).observe(document.body);
    draw();
  }, () => {});
`;

/** The whole script of a view. @param facts constants that stand before it, as JSON */
export function scriptOf(name: AppName, facts: Readonly<Record<string, unknown>>): string {
  const constants = Object.entries(facts).map(
    // As text within a page's script, where only this could end it.
    ([key, value]) => `const ${key} = ${JSON.stringify(value).replaceAll('<', '\\u003c')};`,
  );
  const written = `'use strict';\n${constants.join('\n')}\n${SHEETS[name]}${CORE}`;
  return `(() => {\n${slim(written)}})();\n`;
}

/** Everybody who shows a view downloads it: comments, indents and the spaces around signs stay here. */
function slim(code: string): string {
  const parts = code
    .replace(/^\s*(?:\/\/|\/\*\*).*\n/gm, '')
    .split(/('(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")/);
  const plain = (part: string) =>
    part
      .replace(/^\s+/gm, '')
      .replace(/ ?([!=+?:,;{}()<>&|*]+) ?/g, '$1')
      .replace(/([;,{(])\n/g, '$1');
  return parts.map((part, i) => (i % 2 === 0 ? plain(part) : part)).join('');
}
