import type { Clock } from '../domain/clock.ts';
import { CLOCKS_APART_MS } from '../domain/clock.ts';
import { defined } from '../domain/defined.ts';
import type { Log } from '../domain/ports.ts';
import type { Book } from '../ledger/book.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { PAGE } from '../ledger/trail-pages.ts';
import { ruleNameOf } from '../policy/rules.ts';
import { noticeDay } from './daily.ts';

/** From one look to the next (ms). */
const LOOK_EVERY_MS = 15_000;
/** Calls that the rules have refused are told of once in so long (ms) at most, however many there are. */
const SUMMED_UP_MS = 10 * 60_000;
/** So many approvals are told to have expired in one transaction. */
const MOST_EXPIRED = 50;

/** Up to which approval it was told that they have expired: `expiresAt id`. */
const EXPIRED_KEY = 'expired_told';
/** Up to which record, and when (ms), it was told what the rules have refused: `seq at`. */
const DENIED_KEY = 'denied_told';

type Noticing = { readonly ledger: Ledger; readonly clock: Clock; readonly log: Log };

/**
 * Records what comes about because time passes, or only in sum, until `signal` aborts: that an approval has expired,
 * what the rules have refused, and what a day came to. Each is recorded once, by whichever process looks first.
 * @param opened `dailyAtMs`: when (ms behind midnight) a day is summed up; undefined: nobody wants to hear of it
 */
export async function runNoticing(
  opened: Noticing & { readonly dailyAtMs?: number | undefined },
  signal: AbortSignal,
): Promise<void> {
  const { clock, log, dailyAtMs } = opened;
  const noticing = { ...opened, ledger: opened.ledger.as({ actor: 'system' }) };
  const daily = dailyAtMs === undefined ? [] : [() => noticeDay(noticing, dailyAtMs)];
  while (!signal.aborted) {
    for (const notice of [noticeExpired, noticeDenied, ...daily]) {
      await notice(noticing).catch((error: unknown) => log.error('noticing', { error: String(error) }));
    }
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}

/** A little late: by another machine's clock it may not be over yet. */
async function noticeExpired({ ledger, clock }: Noticing): Promise<void> {
  const until = clock.now() - CLOCKS_APART_MS;
  const expired = async (book: Book) => {
    const told = await book.meta(EXPIRED_KEY);
    return told === undefined ? undefined : book.approvals.expired(markIn(told), until, MOST_EXPIRED);
  };
  const found = await ledger.read(expired);
  // What lies behind the first look nobody waits for any more.
  if (found === undefined) return ledger.note((book) => book.setMeta(EXPIRED_KEY, `${until} `));
  if (found.length === 0) return;
  await ledger.write(async (book) => {
    const now = (await expired(book)) ?? [];
    // What stands in its way may be another thing by when this is told.
    for (const approval of now) {
      const { id, code } = approval;
      await book.event(approval, 'approval-expired', { approval: id, ...defined({ code }) });
    }
    const last = now.at(-1);
    if (last) await book.setMeta(EXPIRED_KEY, `${last.expiresAt} ${last.id}`);
  });
}

function markIn(told: string): { readonly expiresAt: number; readonly id: string } {
  const [expiresAt, id = ''] = told.split(' ');
  return { expiresAt: Number(expiresAt), id };
}

async function noticeDenied({ ledger, clock }: Noticing): Promise<void> {
  const told = await ledger.read((book) => book.meta(DENIED_KEY));
  const now = clock.now();
  if (told === undefined) {
    return ledger.note(async (book) => book.setMeta(DENIED_KEY, `${await book.trail.head()} 0`));
  }
  const [seq = 0, at = 0] = told.split(' ').map(Number);
  if (at <= now && now - at < SUMMED_UP_MS) return;
  const rules: Record<string, number> = {};
  let [upTo, count, since] = [seq, 0, 0];
  for (let isLast = false; !isLast; ) {
    const page = await ledger.read(({ trail }) => trail.page(upTo, ['result']));
    for (const { at: when, detail } of page.records) {
      if (detail.code !== 'POLICY_DENIED') continue;
      const rule = ruleNameOf(String(detail.rule)) ?? 'other';
      rules[rule] = (rules[rule] ?? 0) + 1;
      since ||= when;
      count += 1;
    }
    ({ upTo, isLast } = page);
  }
  if (upTo === seq) return;
  if (count === 0) {
    // Only now and then: it is no more than how far one has looked.
    if (upTo - seq >= PAGE) await ledger.note((book) => book.setMeta(DENIED_KEY, `${upTo} ${at}`));
    return;
  }
  await ledger.write(async (book) => {
    if ((await book.meta(DENIED_KEY)) !== told) return;
    await book.audit.append({ kind: 'policy-denied', detail: { count, since, rules } });
    await book.setMeta(DENIED_KEY, `${upTo} ${now}`);
  });
}
