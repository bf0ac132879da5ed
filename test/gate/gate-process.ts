import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Shop } from '../journeys/shop.ts';
import { freePort } from '../support/free-port.mjs';
import { type Env, MAIN, until } from '../support/server-process.ts';

/** Where a gate lives. */
export type Premises = Pick<Shop, 'home' | 'env' | 'transcript'>;

/** `node dist/main.js gate` as a process of its own. */
export class GateProcess {
  readonly port: number;
  readonly origin: string;
  readonly #child: ChildProcess;
  #said = '';

  private constructor(shop: Premises, port: number, prices: string, env: Env) {
    this.port = port;
    this.origin = `http://127.0.0.1:${port}`;
    const file = join(shop.home, 'prices.yaml');
    writeFileSync(file, prices);
    this.#child = spawn(process.execPath, [MAIN, 'gate', '--prices', file, '--port', String(port)], {
      env: { ...shop.env, CASHIER_LANG: 'en', ...env },
      cwd: join(shop.home, 'cwd'),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#said += chunk.toString();
        shop.transcript.record('gate', chunk.toString());
      });
    }
  }

  /** @param prices text of the price file */
  static async start(
    shop: Premises,
    prices: string,
    { port, env = {} }: { readonly port?: number; readonly env?: Env } = {},
  ): Promise<GateProcess> {
    const gate = new GateProcess(shop, port ?? (await freePort()), prices, env);
    await until('the gate listens', async () => {
      if (gate.#child.exitCode !== null) throw new Error(`the gate ended: ${gate.#said}`);
      return gate.#said.includes(' → ') || undefined;
    });
    return gate;
  }

  get said(): string {
    return this.#said;
  }

  get isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    if (this.isOver) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    await ended;
  }
}
