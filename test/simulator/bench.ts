import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AlipaySdk } from 'alipay-sdk';
import { type AxiosInstance, type AxiosResponse, isAxiosError } from 'axios';
import { vi } from 'vitest';
import { Decorator, Rsa } from 'wechatpay-axios-plugin';
import type { Clock } from '../../src/domain/clock.ts';
import { systemClock, systemRandom } from '../../src/platform/system.ts';
import { openSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/index.ts';
import { lendKeys } from '../support/lent-keys.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { SimulatorClient } from '../support/simulator-client.ts';

/** The Alipay SDK writes the time zone of its process, Alipay reads Beijing time. */
process.env.TZ = 'Asia/Shanghai';

/** A day like any other, for simulator and clients alike. */
export const MORNING = Date.parse('2026-11-21T10:00:00+08:00');

/** Stops `Date` for everything in this process; time passes only by {@link StoppedClock.travel}. */
export class StoppedClock implements Clock {
  private readonly sleepers = new Set<{ readonly until: number; wake(): void }>();

  constructor() {
    vi.useFakeTimers({ toFake: ['Date'], now: MORNING });
  }

  now(): number {
    return Date.now();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.sleepers.delete(sleeper);
        resolve();
      };
      const sleeper = { until: Date.now() + ms, wake };
      this.sleepers.add(sleeper);
      if (signal?.aborted) sleeper.wake();
      signal?.addEventListener('abort', sleeper.wake, { once: true });
    });
  }

  travel(ms: number): void {
    vi.setSystemTime(Date.now() + ms);
    for (const sleeper of [...this.sleepers]) {
      if (sleeper.until <= Date.now()) sleeper.wake();
    }
  }

  /** Whether anything waits for time to pass. */
  get asleep(): number {
    return this.sleepers.size;
  }
}

/** A simulator in this process. */
export interface SimulatorHere {
  /** Its folder is in there; what else is put there goes with it. */
  readonly home: string;
  readonly simulator: Simulator;
  /** Who pays and tests there. */
  readonly gateway: SimulatorClient;
  close(): Promise<void>;
}

/** Opens a simulator in a home of its own; by default of all gateways, on the machine's clock. */
export async function openSimulatorHere(
  options: Pick<SimulatorOptions, 'fakes'> & Partial<Pick<SimulatorOptions, 'clock'>> = {},
): Promise<SimulatorHere> {
  const home = await mkdtemp(join(tmpdir(), 'simulator-'));
  await lendKeys(home);
  const ports = { clock: systemClock, randomBytes: systemRandom };
  const simulator = await openSimulator({ folder: join(home, 'simulator'), ...ports, ...options });
  await simulator.serve();
  return {
    home,
    simulator,
    gateway: new SimulatorClient(simulator.origin),
    async close() {
      await simulator.close();
      await rm(home, { recursive: true });
    },
  };
}

/** A simulator with two independent clients at its counter. */
export interface Bench {
  readonly simulator: Simulator;
  readonly clock: StoppedClock;
  readonly env: Readonly<Record<string, string>>;
  readonly alipay: AlipaySdk;
  readonly wechatpay: AxiosInstance;
  close(): Promise<void>;
}

export async function openBench(): Promise<Bench> {
  const clock = new StoppedClock();
  const { simulator, close } = await openSimulatorHere({ clock });
  return {
    simulator,
    clock,
    env: simulator.env,
    alipay: alipayClient(simulator.env),
    wechatpay: wechatPayClient(simulator.env),
    async close() {
      await close();
      vi.useRealTimers();
    },
  };
}

export function alipayClient(env: Readonly<Record<string, string>>, privateKey = env.AP_APP_KEY): AlipaySdk {
  return new AlipaySdk({
    appId: env.AP_APP_ID ?? '',
    privateKey: privateKey ?? '',
    keyType: 'PKCS8',
    alipayPublicKey: env.AP_PUB_KEY ?? '',
    gateway: env.AP_GATEWAY ?? '',
    timeout: PATIENCE_MS,
  });
}

export function wechatPayClient(
  env: Readonly<Record<string, string>>,
  changes: { readonly serial?: string; readonly mchid?: string; readonly publicKeyId?: string } = {},
): AxiosInstance {
  const id = env.WXPAY_PUB_KEY_ID ?? '';
  return Decorator.jsonBased({
    baseURL: `${env.WXPAY_GATEWAY}/`,
    mchid: changes.mchid ?? env.WXPAY_MCH_ID ?? '',
    serial: changes.serial ?? env.WXPAY_MCH_SERIAL ?? '',
    privateKey: Rsa.from(env.WXPAY_MCH_KEY ?? '', 'private'),
    certs: { [id]: Rsa.from(env.WXPAY_PUB_KEY ?? '', 'public') },
    headers: { 'Wechatpay-Serial': changes.publicKeyId ?? id },
    timeout: PATIENCE_MS,
  } as never) as AxiosInstance;
}

/** The answer of a WeChat Pay call, whether it was a yes or a no; throws when it cannot be verified. */
export async function answered(call: Promise<AxiosResponse>): Promise<AxiosResponse> {
  try {
    return await call;
  } catch (error) {
    if (!isAxiosError(error) || !error.response || error.code?.startsWith('EV3_')) throw error;
    return error.response;
  }
}

/** Status and code of a WeChat Pay refusal. */
export async function refusal(call: Promise<AxiosResponse>): Promise<string> {
  const { status, data } = await answered(call);
  return `${status} ${data.code}`;
}

/** What the control API answers, by path. */
interface ControlValue {
  readonly trade: { readonly state: string };
  readonly trades: readonly {
    readonly outTradeNo: string;
    readonly cashierUrl: string;
    readonly refunds: readonly {
      readonly outRefundNo: string;
      readonly amountFen: number;
      readonly status: string;
    }[];
  }[];
  readonly deliveries: readonly { readonly outTradeNo: string; readonly attempts: (number | string)[] }[];
  readonly requests: readonly { readonly outTradeNo: string; readonly bodyDigest: string }[];
  readonly faults: readonly object[];
  readonly agreement: Record<string, unknown>;
}

/** Calls the simulator's control API. */
export async function controlOf(simulator: Simulator, method: string, path: string, body?: unknown) {
  const response = await fetch(`${simulator.origin}/control/${path}`, {
    method,
    headers: { 'X-Simulator-Control': '1', 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, value: (await response.json()) as ControlValue };
}

/** A merchant's notify route: keeps what comes, answers what it is told to. */
export interface Receiver {
  readonly url: string;
  readonly received: { readonly headers: Record<string, string>; readonly body: string }[];
  answer: { status: number; body: string };
  close(): Promise<void>;
}

export async function openReceiver(): Promise<Receiver> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    receiver.received.push({
      headers: request.headers as Record<string, string>,
      body: Buffer.concat(chunks).toString('utf8'),
    });
    response.writeHead(receiver.answer.status).end(receiver.answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/notify`,
    received: [],
    answer: { status: 200, body: 'success' },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return receiver;
}

/** Waits until `condition` holds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  // `Date` stands still here.
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    if (await condition()) return;
    await delay(10);
  }
  throw new Error('waited in vain');
}

let sequence = 0;

/** A number nobody has used. */
export function freshNumber(): string {
  sequence += 1;
  return `T${process.pid}N${String(sequence).padStart(5, '0')}`;
}
