import type { Clock, RandomBytes } from '../domain/clock.ts';
import type { ProviderId, Scene } from '../domain/order.ts';
import type { Log } from '../domain/ports.ts';
import { createAlipayProvider, readAlipayConfig } from './alipay/index.ts';
import type { PaymentProvider } from './contract.ts';
import type { GatewayHttp } from './gateway-http.ts';
import { createWechatpayProvider, readWechatpayConfig } from './wechatpay/index.ts';

export interface ProviderPorts {
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly http: GatewayHttp;
  readonly log?: Log | undefined;
}

interface ProviderEntry {
  readonly id: ProviderId;
  /** Known before any key is, for what the tools offer. */
  readonly scenes: readonly Scene[];
  /** undefined when nothing of it is configured; throws CONFIGURATION when it is half or wrongly configured. */
  configure(
    env: Readonly<Record<string, string | undefined>>,
    ports: ProviderPorts,
  ): PaymentProvider | undefined;
}

/** Every wallet there is: a third one is a folder and an entry here. */
export const PROVIDERS: readonly ProviderEntry[] = [
  {
    id: 'alipay',
    scenes: ['qr', 'web', 'h5', 'app'],
    configure(env, ports) {
      const config = readAlipayConfig(env, ports.clock.now());
      return config && createAlipayProvider(config, ports);
    },
  },
  {
    id: 'wechatpay',
    scenes: ['qr', 'h5', 'jsapi', 'app'],
    configure(env, ports) {
      const config = readWechatpayConfig(env);
      return config && createWechatpayProvider(config, ports);
    },
  },
];
