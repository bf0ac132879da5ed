import { type Context, Hono } from 'hono';
import { CashierError } from '../domain/errors.ts';
import { fen, fenFromYuan } from '../domain/money.ts';
import type { Entrance, Fields, OperatorOptions } from '../operator/entrance.ts';
import { onOneLine } from '../operator/form.ts';
import type { Frame } from '../operator/frame.ts';
import { redirect, reply } from '../operator/reply.ts';
import { SIGN_IN } from '../operator/sign-in-words.ts';
import { newNumber } from '../payments/beginnings.ts';
import type { ComparedDay } from '../payments/compare-day.ts';
import { MOST_REFUND_REASON, type PersonsRefund, refundByPerson } from '../payments/refund-by-person.ts';
import { isNotAllowed, mayDo, onRecord, type Person } from '../persons/person.ts';
import type { SignedIn } from '../persons/sessions.ts';
import { closeConfirmPage, refundConfirmPage } from './confirm-page.ts';
import { orderPage } from './order-page.ts';
import { canBeClosed, type OrderView, orderOf, readOrder } from './order-view.ts';
import { WORDS } from './words.ts';

/** What takes a process with the merchant's keys. */
export interface Deeds {
  /** Throws CashierError where it was not done. */
  readonly close?: (person: Person, outTradeNo: string) => Promise<unknown>;
  /** As {@link compareDay}. */
  readonly compare?: (date: string) => Promise<readonly ComparedDay[]>;
}

/** One order: its page, and what a person does with it. A GET asks, and only the form that it shows does anything. */
export function orderRoutes(
  options: OperatorOptions,
  { frame, show, act, badForm, plain }: Entrance,
  { close }: Deeds,
): Hono {
  const { ledger, clock, randomBytes } = options;
  const routes = new Hono();
  const pathOf = (c: Context, more = '') => `/console/orders/${c.req.param('number')}${more}`;
  const missing = (c: Context) => plain(c, 404, '/console/orders', WORDS.noOrder, WORDS.noOrderAdvice);
  const notAllowed = (c: Context) => plain(c, 403, pathOf(c), SIGN_IN.notAllowed, SIGN_IN.notAllowedAdvice);
  const undone = (c: Context, error: CashierError) => plain(c, 409, pathOf(c), error.text, error.next);

  /** Shows what is made of the order. */
  const ofOrder = (
    c: Context,
    more: string,
    page: (page: Frame, view: OrderView, signedIn: SignedIn) => Response,
  ): Promise<Response> =>
    show(c, pathOf(c, more), {}, async (opened, signedIn) => {
      const view = await ledger.read((book) => readOrder(book, c.req.param('number') ?? '', opened.now));
      return view ? page(opened, view, signedIn) : missing(c);
    });
  /** Does it for whoever may, and says why not. */
  const done = (
    c: Context,
    more: string,
    deed: (person: Person, fields: Fields) => Promise<Response | undefined>,
  ): Promise<Response> =>
    act(c, pathOf(c, more), async ({ person }, fields) => {
      try {
        const answer = await deed(person, fields);
        return answer ?? redirect(frame(c, '').console(`/orders/${c.req.param('number')}`));
      } catch (error) {
        if (error instanceof CashierError && !isNotAllowed(error)) return undone(c, error);
        throw error;
      }
    });

  routes.get('/console/orders/:number', (c) =>
    ofOrder(c, '', (page, view, { person }) => {
      const may = {
        refund: mayDo(person, 'refund'),
        close: mayDo(person, 'close') && (close === undefined ? ('elsewhere' as const) : true),
      };
      return reply(200, orderPage(page, view, may, newNumber(options, 'R')));
    }),
  );

  routes.get('/console/orders/:number/refund', (c) =>
    ofOrder(c, '/refund', (page, view, { person }) => {
      if (!mayDo(person, 'refund')) return notAllowed(c);
      const { number = '', yuan = '', reason = '' } = c.req.query();
      const wish = wishOf(c, number, reason);
      if (!wish) return badForm(c, 400, pathOf(c));
      const refundFen = fenFromYuan(yuan.trim().replace(/^[¥￥]/, ''));
      if (!refundFen || refundFen > view.sums.leftFen) {
        return plain(c, 400, pathOf(c), WORDS.notDone, WORDS.badSum);
      }
      return reply(200, refundConfirmPage(page, view, { ...wish, refundFen }));
    }),
  );
  routes.post('/console/orders/:number/refund', (c) =>
    done(c, '/refund', async (person, fields) => {
      const { number = '', fen: sum = '', reason = '' } = Object.fromEntries(fields);
      const wish = wishOf(c, number, reason);
      if (!wish || !/^[1-9]\d{0,11}$/.test(sum)) return badForm(c, 400, pathOf(c));
      const refund = { ...wish, refundFen: fen(Number(sum)) };
      await onRecord(ledger.as(person.acting('console')), wish, (book) =>
        refundByPerson(book, person, refund, { now: clock.now(), randomBytes }),
      );
      return undefined;
    }),
  );

  routes.get('/console/orders/:number/close', (c) =>
    ofOrder(c, '/close', (page, view, { person }) => {
      if (!mayDo(person, 'close')) return notAllowed(c);
      if (!close) return plain(c, 409, pathOf(c), WORDS.notDone, WORDS.closeElsewhere);
      if (!canBeClosed(view.order)) return redirect(page.console(`/orders/${view.order.outTradeNo}`));
      return reply(200, closeConfirmPage(page, view));
    }),
  );
  routes.post('/console/orders/:number/close', (c) =>
    done(c, '/close', async (person) => {
      if (!close) return plain(c, 409, pathOf(c), WORDS.notDone, WORDS.closeElsewhere);
      const number = c.req.param('number') ?? '';
      if (!(await ledger.read((book) => orderOf(book, number)))) return missing(c);
      await close(person, number);
      return undefined;
    }),
  );
  return routes;
}

/** Undefined where its number or reason cannot have come from our form. */
function wishOf(
  c: Context,
  number: string,
  reason: string,
): (Omit<PersonsRefund, 'refundFen'> & { readonly outRefundNo: string }) | undefined {
  const line = onOneLine(reason);
  if (!/^R\w{1,63}$/.test(number) || [...line].length > MOST_REFUND_REASON) return undefined;
  return {
    outTradeNo: c.req.param('number') ?? '',
    outRefundNo: number,
    reason: line === '' ? undefined : line,
  };
}
