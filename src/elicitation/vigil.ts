import type { Text } from '../domain/errors.ts';
import type { ApprovalRecord } from '../ledger/records.ts';
import type { Call, Cashier } from '../payments/cashier.ts';
import { approvalView } from '../policy/approvals.ts';

/** How often (ms) the ledger is looked at for what another process has committed. */
const LOOK_EVERY_MS = 500;
/** How often (ms) a waiting client is told that work goes on. */
const TELL_EVERY_MS = 2_000;

const WAITING: Text = { zh: '等待人工批准', en: 'Waiting for a person' };

/** Waits for a person's decision, whoever commits it: this process or another one on the ledger. */
export class Vigil {
  readonly #cashier: Cashier;
  readonly #call: Call;
  readonly #approval: ApprovalRecord;
  readonly #startedAt: number;
  readonly #totalMs: number;
  #tellAt: number;

  /** @param totalMs the longest that the call waits in all, however often it does */
  constructor(cashier: Cashier, call: Call, approval: ApprovalRecord, totalMs: number) {
    this.#cashier = cashier;
    this.#call = call;
    this.#approval = approval;
    this.#startedAt = cashier.clock.now();
    this.#totalMs = totalMs;
    this.#tellAt = this.#startedAt;
  }

  /** Whether there is a decision within `ms`; false as soon as nobody waits any more. */
  async decided(ms: number, signal?: AbortSignal): Promise<boolean> {
    const { clock } = this.#cashier;
    const until = Math.min(clock.now() + ms, this.#startedAt + this.#totalMs);
    for (;;) {
      const view = await this.#view();
      if (view !== 'pending') return view === 'approved' || view === 'denied';
      if (clock.now() >= until || signal?.aborted || this.#call.signal?.aborted) return false;
      await this.#tell();
      await this.#news(Math.min(LOOK_EVERY_MS, until - clock.now()), signal);
    }
  }

  async #view() {
    const { ledger, clock } = this.#cashier;
    const approval = await ledger.read((book) => book.approval(this.#approval.id));
    return approval && approvalView(approval, clock.now());
  }

  async #tell(): Promise<void> {
    const now = this.#cashier.clock.now();
    if (now < this.#tellAt) return;
    this.#tellAt = now + TELL_EVERY_MS;
    const elapsed = Math.floor((now - this.#startedAt) / 1000);
    await this.#call.progress?.(elapsed, Math.ceil(this.#totalMs / 1000), WAITING);
  }

  /** Resolves when this process commits something about the order, nobody waits any more, or `ms` have passed. */
  async #news(ms: number, signal: AbortSignal | undefined): Promise<void> {
    const { ledger, clock } = this.#cashier;
    const wake = new AbortController();
    const rouse = () => wake.abort();
    const stop = ledger.onChange((outTradeNo) => {
      if (outTradeNo === this.#approval.outTradeNo) rouse();
    });
    const signals = [signal, this.#call.signal];
    for (const each of signals) each?.addEventListener('abort', rouse);
    await clock.sleep(ms, wake.signal);
    for (const each of signals) each?.removeEventListener('abort', rouse);
    stop();
  }
}
