import type { Violation } from './checker.ts';
import type { Event } from './history.ts';
import type { Plan } from './plan.ts';

/** A history as a story, a line for each thing that happened. */
export function tell(plan: Plan, events: readonly Event[], violations: readonly Violation[]): string {
  const names = new Map(events.flatMap((e) => (e.kind === 'call' ? [[e.id, e] as const] : [])));
  const lines = events.flatMap((event) => {
    const sentence = sentenceOf(event, names);
    return sentence === undefined ? [] : [`${clock(event.time)}  ${sentence}`];
  });
  return [
    `seed ${plan.seed}: ${plan.processes.map(processSentence).join('; ')}; ${plan.oneMachine ? 'one machine' : 'a machine each'}; rules: ${plan.rules}; ${plan.wallets.join(', ')}${plan.told ? '; a system is told' : ''}`,
    ...lines,
    ...violations.map(({ check, what }) => `✗ ${check}: ${what}`),
  ].join('\n');
}

function processSentence({ background, apartMs, fastPpm }: Plan['processes'][number], at: number): string {
  const how = [
    ...(background ? ['works in the background'] : []),
    ...(apartMs === 0 ? [] : [`is ${Math.abs(apartMs) / 1000} s ${apartMs > 0 ? 'ahead' : 'behind'}`]),
    ...(fastPpm === 0 ? [] : [`gains ${fastPpm} ppm`]),
  ];
  return `process ${at}${how.length > 0 ? ` ${how.join(', ')}` : ''}`;
}

/** `1:02:03.004` */
function clock(ms: number): string {
  const pad = (value: number, width = 2) => String(value).padStart(width, '0');
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 3600)}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}.${pad(ms % 1000, 3)}`;
}

const SHOWN = {
  nothing: 'and shows nothing',
  payment: 'with what pays the bill',
  altered: 'with something altered of what pays the bill',
  other: 'with what pays another call’s bill',
} as const;
const BOUGHT = { proof: 'by Alipay’s agent', code: 'by WeChat Pay’s code', page: 'on its page' } as const;

/** The beginning of a bill's number. */
const short = (bill: string) => bill.slice(0, 6);

function servedIn({ what, bill = '', code = '', text = '' }: Extract<Event, { kind: 'served' }>): string {
  switch (what) {
    case 'bill':
      return `the bill ${short(bill)}`;
    case 'result':
      return text;
    case 'paid back':
      return 'nothing was delivered, and the money goes back';
    case 'refused':
      return code;
  }
}

type Calls = ReadonlyMap<number, Extract<Event, { kind: 'call' }>>;

const refundOf = ({ outTradeNo, outRefundNo }: { outTradeNo: string; outRefundNo?: string | undefined }) =>
  outRefundNo === undefined ? outTradeNo : `refund ${outRefundNo} of ${outTradeNo}`;

function sentenceOf(event: Event, calls: Calls): string | undefined {
  switch (event.kind) {
    case 'call':
      return `${event.client} → process ${event.process}: ${event.tool} ${argumentsIn(event.args)} (call ${event.id})`;
    case 'answer': {
      const { tool, client } = calls.get(event.id) ?? {};
      return `${client} ← ${tool} (call ${event.id}): ${answerIn(event)}`;
    }
    case 'unanswered':
      return `call ${event.id} gets no answer: its process is gone`;
    case 'exchange': {
      const trouble = event.fault === undefined ? '' : ` [${event.fault}]`;
      const proven = event.proven ? '' : ', which proves nothing';
      const about = event.outTradeNo === '' ? event.outRefundNo : refundOf(event);
      return `process ${event.process} → ${event.gateway}: ${event.operation} ${about}${trouble} → ${event.said}${proven}`;
    }
    case 'book': {
      const whose = event.elsewhere ? ' by another system' : '';
      const what = { made: 'has the order', paid: 'is paid for', closed: 'closes', refund: 'gives back' };
      return `   ${event.gateway} ${what[event.what]} ${refundOf(event)} (${event.amountFen} fen)${whose}${event.late ? ', late' : ''}`;
    }
    case 'buyer':
      return `the buyer ${event.what} ${event.outTradeNo}${event.how === 'cannot' ? ', and cannot' : ''}`;
    case 'ask':
      return `a client → process ${event.process}: ${event.of} as a paid call, ${SHOWN[event.shows]}${event.bill === undefined ? '' : ` ${short(event.bill)}`} (call ${event.id})`;
    case 'served':
      return `a client ← call ${event.id}: ${servedIn(event)}`;
    case 'buys':
      return `the buyer pays the bill ${short(event.bill)} ${BOUGHT[event.way]}${event.how === 'cannot' ? ', and cannot' : `: order ${event.outTradeNo}`}`;
    case 'executed': {
      const how = event.trouble === undefined ? 'does it' : `[${event.trouble}]`;
      return `   the upstream is asked by process ${event.process} for ${event.of} (call ${event.ask}): ${how}${event.effect ? '' : ', and has done nothing'}`;
    }
    case 'choice':
      return `the buyer of ${event.outTradeNo} clicks on ${event.wallet}, and sees ${event.shown}`;
    case 'person':
      return `a person ${event.what} the ${event.of} ${refundOf(event)} (${event.amountFen} fen)${event.how === 'failed' ? ', in vain' : ''}`;
    case 'frozen':
      return 'a person stops everything';
    case 'thawed':
      return 'a person lets money move again';
    case 'filled':
      return `a person adds ${event.amountFen} fen to the budget of ${event.budget}`;
    case 'notice':
      return `${event.gateway} → process ${event.process}: ${event.what} notification of ${refundOf(event)}: ${event.taken ? 'taken' : 'not taken'}`;
    case 'trouble':
      return `   a notification of ${event.outTradeNo} goes wrong: ${event.what}`;
    case 'told':
      return `process ${event.process} tells ${event.type}${event.outTradeNo === undefined ? '' : ` of ${refundOf({ ...event, outTradeNo: event.outTradeNo })}`} (${event.id.split('_')[1]}): ${event.fate}`;
    case 'died':
      return `process ${event.process} dies (${event.where})`;
    case 'stalled':
      return `process ${event.process} stands still for ${event.ms / 1000} s`;
    case 'started':
      return `process ${event.process} is up`;
    case 'power-cut':
      return 'the power is cut';
    case 'disk':
      return `the next write to the disk fails: ${event.fault}`;
    case 'clock':
      return `the clock of process ${event.process} is set to ${event.apartMs} ms from the true time`;
    case 'leap':
      return `${event.ms / 1000} s go by`;
    case 'quiet':
      return 'nothing goes wrong from here on';
    case 'alarm':
      return `process ${event.process} logs an error: ${event.what}`;
  }
}

function argumentsIn(args: Readonly<Record<string, unknown>>): string {
  return Object.entries(args)
    .filter(([name]) => name !== 'title')
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(' ');
}

function answerIn({ structured, error }: Extract<Event, { kind: 'answer' }>): string {
  if (error) return `${String(error.code)}: ${String(error.message)}`;
  if (!structured) return 'nothing';
  if ('items' in structured) return `${(structured.items as readonly unknown[]).length} payments`;
  const { outTradeNo, outRefundNo, state, replayed, closing, late } = structured;
  const about = outRefundNo === undefined ? String(outTradeNo) : `refund ${String(outRefundNo)}`;
  const more = [replayed ? 'replayed' : '', closing ? 'closing' : '', late ? 'late' : ''].filter(Boolean);
  return `${about} ${String(state)}${more.length > 0 ? ` (${more.join(', ')})` : ''}`;
}
