import { isFor, type Operation, type Scenario, scenarioNamed } from './scenarios.ts';
import { Kept } from './state/kept.ts';
import type { Provider } from './state/trades.ts';
import { tokensIn } from './tokens.ts';

/** A fault ordered through the control API. What is absent matches everything. */
export interface Fault {
  readonly id: number;
  readonly scenario: string;
  readonly provider?: string;
  readonly operation?: string;
  readonly outTradeNo?: string;
  /** Calls it still steers; every one when absent. */
  readonly timesLeft?: number;
}

/** What is known of a call or event when the scenarios that apply to it are looked up. */
export interface Occasion {
  readonly provider: Provider;
  readonly operation: Operation;
  readonly outTradeNo: string;
  readonly outRefundNo?: string | undefined;
  readonly title?: string | undefined;
  readonly reason?: string | undefined;
}

/** The scenarios that apply to one occasion. */
export class Steered {
  private readonly scenarios: readonly Scenario[];

  constructor(scenarios: readonly Scenario[]) {
    this.scenarios = scenarios;
  }

  has(name: string): boolean {
    return this.scenarios.some((scenario) => scenario.name === name);
  }

  /** The fault of the answer, if there is one. The first wins. */
  get answer(): Scenario['answer'] {
    return this.scenarios.find((scenario) => scenario.answer)?.answer;
  }
}

/** Finds and counts what steers an occasion: tokens in title and reason, then faults of the control API. */
export class Steering extends Kept {
  /** Uses up one of the counted calls of everything that matches. Call inside a write. */
  take(occasion: Occasion): Steered {
    return new Steered([...this.takeTokens(occasion), ...this.takeFaults(occasion)]);
  }

  addFault(fault: { readonly [K in keyof Omit<Fault, 'id'>]: Fault[K] | undefined }): void {
    this.database.run(
      'INSERT INTO faults (provider, operation, scenario, out_trade_no, times_left) VALUES (?, ?, ?, ?, ?)',
      fault.provider ?? null,
      fault.operation ?? null,
      fault.scenario ?? null,
      fault.outTradeNo ?? null,
      fault.timesLeft ?? null,
    );
  }

  clearFaults(): number {
    return this.database.run('DELETE FROM faults');
  }

  faults(): Fault[] {
    return this.database.rows('SELECT * FROM faults ORDER BY id').map((row) => ({
      id: Number(row.id),
      scenario: String(row.scenario),
      ...(typeof row.provider === 'string' ? { provider: row.provider } : {}),
      ...(typeof row.operation === 'string' ? { operation: row.operation } : {}),
      ...(typeof row.out_trade_no === 'string' ? { outTradeNo: row.out_trade_no } : {}),
      ...(row.times_left === null ? {} : { timesLeft: Number(row.times_left) }),
    }));
  }

  private takeTokens(occasion: Occasion): Scenario[] {
    const { provider, operation, outTradeNo, outRefundNo = '', title, reason } = occasion;
    const placed = [
      ...tokensIn(title, 'onTitle', provider).map((token) => ({
        token,
        key: `title ${provider} ${outTradeNo}`,
      })),
      ...tokensIn(reason, 'onReason', provider).map((token) => ({
        token,
        key: `reason ${provider} ${outTradeNo} ${outRefundNo}`,
      })),
    ];
    return placed
      .filter(({ token }) => token.operations.includes(operation))
      .filter(
        ({ token, key }) => token.times === undefined || this.count(`${key} ${token.text}`) <= token.times,
      )
      .map(({ token }) => token.scenario);
  }

  /** How often a counted token has been looked at, this time included. */
  private count(key: string): number {
    this.database.run(
      'INSERT INTO token_uses (key, uses) VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET uses = uses + 1',
      key,
    );
    return Number(this.database.row('SELECT uses FROM token_uses WHERE key = ?', key)?.uses);
  }

  private takeFaults(occasion: Occasion): Scenario[] {
    const taken: Scenario[] = [];
    for (const fault of this.faults()) {
      const scenario = scenarioNamed(fault.scenario);
      if (!scenario || !isFor(scenario, occasion.provider) || fault.timesLeft === 0) continue;
      if (fault.provider !== undefined && fault.provider !== occasion.provider) continue;
      if (fault.outTradeNo !== undefined && fault.outTradeNo !== occasion.outTradeNo) continue;
      const operations: readonly string[] =
        fault.operation === undefined ? [...scenario.onTitle, ...scenario.onReason] : [fault.operation];
      if (!operations.includes(occasion.operation)) continue;
      this.database.run('UPDATE faults SET times_left = times_left - 1 WHERE id = ?', fault.id);
      taken.push(scenario);
    }
    return taken;
  }
}
