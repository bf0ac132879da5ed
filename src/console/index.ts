import type { Hono } from 'hono';
import type { OperatorOptions } from '../operator/index.ts';

/** The console, for {@link OperatorOptions.beside}; loaded with the first page. */
export async function consoleBeside(options: OperatorOptions): Promise<Hono> {
  const { consoleRoutes } = await import('./routes.ts');
  return consoleRoutes(options);
}
