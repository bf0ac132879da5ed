import type { CheckName, Violation } from './checker.ts';
import type { Plan, Step } from './plan.ts';

/**
 * The smallest plan found that still fails by the same check: steps and faults are left out, processes taken away,
 * clocks put right, for as long as that makes it smaller.
 * @param fails what is wrong with a plan's history
 * @param most how many histories may be played for it
 */
export async function shrink(
  plan: Plan,
  check: CheckName,
  fails: (plan: Plan) => Promise<readonly Violation[]>,
  most = 600,
): Promise<Plan> {
  let best = plan;
  let left = most;
  const still = async (candidate: Plan) => {
    if (left <= 0) return false;
    left -= 1;
    const isSame = (await fails(candidate)).some((violation) => violation.check === check);
    if (isSame) best = candidate;
    return isSame;
  };
  for (let size = Number.POSITIVE_INFINITY; sizeOf(best) < size && left > 0; ) {
    size = sizeOf(best);
    await without('faults');
    await without('steps');
    for (const simpler of simplified(best)) await still(simpler);
  }
  return best;

  /** Leaves out halves, then quarters, and so on to single ones. */
  async function without(part: 'steps' | 'faults'): Promise<void> {
    for (let chunk = Math.ceil(best[part].length / 2); chunk >= 1; chunk = Math.floor(chunk / 2)) {
      for (let at = best[part].length - chunk; at >= 0; at -= chunk) {
        const kept = [...best[part].slice(0, at), ...best[part].slice(at + chunk)];
        await still({ ...best, [part]: kept });
      }
    }
  }
}

function sizeOf(plan: Plan): number {
  const apart = plan.processes.filter(({ apartMs, fastPpm, background }) => apartMs || fastPpm || background);
  const waits = plan.steps.filter(({ after }) => after > 0).length;
  return 10 * (plan.steps.length + plan.faults.length) + 5 * plan.processes.length + 2 * apart.length + waits;
}

/** Each a little simpler than the plan. */
function* simplified(plan: Plan): Generator<Plan> {
  if (plan.rsa) yield { ...plan, rsa: false };
  for (const at of plan.processes.keys()) {
    const change = (to: Partial<Plan['processes'][number]>): Plan => ({
      ...plan,
      processes: plan.processes.map((process, i) => (i === at ? { ...process, ...to } : process)),
    });
    yield change({ apartMs: 0, fastPpm: 0 });
    yield change({ background: false });
  }
  if (plan.processes.length > 1) {
    const most = plan.processes.length - 2;
    const steps = plan.steps.map((step) =>
      'process' in step ? ({ ...step, process: Math.min(step.process, most) } as Step) : step,
    );
    yield { ...plan, processes: plan.processes.slice(0, -1), steps };
  }
  for (const [at, step] of plan.steps.entries()) {
    if (step.after > 0) yield { ...plan, steps: plan.steps.with(at, { ...step, after: 0 }) };
  }
}
