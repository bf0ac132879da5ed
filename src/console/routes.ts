import { type Context, Hono } from 'hono';
import { beijingDate } from '../domain/clock.ts';
import { entrance, type OperatorOptions } from '../operator/entrance.ts';
import { reply, text } from '../operator/reply.ts';
import { WORDS as OPERATOR_WORDS } from '../operator/words.ts';
import { billRoutes } from './bill-routes.ts';
import { channelsPage, readChannels } from './channels-page.ts';
import { findOrders } from './find-orders.ts';
import { type Deeds, orderRoutes } from './order-routes.ts';
import { ordersPage } from './orders-page.ts';
import { markOf, PERIODS, type Period, readOverview } from './overview.ts';
import { overviewPage } from './overview-page.ts';
import { rulesPage } from './rules-page.ts';
import { readRules } from './rules-view.ts';
import { daysSheet, ordersSheet, sheet } from './sheets.ts';
import { subscriptionRoutes } from './subscription-routes.ts';
import { readWish } from './wish.ts';
import { WORDS } from './words.ts';

/** How many orders a page lists. */
const PAGE = 25;

/**
 * The console below `/console`: what came in, every order, and what a person may do with it. Whoever is let in by the
 * operator's pages is let in here.
 */
export function consoleRoutes(options: OperatorOptions, deeds: Deeds = {}): Hono {
  const { ledger, log } = options;
  const doors = entrance(options);
  const { whoIs, show, toSignIn, plain } = doors;
  const routes = new Hono();
  routes.onError((error, c) => {
    log.error('console', { error: String(error) });
    const { unavailable, unavailableAdvice } = OPERATOR_WORDS;
    return plain(c, 503, '/console', unavailable, unavailableAdvice, { 'Retry-After': '5' });
  });
  routes.use('/console/*', async (c, next) => {
    if (['GET', 'HEAD', 'POST'].includes(c.req.method)) return next();
    const { refused, refusedAdvice } = OPERATOR_WORDS;
    return plain(c, 405, '/console', refused, refusedAdvice, { Allow: 'GET, HEAD, POST' });
  });

  routes.get('/console', (c) => {
    const period = periodIn(c);
    const query = period === DEFAULT_PERIOD ? {} : { days: String(period) };
    return show(c, '/console', query, async (page) => {
      const view = await ledger.read((book) => readOverview(book, period, page.now));
      return reply(200, overviewPage(page, view));
    });
  });
  routes.get('/console/news', (c) =>
    show(c, '/console/news', {}, async ({ now }) => text(await ledger.read((book) => markOf(book, now)))),
  );
  routes.get('/console/days.csv', (c) =>
    show(c, '/console', {}, async ({ now }) => {
      const { charted } = await ledger.read((book) => readOverview(book, periodIn(c), now));
      return sheet(`takings-${beijingDate(now)}`, daysSheet(charted));
    }),
  );

  routes.get('/console/orders', (c) => {
    const wish = readWish(c.req.query());
    return show(c, '/console/orders', wish.query, async (page) => {
      const mark = await ledger.read((book) => markOf(book, page.now));
      return reply(200, ordersPage(page, wish, await findOrders(options, wish, PAGE), mark));
    });
  });
  routes.get('/console/orders.csv', (c) => {
    const wish = readWish(c.req.query());
    return show(c, '/console/orders', wish.query, async ({ now }) =>
      sheet(`orders-${beijingDate(now)}`, ordersSheet(options, wish)),
    );
  });

  routes.get('/console/rules', (c) =>
    show(c, '/console/rules', {}, async (page) =>
      reply(200, rulesPage(page, await ledger.read((book) => readRules(book, page.now)))),
    ),
  );

  routes.get('/console/channels', (c) =>
    show(c, '/console/channels', {}, async (page) =>
      reply(200, channelsPage(page, await ledger.read((book) => readChannels(book, page.now)))),
    ),
  );

  routes.route('/', billRoutes(options, doors, deeds));
  routes.route('/', orderRoutes(options, doors, deeds));
  routes.route('/', subscriptionRoutes(options, doors));
  routes.all('/console/*', async (c) => {
    if (!(await whoIs(c))) return toSignIn(c, '/console');
    return plain(c, 404, '/console', WORDS.noPage, WORDS.noPageAdvice);
  });
  return routes;
}

const DEFAULT_PERIOD: Period = 7;

function periodIn(c: Context): Period {
  return PERIODS.find((days) => String(days) === c.req.query('days')) ?? DEFAULT_PERIOD;
}
