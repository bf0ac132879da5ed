import type { Hono } from 'hono';
import { sharedPort } from '../ledger/shared-port.ts';
import { hasOperatorSecret } from '../persons/secret.ts';
import { SharedListener } from '../platform/listener-shared.ts';
import type { OperatorOptions } from './entrance.ts';

/** Where a person decides: below `publicUrl` of the service, else on a loopback port of their own. */
export class OperatorPages {
  readonly #options: OperatorOptions;
  readonly #listener: SharedListener;

  constructor(options: OperatorOptions) {
    this.#options = options;
    this.#listener = new SharedListener({
      ...options,
      ...sharedPort(options.ledger, 'operator', options.randomBytes),
      listen: async (at) => {
        const { listenForOperator } = await import('./index.ts');
        return listenForOperator({ ...options, ...at });
      },
    });
  }

  /** The page of an approval; undefined when it cannot be served, or nobody could sign in there. */
  async approvalUrl(id: string): Promise<string | undefined> {
    const { ledger, publicUrl, mount = '', log } = this.#options;
    if (!(await hasOperatorSecret(ledger))) return undefined;
    try {
      const base = publicUrl === undefined ? await this.#listener.origin() : `${publicUrl}${mount}`;
      return `${base}/approvals/${id}`;
    } catch (error) {
      // The approval stands without its page: there is still the terminal.
      log.error('operator pages', { error: String(error) });
      return undefined;
    }
  }

  async routes(): Promise<Hono> {
    const { allRoutes } = await import('./index.ts');
    return allRoutes(this.#options);
  }

  /** As {@link BuyerPages.hold}. */
  hold(signal: AbortSignal): Promise<void> {
    return this.#listener.hold(signal);
  }

  close(): Promise<void> {
    return this.#listener.close();
  }
}
