import type { Clock, RandomBytes } from '../domain/clock.ts';
import { keepPort } from './port.ts';
import { Serving } from './serving.ts';
import { SimulatorDatabase } from './state/database.ts';
import { barePrivateKey, barePublicKey, type Identity, loadIdentity } from './state/identity.ts';
import { createWorld } from './world.ts';

/*
 * The gateways' side of the counter: speaks Alipay's and WeChat Pay's own dialects on loopback, with keys made at run
 * time, and plays the person who pays. It knows nothing of the adapters that talk to it.
 *
 * Steering: `sim:<name>` tokens in a payment's title or a refund's reason (scenarios.ts is the table), or the control
 * API (control.ts). A person: `GET /` and the cashier pages; `GET /scan?code=…` stands for the phone's scanner,
 * `POST /alipay/app` (an order string) and `POST /wechatpay/app` (signed front-end parameters as JSON) for its apps.
 */

export interface SimulatorOptions {
  /** Its own folder, made with mode 0700. */
  readonly folder: string;
  /** Default: the stored port, else a free one that is then stored. */
  readonly port?: number;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

export interface Simulator {
  /** `http://127.0.0.1:PORT`, stable for this folder. */
  readonly origin: string;
  /** The environment variables that point a server at it. */
  readonly env: Readonly<Record<string, string>>;
  /** The same for a merchant in certificate mode, of either wallet. */
  readonly certificateEnv: Readonly<Record<string, string>>;
  /**
   * Serves on the stored port unless another process of the same folder does: true when this process now serves. A
   * process that stands by takes over when the other dies. Rejects when a stranger holds the port.
   */
  serve(): Promise<boolean>;
  close(): Promise<void>;
}

/** Opens the simulator of a folder, making keys, port and books on first use. Serves nothing yet. */
export async function openSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { folder, clock, randomBytes } = options;
  const database = await SimulatorDatabase.open(folder, clock, randomBytes);
  const identity = await loadIdentity(database, randomBytes);
  const port = await keepPort(database, randomBytes, options.port);
  const origin = `http://127.0.0.1:${port}`;
  const serving = new Serving(createWorld({ clock, randomBytes }, database, identity, origin));
  return {
    origin,
    env: environment(identity, origin),
    certificateEnv: certificateEnvironment(identity, origin),
    serve: () => serving.start(),
    async close() {
      await serving.close();
      database.close();
    },
  };
}

function environment(identity: Identity, origin: string): Record<string, string> {
  const { keys } = identity;
  return {
    CASHIER_MODE: 'simulator',
    AP_APP_ID: identity.appId,
    AP_APP_KEY: barePrivateKey(keys.app),
    AP_PUB_KEY: barePublicKey(keys.alipay),
    AP_SELLER_ID: identity.sellerId,
    AP_GATEWAY: `${origin}/gateway.do`,
    WXPAY_APP_ID: identity.wechatAppId,
    WXPAY_MCH_ID: identity.mchId,
    WXPAY_MCH_KEY: String(keys.merchant.privateKey.export({ type: 'pkcs8', format: 'pem' })),
    WXPAY_MCH_SERIAL: identity.mchSerial,
    WXPAY_API_V3_KEY: identity.apiV3Key,
    WXPAY_PUB_KEY: String(keys.wechatpay.publicKey.export({ type: 'spki', format: 'pem' })),
    WXPAY_PUB_KEY_ID: identity.publicKeyId,
    WXPAY_NOTIFY_URL: `${origin}/merchant/notify`,
    WXPAY_GATEWAY: origin,
  };
}

function certificateEnvironment(identity: Identity, origin: string): Readonly<Record<string, string>> {
  const { AP_PUB_KEY, WXPAY_PUB_KEY, WXPAY_PUB_KEY_ID, ...env } = environment(identity, origin);
  const { app, alipay, root } = identity.certificates;
  return { ...env, AP_APP_CERT: app.pem, AP_ALIPAY_CERT: alipay.pem, AP_ROOT_CERT: root.pem };
}
