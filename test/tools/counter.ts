import { InMemoryTransport, Client as ModernClient } from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Till } from '../../src/payments/till.ts';
import type { Policy } from '../../src/policy/policy.ts';
import type { PaymentProvider } from '../../src/providers/contract.ts';
import { OrderNews } from '../../src/resources/order-news.ts';
import { buildServer, type ServerDeps } from '../../src/server.ts';
import type { Tool } from '../../src/tools/define-tool.ts';
import { UNIFIED_TOOLS } from '../../src/tools/index.ts';
import { presenter } from '../../src/tools/present.ts';
import { receiptsOf } from '../support/receipts.ts';
import { DEFAULTS, World } from '../support/world.ts';

/** A signed link is some 900 characters long; only what stands around it is counted or compared. */
export const PAY_URL = 'https://openapi.alipay.com/gateway.do?method=alipay.trade.page.pay&sign=abc';

export interface CounterOptions {
  readonly language?: 'zh' | 'en';
  readonly tools?: readonly Tool[];
  readonly policy?: Policy;
}

/** Our server over a bank without a wire, for any client that is handed in. */
export class Counter {
  readonly world: World;
  readonly deps: ServerDeps;
  readonly till: Till;
  readonly #ends: (() => Promise<unknown>)[] = [];

  private constructor(till: Till, world: World, { language = 'zh', tools }: CounterOptions) {
    this.world = world;
    this.till = till;
    this.deps = {
      version: '0.0.0',
      setting: { language, providers: ['alipay'], scenes: ['qr', 'web'] },
      tools: tools ?? UNIFIED_TOOLS,
      present: presenter({
        language,
        simulated: false,
        now: () => world.clock.now(),
        buyerPage: async (token) => ({
          ...{ url: `http://127.0.0.1:39200/c/${token}`, endsWithUs: true },
        }),
        approvalUrl: async (id) => `http://127.0.0.1:39201/approvals/${id}`,
      }),
      ledger: till.ledger,
      receipts: receiptsOf(till),
      clock: world.clock,
      bus: new OrderNews(till).busOf({ caller: 'test' }),
      identity: { caller: 'test' },
      till: async () => till,
      underWay: new Set(),
      log: till.log,
    };
  }

  static async open(options: CounterOptions = {}): Promise<Counter> {
    const world = new World();
    const till = await world.process(options.policy ?? DEFAULTS);
    const providers = new Map([...till.providers].map(([id, provider]) => [id, withLinks(provider)]));
    return new Counter({ ...till, providers }, world, options);
  }

  /** A client of the 2025 revisions that says it is called so. */
  async legacy(name: string): Promise<LegacyClient> {
    const client = new LegacyClient({ name, version: '1.0.0' });
    await client.connect(this.#serve() as Parameters<LegacyClient['connect']>[0]);
    this.#ends.push(() => client.close());
    return client;
  }

  /** A client of 2026-07-28 and nothing older. */
  async modern(name: string): Promise<ModernClient> {
    const client = new ModernClient(
      { name, version: '1.0.0' },
      { versionNegotiation: { mode: { pin: '2026-07-28' } } },
    );
    await client.connect(this.#serve());
    this.#ends.push(() => client.close());
    return client;
  }

  #serve(): InMemoryTransport {
    const [near, far] = InMemoryTransport.createLinkedPair();
    const handle = serveStdio(({ era }) => buildServer(this.deps, era), { transport: far });
    this.#ends.push(() => handle.close());
    return near;
  }

  async end(): Promise<void> {
    for (const end of this.#ends.reverse()) await end();
    await this.world.end();
  }
}

/** The bank knows codes only; for a page in a browser it is to give a link. */
function withLinks(provider: PaymentProvider): PaymentProvider {
  return {
    ...provider,
    async sendPayment(order, plan) {
      const credential = await provider.sendPayment(order, plan);
      return order.scene === 'web' ? { payUrl: `${PAY_URL}&out=${order.outTradeNo}` } : credential;
    },
  };
}
