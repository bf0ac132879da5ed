import type { Clock, RandomBytes } from '../domain/clock.ts';
import { FAKES } from './fakes.ts';
import { secretOf } from './inbox/receiver.ts';
import { RECEIVERS } from './inbox/receivers.ts';
import { keepPort } from './port.ts';
import { Serving } from './serving.ts';
import { SimulatorDatabase } from './state/database.ts';
import { loadIdentity } from './state/identity.ts';
import { createWorld, type FakeWallet } from './world.ts';

/*
 * The gateways' side of the counter: speaks each wallet's own dialect on loopback, with keys made at run time, and plays
 * the person who pays. It knows nothing of the adapters that talk to it.
 *
 * Steering: `sim:<name>` tokens in a payment's title or a refund's reason (scenarios.ts is the table), or the control
 * API (control.ts). A person: `GET /` and the cashier pages; `GET /scan?code=…` stands for the phone's scanner,
 * `POST /alipay/app` (an order string), `POST /wechatpay/app` and `POST /douyinpay/app` (signed front-end parameters as
 * JSON) for its apps.
 */

export interface SimulatorOptions {
  /** Its own folder, made with mode 0700. */
  readonly folder: string;
  /** Default: the stored port, else a free one that is then stored. */
  readonly port?: number;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  /** The gateways that are played; by default all. */
  readonly fakes?: readonly FakeWallet[];
}

export interface Simulator {
  /** `http://127.0.0.1:PORT`, stable for this folder. */
  readonly origin: string;
  /** The environment variables that point a server at it. */
  readonly env: Readonly<Record<string, string>>;
  /** The same for a merchant in certificate mode, where a wallet has one. */
  readonly certificateEnv: Readonly<Record<string, string>>;
  /** The same of a platform, once for each of the sellers in whose name it orders. */
  readonly platformEnvs: readonly Readonly<Record<string, string>>[];
  /** The merchant's group chat, into which a server puts its messages where nothing else is configured. */
  readonly inbox: Inbox;
  /** The same of any kind of channel; what its name brings about stands on the page `/inbox`. */
  inboxOf(kind: string, box: string): Inbox;
  /**
   * Serves on the stored port unless another process of the same folder does: true when this process now serves. A
   * process that stands by takes over when the other dies. Rejects when a stranger holds the port.
   */
  serve(): Promise<boolean>;
  close(): Promise<void>;
}

/** Where messages to the merchant arrive. */
export interface Inbox {
  /** As a channel is called. */
  readonly kind: string;
  readonly url: string;
  /** The key that they are signed with, where they are. */
  readonly secret?: string;
}

/** The group that a newcomer's messages go to. */
const GROUP = { kind: 'feishu', box: 'merchant' } as const;

const MODE = { CASHIER_MODE: 'simulator' };
/** A platform has two of them. */
const SELLERS = [0, 1];

/** Opens the simulator of a folder, making keys, port and books on first use. Serves nothing yet. */
export async function openSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { folder, clock, randomBytes, fakes = FAKES } = options;
  const database = await SimulatorDatabase.open(folder, options);
  const identity = await loadIdentity(database, randomBytes, fakes);
  const port = await keepPort(database, randomBytes, options.port);
  const origin = `http://127.0.0.1:${port}`;
  const serving = new Serving(createWorld({ clock, randomBytes }, database, identity, origin, fakes));
  function inboxOf(kind: string, box: string): Inbox {
    const receiver = RECEIVERS.find((one) => one.kind === kind);
    if (!receiver) throw new Error(`nobody takes messages of ${kind}`);
    const secret = secretOf({ identity }, receiver, box);
    return { kind, url: receiver.address(origin, box), ...(secret === undefined ? {} : { secret }) };
  }
  return {
    origin,
    inbox: inboxOf(GROUP.kind, GROUP.box),
    inboxOf,
    env: Object.assign({}, ...[MODE, ...fakes.map((fake) => fake.env(identity, origin))]),
    certificateEnv: Object.assign(
      {},
      ...[
        MODE,
        ...fakes.map((fake) => fake.certificateEnv?.(identity, origin) ?? fake.env(identity, origin)),
      ],
    ),
    platformEnvs: SELLERS.map((at) =>
      Object.assign({}, ...[MODE, ...fakes.map((fake) => fake.platformEnvs?.(identity, origin)[at] ?? {})]),
    ),
    serve: () => serving.start(),
    async close() {
      await serving.close();
      database.close();
    },
  };
}
