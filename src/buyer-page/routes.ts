import { type Context, Hono } from 'hono';
import type { Clock } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import type { ProviderId } from '../domain/order.ts';
import { boundedBody } from '../platform/bounded-body.ts';
import { WALLETS, walletOf } from '../providers/registry.ts';
import { BACK_PATH, backCookie, backUrl, tokenBehind } from './hand-off.ts';
import { type OfferView, offerState, secondsToChoose } from './offer-section.ts';
import {
  backPage,
  notFoundPage,
  notNowPage,
  offerPage,
  orderPage,
  refusedPage,
  unavailablePage,
} from './page.ts';
import { isPayable, mayAskAgain, refundedOf, secondsLeft } from './phase.ts';
import { type Language, type Reader, readerOf } from './reader.ts';
import { formTo, reply, WITH_FORM } from './reply.ts';
import type { BuyerLookup, BuyerView, ReceiptLookup } from './view.ts';

/** 16 bytes in base64url: the last of the 22 characters carries two bits only, so an altered one is no alias. */
const TOKEN = /^[A-Za-z0-9_-]{21}[AQgw]$/;
/** How long (s) a buyer may be away in the wallet and still be brought back. */
const AWAY_SECONDS = 3_600;
/** A form says one word (bytes). */
const MAX_FORM_BYTES = 256;

export interface BuyerRouteOptions {
  readonly lookup: BuyerLookup;
  readonly clock: Clock;
  /** As `lookup`, what the buyer is yet to choose the wallet of. */
  readonly offer?: ((token: string) => Promise<OfferView | undefined>) | undefined;
  readonly receipt?: ReceiptLookup | undefined;
  /** Carries out the buyer's choice; rejects where it cannot be, with the code that says why. */
  readonly choose?: ((token: string, wallet: ProviderId) => Promise<unknown>) | undefined;
  /** The language of a reader whose browser names none; Chinese by default. */
  readonly language?: Language;
  /**
   * The page's address below which links that need its origin may be followed; without a slash at the end. Without
   * one only simulated orders offer them, wherever their page stands.
   */
  readonly handOffBase?: () => Promise<string | undefined>;
}

/**
 * The buyer's page, read-only but for `POST /c/:token/choice`, which chooses the wallet: `GET /c/:token`, the page,
 * `GET /c/:token/state`, what an open page asks for, `GET /c/:token/receipt` and `/receipt/:refund`, what proves that it
 * was paid or refunded, and `GET /c/back/:handle`, where a wallet sends a buyer back.
 * Mountable in another app. A failing lookup answers 503 without detail and leaves its error in `c.error` for that app.
 */
export function buyerRoutes(options: BuyerRouteOptions): Hono {
  const { lookup, clock } = options;
  const find = async (token: string): Promise<BuyerView | undefined> =>
    TOKEN.test(token) ? lookup(token) : undefined;
  const reader = (c: Context): Reader => readerIn(c, options.language);

  async function page(c: Context, token: string, view: BuyerView): Promise<Response> {
    const now = clock.now();
    const who = reader(c);
    // From the browser inside an app nothing is handed over.
    const base = view.handOffUrl && !who.inApp ? await handOffBase(c, view) : undefined;
    const { handOff } = walletOf(view.provider).page;
    const html = await orderPage(view, now, who, token, (link) =>
      base === undefined ? undefined : handOff?.withReturn(link, backUrl(base, token)),
    );
    if (mayAskAgain(view, now)) return reply(200, 'html', html, WITH_FORM);
    const { handOffForm } = view;
    if (handOffForm && !who.inApp && isPayable(view, now)) {
      const { formsGoOnTo = [] } = walletOf(view.provider).page;
      return reply(200, 'html', html, formTo([new URL(handOffForm.action).origin, ...formsGoOnTo]));
    }
    // The gateway asks which site its link is followed from: it learns the origin, and never the path.
    const handsOver = base !== undefined && isPayable(view, now);
    return reply(200, 'html', html, {
      ...(handsOver
        ? { 'Referrer-Policy': 'origin', 'Set-Cookie': backCookie(base, token, AWAY_SECONDS) }
        : {}),
    });
  }
  async function handOffBase(c: Context, { simulated }: BuyerView): Promise<string | undefined> {
    const base = await options.handOffBase?.();
    return base ?? (simulated ? new URL(c.req.url).origin : undefined);
  }

  const offered = async (token: string) => (TOKEN.test(token) ? options.offer?.(token) : undefined);

  /** The one thing that anybody can do here: it is final, and made by nothing but a person's click. */
  async function choose(c: Context, token: string): Promise<Response> {
    const { language } = reader(c);
    const form = new URLSearchParams((await boundedBody(c.req.raw, MAX_FORM_BYTES))?.toString() ?? '');
    const wallet = WALLETS.find(({ id }) => id === form.get('wallet'));
    if (!wallet || !options.choose || !TOKEN.test(token)) return notFound(language);
    try {
      if ((await options.choose(token, wallet.id)) === undefined) return notFound(language);
    } catch (error) {
      if (!(error instanceof CashierError)) throw error;
      // Too late, or chosen in the meantime: the page says how it stands.
      if (error.code !== 'ORDER_CLOSED') return reply(409, 'html', notNowPage(language, pageFrom(c)));
    }
    return reply(303, 'html', backPage(language), { Location: `../${token}` });
  }

  /** A file, but where files cannot be kept: there a text, to be copied. */
  async function receipt(c: Context, token: string, outRefundNo?: string): Promise<Response> {
    const { language, inApp } = reader(c);
    const found = TOKEN.test(token) ? await options.receipt?.(token, outRefundNo) : undefined;
    if (!found) return notFound(language);
    const name = found.claims.jti
      .split('/')
      .slice(1)
      .join('-')
      .replace(/[^\w-]/g, '_');
    return reply(200, inApp ? 'text' : 'jwt', `${found.jws}\n`, {
      ...(inApp ? {} : { 'Content-Disposition': `attachment; filename="receipt-${name}.jwt"` }),
    });
  }

  const routes = new Hono();
  routes.onError((_error, c) =>
    reply(503, 'html', unavailablePage(reader(c).language, pageFrom(c)), { 'Retry-After': '5' }),
  );
  routes.use('/c/*', async (c, next) => {
    if (!mayBeAsked(c, options)) return methodRefused(reader(c).language);
    await next();
  });
  // Some wallets send the buyer back by a form, in which nothing is read.
  routes.on(['GET', 'POST'], `${BACK_PATH}:handle`, (c) => {
    const { language } = reader(c);
    const token = tokenBehind(c.req.header('cookie'), c.req.param('handle'));
    if (token === undefined || !TOKEN.test(token)) return reply(200, 'html', backPage(language));
    return reply(303, 'html', backPage(language), { Location: `../${token}?returned` });
  });
  routes.get('/c/:token', async (c) => {
    const token = c.req.param('token');
    const view = await find(token);
    if (view) return page(c, token, view);
    const offer = await offered(token);
    if (!offer) return notFound(reader(c).language);
    return reply(200, 'html', offerPage(offer, clock.now(), reader(c), token), WITH_FORM);
  });
  routes.post('/c/:token/choice', (c) => choose(c, c.req.param('token')));
  routes.get('/c/:token/state', async (c) => {
    const view = await find(c.req.param('token'));
    if (view) return reply(200, 'json', stateJson(view, clock.now()));
    const offer = await offered(c.req.param('token'));
    return offer ? reply(200, 'json', offerJson(offer, clock.now())) : notFound(reader(c).language);
  });
  routes.get('/c/:token/receipt', (c) => receipt(c, c.req.param('token')));
  routes.get('/c/:token/receipt/:refund', (c) => receipt(c, c.req.param('token'), c.req.param('refund')));
  routes.all('/c/*', (c) => notFound(reader(c).language));
  return routes;
}

/** Whether a request only reads, or makes a choice where there is one to make. */
export function mayBeAsked(
  { req: { method, path } }: Context,
  { choose }: Pick<BuyerRouteOptions, 'choose'>,
): boolean {
  const reads = method === 'GET' || method === 'HEAD' || (method === 'POST' && path.includes(BACK_PATH));
  return reads || (method === 'POST' && choose !== undefined && path.endsWith('/choice'));
}

/** The order's page, as a link from where `c` was asked: below any address that a proxy gives it. */
function pageFrom({ req: { path } }: Context): string {
  const [token = '', ...below] = path.slice(path.lastIndexOf('/c/') + 3).split('/');
  return below.length === 0 ? '' : `${'../'.repeat(below.length)}${token}`;
}

/** The one answer to whatever does not exist. */
export function notFound(language: Language): Response {
  return reply(404, 'html', notFoundPage(language));
}

export function methodRefused(language: Language): Response {
  return reply(405, 'html', refusedPage(language), { Allow: 'GET, HEAD' });
}

/** Who asks. */
export function readerIn(c: Context, fallback: Language = 'zh'): Reader {
  return readerOf({ query: new URL(c.req.url).searchParams, headers: c.req.raw.headers }, fallback);
}

function offerJson(view: OfferView, now: number): string {
  const secondsLeft = secondsToChoose(view, now);
  return JSON.stringify({ state: offerState(view, now), closing: false, late: false, secondsLeft });
}

/** All that polling may learn: no number, no amount, no name. */
function stateJson(view: BuyerView, now: number): string {
  const { state, closing, late } = view;
  const refunded = refundedOf(view);
  return JSON.stringify({
    ...{ state, closing, late, secondsLeft: secondsLeft(view, now) },
    ...(refunded === 'none' ? {} : { refunded }),
  });
}
