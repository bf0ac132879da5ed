import type { Hono } from 'hono';
import type { OperatorOptions } from '../operator/index.ts';
import type { Deeds } from './order-routes.ts';

/** The console, for {@link OperatorOptions.beside}; loaded with the first page. */
export function consoleBeside(deeds: Deeds = {}): (options: OperatorOptions) => Promise<Hono> {
  return async (options) => {
    const { consoleRoutes } = await import('./routes.ts');
    return consoleRoutes(options, deeds);
  };
}
