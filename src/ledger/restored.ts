import { beijingDate, DAY_MS } from '../domain/clock.ts';
import type { ProviderId } from '../domain/order.ts';

/** A ledger that was put back from a backup, which has forgotten what came after it. Instants in ms. */
export interface Restored {
  readonly at: number;
  /** Of the backup's last record. */
  readonly since: number;
  /** Whose orders it has. */
  readonly providers: readonly ProviderId[];
  /** Of `provider day`, how many differences were left when that day was last reconciled. */
  readonly reconciled: Readonly<Record<string, number>>;
}

/** A wallet's day that the backup has not seen to its end. */
export interface ForgottenDay {
  readonly provider: ProviderId;
  /** `YYYY-MM-DD`, Asia/Shanghai. */
  readonly date: string;
  /** Differences that are left; undefined where it was not reconciled. */
  readonly open: number | undefined;
}

/** From the day of the backup's last record to that of the restoring, oldest first. */
export function forgottenDays({ at, since, providers, reconciled }: Restored): ForgottenDay[] {
  const days: ForgottenDay[] = [];
  for (let ms = since; beijingDate(ms) <= beijingDate(at); ms += DAY_MS) {
    const date = beijingDate(ms);
    days.push(...providers.map((provider) => ({ provider, date, open: reconciled[`${provider} ${date}`] })));
  }
  return days;
}

/** What a backup was itself restored from, and had not made up for, is still forgotten. */
export function forgottenAgain(before: Restored | undefined, now: Omit<Restored, 'reconciled'>): Restored {
  if (!before) return { ...now, reconciled: {} };
  const made = Object.entries(before.reconciled).filter(([day]) => day.slice(-10) < beijingDate(now.since));
  return { ...now, since: Math.min(before.since, now.since), reconciled: Object.fromEntries(made) };
}

/** What has to be made up for before money may move again. */
export interface Due {
  readonly restored: Restored;
  /** That were not reconciled, or not without differences. Of the day on which it was restored, the bill comes on the next. */
  readonly days: readonly ForgottenDay[];
  /** Whether something that was open in the backup has not been asked about since. */
  readonly unasked: boolean;
}

/** Those that are not reconciled, or not without differences. */
export function daysDue(restored: Restored): ForgottenDay[] {
  return forgottenDays(restored).filter(({ open }) => open !== 0);
}

/** With how many differences a day was reconciled; as it was for one that the backup has not forgotten. */
export function reconciledDay(
  restored: Restored,
  { provider, date, open }: Required<ForgottenDay>,
): Restored {
  const isForgotten = forgottenDays(restored).some((day) => day.provider === provider && day.date === date);
  if (!isForgotten || open === undefined) return restored;
  return { ...restored, reconciled: { ...restored.reconciled, [`${provider} ${date}`]: open } };
}

/** Whether nothing is left of it to be made up for. */
export function isMadeUpFor(restored: Restored): boolean {
  return daysDue(restored).length === 0;
}
