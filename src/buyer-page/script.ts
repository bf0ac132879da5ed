/**
 * The page's whole script. It asks for the state, and when that is another one it fetches the page again and swaps
 * the order's section: no reload, and no HTML is ever built in the browser. Time is measured from the server's
 * seconds with the monotonic clock, because the buyer's wall clock may be wrong.
 */
export const SCRIPT = `(() => {
'use strict';
const here = location.pathname;
const announce = document.getElementById('announce');
const offline = document.getElementById('offline');
let section, shown, turnsAt, timer, looking = false, failures = 0;

const now = () => performance.now();
const mark = (o) => [o.state, o.closing, o.late, o.refunded || 'none', Number(o.secondsLeft) > 0].join();
const two = (n) => String(n).padStart(2, '0');

function adopt(next) {
  section = next;
  shown = mark(next.dataset);
  turnsAt = next.dataset.turns ? now() + next.dataset.turns * 1000 : Infinity;
  for (const button of section.querySelectorAll('[data-copy]')) button.hidden = false;
  tick();
}

function tick() {
  const left = Math.max(0, Math.ceil((turnsAt - now()) / 1000));
  const face = section.querySelector('[data-countdown]');
  if (face) {
    const h = Math.floor(left / 3600);
    face.textContent = (h ? h + ':' : '') + two(Math.floor(left / 60) % 60) + ':' + two(left % 60);
  }
  if (left > 0) return;
  // Time is up: nothing may be paid from here any more, whether or not the server can be reached.
  turnsAt = Infinity;
  for (const gone of section.querySelectorAll('[data-pay],[data-left]')) gone.remove();
  const over = section.querySelector('[data-over]');
  if (over) over.hidden = false;
  shown = '';
  look();
}

async function get(path) {
  const answer = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(10000) });
  if (!answer.ok) throw answer.status;
  return answer;
}

async function swap() {
  const page = new DOMParser().parseFromString(await (await get(here + location.search)).text(), 'text/html');
  const next = page.getElementById('order');
  const held = section.contains(document.activeElement);
  section.replaceWith(next);
  document.title = page.title;
  if (mark(next.dataset) !== shown) announce.textContent = next.getAttribute('aria-label');
  adopt(next);
  if (held) next.focus();
}

async function look() {
  clearTimeout(timer);
  if (looking) return;
  looking = true;
  try {
    const told = await (await get(here + '/state')).json();
    const drift = now() + told.secondsLeft * 1000 - turnsAt;
    if (mark(told) !== shown || drift > 3000) await swap();
    else if (told.secondsLeft > 0 && drift < -1500) turnsAt += drift;
    failures = 0;
  } catch (reason) {
    if (reason === 404) return location.reload();
    failures += 1;
  } finally {
    looking = false;
  }
  offline.hidden = failures < 2;
  plan();
}

function plan() {
  clearTimeout(timer);
  const period = Number(section.dataset.poll);
  if (!period) return;
  const calm = document.hidden ? Math.max(period, 10000) : period;
  timer = setTimeout(look, Math.min(calm * 2 ** Math.min(failures, 5), Math.max(calm, 30000)));
}

async function copy(button) {
  const address = location.origin + here;
  let done = false;
  try {
    await navigator.clipboard.writeText(address);
    done = true;
  } catch {
    // No clipboard for pages over plain http, nor in some apps.
    const field = document.createElement('textarea');
    field.value = address;
    field.className = 'quiet';
    document.body.append(field);
    field.select();
    done = document.execCommand('copy');
    field.remove();
    button.focus();
  }
  announce.textContent = button.textContent = done ? button.dataset.copied : button.dataset.failed;
}

const wake = () => { if (!document.hidden) look(); };
document.addEventListener('visibilitychange', wake);
addEventListener('pageshow', (event) => { if (event.persisted) wake(); });
addEventListener('online', wake);
document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-copy]');
  if (button) copy(button);
});
adopt(document.getElementById('order'));
setInterval(tick, 250);
plan();
})();
`;
