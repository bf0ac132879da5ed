import { type Markup, trusted } from './markup.ts';
import type { Phase } from './phase.ts';

/** Decoration only: the words beside it say the same. `inner` is drawn on a 64 × 64 grid. */
function icon(kind: string, inner: string): Markup {
  return trusted(
    `<svg class="icon ${kind}" viewBox="0 0 64 64" fill="none" stroke="currentColor" stroke-width="4" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${inner}</svg>`,
  );
}

const DONE = icon(
  'done',
  '<circle class="disc" cx="32" cy="32" r="30"/><path class="tick" pathLength="1" d="M19 33l9 9 18-19"/>',
);
const WAIT = icon('wait', '<circle cx="32" cy="32" r="26"/><path d="M32 18v15l9 6"/>');
const STOP = icon('stop', '<circle cx="32" cy="32" r="26"/><path d="M20 32h24"/>');
const BACK = icon(
  'back',
  '<circle cx="32" cy="32" r="26"/><path d="M44 38a8 8 0 0 0-8-8H21M27 23l-7 7 7 7"/>',
);
const PHONE = icon('wait', '<rect x="19" y="7" width="26" height="50" rx="5"/><path d="M29 49h6"/>');

/** The picture of a phase. */
export function iconOf(phase: Phase): Markup {
  switch (phase) {
    case 'paid':
    case 'paid-late':
      return DONE;
    case 'approval':
    case 'preparing':
    case 'confirming':
    case 'unknown':
      return WAIT;
    case 'refunded-part':
    case 'refunded':
    case 'refund-unknown':
      return BACK;
    case 'payable':
      return PHONE;
    default:
      return STOP;
  }
}
