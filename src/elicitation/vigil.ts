import type { Text } from '../domain/errors.ts';
import type { ApprovalRecord } from '../ledger/records.ts';
import type { Call, Till } from '../payments/till.ts';
import { approvalView } from '../policy/approvals.ts';

/** How often (ms) a waiting client is told that work goes on. */
const TELL_EVERY_MS = 2_000;

const WAITING: Text = { zh: '待审批', en: 'Awaiting approval' };

/** Waits for a person's decision, whoever commits it: this process or another one on the ledger. */
export class Vigil {
  readonly #till: Till;
  readonly #call: Call;
  readonly #approval: ApprovalRecord;
  readonly #startedAt: number;
  readonly #totalMs: number;
  #tellAt: number;

  /** @param totalMs the longest that the call waits in all, however often it does */
  constructor(till: Till, call: Call, approval: ApprovalRecord, totalMs: number) {
    this.#till = till;
    this.#call = call;
    this.#approval = approval;
    this.#startedAt = till.clock.now();
    this.#totalMs = totalMs;
    this.#tellAt = this.#startedAt;
  }

  /** Whether there is a decision within `ms`; false as soon as nobody waits any more. */
  async decided(ms: number, signal?: AbortSignal): Promise<boolean> {
    const { clock, ledger } = this.#till;
    const { expiresAt } = this.#approval;
    const left = Math.min(ms, this.#startedAt + this.#totalMs - clock.now(), expiresAt - clock.now());
    let wake = new AbortController();
    const rouse = () => wake.abort();
    const stop = ledger.onChange((outTradeNo) => {
      if (outTradeNo === this.#approval.outTradeNo) rouse();
    });
    // A timer from now to the end: a clock that is set meanwhile makes nobody wait longer.
    const over = new AbortController();
    void clock.sleep(Math.max(0, left), over.signal).then(() => {
      over.abort();
      rouse();
    });
    const signals = [over.signal, signal, this.#call.signal];
    for (const each of signals) each?.addEventListener('abort', rouse);
    try {
      for (;;) {
        const view = await this.#view();
        if (view !== 'pending') return view === 'approved' || view === 'denied';
        while (!wake.signal.aborted) {
          if (signals.some((each) => each?.aborted)) return false;
          await this.#tell();
          await clock.sleep(TELL_EVERY_MS, wake.signal);
        }
        wake = new AbortController();
      }
    } finally {
      for (const each of signals) each?.removeEventListener('abort', rouse);
      over.abort();
      stop();
    }
  }

  async #view() {
    const { ledger, clock } = this.#till;
    const approval = await ledger.read((book) => book.approvals.get(this.#approval.id));
    return approval && approvalView(approval, clock.now());
  }

  async #tell(): Promise<void> {
    const now = this.#till.clock.now();
    if (now < this.#tellAt) return;
    this.#tellAt = now + TELL_EVERY_MS;
    const elapsed = Math.floor((now - this.#startedAt) / 1000);
    await this.#call.progress?.(elapsed, Math.ceil(this.#totalMs / 1000), WAITING);
  }
}
