import { createHash } from 'node:crypto';
import { judge, type Violation } from './checker.ts';
import { type Coverage, reached } from './coverage.ts';
import type { Event } from './history.ts';
import { type Plan, plan as planOf } from './plan.ts';
import { Stage } from './play.ts';
import { shrink } from './shrink.ts';
import { tell } from './tell.ts';

/** A history that was played and judged. */
export interface Judged {
  readonly plan: Plan;
  readonly violations: readonly Violation[];
  readonly events: readonly Event[];
  readonly coverage: Coverage;
  /** Number and hash of the newest record of the audit trail. */
  readonly head: string;
  /** Of everything that happened. */
  readonly digest: string;
}

/** Plays, judges, makes smaller and tells histories. */
export class Player {
  readonly #stage: Stage;

  private constructor(stage: Stage) {
    this.#stage = stage;
  }

  static async open(): Promise<Player> {
    return new Player(await Stage.open());
  }

  async seed(seed: number): Promise<Judged> {
    return this.play(planOf(seed));
  }

  async play(plan: Plan): Promise<Judged> {
    const { events, end } = await this.#stage.play(plan);
    const digest = createHash('sha256').update(JSON.stringify(events)).update(end.head).digest('hex');
    const violations = judge({ plan, events, end });
    return { plan, violations, events, coverage: reached(plan, events), head: end.head, digest };
  }

  /** The smallest history found that fails as this one does; itself where it does not. */
  async shrunk({ plan, violations }: Judged): Promise<Judged> {
    const [first] = violations;
    const smallest = first
      ? await shrink(plan, first.check, async (smaller) => (await this.play(smaller)).violations)
      : plan;
    return this.play(smallest);
  }

  tell({ plan, events, violations }: Judged): string {
    return tell(plan, events, violations);
  }
}
