import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { runLine } from '../../src/cli/command-line.ts';
import { systemClock, systemRandom } from '../../src/platform/system.ts';
import { openSimulator } from '../../src/simulator/index.ts';
import { cleanEnv, makeHome } from '../journeys/shop.ts';
import { commandHere } from '../support/command-here.ts';
import { freePort } from '../support/free-port.mjs';
import { lendKeys } from '../support/lent-keys.ts';
import { type CommandResult, type Env, MAIN, Transcript, until } from '../support/server-process.ts';
import { SimulatorClient } from '../support/simulator-client.ts';

/** Two merchants, and who calls in whose name. */
export const MERCHANTS = ['tea-shop', 'noodle-bar'] as const;
export type Merchant = (typeof MERCHANTS)[number];
export const CALLERS = { alice: 'tea-shop', bob: 'tea-shop', carol: 'noodle-bar' } as const;
export type Caller = keyof typeof CALLERS;
export const SECRETS: Readonly<Record<Merchant, string>> = {
  'tea-shop': 'a pot of green tea',
  'noodle-bar': 'a bowl of noodles',
};

/** JSON is YAML. */
const fileOf = (wallets: Readonly<Partial<Record<Merchant, Env>>>, channels: Channels) => {
  const entry = (merchant: Merchant, name: string, policy: string) => ({
    ...{ name, policy, env: wallets[merchant] ?? {} },
    ...(channels[merchant] === undefined ? {} : { channels: `${merchant}.channels.yaml` }),
  });
  return JSON.stringify({
    version: 1,
    merchants: {
      'tea-shop': entry('tea-shop', '茶铺', 'tea.yaml'),
      'noodle-bar': entry('noodle-bar', '面馆', 'noodle.yaml'),
    },
  });
};

/** The text of a merchant's channels file. */
type Channels = Readonly<Partial<Record<Merchant, string>>>;

/** What a call was answered. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  /** Of a call, its result; undefined where it was an error of the protocol. */
  readonly result?: Readonly<Record<string, unknown>>;
}

/** What a tool told; throws where it told nothing. */
export function structured<T = Record<string, string>>({ result, text }: Answer): T {
  const found = result?.structuredContent as T | undefined;
  if (!found) throw new Error(text);
  return found;
}

/** A service of two merchants in this process, each at a simulator of its own, with three callers and two operators. */
export class FoodCourt {
  readonly home: string;
  readonly env: Env;
  readonly origin: string;
  readonly tokens: Readonly<Record<Caller, string>>;
  readonly simulators: Readonly<Record<Merchant, SimulatorClient>>;
  /** Runs a command as whoever has this home does, with more variables. */
  readonly command: (args: readonly string[], more?: Env) => Promise<CommandResult>;
  readonly #stop: AbortController;
  readonly #ended: Promise<number>;

  private constructor(
    home: string,
    env: Env,
    port: number,
    tokens: Record<string, string>,
    simulators: Record<string, SimulatorClient>,
    command: FoodCourt['command'],
  ) {
    this.home = home;
    this.env = env;
    this.origin = `http://127.0.0.1:${port}`;
    this.tokens = tokens as Record<Caller, string>;
    this.simulators = simulators as Record<Merchant, SimulatorClient>;
    this.command = command;
    this.#stop = new AbortController();
    this.#ended = runLine(['http'], {
      env: { ...env },
      cwd: join(home, 'cwd'),
      script: MAIN,
      endQuietly: () => undefined,
      stopped: () => this.#stop.signal,
    });
  }

  /**
   * @param wallets other ones than those of the simulators inside
   * @param channels who is told what, by merchant; without one, its simulator's inbox
   */
  static async open(
    wallets: (origin: string) => Readonly<Partial<Record<Merchant, Env>>> = () => ({}),
    channels: Channels = {},
  ): Promise<FoodCourt> {
    const home = makeHome();
    const port = await freePort();
    const file = join(home, 'merchants.yaml');
    writeFileSync(file, fileOf(wallets(`http://127.0.0.1:${port}`), channels));
    for (const [merchant, text] of Object.entries(channels))
      writeFileSync(join(home, `${merchant}.channels.yaml`), text);
    const rules =
      'version: 1\nclients: { alice: { payments: { maxYuan: "100" } } }\ndelivery: { within: 24h }\n';
    for (const name of ['tea.yaml', 'noodle.yaml']) writeFileSync(join(home, name), rules);
    const env = {
      ...cleanEnv(home),
      ...{ CASHIER_MERCHANTS: file, CASHIER_MODE: 'simulator', CASHIER_LANG: 'en' },
      ...{ CASHIER_HTTP_PORT: String(port), CASHIER_LOG_LEVEL: 'warn', AP_SELECT_TOOLS: 'all' },
    };
    const transcript = new Transcript();
    const command: FoodCourt['command'] = (args, more = {}) =>
      commandHere(args, { env: { ...env, ...more }, cwd: join(home, 'cwd'), transcript });
    const simulators: Record<string, SimulatorClient> = {};
    const tokens: Record<string, string> = {};
    for (const merchant of MERCHANTS) {
      const folder = join(home, 'simulator', merchant);
      mkdirSync(folder, { recursive: true });
      await lendKeys(folder, folder);
      const simulator = await openSimulator({ folder, clock: systemClock, randomBytes: systemRandom });
      simulators[merchant] = new SimulatorClient(simulator.origin);
      await simulator.close();
      const set = await command(['operator', 'set-secret', '--realm', 'simulator', '--merchant', merchant], {
        CASHIER_OPERATOR_SECRET: SECRETS[merchant],
      });
      expect([set.stderr, set.code]).toEqual(['', 0]);
    }
    for (const [caller, merchant] of Object.entries(CALLERS)) {
      const { stdout } = await command(['tokens', 'add', caller, '--merchant', merchant, '--json']);
      tokens[caller] = (JSON.parse(stdout) as { token: string }).token;
    }
    const court = new FoodCourt(home, env, port, tokens, simulators, command);
    await until('the service is ready', async () => {
      const ended = await Promise.race([court.#ended, Promise.resolve('running')]);
      if (ended !== 'running') throw new Error(`it did not start: ${ended}`);
      return (await fetch(`${court.origin}/readyz`).catch(() => undefined))?.ok || undefined;
    });
    return court;
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(new URL(path, this.origin), { redirect: 'manual', ...init });
  }

  /** One message of a 2025 client without a session. */
  async say(token: string | undefined, method: string, params: object = {}): Promise<Answer> {
    const response = await this.fetch('/mcp', {
      method: 'POST',
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    });
    const text = await response.text();
    const data = text.match(/^data: (\{.*)$/m)?.[1] ?? text;
    const { result } = (data.startsWith('{') ? JSON.parse(data) : {}) as Pick<Answer, 'result'>;
    return { status: response.status, text: data, ...(result ? { result } : {}) };
  }

  as(caller: Caller) {
    const token = this.tokens[caller];
    return {
      say: (method: string, params?: object) => this.say(token, method, params),
      call: (name: string, args: object) => this.say(token, 'tools/call', { name, arguments: args }),
    };
  }

  async close(): Promise<void> {
    this.#stop.abort();
    expect(await this.#ended).toBe(0);
    rmSync(this.home, { recursive: true, force: true });
  }
}
