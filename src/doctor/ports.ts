import type { Config } from '../config.ts';
import type { Clock, RandomBytes } from '../domain/clock.ts';
import type { Egress } from '../events/egress.ts';
import type { Ledger, Opening } from '../ledger/ledger.ts';
import type { Sqlite } from '../platform/sqlite.ts';
import type { Policy } from '../policy/policy.ts';
import type { GatewayHttp } from '../providers/gateway-http.ts';

/** What the examination touches outside of it. */
export interface DoctorPorts {
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  /** With a deadline of its own. */
  readonly http: GatewayHttp;
  /** Whether somebody answers where a channel leads; undefined where nobody is to be asked. */
  readonly reach?: Egress['reach'] | undefined;
  /** Throws CONFIGURATION for a ledger that cannot be used. */
  readonly openLedger: (config: Config, how: Opening) => Promise<Ledger>;
  /** Throws CONFIGURATION for a policy that means nothing. */
  readonly readPolicy: (config: Config) => Promise<Policy>;
  readonly machine: Machine;
}

/** This computer. */
export interface Machine {
  /** The addresses of a name; empty when nobody knows it. */
  resolve(host: string): Promise<readonly string[]>;
  /** Bytes this user can still write where the path lies. */
  freeBytes(folder: string): number;
  /** `free`, or the system's reason such as `EADDRINUSE`. */
  portState(host: string, port: number): Promise<string>;
  /** `open` where somebody takes connections, or why not, such as `ECONNREFUSED`. */
  connects(host: string, port: number): Promise<string>;
  /** Whether there is a file that can be run. */
  isProgram(path: string): boolean;
  /** The SQLite that ledgers would be kept with, after a scratch database. Throws CONFIGURATION where there is none. */
  sqlite(): Promise<Pick<Sqlite, 'origin' | 'version' | 'walIsSafe'>>;
  /** Such as `Asia/Shanghai`. */
  readonly timeZone: string;
}
