import { SHOWS, UPSTREAM_TROUBLES, WAYS } from './call-plan.ts';
import type { Event } from './history.ts';
import {
  LINE_TROUBLES,
  MOMENTS,
  NOTICE_TROUBLES,
  OWN_TROUBLES,
  type Plan,
  PROOF_TROUBLES,
  WORD_TROUBLES,
} from './plan.ts';
import { FATES } from './receiver.ts';
import { PLAYED } from './wallets/index.ts';

/** How often something was reached, by its name. */
export type Coverage = Record<string, number>;

/**
 * What has to be reached by any run of some thousand histories: what is never reached is not tried, whatever the
 * plans say.
 */
export const REQUIRED: readonly string[] = [
  ...[...LINE_TROUBLES, ...WORD_TROUBLES, ...PROOF_TROUBLES, ...OWN_TROUBLES].map((what) => `fault ${what}`),
  ...NOTICE_TROUBLES.map((trouble) => `notice ${trouble}`),
  ...MOMENTS.map((moment) => `died at ${moment}`),
  ...['PENDING_APPROVAL', 'DENIED', 'NOTPAY', 'PAID', 'CLOSED', 'UNKNOWN'].map((state) => `payment ${state}`),
  ...['PENDING_APPROVAL', 'DENIED', 'PROCESSING', 'SUCCESS', 'CLOSED', 'UNKNOWN'].map(
    (state) => `refund ${state}`,
  ),
  // ORDER_CLOSED is not among them: it is of a race that thousands of histories do not meet.
  ...['ORDER_NOT_FOUND', 'IDEMPOTENCY_CONFLICT', 'ALREADY_PAID', 'NOT_PAID', 'TRY_LATER'].map(
    (code) => `code ${code}`,
  ),
  ...['REFUND_EXCEEDS_PAID', 'POLICY_DENIED', 'FROZEN', 'GATEWAY_DECLINED', 'GATEWAY_UNAVAILABLE'].map(
    (code) => `code ${code}`,
  ),
  ...['OUTCOME_UNKNOWN', 'CONFIGURATION'].map((code) => `code ${code}`),
  ...['power-cut', 'disk full', 'disk error', 'clock', 'leap', 'stalled', 'frozen', 'approves', 'denies'],
  ...['replayed', 'paid late', 'closed at the gateway', 'ordered elsewhere', 'refunded elsewhere'],
  ...['notice forged', 'notice recut', 'notice replayed', 'notice refund', 'notice payment'],
  ...['told payment.paid', 'told refund.succeeded', 'told approval.decided'],
  ...FATES.map((fate) => `telling ${fate}`),
  ...['chosen', 'chosen otherwise', 'chosen too late'],
  ...WAYS.map((way) => `bought by ${way}`),
  ...SHOWS.map((shows) => `shown ${shows}`),
  ...UPSTREAM_TROUBLES.map((trouble) => `upstream ${trouble}`),
  ...['bill', 'result', 'paid back', 'refused'].map((what) => `served ${what}`),
  ...PLAYED.flatMap(({ id, operations }) => operations.map((operation) => `exchange ${id} ${operation}`)),
  ...PLAYED.flatMap(({ id }) => ['paid', 'refund'].map((what) => `book ${id} ${what}`)),
  ...PLAYED.map(({ id }) => `notice ${id} payment`),
  ...PLAYED.map(({ id }) => `chosen ${id}`),
  ...['sent again with the same bytes', 'unanswered', 'several processes', 'rsa'],
];

/** What one history has reached. */
export function reached(plan: Plan, events: readonly Event[]): Coverage {
  const counts: Coverage = {};
  const count = (name: string) => {
    counts[name] = (counts[name] ?? 0) + 1;
  };
  const bytes = new Set<string>();
  if (plan.processes.length > 1) count('several processes');
  if (plan.rsa) count('rsa');
  for (const event of events) {
    switch (event.kind) {
      case 'choice':
        if (event.shown === 'ORDER_CLOSED') count('chosen too late');
        else if (/ /.test(event.shown) && event.shown !== 'no page') {
          const isChosen = event.shown.startsWith(event.wallet);
          count(isChosen ? 'chosen' : 'chosen otherwise');
          if (isChosen) count(`chosen ${event.wallet}`);
        }
        break;
      case 'exchange': {
        if (event.fault !== undefined) count(`fault ${event.fault}`);
        const key = `${event.operation} ${event.outTradeNo} ${event.outRefundNo} ${event.digest}`;
        if (event.operation === 'create' || event.operation === 'refund') {
          if (bytes.has(key)) count('sent again with the same bytes');
          bytes.add(key);
        }
        count(`exchange ${event.gateway} ${event.operation}`);
        break;
      }
      case 'answer': {
        const { structured, error } = event;
        if (error) count(`code ${String(error.code)}`);
        else if (structured && 'state' in structured) {
          count(`${'outRefundNo' in structured ? 'refund' : 'payment'} ${String(structured.state)}`);
          if (structured.replayed === true) count('replayed');
        } else count('list');
        break;
      }
      case 'book':
        count(`book ${event.gateway} ${event.what}${event.elsewhere ? ' elsewhere' : ''}`);
        if (event.what === 'paid') count(event.late ? 'paid late' : 'paid');
        if (event.what === 'closed') count('closed at the gateway');
        if (event.elsewhere) count(event.what === 'refund' ? 'refunded elsewhere' : 'ordered elsewhere');
        break;
      case 'notice':
        count(`notice ${event.what}`);
        if (event.taken) count(`notice ${event.gateway} ${event.what}`);
        break;
      case 'trouble':
        count(`notice ${event.what}`);
        break;
      case 'ask':
        count(`shown ${event.shows}`);
        break;
      case 'served':
        count(`served ${event.what}`);
        if (event.code !== undefined) count(`paid call ${event.code}`);
        break;
      case 'buys':
        count(event.how === 'done' ? `bought by ${event.way}` : 'not bought');
        break;
      case 'executed':
        count(`upstream ${event.trouble ?? 'done'}`);
        break;
      case 'died':
        count(`died at ${event.where}`);
        break;
      case 'told':
        count(`told ${event.type}`);
        count(`telling ${event.fate}`);
        break;
      case 'disk':
        count(`disk ${event.fault}`);
        break;
      case 'person':
        if (event.how === 'done') count(event.what);
        break;
      default:
        count(event.kind);
    }
  }
  return counts;
}

export function merged(all: Coverage, one: Coverage): Coverage {
  for (const [name, count] of Object.entries(one)) all[name] = (all[name] ?? 0) + count;
  return all;
}
