import type { Hear } from '../calls/tool-call.ts';
import type { RandomBytes } from '../domain/clock.ts';
import type { Log } from '../domain/ports.ts';
import { newCallId } from '../payments/attempt.ts';
import type { Till } from '../payments/till.ts';
import { type Exchanging, type Hearing, measured } from '../providers/measured.ts';
import type { Telemetry } from './telemetry.ts';
import type { Tracing } from './tracing.ts';

interface HeardCallsPorts {
  readonly log: Log;
  readonly randomBytes: RandomBytes;
  readonly timer: () => number;
  /** Where the service measures. */
  readonly telemetry: Telemetry | undefined;
  readonly tracing?: Tracing | undefined;
}

/**
 * Logs each call, and each exchange with a gateway that it leads to, under one id: the one that stands in the audit
 * trail. Of what was asked and answered it logs nothing. What goes wrong has lines of its own, which no flood of others
 * crowds out.
 */
export function heardCalls({ log, randomBytes, timer, telemetry, tracing }: HeardCallsPorts): Hear {
  return (tool, caller, asked) => {
    const id = newCallId(randomBytes);
    const traced = tracing?.call(id, tool, asked);
    const began = timer();
    return {
      id,
      around: (work) => (traced ? traced.around(work) : work()),
      within: (till) => underId(till, id, timer, traced?.exchanging),
      end(outcome, error) {
        const ms = timer() - began;
        traced?.end(outcome);
        telemetry?.called(tool, outcome, ms, error);
        const event = error === undefined ? 'call' : 'call refused';
        log.info(event, { call: id, caller, tool, outcome, ms: Math.round(ms) });
      },
      refused: (code) => traced?.end(code),
    };
  };
}

/** What is done with a till on behalf of a call, also when that has long been answered, is logged under its id. */
export function underId(till: Till, call: string, timer: () => number, exchanging?: Exchanging): Till {
  const log = logOf(till.log, call);
  const hearing: Hearing = {
    exchanging,
    exchanged({ gateway, operation, outcome, ms }) {
      const event = outcome === 'ok' ? 'gateway answered' : 'gateway did not do it';
      log.info(event, { gateway, operation, outcome, ms: Math.round(ms) });
    },
  };
  return { ...till, log, providers: heardBy(till.providers, timer, hearing) };
}

/** Providers of which somebody hears. */
export function heardBy(
  providers: Till['providers'],
  timer: () => number,
  hearing: Hearing,
): Till['providers'] {
  return new Map([...providers].map(([id, provider]) => [id, measured(provider, timer, hearing)]));
}

function logOf(log: Log, call: string): Log {
  return {
    info: (event, facts) => log.info(event, { call, ...facts }),
    warn: (event, facts) => log.warn(event, { call, ...facts }),
    error: (event, facts) => log.error(event, { call, ...facts }),
  };
}
