import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../../domain/clock.ts';
import { clientGone } from '../../transports/stdio.ts';
import { StdioWire } from '../../transports/stdio-wire.ts';
import { Catalogue } from './catalogue.ts';
import { Relay, type RelayOptions } from './relay.ts';

/** How long (ms) a client that says no more is still answered what it has asked. */
const LAST_ANSWERS_MS = 1_500;

export interface OverStdio extends Omit<RelayOptions, 'client' | 'catalogue'> {
  readonly clock: Clock;
  readonly input: Readable;
  readonly output: Writable;
  /** Calls that are to be recorded before the end. */
  readonly underWay: ReadonlySet<Promise<unknown>>;
}

/** Stands between a client on stdio and an upstream until the client has gone or `signal` aborts. */
export async function relayOverStdio(options: OverStdio, signal: AbortSignal): Promise<void> {
  const { input, output, clock, underWay } = options;
  const client = new StdioWire(input, output);
  const relay = new Relay({ ...options, client, catalogue: new Catalogue(clock) });
  await relay.start();
  await clientGone(input, output, signal);
  const gone = new AbortController();
  const done = Promise.all([client.idle(), Promise.allSettled(underWay)]);
  await Promise.race([done, clock.sleep(LAST_ANSWERS_MS, gone.signal)]);
  gone.abort();
  await relay.close();
  await Promise.allSettled(underWay);
  await client.close();
}
