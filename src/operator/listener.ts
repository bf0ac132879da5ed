import { Hono } from 'hono';
import { type Listener, listen } from '../platform/listener.ts';
import { type Mark, proveWhose, WHOSE } from '../platform/listener-proof.ts';
import type { OperatorOptions } from './entrance.ts';
import { frameOf } from './frame.ts';
import { plainPage } from './layout.ts';
import { reply } from './reply.ts';
import { allRoutes } from './routes.ts';
import { WORDS } from './words.ts';

/** Serves the operator's pages, and nothing else, on loopback. As {@link listen}. */
export async function listenForOperator(
  options: Omit<OperatorOptions, 'publicUrl' | 'mount'> & {
    readonly port?: number;
    readonly foreground?: boolean;
    /** What it proves when it is asked whose it is. */
    readonly mark?: Mark;
  },
): Promise<Listener> {
  const { realm, clock, log, port, mark, foreground = false, language: fallback = 'zh' } = options;
  const routes = new Hono();
  routes.get(
    '/',
    () =>
      new Response(null, { status: 303, headers: { Location: options.beside ? '/console' : '/approvals' } }),
  );
  if (mark !== undefined) routes.get(WHOSE, proveWhose(mark));
  routes.route('/', await allRoutes(options));
  const site = { base: '', secure: false, origin: '' };
  return listen({
    routes,
    foreground,
    refused: () => {
      const asking = { path: '/approvals', csrf: undefined, asked: undefined, accepted: undefined };
      const page = frameOf({ site, realm, now: clock.now(), fallback, ...asking });
      return reply(403, plainPage(page, WORDS.refused, WORDS.refusedAdvice));
    },
    failed: (error) => log.error('operator listener', { error: String(error) }),
    ...(port === undefined ? {} : { port }),
  });
}
