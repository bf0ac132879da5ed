import { type Context, Hono } from 'hono';
import { CashierError } from '../domain/errors.ts';
import { SUBSCRIPTION_STATES } from '../ledger/subscription-machine.ts';
import type { Entrance, OperatorOptions } from '../operator/entrance.ts';
import { redirect, reply } from '../operator/reply.ts';
import { SIGN_IN } from '../operator/sign-in-words.ts';
import { endByPerson } from '../payments/agreements/end.ts';
import { isEnding } from '../payments/agreements/learn.ts';
import { placeIn } from '../payments/list-payments.ts';
import { isNotAllowed, mayDo } from '../persons/person.ts';
import { cancelPage, subscriptionPage, subscriptionsPage } from './subscriptions-page.ts';
import { findSubscriptions, readSubscription } from './subscriptions-view.ts';
import { WORDS } from './words.ts';

/** How many a page lists. */
const PAGE = 25;

/** What is charged again and again, and its end by a person. A GET asks, and only the form that it shows does anything. */
export function subscriptionRoutes(
  { ledger, clock }: OperatorOptions,
  { frame, show, act, plain }: Entrance,
): Hono {
  const routes = new Hono();
  const numberIn = (c: Context) => c.req.param('contract') ?? '';
  const pathOf = (c: Context, more = '') => `/console/subscriptions/${numberIn(c)}${more}`;
  const missing = (c: Context) =>
    plain(c, 404, '/console/subscriptions', WORDS.noSubscription, WORDS.noOrderAdvice);
  const undone = (c: Context, error: CashierError) =>
    error.code === 'ORDER_NOT_FOUND' ? missing(c) : plain(c, 409, pathOf(c), error.text, error.next);

  routes.get('/console/subscriptions', (c) => {
    const { state: asked = '', after: place = '' } = c.req.query();
    const state = SUBSCRIPTION_STATES.find((one) => one === asked);
    const from = place === '' ? undefined : placeIn(place);
    const after = from && { createdAt: from.createdAt, contractNo: from.outTradeNo };
    const query = { ...(state && { state }), ...(from && { after: place }) };
    return show(c, '/console/subscriptions', query, async (page) =>
      reply(
        200,
        subscriptionsPage(
          page,
          await ledger.read((book) => findSubscriptions(book, { state, after }, PAGE, page.now)),
        ),
      ),
    );
  });
  routes.get('/console/subscriptions/:contract', (c) =>
    show(c, pathOf(c), {}, async (page, { person }) => {
      const view = await ledger.read((book) => readSubscription(book, numberIn(c), page.now));
      return view ? reply(200, subscriptionPage(page, view, mayDo(person, 'close'))) : missing(c);
    }),
  );
  routes.get('/console/subscriptions/:contract/cancel', (c) =>
    show(c, pathOf(c, '/cancel'), {}, async (page, { person }) => {
      const view = await ledger.read((book) => readSubscription(book, numberIn(c), page.now));
      if (!view) return missing(c);
      if (!mayDo(person, 'close'))
        return plain(c, 403, pathOf(c), SIGN_IN.notAllowed, SIGN_IN.notAllowedAdvice);
      if (isEnding(view.subscription)) return redirect(page.console(`/subscriptions/${numberIn(c)}`));
      return reply(200, cancelPage(page, view));
    }),
  );
  routes.post('/console/subscriptions/:contract/cancel', (c) =>
    act(c, pathOf(c, '/cancel'), async ({ person }) => {
      try {
        await endByPerson({ ledger: ledger.as(person.acting('console')), clock }, person, numberIn(c));
      } catch (error) {
        if (error instanceof CashierError && !isNotAllowed(error)) return undone(c, error);
        throw error;
      }
      return redirect(frame(c, '').console(`/subscriptions/${numberIn(c)}`));
    }),
  );
  return routes;
}
