// Replicas of the service on one ledger, between which the calls of many callers go round.
import { inFlight, timed } from './stage.mjs';

/** Nobody of so many comes near the pace at which a caller may call. */
const CALLERS = 32;

export class Fleet {
  #tokens;
  #next = 0;

  constructor(servers, tokens) {
    this.servers = servers;
    this.#tokens = tokens;
  }

  /** @param options of their environment; `ledger` is theirs together @param how as for a replica */
  static async start(stage, count, options, how) {
    const tokens = stage.tokens(CALLERS);
    const servers = [];
    // One after another: the first makes the ledger.
    for (let i = 0; i < count; i++) servers.push(await stage.replica(options, tokens, how));
    return new Fleet(servers, tokens.names);
  }

  call(name, args) {
    const [server, token] = this.#turn();
    return server.call(name, args, token);
  }

  request(method, params) {
    const [server, token] = this.#turn();
    return server.request(method, params, token);
  }

  #turn() {
    this.#next += 1;
    const { servers } = this;
    return [servers[this.#next % servers.length], this.#tokens[this.#next % this.#tokens.length]];
  }

  async end() {
    await Promise.all(this.servers.map((server) => server.end()));
  }
}

/** What calls took, added up over the times at which they were made. */
export class Figures {
  /** How long each took (ms). */
  times = [];
  #ms = 0;
  #cpuMs = {};

  /** @param classes the processes that have part in it, by what they are called */
  async add(classes, count, seconds, call) {
    const used = () => ({
      ...Object.fromEntries(Object.entries(classes).map(([name, all]) => [name, cpuOf(all)])),
      client: cpuOf([{ cpuMs: ownCpuMs }]),
    });
    const [before, startedAt] = [used(), performance.now()];
    await inFlight(count, seconds, async () => {
      this.times.push((await timed(call)).ms);
    });
    this.#ms += performance.now() - startedAt;
    for (const [name, ms] of Object.entries(used())) {
      this.#cpuMs[name] = (this.#cpuMs[name] ?? 0) + ms - before[name];
    }
  }

  get perSecond() {
    return (this.times.length * 1000) / this.#ms;
  }

  /** Processor time (ms) of a call, by class of process. */
  get cpuMs() {
    return Object.fromEntries(
      Object.entries(this.#cpuMs).map(([name, ms]) => [name, ms / this.times.length]),
    );
  }

  /** How many cores were busy with it. */
  get cores() {
    return Object.values(this.#cpuMs).reduce((sum, ms) => sum + ms, 0) / this.#ms;
  }
}

const cpuOf = (processes) => processes.reduce((sum, one) => sum + one.cpuMs(), 0);

function ownCpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
