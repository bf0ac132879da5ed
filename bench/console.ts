import { Hono } from 'hono';
import { consoleRoutes } from '../src/console/routes.ts';
import type { Ledger } from '../src/ledger/ledger.ts';
import { cookieName } from '../src/operator/cookies.ts';
import { Person } from '../src/persons/person.ts';
import { setOperatorSecret } from '../src/persons/secret.ts';
import { openSession } from '../src/persons/sessions.ts';
import { systemClock as clock, systemRandom as randomBytes } from '../src/platform/system.ts';
import { withLedger } from './inside.ts';

const ROUNDS = 60;
const silent = () => undefined;

/** How long (ms) each page of the console took, by its name, and how long nothing else got its turn. */
export function pages(path: string) {
  return withLedger(path, async (ledger) => {
    const options = {
      ledger,
      realm: ledger.realm,
      clock,
      randomBytes,
      log: { info: silent, warn: silent, error: silent },
    };
    const routes = new Hono().route('/', consoleRoutes(options));
    const cookie = await signedIn(options);
    const orders = await ledger.read((book) => book.orders.list({}, 500));
    const pick = (i: number) => orders[(i * 37) % orders.length];
    const asked: Readonly<Record<string, (i: number) => string>> = {
      overview: (i) => `?days=${[1, 7, 30][i % 3]}`,
      news: () => '/news',
      orders: () => '/orders',
      'orders by state': (i) => `/orders?state=${['PAID', 'CLOSED', 'NOTPAY', 'UNKNOWN'][i % 4]}`,
      'orders of a caller': (i) => `/orders?caller=${pick(i)?.caller}`,
      'orders by number': (i) => `/orders?q=${pick(i)?.outTradeNo}`,
      'orders by gateway number': (i) => `/orders?q=${pick(i)?.gatewayTradeNo ?? 'X000000'}`,
      'orders by a title that is there': (i) => `/orders?q=${encodeURIComponent(pick(i)?.title ?? '')}`,
      'orders by a title that is nowhere': (i) => `/orders?q=nowhere${i}`,
      'one order': (i) => `/orders/${pick(i)?.outTradeNo}`,
      rules: () => '/rules',
    };
    const times: Record<string, { took: number[]; held: number[] }> = {};
    for (const [name, address] of Object.entries(asked)) {
      const [took, held]: [number[], number[]] = [[], []];
      for (let i = 0; i < ROUNDS; i++) {
        let last = performance.now();
        let longest = 0;
        const turns = setInterval(() => {
          const now = performance.now();
          longest = Math.max(longest, now - last);
          last = now;
        }, 1);
        const startedAt = performance.now();
        const answer = await routes.request(`http://127.0.0.1/console${address(i)}`, { headers: { cookie } });
        await answer.text();
        took.push(performance.now() - startedAt);
        clearInterval(turns);
        held.push(Math.max(longest, performance.now() - last));
        if (answer.status !== 200) throw new Error(`${name}: ${answer.status}`);
      }
      times[name] = { took, held };
    }
    return times;
  });
}

/** The cookie of somebody who has just signed in with the operator secret, which is set where there is none. */
async function signedIn({ ledger }: { readonly ledger: Ledger }): Promise<string> {
  await setOperatorSecret(ledger, { newSecret: SECRET, oldSecret: SECRET }, randomBytes);
  const person = await Person.bySecret(ledger, 'live', SECRET, 'page');
  const { id } = await openSession(ledger, person, { now: clock.now(), randomBytes });
  const ledgerId = await ledger.read((book) => book.audit.ledgerId());
  return `${cookieName(ledgerId, 'session', { secure: false })}=${id}`;
}
const SECRET = 'a secret of the benchmarks';
