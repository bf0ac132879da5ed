import { Hono } from 'hono';
import { beijingDate, beijingMidnight, DAY_MS } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import { billNotes } from '../ledger/bill-notes.ts';
import type { Entrance, OperatorOptions } from '../operator/entrance.ts';
import { reply } from '../operator/reply.ts';
import type { ComparedDay } from '../payments/compare-day.ts';
import { insist, mayDo, onRecord } from '../persons/person.ts';
import { billsPage } from './bills-page.ts';
import type { Deeds } from './order-routes.ts';
import { WORDS } from './words.ts';

/** The gateways' bills: a page that asks for a day, and the comparison that its form sets going. */
export function billRoutes(
  { clock, ledger }: OperatorOptions,
  { frame, show, act }: Entrance,
  { compare }: Deeds,
): Hono {
  const routes = new Hono();
  /** Everybody who wants the same day at the same time shares one question. */
  const asked = new Map<string, Promise<readonly ComparedDay[]>>();
  const shared = (date: string, ask: NonNullable<Deeds['compare']>) => {
    const running = asked.get(date) ?? ask(date).finally(() => asked.delete(date));
    asked.set(date, running);
    return running;
  };
  const yesterday = () => beijingDate(clock.now() - DAY_MS);

  routes.get('/console/bills', (c) =>
    show(c, '/console/bills', {}, async (page, { person }) => {
      const canCompare = compare !== undefined && mayDo(person, 'close');
      const notes = Object.values(await ledger.read(billNotes));
      return reply(200, billsPage(page, { date: yesterday(), canCompare, notes }));
    }),
  );
  routes.post('/console/bills', (c) =>
    act(c, '/console/bills', async (signedIn, fields) => {
      const { person } = signedIn;
      await onRecord(ledger.as(person.acting('console')), {}, (book) => insist(book, person, 'close'));
      const page = frame(c, '/console/bills', signedIn);
      const date = fields.get('date') ?? '';
      if (!compare) return reply(409, billsPage(page, { date: yesterday(), canCompare: false }));
      const view = { date, canCompare: true };
      if (beijingMidnight(date) === undefined) {
        return reply(400, billsPage(page, { ...view, date: yesterday(), problem: WORDS.badDay }));
      }
      try {
        return reply(200, billsPage(page, { ...view, days: await shared(date, compare) }));
      } catch (error) {
        if (!(error instanceof CashierError)) throw error;
        return reply(400, billsPage(page, { ...view, problem: error.text }));
      }
    }),
  );
  return routes;
}
