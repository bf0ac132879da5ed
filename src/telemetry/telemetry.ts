import type { Clock } from '../domain/clock.ts';
import type { CashierError } from '../domain/errors.ts';
import type { ProviderId, Realm } from '../domain/order.ts';
import type { ToldOutcome } from '../events/event.ts';
import type { KindId } from '../events/kinds/kind.ts';
import type { Waiting } from '../ledger/channel-rows.ts';
import { type Figures, figuresOf } from '../ledger/figures.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Store } from '../ledger/store.ts';
import type { NotifyOutcome } from '../payments/apply-notify.ts';
import { ruleNameOf } from '../policy/rules.ts';
import type { NotifyReason } from '../providers/contract.ts';
import type { Exchange } from '../providers/measured.ts';
import type { CALL_OUTCOMES } from './families.ts';
import { Metrics, type Setter } from './metrics.ts';

/** How long (ms) what was read of the ledger is shown again, however many ask. */
const FRESH_MS = 1_000;
/** How long (ms) the ledger may take until whoever asks is told that it cannot be read. */
const PATIENCE_MS = 3_000;
/** How often (ms) the event loop is timed. */
const TICK_MS = 100;
/** A settler that has not gone through what is open for so long (ms) stands still. */
const STILL_MS = 60_000;
/** So many exchanges in a row without an answer make a gateway one that does not answer. */
const SILENT = 3;

/** `/readyz`: one word for each part, of what waits how much and for how long, and nothing about whose they are. */
export interface Readiness {
  readonly ready: boolean;
  readonly ledger: 'ok' | 'unreadable';
  readonly settler: 'ok' | 'starting' | 'stalled';
  readonly gateways: 'ok' | 'idle' | 'silent';
  /** What is to be told to channels and was not yet, and how long the oldest of it has waited. */
  readonly outbox: { readonly waiting: number; readonly oldestSeconds: number };
}

export interface TelemetryPorts {
  readonly clock: Clock;
  /** ms from any beginning, in fractions. */
  readonly timer: () => number;
  readonly realm: Realm;
  readonly version: string;
  readonly tools: readonly string[];
}

/** What is read anew at every scrape. */
export interface Watched {
  readonly ledger: Pick<Ledger, 'inspect' | 'ear'>;
  readonly providers: readonly ProviderId[];
  readonly channels: () => readonly { readonly name: string; readonly kind: { readonly id: KindId } }[];
  readonly callsUnderWay: () => number;
  readonly waitsOpen: () => number;
}

/** What the service measures of itself, for `/metrics` and `/readyz`. */
export class Telemetry {
  readonly #ports: TelemetryPorts;
  readonly #metrics: Metrics;
  readonly #startedAt: number;
  /** By gateway, how many exchanges in a row had no answer. */
  readonly #unanswered = new Map<ProviderId, number>();
  #lastRound: number | undefined;
  #read: { readonly at: number; readonly figures: Promise<Figures | undefined> } | undefined;

  constructor(ports: TelemetryPorts) {
    this.#ports = ports;
    this.#metrics = new Metrics({ tool: ports.tools, version: [ports.version] });
    this.#startedAt = ports.clock.now();
  }

  /** The same store, timed. */
  store(store: Store): Store {
    const { timer } = this.#ports;
    const timed =
      (kind: 'read' | 'write' | 'note'): Store['write'] =>
      async (work, how) => {
        const asked = timer();
        let began: number | undefined;
        let worked = asked;
        try {
          const result = await store[kind](async (tx) => {
            // Where it has to be done again, it had its turn.
            began ??= timer();
            const done = await work(tx);
            worked = timer();
            return done;
          }, how);
          if (kind !== 'read')
            this.#metrics.observe('cashier_ledger_commit_seconds', { kind }, (timer() - worked) / 1_000);
          return result;
        } finally {
          this.#metrics.observe(
            'cashier_ledger_wait_seconds',
            { kind },
            ((began ?? timer()) - asked) / 1_000,
          );
        }
      };
    return { ...store, read: timed('read'), write: timed('write'), note: timed('note') };
  }

  exchanged({ ms, ...labels }: Exchange): void {
    this.#metrics.observe('cashier_gateway_request_duration_seconds', labels, ms / 1_000);
    const isAnswer = labels.outcome === 'ok' || labels.outcome === 'declined';
    this.#unanswered.set(labels.gateway, isAnswer ? 0 : (this.#unanswered.get(labels.gateway) ?? 0) + 1);
  }

  rejected(gateway: ProviderId, reason: NotifyReason): void {
    this.#metrics.count('cashier_notifications_rejected_total', { gateway, reason });
  }

  notified(gateway: ProviderId, outcome: NotifyOutcome): void {
    this.#metrics.count('cashier_notifications_total', { gateway, outcome });
  }

  called(tool: string, outcome: (typeof CALL_OUTCOMES)[number], ms: number, error?: CashierError): void {
    this.#metrics.count('cashier_tool_calls_total', { tool, outcome });
    this.#metrics.observe('cashier_tool_call_duration_seconds', { tool }, ms / 1_000);
    if (error) this.denied(error);
  }

  /** The rules have refused it, or something else has. */
  denied({ code, details }: CashierError): void {
    if (code !== 'POLICY_DENIED') return;
    this.#metrics.count('cashier_policy_denials_total', { rule: ruleNameOf(String(details.rule)) ?? '' });
  }

  /** Somebody was told something, or that was tried. */
  told(kind: KindId, outcome: ToldOutcome): void {
    this.#metrics.count('cashier_channel_tries_total', { kind, outcome });
  }

  limited(): void {
    this.#metrics.count('cashier_calls_limited_total', {});
  }

  /** The settler has gone through what is open. */
  round(): void {
    this.#lastRound = this.#ports.clock.now();
  }

  /** Times the event loop until `signal` aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    const { clock, timer } = this.#ports;
    while (!signal.aborted) {
      const began = timer();
      await clock.sleep(TICK_MS, signal);
      if (signal.aborted) return;
      const late = Math.max(0, timer() - began - TICK_MS);
      this.#metrics.observe('cashier_event_loop_lag_seconds', {}, late / 1_000);
    }
  }

  /** As Prometheus reads it. */
  async exposition(watched: Watched): Promise<string> {
    const figures = await this.#figures(watched);
    const now = this.#ports.clock.now();
    return this.#metrics.text((set) => {
      this.#setOwn(set, watched);
      set('cashier_ledger_readable', {}, figures ? 1 : 0);
      if (figures) setFigures(set, figures, watched.channels(), now);
    });
  }

  /** Whether work can be done, and of what is not as it should be, what. */
  async readiness(watched: Watched): Promise<Readiness> {
    const figures = await this.#figures(watched);
    const ledger = figures ? 'ok' : 'unreadable';
    const since = this.#ports.clock.now() - (this.#lastRound ?? this.#startedAt);
    const standing = this.#lastRound === undefined ? 'starting' : 'ok';
    const settler = since > STILL_MS ? 'stalled' : standing;
    const unanswered = [...this.#unanswered.values()];
    const heard = unanswered.length === 0 ? 'idle' : 'ok';
    return {
      ready: ledger === 'ok' && settler !== 'stalled',
      ledger,
      settler,
      gateways: unanswered.some((count) => count >= SILENT) ? 'silent' : heard,
      outbox: outboxOf(figures, this.#ports.clock.now()),
    };
  }

  /** Shared by all who ask within a second; undefined when the ledger does not answer. */
  #figures({ ledger, providers, channels }: Watched): Promise<Figures | undefined> {
    const { clock } = this.#ports;
    const now = clock.now();
    if (this.#read && Math.abs(now - this.#read.at) < FRESH_MS) return this.#read.figures;
    const answered = new AbortController();
    const figures = Promise.race([
      ledger
        .inspect((tx) =>
          figuresOf(
            tx,
            providers,
            channels().map(({ name }) => name),
            now,
          ),
        )
        .catch(() => undefined),
      clock.sleep(PATIENCE_MS, answered.signal).then(() => undefined),
    ]).finally(() => answered.abort());
    this.#read = { at: now, figures };
    return figures;
  }

  #setOwn(set: Setter, { ledger: { ear }, callsUnderWay, waitsOpen }: Watched): void {
    const { realm, version } = this.#ports;
    set('cashier_info', { version, realm }, 1);
    set('cashier_calls_under_way', {}, callsUnderWay());
    set('cashier_waits_open', {}, waitsOpen());
    if (ear) set('cashier_ledger_listening', {}, ear.isLive ? 1 : 0);
    if (this.#lastRound !== undefined) {
      set('cashier_settler_last_round_timestamp_seconds', {}, this.#lastRound / 1_000);
    }
    const { user, system } = process.cpuUsage();
    set('process_cpu_seconds_total', {}, (user + system) / 1_000_000);
    set('process_resident_memory_bytes', {}, process.memoryUsage.rss());
    set('process_start_time_seconds', {}, this.#startedAt / 1_000);
  }
}

/** How long ago (s) something was; 0 where it never was. */
function ageOf(since: number | undefined, now: number): number {
  return since === undefined ? 0 : Math.max(0, now - since) / 1_000;
}

/** How much waits for several channels, and since when the oldest of it does. */
function together(all: readonly Pick<Waiting, 'count' | 'since'>[]): Pick<Waiting, 'count' | 'since'> {
  const times = all.flatMap(({ since }) => since ?? []);
  return {
    count: all.reduce((sum, { count }) => sum + count, 0),
    since: times.length === 0 ? undefined : Math.min(...times),
  };
}

function outboxOf(figures: Figures | undefined, now: number): Readiness['outbox'] {
  const { count, since } = together([...(figures?.outbox.values() ?? [])]);
  return { waiting: count, oldestSeconds: Math.floor(ageOf(since, now)) };
}

function setFigures(
  set: Setter,
  figures: Figures,
  channels: ReturnType<Watched['channels']>,
  now: number,
): void {
  const age = (since: number | undefined) => ageOf(since, now);
  for (const kind of new Set(channels.map((one) => one.kind.id))) {
    const those = channels
      .filter((one) => one.kind.id === kind)
      .flatMap(({ name }) => figures.outbox.get(name) ?? []);
    const { count, since } = together(those);
    set('cashier_events_waiting', { kind }, count);
    set('cashier_oldest_event_waiting_age_seconds', { kind }, age(since));
    set('cashier_channels_disabled', { kind }, those.filter(({ disabled }) => disabled).length);
  }
  for (const [gateway, { count, since }] of figures.orders) {
    set('cashier_orders_in_doubt', { gateway }, count);
    set('cashier_oldest_order_in_doubt_age_seconds', { gateway }, age(since));
  }
  const { refunds, approvals, frozen, budgets } = figures;
  set('cashier_refunds_in_doubt', {}, refunds.count);
  set('cashier_oldest_refund_in_doubt_age_seconds', {}, age(refunds.since));
  set('cashier_approvals_waiting', {}, approvals.pending);
  set('cashier_approvals_to_carry_out', {}, approvals.approved);
  set('cashier_paused', {}, frozen ? 1 : 0);
  for (const { name, leftFen } of budgets) set('cashier_budget_left_fen', { budget: name }, leftFen);
}
