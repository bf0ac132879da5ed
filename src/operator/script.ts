import { PASSKEY_SCRIPT } from './passkey-script.ts';

/**
 * The pages' whole script; everything works without it. It counts down by the server's seconds and the monotonic
 * clock, says how much time is left, and asks for the page again, where there is a shorter way (`data-news`) only once
 * that says something else: when the page shows another state (`data-mark`), the live part is swapped. No HTML is ever
 * built in the browser.
 */
export const SCRIPT = `(() => {
'use strict';
const announce = document.getElementById('announce');
const offline = document.getElementById('offline');
const now = () => performance.now();
const two = (n) => String(n).padStart(2, '0');
// Where one is, is seen among sections that are scrolled; scrollIntoView would have the keyboard begin there, too.
const here = document.querySelector('.rooms [aria-current]')?.getBoundingClientRect();
const rooms = document.querySelector('.rooms ul');
if (here) rooms.scrollLeft += here.x + here.width / 2 - rooms.getBoundingClientRect().x - rooms.clientWidth / 2;
let live = document.getElementById('live');
if (!live) return;
let clocks = [], timer, looking = false, failures = 0;

function adopt(next) {
  live = next;
  clocks = [...live.querySelectorAll('[data-left]')].map((face) => {
    const left = Number(face.dataset.left);
    return { face, ends: now() + left * 1000, minutes: Math.ceil(left / 60) };
  });
  tick();
}

function tick() {
  for (const clock of clocks) {
    const left = Math.max(0, Math.ceil((clock.ends - now()) / 1000));
    clock.face.textContent = two(Math.floor(left / 60)) + ':' + two(left % 60);
    const minutes = Math.ceil(left / 60);
    if (clock.face.dataset.say && minutes < clock.minutes && (minutes === 5 || minutes === 1)) {
      announce.textContent = clock.face.dataset.say + ' ' + minutes;
    }
    clock.minutes = minutes;
    if (left > 0 || clock.over) continue;
    clock.over = true;
    // Whether or not the server can be reached, nothing is decided from here any more.
    if (clock.face.dataset.say) {
      for (const part of live.querySelectorAll('[data-decide]')) part.remove();
      const over = live.querySelector('[data-over]');
      if (over) { over.hidden = false; announce.textContent = over.textContent; }
    }
    look();
  }
}

async function ask(address) {
  const answer = await fetch(address, { cache: 'no-store', redirect: 'manual', signal: AbortSignal.timeout(10000) });
  if (answer.type === 'opaqueredirect') { location.reload(); throw answer.type; }
  if (!answer.ok) throw answer.status;
  return answer.text();
}

async function look() {
  clearTimeout(timer);
  if (looking) return;
  looking = true;
  try {
    const { news, mark } = live.dataset;
    if (!news || await ask(news) !== mark) {
      const page = new DOMParser().parseFromString(await ask(location.href), 'text/html');
      const next = page.getElementById('live');
      if (next && next.dataset.mark !== mark) take(page, next);
    }
    failures = 0;
  } catch {
    failures += 1;
  } finally {
    looking = false;
  }
  offline.hidden = failures < 2;
  plan();
}

function take(page, next) {
  // What somebody is reading, or has marked, is left alone where nothing of it has changed.
  if (next.innerHTML === live.innerHTML && next.dataset.announce === live.dataset.announce) live.dataset.mark = next.dataset.mark;
  else swap(page, next);
}

function swap(page, next) {
  const held = live.contains(document.activeElement) ? document.activeElement : null;
  const typed = live.querySelector('#reason')?.value;
  if (next.dataset.announce !== live.dataset.announce) announce.textContent = next.dataset.announce;
  live.replaceWith(next);
  document.title = page.title;
  const reason = next.querySelector('#reason');
  if (reason && typed) reason.value = typed;
  if (held) (held.id && document.getElementById(held.id) || next).focus();
  adopt(next);
}

function plan() {
  clearTimeout(timer);
  const period = Number(live.dataset.poll);
  if (!period) return;
  const calm = document.hidden ? period * 4 : period;
  timer = setTimeout(look, Math.min(calm * 2 ** Math.min(failures, 5), 60000));
}

const wake = () => { if (!document.hidden && Number(live.dataset.poll)) look(); };
document.addEventListener('visibilitychange', wake);
addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });
addEventListener('online', wake);
adopt(live);
setInterval(tick, 250);
plan();
})();
${PASSKEY_SCRIPT}`;
