import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { whoListens } from '../platform/listener-proof.ts';
import { takeOver } from '../platform/take-over.ts';
import { createApp } from './app.ts';
import { Courier } from './courier.ts';
import { markOf } from './state/identity.ts';
import type { World } from './world.ts';

/** ms between two looks at whether the process that serves is still there. */
const WATCH_MS = 500;
/** ms within which a healthy simulator says who it is, unless its machine is busy. */
const HEALTH_WITHIN_MS = 2_000;
/** How often a port that is neither free nor answering is tried before it counts as a stranger's. */
const TRIES = 20;
const TRY_AGAIN_MS = 100;

/** Serves a world on its port, or stands by while another process does. */
export class Serving {
  private readonly world: World;
  private readonly courier: Courier;
  private readonly app: ReturnType<typeof createApp>;
  private readonly stop = new AbortController();
  private server: Server | undefined;
  private watching = false;

  constructor(world: World) {
    this.world = world;
    this.courier = new Courier(world);
    this.app = createApp(world, () => this.courier.kick());
  }

  /** True when this process serves by now; false when another simulator of the same folder does. */
  async start(): Promise<boolean> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (await this.listen()) return true;
      const holder = await this.probeHolder();
      if (holder === 'ours') {
        void this.watch();
        return false;
      }
      if (holder === 'stranger') break;
      await this.world.clock.sleep(TRY_AGAIN_MS, this.stop.signal);
    }
    const { port } = new URL(this.world.origin);
    throw new Error(
      `Port ${port} on 127.0.0.1, which this simulator keeps, is held by another program. Stop that program, or choose another port for the simulator (--port).`,
    );
  }

  async close(): Promise<void> {
    this.stop.abort();
    this.courier.stop();
    const { server } = this;
    this.server = undefined;
    if (!server) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  private listen(): Promise<boolean> {
    if (this.server || this.stop.signal.aborted) return Promise.resolve(this.server !== undefined);
    const server = createAdaptorServer({ fetch: this.app.fetch }) as Server;
    return new Promise((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'EADDRINUSE') resolve(false);
        else reject(error);
      });
      server.listen(Number(new URL(this.world.origin).port), '127.0.0.1', () => {
        this.server = server;
        void this.courier.run();
        resolve(true);
      });
    });
  }

  /** Who holds the port: a simulator of this folder, somebody else, or (a moment after it died) nobody. */
  private probeHolder(): ReturnType<typeof whoListens> {
    const { identity, origin, randomBytes } = this.world;
    return whoListens(markOf(identity), origin, { randomBytes, withinMs: HEALTH_WITHIN_MS });
  }

  /** Takes over as soon as the port is free. */
  private async watch(): Promise<void> {
    if (this.watching) return;
    this.watching = true;
    const { clock } = this.world;
    await takeOver(() => this.listen().catch(() => false), WATCH_MS, { clock, signal: this.stop.signal });
    this.watching = false;
  }
}
