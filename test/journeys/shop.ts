import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { SETTINGS } from '../../src/settings.ts';
import { commandHere } from '../support/command-here.ts';
import { SlowNetwork } from '../support/fake-gateway-server.ts';
import { SAY_ONCE } from '../support/gateways.ts';
import {
  type Arguments,
  type CommandResult,
  type Env,
  type runCommand,
  ServerProcess,
  Transcript,
  until,
} from '../support/server-process.ts';
import { SimulatorProcess, type Wallet } from '../support/simulator-client.ts';
import {
  type Payment,
  type PaymentList,
  type Refund,
  type Refusal,
  readList,
  readPayment,
  readRefund,
  readRefusal,
} from './shapes.ts';

/** Refunds need nobody: for journeys that are about something else. */
export const REFUNDS_WITHOUT_APPROVAL = 'version: 1\nrefunds: { approveAboveYuan: "none" }\n';

/** An agent at the server: every answer is checked against the contract before it is used. */
export class Agent {
  readonly server: ServerProcess;

  constructor(server: ServerProcess) {
    this.server = server;
  }

  async create(args: Arguments): Promise<Payment> {
    return readPayment(await this.server.call('create-payment', args));
  }

  async query(outTradeNo: string): Promise<Payment> {
    return readPayment(await this.server.call('query-payment', { outTradeNo }));
  }

  async close(outTradeNo: string): Promise<Payment> {
    return readPayment(await this.server.call('close-payment', { outTradeNo }));
  }

  async refund(args: Arguments): Promise<Refund> {
    return readRefund(await this.server.call('refund-payment', args));
  }

  async queryRefund(outTradeNo: string, outRefundNo: string): Promise<Refund> {
    return readRefund(await this.server.call('query-refund', { outTradeNo, outRefundNo }));
  }

  async list(args: Arguments = {}): Promise<PaymentList> {
    return readList(await this.server.call('list-payments', args));
  }

  /** The state in the ledger, without asking a gateway. */
  async known(outTradeNo: string): Promise<Payment> {
    const { items } = await this.list({ limit: 100 });
    const found = items.find((item) => item.outTradeNo === outTradeNo);
    if (!found) throw new Error(`the ledger does not list ${outTradeNo}`);
    return found;
  }

  /** The error that the call must end in. */
  async refused(tool: string, args: Arguments): Promise<Refusal> {
    return readRefusal(await this.server.call(tool, args));
  }

  /** Asks until the refund has arrived. */
  refundArrives({ outTradeNo, outRefundNo }: Refund): Promise<Refund> {
    return until(`refund ${outRefundNo} SUCCESS`, async () => {
      const refund = await this.queryRefund(outTradeNo, outRefundNo);
      return refund.state === 'SUCCESS' ? refund : undefined;
    });
  }
}

export interface ShopOptions {
  /** Text of the policy file. */
  readonly policy?: string;
  /** More environment for every process of the shop. */
  readonly env?: Env;
  /** The same for the gateways. */
  readonly gatewaysEnv?: Env;
}

/** A merchant with an own home folder, a gateway simulator beside it, and any number of server processes. */
export class Shop {
  readonly home: string;
  readonly env: Env;
  readonly simulator: SimulatorProcess;
  readonly transcript = new Transcript();
  /** Strings that nothing but the simulator's own start may ever say. */
  readonly secrets = new Set<string>();
  readonly #servers: ServerProcess[] = [];
  readonly #networks: SlowNetwork[] = [];
  #numbers = 0;

  private constructor(home: string, env: Env, simulator: SimulatorProcess) {
    this.home = home;
    this.env = env;
    this.simulator = simulator;
  }

  static async open({ policy, env, gatewaysEnv }: ShopOptions = {}): Promise<Shop> {
    const home = makeHome();
    const environment = { ...cleanEnv(home), ...env };
    if (policy !== undefined) writeFileSync(join(home, 'policy.yaml'), policy);
    const simulator = await SimulatorProcess.start({ ...cleanEnv(home), ...gatewaysEnv }, join(home, 'cwd'));
    return new Shop(home, environment, simulator);
  }

  /** Another server process on the same home. */
  async agent(
    options: {
      readonly env?: Env | undefined;
      readonly clientName?: string;
      readonly capabilities?: Readonly<Record<string, unknown>>;
    } = {},
  ): Promise<Agent> {
    const server = await ServerProcess.start({
      env: { ...this.env, ...options.env },
      cwd: join(this.home, 'cwd'),
      transcript: this.transcript,
      ...(options.clientName === undefined ? {} : { clientName: options.clientName }),
      ...(options.capabilities === undefined ? {} : { capabilities: options.capabilities }),
    });
    this.#servers.push(server);
    return new Agent(server);
  }

  /** A way of its own to the gateways, which ends with the shop. */
  async slowNetwork(): Promise<SlowNetwork> {
    const network = await SlowNetwork.before(this.simulator);
    this.#networks.push(network);
    return network;
  }

  /** An operator's command. */
  command(
    args: readonly string[],
    env: Env = {},
    run: typeof runCommand = commandHere,
  ): Promise<CommandResult> {
    const { home, transcript } = this;
    return run(args, { env: { ...this.env, ...env }, cwd: join(home, 'cwd'), transcript });
  }

  /** A person says yes at the terminal. */
  async approve({ approval }: { readonly approval?: { readonly id: string } | undefined }): Promise<void> {
    const { code, stderr } = await this.command(['approvals', 'approve', approval?.id ?? '']);
    expect(stderr).toBe('');
    expect(code).toBe(0);
  }

  /** A number that this shop has not used, and that every gateway takes. */
  number(word = 'J'): string {
    this.#numbers += 1;
    return `${word}${String(this.#numbers).padStart(7, '0')}`;
  }

  /** Sells something: created, paid by the buyer, proven by a query (or a notification before it). */
  async sell(agent: Agent, provider: Wallet, args: Arguments = {}): Promise<Payment> {
    const order = await agent.create({ provider, amountYuan: '10.00', title: '菜谱 recipe', ...args });
    await this.simulator.pay(order);
    const paid = await agent.query(order.outTradeNo);
    expect(paid.state).toBe('PAID');
    expect(paid.source).not.toBe('ledger');
    return paid;
  }

  /**
   * Repeats a create whose answer was lost: the same payment; or, where the gateway has that and gives its code only
   * once, the word that nobody can pay it, and then another one.
   */
  async createAgain(
    agent: Agent,
    wanted: Arguments & { readonly provider: Wallet },
    outTradeNo: string,
  ): Promise<Payment> {
    const sent = await this.simulator.calls(outTradeNo, 'create');
    if (SAY_ONCE.has(wanted.provider) && sent.some(({ carriedOut }) => carriedOut)) {
      const refusal = await agent.refused('create-payment', wanted);
      expect(refusal).toMatchObject({ code: 'GATEWAY_DECLINED', outTradeNo });
      expect(refusal.nextAction).toMatch(/新的 outTradeNo|new outTradeNo/);
      expect(await agent.known(outTradeNo)).toMatchObject({ state: 'CLOSED' });
      return agent.create({ ...wanted, outTradeNo: this.number(), title: 'another' });
    }
    const settled = await agent.create(wanted);
    expect(settled).toMatchObject({ state: 'NOTPAY', replayed: true, outTradeNo });
    return settled;
  }

  /** Ends every process, then reads all they have said: no secret may be in it. */
  async close(): Promise<void> {
    await Promise.all(this.#networks.map((network) => network.close()));
    const payers = (await this.simulator.trades()).map((trade) => trade.payer);
    await Promise.all(this.#servers.map((server) => server.close()));
    await this.simulator.close();
    recordLogs(this.home, this.transcript);
    rmSync(this.home, { recursive: true, force: true });
    const secrets = [...this.secrets, ...payers, ...secretsIn(this.simulator.env)];
    expect(this.transcript.size).toBeGreaterThan(0);
    expect(this.transcript.leaks([...secrets, 'WECHATPAY2-SHA256', 'PRIVATE KEY-----'])).toEqual([]);
  }
}

/** A home of its own for a test, with an empty folder to work in. */
export function makeHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'cashier-journey-'));
  mkdirSync(join(home, 'cwd'));
  return home;
}

/** Nothing of the tester's environment but PATH. */
export function cleanEnv(home: string): Env {
  return { PATH: process.env.PATH ?? '', HOME: home, CASHIER_HOME: home };
}

function recordLogs(home: string, transcript: Transcript): void {
  const logs = readdirSync(home).filter((name) => name.endsWith('.log'));
  for (const name of logs) transcript.record(name, readFileSync(join(home, name), 'utf8'));
}

/** The key material in an environment: every line of a PEM, and each half of a line, in case it was cut. */
export function secretsIn(env: Env): string[] {
  const secrets = SETTINGS.filter(({ secret }) => secret);
  return secrets.flatMap(({ name }) =>
    (env[name] ?? '')
      .split('\n')
      .filter((line) => line.length >= 32 && !line.startsWith('-----'))
      .flatMap((line) => line.match(/.{16,48}/g) ?? []),
  );
}
