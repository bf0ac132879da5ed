import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { cleanEnv, secretsIn } from '../journeys/shop.ts';
import {
  type Arguments,
  type CommandResult,
  type Env,
  MAIN,
  runCommand,
  ServerProcess,
  Transcript,
} from '../support/server-process.ts';
import { SimulatorProcess } from '../support/simulator-client.ts';

/** The bin of the official server's name, beside main.js. */
export const BIN = MAIN.replace(/main\.js$/, 'mcp-server-alipay.js');

const SECRET = 'drop-in-operator-secret-91';

/** What a tool answered: its text blocks in order, and whatever a text-only tool must not have. */
export interface Said {
  readonly isError: boolean;
  readonly texts: readonly string[];
  readonly structured: unknown;
  /** PNG of the image block. */
  readonly image: Buffer | undefined;
}

/** An error's two blocks: the official sentence, and our JSON about it. */
export interface Failed {
  readonly sentence: string;
  readonly json: Readonly<Record<string, unknown>> & {
    readonly code: string;
    readonly message: string;
    readonly nextAction: string;
  };
}

/** Another person's words are none of the client's: what it got, and nothing from our own types. */
export class Caller {
  readonly server: ServerProcess;
  readonly #transcript: Transcript;

  constructor(server: ServerProcess, transcript: Transcript) {
    this.server = server;
    this.#transcript = transcript;
  }

  async call(name: string, args: Arguments): Promise<Said> {
    const result = await this.server.client.callTool({ name, arguments: { ...args } });
    this.#transcript.record(`result of ${name}`, JSON.stringify(result));
    const blocks = result.content as readonly { type: string; text?: string; data?: string }[];
    const image = blocks.find(({ type }) => type === 'image')?.data;
    return {
      isError: result.isError === true,
      texts: blocks.filter(({ type }) => type === 'text').map(({ text = '' }) => text),
      structured: result.structuredContent,
      image: image === undefined ? undefined : Buffer.from(image, 'base64'),
    };
  }

  /** The one text of a tool that has not failed; notes for the model may follow it. */
  async says(name: string, args: Arguments): Promise<string> {
    const { isError, texts, structured } = await this.call(name, args);
    expect({ isError, structured, text: texts[0] }).toEqual({
      ...{ isError: false, structured: undefined, text: expect.any(String) },
    });
    return texts[0] ?? '';
  }

  /** As an official tool fails: sentence first, our JSON second. */
  async fails(name: string, args: Arguments): Promise<Failed> {
    const { isError, texts, structured } = await this.call(name, args);
    expect({ isError, structured, blocks: texts.length }).toEqual({
      ...{ isError: true, structured: undefined, blocks: 2 },
    });
    const [sentence = '', json = ''] = texts;
    return { sentence, json: JSON.parse(json) as Failed['json'] };
  }
}

/** A merchant with a home folder, and a gateway that is a simulator on loopback where the real one is expected. */
export class Merchant {
  readonly home: string;
  readonly simulator: SimulatorProcess;
  readonly transcript = new Transcript();
  readonly #servers: ServerProcess[] = [];
  readonly #folders: string[];

  private constructor(home: string, simulatorHome: string, simulator: SimulatorProcess) {
    this.home = home;
    this.simulator = simulator;
    this.#folders = [home, simulatorHome];
  }

  static async open(policy: string): Promise<Merchant> {
    const [home, simulatorHome] = [newHome(), newHome()];
    mkdirSync(join(home, '.mcp-cashier'));
    writeFileSync(join(home, '.mcp-cashier', 'policy.yaml'), policy);
    const simulator = await SimulatorProcess.start(cleanEnv(simulatorHome), join(simulatorHome, 'cwd'));
    return new Merchant(home, simulatorHome, simulator);
  }

  /** The configuration of the official server's README, as a client passes it on. */
  get officialEnv(): Env {
    const { AP_APP_ID = '', AP_APP_KEY = '', AP_PUB_KEY = '', AP_GATEWAY = '' } = this.simulator.env;
    for (const key of [AP_APP_KEY, AP_PUB_KEY]) expect(key).toMatch(/^[A-Za-z0-9+/=]+$/);
    return {
      ...{ PATH: process.env.PATH ?? '', HOME: this.home },
      ...{ AP_APP_ID, AP_APP_KEY, AP_PUB_KEY },
      AP_RETURN_URL: 'https://success-url.example/done',
      AP_NOTIFY_URL: 'https://your-own-server.example/notify',
      AP_ENCRYPTION_ALGO: 'RSA2',
      AP_CURRENT_ENV: 'prod',
      AP_SELECT_TOOLS: 'all',
      AP_LOG_ENABLED: 'true',
      AP_GATEWAY,
    };
  }

  /** @param program what the client's configuration says to start */
  async start(program: readonly string[], env: Env = this.officialEnv): Promise<Caller> {
    const { transcript } = this;
    const cwd = join(this.home, 'cwd');
    const server = await ServerProcess.start({
      ...{ env, cwd, transcript, program: [process.execPath, ...program] },
    });
    this.#servers.push(server);
    return new Caller(server, transcript);
  }

  /** Another home: of another system of the merchant, with the same keys. */
  anotherHome(): string {
    const home = newHome();
    this.#folders.push(home);
    return home;
  }

  command(args: readonly string[], env: Env = {}): Promise<CommandResult> {
    return runCommand(args, {
      env: { ...this.officialEnv, ...env },
      cwd: join(this.home, 'cwd'),
      transcript: this.transcript,
    });
  }

  /** A person with the operator secret says yes at the terminal. */
  async approve(id: string): Promise<void> {
    const operator = { CASHIER_OPERATOR_SECRET: SECRET };
    await this.command(['operator', 'set-secret'], operator);
    expect(await this.command(['approvals', 'approve', id], operator)).toMatchObject({ code: 0 });
  }

  /** Ends every process, then reads all they have said and logged: no secret may be in it. */
  async close(): Promise<void> {
    const payers = (await this.simulator.trades()).map((trade) => trade.payer);
    await Promise.all(this.#servers.map((server) => server.close()));
    await this.simulator.close();
    for (const folder of this.#folders) {
      for (const log of readdirSync(folder).filter((name) => name.endsWith('.log'))) {
        this.transcript.record(log, readFileSync(join(folder, log), 'utf8'));
      }
      rmSync(folder, { recursive: true, force: true });
    }
    expect(this.transcript.size).toBeGreaterThan(0);
    expect(this.transcript.leaks([SECRET, ...payers, ...secretsIn(this.simulator.env)])).toEqual([]);
  }
}

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'cashier-drop-in-'));
  mkdirSync(join(home, 'cwd'));
  return home;
}
